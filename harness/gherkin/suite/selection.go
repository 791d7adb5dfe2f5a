package suite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	expressions "github.com/cucumber/tag-expressions/go/v6"
)

// Select returns the scenarios of the features that a tag expression selects,
// in order. Empty selects all. A malformed expression, and one that selects
// nothing, are errors.
func Select(features []*Feature, tags string) ([]*Scenario, error) {
	matches, err := parseTags(tags)
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

// parseTags is stricter than the library, to which any word is a tag: "not slow"
// would select everything, and "@a,@b" or "@a && @b" nothing at all.
func parseTags(expression string) (matches func(tags []string) bool, err error) {
	defer func() {
		if recover() != nil { // the library takes an operand that is not there
			err = fmt.Errorf("the tag expression %q is incomplete: a tag is missing", expression)
		}
	}()
	if strings.HasSuffix(expression, `\`) {
		return nil, fmt.Errorf("the tag expression %q ends in a backslash", expression)
	}
	for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune("() \t\n", r) }) {
		switch {
		case word == "and" || word == "or" || word == "not":
		case !strings.HasPrefix(word, "@"):
			return nil, fmt.Errorf("the tag expression %q has the word %q: there are tags, which start with @, and, or, not, and parentheses", expression, word)
		case strings.ContainsAny(word, ",&|~"):
			return nil, fmt.Errorf("the tag expression %q has %q: write and, or, not between tags", expression, word)
		}
	}
	parsed, err := expressions.Parse(expression)
	if err != nil {
		return nil, err // it quotes the expression
	}
	if parsed == nil {
		return nil, errors.New("the tag expression is malformed: " + expression)
	}
	return parsed.Evaluate, nil
}
