package gherkin

import (
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/internal/nearest"
)

// maxListed is how many names a hint lists.
const maxListed = 10

// DidYouMean is a hint for the error of a step that speaks of a name nobody has
// mentioned, such as "did you mean T1?": of a misspelled name nearly everything is true
// that says no or none. Where no name is near it lists them, and without any it says so.
func DidYouMean(name string, mentioned []string) string {
	if len(mentioned) == 0 {
		return "none was mentioned"
	}
	known := slices.Clone(mentioned)
	slices.Sort(known)
	known = slices.Compact(known)
	if nearest, found := nearest.Of(name, known); found {
		return fmt.Sprintf("did you mean %s?", nearest)
	}
	listed := known[:min(len(known), maxListed)]
	if more := len(known) - len(listed); more > 0 {
		return fmt.Sprintf("known are %s, and %d more", strings.Join(listed, ", "), more)
	}
	return "known are " + strings.Join(listed, ", ")
}
