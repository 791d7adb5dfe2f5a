package index

import (
	"fmt"
	"time"
)

// stamp is a time as .NET writes a DateTimeOffset: to 100 nanoseconds, without
// zeros at the end, and with a numeric offset even for UTC.
type stamp time.Time

const stampLayout = "2006-01-02T15:04:05.9999999-07:00"

// MarshalText implements [encoding.TextMarshaler].
func (s stamp) MarshalText() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, stampLayout), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *stamp) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time with an offset: %w", text, err)
	}
	*s = stamp(t.UTC())
	return nil
}
