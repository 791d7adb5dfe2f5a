package storetest

import (
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
)

func names() []leaf {
	return []leaf{
		{"an id may be any text", namesOfAnyText},
		{"names that differ in anything name different streams", namesAlike},
	}
}

func namesOfAnyText(t testing.TB, f Fixture) {
	checkApart(t, f, withCategory(UniqueCategory(),
		"a-b", "a-b-c", "-", "--", "a-", "-a", "a_b", "_", "a+b", "a:b", "a/b", `a\b`, "a.b", "a%b", "a%25b", "a$b",
		"a b", " a", "a ", "a\tb", "a\nb", "'; drop table messages; --", `"a"`, "a*b", "a?b", "[a]", "{a}", "null", "0", "00",
		"äöü", "a\u0308", "ä", "Жизнь", "日本語", "🏨", "👩‍👩‍👧", "\u202eabc", "\ufeffa", "\U0010ffff",
		strings.Repeat("long", 100)))
}

func namesAlike(t testing.TB, f Fixture) {
	category := UniqueCategory()
	streams := withCategory(category, "a", "A", "aa", "a-a", "a_a", "1", "01", "1 ", "ſ", "s", "S", "i", "I", "ı", "İ", "ß", "ss")
	for _, other := range lookalikes(category) {
		streams = append(streams, withCategory(other, "a", "A")...)
	}
	checkApart(t, f, streams)
}

// lookalikes returns categories that a careless comparison takes for the given
// one: those that begin like it, one that it begins with, and other cases.
func lookalikes(category string) []string {
	return []string{
		category + "X", category + ":x", category + "_", category + " ", " " + category, category + "%",
		category[:len(category)-1], strings.ToLower(category), strings.ToUpper(category),
	}
}

func withCategory(category string, ids ...string) []es.StreamName {
	streams := make([]es.StreamName, len(ids))
	for i, id := range ids {
		streams[i] = streamOf(category, id)
	}
	return streams
}

// checkApart writes to every stream, and then reads every one.
func checkApart(t testing.TB, f Fixture, streams []es.StreamName) {
	t.Helper()
	written := map[es.StreamName]es.EventData{}
	for i, stream := range streams {
		if _, twice := written[stream]; twice {
			t.Fatalf("the test names %q twice", stream)
		}
		written[stream] = NewEvent("Named", fmt.Sprintf(`{"n":%d}`, i))
		mustAppend(t, f.Store, stream, 0, written[stream])
	}
	for stream, event := range written {
		checkStream(t, f.Store, stream, event)
	}
}
