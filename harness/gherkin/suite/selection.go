package suite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"groupcheckout/harness/gherkin"
)

// Select returns the scenarios of the features that a tag expression selects,
// in order. Empty selects all. A malformed expression, and one that selects
// nothing, are errors.
func Select(features []*Feature, tags string) ([]*Scenario, error) {
	matches, err := gherkin.ParseTags(tags)
	if err != nil {
		return nil, err
	}
	var selected []*Scenario
	seen := map[string]bool{}
	total := 0
	for _, feature := range features {
		for _, scenario := range feature.Scenarios {
			total++
			for _, tag := range scenario.Tags {
				seen[tag] = true
			}
			if matches(scenario.Tags) {
				selected = append(selected, scenario)
			}
		}
	}
	switch {
	case total == 0:
		return nil, fmt.Errorf("the %d feature files have no scenario", len(features))
	case len(selected) == 0:
		return nil, fmt.Errorf("the tag expression %q selects none of the %d scenarios; their tags are: %s",
			tags, total, strings.Join(slices.Sorted(maps.Keys(seen)), " "))
	}
	return selected, nil
}
