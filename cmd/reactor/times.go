package main

import (
	"fmt"
	"strconv"
	"time"
)

// milliseconds is a duration that may be written as a plain number, as the
// .NET program wants it.
type milliseconds time.Duration

// UnmarshalText reads 100, 100ms or 1.5s.
func (m *milliseconds) UnmarshalText(text []byte) error {
	duration, err := parseTime(text, time.Millisecond, "100 for milliseconds")
	*m = milliseconds(duration)
	return err
}

// seconds is as milliseconds, with another plain number.
type seconds time.Duration

// UnmarshalText reads 10, 500ms or 1.5s.
func (s *seconds) UnmarshalText(text []byte) error {
	duration, err := parseTime(text, time.Second, "10 for seconds")
	*s = seconds(duration)
	return err
}

// parseTime reads a plain number of units, or a time with a unit behind it.
func parseTime(text []byte, unit time.Duration, example string) (time.Duration, error) {
	if number, err := strconv.ParseUint(string(text), 10, 31); err == nil {
		return time.Duration(number) * unit, nil
	}
	duration, err := time.ParseDuration(string(text))
	if err != nil || duration < 0 {
		return 0, fmt.Errorf("%.40q is not a time: write %s, or a unit behind it, as in 1.5s", text, example)
	}
	return duration, nil
}
