package gherkin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if near(name, nearest) {
		return fmt.Sprintf("did you mean %s?", nearest)
	}
	listed := known[:min(len(known), maxListed)]
	if more := len(known) - len(listed); more > 0 {
		return fmt.Sprintf("known are %s, and %d more", strings.Join(listed, ", "), more)
	}
	return "known are " + strings.Join(listed, ", ")
}

// near tells whether one name may be the other with a slip of the pen. What both begin
// with does not count.
func near(one, other string) bool {
	a, b := []rune(one), []rune(other)
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return distance(string(a), string(b)) <= (max(len(a), len(b))+2)/3
}

// distance is how many letters have to be put in, left out, replaced or swapped with
// their neighbour to make one name of another, whatever their case.
func distance(one, other string) int {
	a, b := []rune(strings.ToLower(one)), []rune(strings.ToLower(other))
	var rows [3][]int // the last three of the table
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range a {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i + 1
		for j := range b {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(b)]
}
