package storetest

import (
	"fmt"
	"testing"
	"time"

	"example.com/groupcheckout/es"
)

func bodies() []leaf {
	return []leaf{
		{"data and metadata come back as equal JSON", bodiesOfAnyKind},
		{"numbers keep their digits and their scale", bodiesWithNumbers},
		{"data and metadata that are absent stay absent", bodiesAbsent},
		{"types come back as they were", typesOfAnyText},
		{"times are in UTC and those of the append", timesOfAppend},
		{"times have microseconds", timesHaveMicroseconds},
	}
}

func bodiesOfAnyKind(t testing.TB, f Fixture) {
	checkBodies(t, f,
		`{}`, `[]`, `[[],{}]`, `null`, `true`, `false`, `""`, `"text"`, `0`, `-1`,
		`{"b":1,"a":{"d":[1,2,{"e":null}],"c":"x"},"":0}`, " {\t\"a\" :\n1 } ",
		`{"a":"\"quoted\" \\ \/ \b\f\n\r\t"}`, `{"text":"\\u0000 is not a NUL"}`, `"\u00e4\u65e5\ud83c\udfe8"`,
		`{"Ключ":"äöü 日本語 🏨 👩‍👩‍👧 \u2028 \u007f"}`, `{"A":1,"a":2}`, `{"a'b":"'; drop table messages; --"}`, `"$1 %s ? :name"`)
}

func bodiesWithNumbers(t testing.TB, f Fixture) {
	checkBodies(t, f,
		`{"amount":100.50}`, `{"amount":100.5}`, `{"amount":100}`, `{"amount":-0.10}`, `1.0`, `1.00`, `0.000000000000000001`,
		`1234567890123456789012345678`, `-12345678901234567890123456.78`, `9007199254740993`, `18446744073709551616`,
		`[0.1,0.2,0.30000000000000004,1.10]`)
}

// checkBodies appends each body as data, and as metadata beside other data.
func checkBodies(t testing.TB, f Fixture, bodies ...string) {
	t.Helper()
	stream := UniqueStream()
	var events []es.EventData
	for _, body := range bodies {
		asData, asMeta := NewEvent("Data", body), NewEvent("Meta", `{"data":1}`)
		asMeta.Meta = []byte(body)
		events = append(events, asData, asMeta)
	}
	mustAppend(t, f.Store, stream, 0, events...)
	checkStream(t, f.Store, stream, events...)
}

func bodiesAbsent(t testing.TB, f Fixture) {
	stream := UniqueStream()
	var events []es.EventData
	for _, data := range [][]byte{nil, {}, []byte(`{"a":1}`)} {
		for _, meta := range [][]byte{nil, {}, []byte(`{"b":2}`)} {
			e := NewEvent("Absent", "")
			e.Data, e.Meta = data, meta
			events = append(events, e)
		}
	}
	mustAppend(t, f.Store, stream, 0, events...)
	checkStream(t, f.Store, stream, events...)
}

func typesOfAnyText(t testing.TB, f Fixture) {
	stream := UniqueStream()
	var events []es.EventData
	for _, eventType := range []string{"A", "a", "StaysMerged", "with space", "with-dash", "it's", "Änderung", "変更", "🏨"} {
		events = append(events, NewEvent(eventType, `{}`))
	}
	mustAppend(t, f.Store, stream, 0, events...)
	checkStream(t, f.Store, stream, events...)
}

// clockSkew is how far the clocks of the store and of the test may be apart.
const clockSkew = time.Minute

func timesOfAppend(t testing.TB, f Fixture) {
	stream := UniqueStream()
	before := time.Now()
	version := mustAppend(t, f.Store, stream, 0, NewEvents(3)...)
	mustAppend(t, f.Store, stream, version, NewEvents(2)...)
	after := time.Now()
	for _, e := range mustRead(t, f.Store, stream, 0) {
		if e.Time.Location() != time.UTC {
			t.Errorf("event %d: got a time in %v, want UTC", e.Index, e.Time.Location())
		}
		if e.Time.Before(before.Add(-clockSkew)) || e.Time.After(after.Add(clockSkew)) {
			t.Errorf("event %d: got time %v, want between %v and %v, give or take %v", e.Index, e.Time, before, after, clockSkew)
		}
	}
}

// timesHaveMicroseconds would see only whole milliseconds from a store that cut
// them. That all of these times are such by chance does not happen.
func timesHaveMicroseconds(t testing.TB, f Fixture) {
	stream := UniqueStream()
	var times []string
	for i := range 10 {
		mustAppend(t, f.Store, stream, es.Version(i), NewEvents(1)...)
		for _, e := range mustRead(t, f.Store, stream, es.Version(i)) {
			if e.Time.Nanosecond()%int(time.Millisecond) != 0 {
				return
			}
			times = append(times, fmt.Sprint(e.Time))
		}
	}
	t.Errorf("got only times of whole milliseconds, want microseconds: %v", times)
}
