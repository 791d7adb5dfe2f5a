package storetest

import (
	"errors"
	"testing"

	"example.com/groupcheckout/es"
)

func refusals() []leaf {
	return []leaf{
		{"a body that is not JSON is refused and nothing is written", refusesBadBodies},
		{"an event without a type is refused and nothing is written", refusesEmptyTypes},
	}
}

func refusesBadBodies(t testing.TB, f Fixture) {
	bad := []string{
		"not JSON", "{", `{"a":1,}`, `{"a":1} {"b":2}`, "NaN", `{"a":NaN}`, "Infinity", "01", "1.", "'a'", " ", "\x00",
		`"\u0000"`, `{"\u0000":1}`, `["\\\u0000"]`, `"\ud83c"`, `"\udfe8\ud83c"`, "\"\xff\"", "\"\xed\xa0\x80\"", `{"a":1,"a":2}`,
	}
	for _, body := range bad {
		inData, inMeta := NewEvent("Bad", body), NewEvent("Bad", `{}`)
		inMeta.Meta = []byte(body)
		checkRefused(t, f, es.ErrNotJSON, inData)
		checkRefused(t, f, es.ErrNotJSON, inMeta)
	}
}

func refusesEmptyTypes(t testing.TB, f Fixture) {
	checkRefused(t, f, es.ErrEmptyType, NewEvent("", `{}`))
}

// checkRefused appends an event alone, and as the last of several.
func checkRefused(t testing.TB, f Fixture, want error, bad es.EventData) {
	t.Helper()
	for _, good := range []int{0, 2} {
		stream := UniqueStream()
		_, err := f.Store.Append(patient(t), stream, 0, append(NewEvents(good), bad))
		if !errors.Is(err, want) {
			t.Errorf("append of type %q, data %q, metadata %q behind %d good events: got error %v, want %v",
				bad.Type, bad.Data, bad.Meta, good, err, want)
		}
		checkStream(t, f.Store, stream)
	}
}
