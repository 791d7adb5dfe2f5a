// Package nearest finds the name that somebody meant who wrote another.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// Of is the name among some that differs least from the one given, if it may be that
// name with a slip of the pen. Of two that are as near it is the first.
func Of(name string, among []string) (nearest string, found bool) {
	if len(among) == 0 {
		return "", false
	}
	nearest = slices.MinFunc(among, func(a, b string) int { return cmp.Compare(Distance(name, a), Distance(name, b)) })
	return nearest, near(name, nearest)
}

// near tells whether one name may be the other with a slip of the pen. What both begin
// with does not count.
func near(one, other string) bool {
	a, b := []rune(one), []rune(other)
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return Distance(string(a), string(b)) <= (max(len(a), len(b))+2)/3
}

// Distance is how many letters have to be put in, left out, replaced or swapped with
// their neighbour to make one name of another, whatever their case.
func Distance(one, other string) int {
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
