package domain

import (
	"fmt"
	"regexp"
	"time"
)

// Moment is a point in time, in UTC, cut to 100 nanoseconds: the resolution of
// .NET's clock, so that a time compares equal after it was stored. It is
// comparable.
//
// The moments that can be stored are those of the years 1 to 9999.
type Moment struct{ at time.Time }

// tick is the resolution of a Moment.
const tick = 100 * time.Nanosecond

// momentForm drops trailing zeros of the fraction and writes UTC as +00:00, as
// System.Text.Json does.
const momentForm = "2006-01-02T15:04:05.9999999-07:00"

// MomentOf cuts a time to a Moment.
func MomentOf(t time.Time) Moment { return Moment{t.UTC().Truncate(tick)} }

// Time is the moment in UTC.
func (m Moment) Time() time.Time { return m.at }

// Equal tells whether both are the same point in time.
func (m Moment) Equal(other Moment) bool { return m == other }

// IsZero tells whether m is the zero value.
func (m Moment) IsZero() bool { return m.at.IsZero() }

// String is the form in stored events: 2026-11-23T11:35:27.687685+00:00.
func (m Moment) String() string { return m.at.Format(momentForm) }

// MomentError says that a text is not a time that stored events can hold.
type MomentError struct{ Value string }

func (e *MomentError) Error() string {
	return fmt.Sprintf("%.60q is not a time such as 2026-11-23T11:35:27.687685+00:00, in the years 1 to 9999", e.Value)
}

// MarshalText writes the form of String. It returns a [*MomentError] for a
// moment that cannot be stored.
func (m Moment) MarshalText() ([]byte, error) {
	if !m.storable() {
		return nil, &MomentError{m.String()}
	}
	return []byte(m.String()), nil
}

func (m Moment) storable() bool { return m.at.Year() >= 1 && m.at.Year() <= 9999 }

// momentPattern is stricter than time.Parse where .NET is: the T and Z are
// upper case, the hour has two digits, a fraction has at most 16 and an offset
// is at most 14 hours.
var momentPattern = regexp.MustCompile(
	`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,16})?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))$`)

// ParseMoment reads an ISO 8601 time with Z or a numeric offset. Of up to 16
// digits of the fraction it keeps seven. It returns a [*MomentError] for any
// other text.
func ParseMoment(text string) (Moment, error) {
	if !momentPattern.MatchString(text) {
		return Moment{}, &MomentError{text}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	m := MomentOf(t)
	if err != nil || !m.storable() {
		return Moment{}, &MomentError{text}
	}
	return m, nil
}

// UnmarshalText reads what ParseMoment reads.
func (m *Moment) UnmarshalText(text []byte) error {
	parsed, err := ParseMoment(string(text))
	if err == nil {
		*m = parsed
	}
	return err
}
