package es_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestBodiesThatEveryStoreKeeps(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "null", "true", "0", "-0.0", "1e400", "42.500", `""`, "[]", "{}", " { \"a\" : [1, 2] }\n",
		`{"a":{"b":1},"c":{"b":1}}`,
		`{"a":1,"A":2}`,
		`"\ud83c\udfe8"`,           // a surrogate pair
		`"\\u0000"`,                // an escaped backslash and some digits
		`{"\\u0000":"\\\\u0000"}`,  // likewise
		`["\u0001","\u001f","\n"]`, // other control characters
		"\"\u00e9\U0001f3e8\"",
		strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		`{"n":` + strings.Repeat("9", 100) + `}`,
	} {
		check.OKf(t, es.CheckEvents(stream(t), []es.EventData{{Type: "T", Data: []byte(body), Meta: []byte(body)}}), "%.80s", body)
	}
}

func TestBodiesThatNoStoreTakes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		" ", "not JSON", "{", "}", `{"a":1,}`, `{"a":1} {"b":2}`, "1 2", "NaN", "Infinity", "-", "01", "+1", "1.", ".5", "1e",
		"'a'", "{a:1}", "// note\n1", "\x00", "\"\x00\"", "\"\n\"", "\"\xff\"", "\"\xed\xa0\x80\"", `"\x41"`,
		`"\ud83c"`, `"\udfe8\ud83c"`, `{"\ud83c":1}`, // half of a surrogate pair
		`"\u0000"`, `{"\u0000":1}`, `["\\\u0000"]`, `{"a":["b\u0000"]}`,
		`{"a":1,"a":1}`, `[{"b":{"a":1,"\u0061":2}}]`,
		"\xef\xbb\xbf{}", // a byte order mark
		strings.Repeat("[", 1_000_000),
	} {
		good := es.EventData{Type: "Good", Data: []byte("{}")}
		inData, inMeta := es.EventData{Type: "Bad", Data: []byte(body)}, es.EventData{Type: "Bad", Meta: []byte(body)}
		for where, events := range map[string][]es.EventData{
			"data of event 0 (Bad)":     {inData},
			"data of event 1 (Bad)":     {good, inData, good},
			"metadata of event 1 (Bad)": {good, inMeta},
		} {
			err := es.CheckEvents(stream(t), events)
			if !errors.Is(err, es.ErrNotJSON) || !strings.HasPrefix(err.Error(), where+" of an append to Counter-a: ") {
				t.Errorf("%.80q: got error %v, want ErrNotJSON for the %s", body, err, where)
				continue
			}
			if len(err.Error()) > 1200 {
				t.Errorf("%.80q: the error has %d characters", body, len(err.Error()))
			}
		}
	}
}

func TestAnEventNeedsAType(t *testing.T) {
	t.Parallel()
	err := es.CheckEvents(stream(t), []es.EventData{{Type: "T"}, {Data: []byte("{}")}})
	if want := "event 1 of an append to Counter-a: an event needs a type"; !errors.Is(err, es.ErrEmptyType) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	check.OKf(t, es.CheckEvents(stream(t), nil), "no events")
}

func TestErrorsSayWhatWasWrong(t *testing.T) {
	t.Parallel()
	cause := errors.New("the line is dead")
	for _, test := range []struct {
		err   error
		want  string
		cause bool
	}{
		{&es.ConflictError{Stream: stream(t), Expected: 2, Actual: 3}, "conflict on Counter-a: expected version 2, it is at 3", false},
		{&es.ConflictError{Stream: stream(t), Expected: 2, Actual: es.UnknownVersion}, "conflict on Counter-a: it is no longer at version 2", false},
		{&es.UncertainError{Stream: stream(t), Expected: 2, Err: cause}, "append to Counter-a at version 2 has an unknown outcome: the line is dead", true},
		{&es.EncodeError{Type: "Added", Err: cause}, "encode Added: the line is dead", true},
		{&es.DecodeError{Stream: stream(t), Index: 4, Type: "Added", Err: cause}, "event 4 (Added) of Counter-a cannot be read: the line is dead", true},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
		if got := errors.Is(test.err, cause); got != test.cause {
			t.Errorf("%T holds its cause: got %t, want %t", test.err, got, test.cause)
		}
	}
}

func TestFreshnessHasAName(t *testing.T) {
	t.Parallel()
	var zero es.Freshness
	if zero.String() != "replica" || es.FromLeader.String() != "leader" {
		t.Errorf("got %s and %s", zero, es.FromLeader)
	}
}

func stream(t *testing.T) es.StreamName {
	t.Helper()
	name, err := es.NewStreamName("Counter", "a")
	check.Must(t, err)
	return name
}

// saying is an error that says whether it needs a person, and wraps another.
type saying struct {
	needs bool
	err   error
}

func (s *saying) Error() string     { return "an error that speaks for itself" }
func (s *saying) Unwrap() error     { return s.err }
func (s *saying) NeedsPerson() bool { return s.needs }

func TestNeedsPerson(t *testing.T) {
	t.Parallel()
	yes, no, silent := &saying{needs: true}, &saying{}, errors.New("says nothing")
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no error":                         {nil, false},
		"one that says nothing":            {silent, false},
		"one that says yes":                {yes, true},
		"one that says no":                 {no, false},
		"wrapped":                          {fmt.Errorf("do it: %w", fmt.Errorf("twice: %w", yes)), true},
		"behind one that says no":          {&saying{err: yes}, true},
		"joined, as the last":              {errors.Join(silent, no, yes), true},
		"joined, and none says yes":        {errors.Join(silent, no), false},
		"wrapped among several, as second": {fmt.Errorf("%w: %w", silent, fmt.Errorf("why: %w", yes)), true},
	} {
		check.Equal(t, name, test.want, es.NeedsPerson(test.err))
	}
}
