package gherkin_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin"
)

func TestAMisspelledNameGetsTheNearest(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("T%02d", i))
	}
	for _, c := range []struct{ name, mentioned, want string }{
		{"T9", "T1 T2", "did you mean T1?"},
		{"Olso", "Bergen Oslo Oslofjord", "did you mean Oslo?"},
		{"oslo", "Oslo Bergen", "did you mean Oslo?"},
		{"Bergn", "Bergen", "did you mean Bergen?"},
		{"Tromsö", "Tromsø Oslo", "did you mean Tromsø?"},
		{"harbour", "Oslo Bergen Bergen", "known are Bergen, Oslo"},
		{"", "Oslo", "known are Oslo"},
		{"T1", "", "none was mentioned"},
		{"Hamar", strings.Join(many, " "), "known are T00, T01, T02, T03, T04, T05, T06, T07, T08, T09, and 2 more"},
	} {
		if got := gherkin.DidYouMean(c.name, strings.Fields(c.mentioned)); got != c.want {
			t.Errorf("%q of %q: got %q, want %q", c.name, c.mentioned, got, c.want)
		}
	}
}
