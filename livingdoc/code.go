package livingdoc

import (
	"fmt"
	"slices"
	"strings"
)

// codes are the places of the code of all steps, in order. On the pages a step has
// the name of its place, and the style sheet the places, each once: for developers
// they are behind every step.
type codes []string

func (t *tree) codes() codes {
	var made codes
	for _, r := range t.rules() {
		for _, e := range r.Examples {
			for _, step := range e.Scenario.Steps {
				if step.Code != "" {
					made = append(made, step.Code)
				}
			}
		}
	}
	slices.Sort(made)
	return slices.Compact(made)
}

// class is the name of a place; "" if it is not known.
func (c codes) class(code string) string {
	i, known := slices.BinarySearch(c, code)
	if !known {
		return ""
	}
	return fmt.Sprintf("c%d", i)
}

// style is the style sheet with the places.
func (c codes) style() string {
	// What cannot stand between quotes is no part of any place.
	quotable := strings.NewReplacer(`\`, `/`, `"`, `'`, "\n", " ", "<", " ")
	var made strings.Builder
	for _, code := range c {
		fmt.Fprintf(&made, `.%s{--c:"%s"}`, c.class(code), quotable.Replace(code))
	}
	return made.String()
}
