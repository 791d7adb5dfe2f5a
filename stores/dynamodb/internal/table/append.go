package table

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"example.com/groupcheckout/es"
)

// Match says what an append expects of the tip.
type Match int

const (
	// MatchVersion expects the version of the stream: what else changed in the
	// tip does not matter.
	MatchVersion Match = iota
	// MatchETag expects that nobody wrote to the tip, not even unfolds alone.
	MatchETag
)

// Write is what to append. It holds events, unfolds or both.
type Write struct {
	Events  []Event
	Unfolds []Unfold // replace those in the tip; if there are none, the tip has none afterwards
	Match   Match
}

// Append writes to the stream of a tip, which is the tip as it is expected to
// be, and returns the tip after. That may already hold what others appended
// behind. The bodies are kept, so they must not be changed afterwards.
//
// If the tip is not as expected, nothing is written and the error is a
// [*ConflictError]. If the outcome cannot be found out it is an
// [*es.UncertainError]. A write that cannot fit into an item is a
// [*TooLargeError], before anything was sent. After any other error nothing
// was written.
//
// A write whose reply is lost takes up to [Config.SettleTimeout] longer, past
// the end of ctx too.
func (t *Table) Append(ctx context.Context, tip Tip, w Write) (Tip, error) {
	err := checkWrite(tip, w)
	if err == nil {
		err = ctx.Err()
	}
	a := &appending{table: t, write: w, first: tip, etag: t.config.NewETag()}
	if err == nil {
		a.plan, err = t.plan(tip, w, a.etag)
	}
	if err != nil {
		return Tip{}, a.notWritten(err)
	}
	return a.run(ctx)
}

// checkWrite refuses what the server would refuse, or what Equinox could not read.
func checkWrite(tip Tip, w Write) error {
	if tip.stream.IsZero() {
		return &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	if length := len(tip.stream.String()); length > maxStreamBytes {
		return &es.NameError{
			Kind: "stream name", Value: tip.stream.String()[:100] + "…",
			Reason: fmt.Sprintf("it has %d bytes, and DynamoDB takes %d", length, maxStreamBytes),
		}
	}
	if len(w.Events) == 0 && len(w.Unfolds) == 0 {
		return errors.New("there are neither events nor unfolds to write")
	}
	for i, e := range w.Events {
		switch {
		case e.Type == "":
			return fmt.Errorf("event %d: %w", i, es.ErrEmptyType)
		case !utf8.ValidString(e.Type):
			return fmt.Errorf("event %d: its type %q is not UTF-8", i, e.Type)
		case !utf8.ValidString(e.CorrelationID) || !utf8.ValidString(e.CausationID):
			return fmt.Errorf("event %d: its correlation id %q or its causation id %q is not UTF-8", i, e.CorrelationID, e.CausationID)
		case !checkTime(e.Time):
			return fmt.Errorf("event %d: its time %v is not within the years 1 to 9999", i, e.Time)
		}
	}
	for i, u := range w.Unfolds {
		if !utf8.ValidString(u.Type) || u.Type == "" || !checkTime(u.Time) {
			return fmt.Errorf("unfold %d: its type %q or its time %v cannot be stored", i, u.Type, u.Time)
		}
	}
	return nil
}
