package livingdoc_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/livingdoc/internal/fixture"
)

// town is ten folders of ten features of ten rules of ten scenarios.
func town() fstest.MapFS {
	made := fstest.MapFS{"README.md": {Data: []byte("# The town\n\nThere is much to do.\n")}}
	for folder := range 10 {
		for feature := range 10 {
			var text strings.Builder
			fmt.Fprintf(&text, "Feature: Street %d of quarter %d\n", feature, folder)
			for rule := range 10 {
				fmt.Fprintf(&text, "\n  Rule: House %d keeps quiet\n", rule)
				for scenario := range 10 {
					fmt.Fprintf(&text, "\n    Scenario: Guest %d goes to bed\n      Given guest %d of house %d\n      When it is late\n      Then nobody hears a sound\n", scenario, scenario, rule)
				}
			}
			made[fmt.Sprintf("%d-quarter/%d.feature", folder, feature)] = &fstest.MapFile{Data: []byte(text.String())}
		}
	}
	return made
}

func TestTenThousandScenariosAreStillReadable(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it writes some thousand files")
	}
	features := town()
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}, fixture.Run{Store: "stone"}, fixture.Run{Store: "wax"}))
	front := pages["index.html"]
	if !strings.Contains(front, "All 1000 rules hold") || !strings.Contains(front, "Street 9 of quarter 9</a> <small>10 rules</small>") {
		t.Errorf("the front page is not one of topics:\n%.3000s", front)
	}
	// A browser shows pages of these sizes at once. The search has all scenarios in
	// its words, of which it shows the first that are found.
	limits := map[string]int{
		"index.html": 100_000, "quarter/index.html": 200_000, "search.html": 20_000, "words.js": 1_200_000,
		"quarter/street-0-of-quarter-0/house-0-keeps-quiet.html": 10_000, "quarter/street-0-of-quarter-0/house-9-keeps-quiet-guest-9-goes-to-bed.html": 10_000,
	}
	for name, limit := range limits {
		if size := len(pages[name]); size == 0 || size > limit {
			t.Errorf("%s has %d bytes, want some, and at most %d", name, size, limit)
		}
	}
}
