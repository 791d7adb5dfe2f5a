package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	protocol "github.com/cucumber/messages/go/v34"
)

// lines collects envelopes, one a line.
type lines struct {
	buffer bytes.Buffer
	err    error
}

// add adds an envelope.
func (l *lines) add(envelope any) {
	encoder := json.NewEncoder(&l.buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(envelope); err != nil {
		l.err = errors.Join(l.err, fmt.Errorf("encode a message: %w", err))
	}
}

// flush writes what was collected and forgets it.
func (l *lines) flush(to io.Writer) error {
	if l.err != nil {
		return l.err
	}
	_, err := l.buffer.WriteTo(to)
	return err
}

// timestamp gives a moment. The zero one, which nothing should have, becomes the
// beginning of time rather than a number that the protocol does not allow.
func timestamp(t time.Time) *protocol.Timestamp {
	if t.IsZero() {
		return &protocol.Timestamp{}
	}
	return &protocol.Timestamp{Seconds: t.Unix(), Nanos: int64(t.Nanosecond())}
}

func duration(d time.Duration) *protocol.Duration {
	d = max(d, 0)
	return &protocol.Duration{Seconds: int64(d / time.Second), Nanos: int64(d % time.Second)}
}
