package steps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// A name that a command speaks of gets an id when it is mentioned for the first
// time, also if the command is refused. A check may only speak of names that were
// mentioned: of a stay that nobody has heard of nearly everything is true that says
// no, none or 0.00, and a misspelled name is one.

// knownStay is the id behind the number of a stay that was mentioned.
func (d *desk) knownStay(s stay) (domain.StayID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, known := d.stays[s]
	if !known {
		return id, unmentioned("stay", s, d.stays)
	}
	return id, nil
}

// knownStays are the ids of stays that were mentioned, all of them.
func (d *desk) knownStays(stays []stay) ([]domain.StayID, error) {
	ids := make([]domain.StayID, len(stays))
	for i, s := range stays {
		id, err := d.knownStay(s)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// knownGroup is the id behind the name of a group that was mentioned.
func (d *desk) knownGroup(g group) (domain.GroupID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, known := d.groups[g]
	if !known {
		return id, unmentioned("group", g, d.groups)
	}
	return id, nil
}

// knownStream is the stream of a group that was mentioned.
func (d *desk) knownStream(g group) (es.StreamName, error) {
	id, err := d.knownGroup(g)
	if err != nil {
		return es.StreamName{}, err
	}
	return d.groupService().Stream(id), nil
}

// knownTour is the coach tour, if one was mentioned.
func (d *desk) knownTour() ([]domain.StayID, error) {
	if len(d.tour) == 0 {
		return nil, fmt.Errorf("got the coach tour, but no step before this one has mentioned a coach tour: write “a coach tour of … stays with a charge of … each”")
	}
	return d.tour, nil
}

// unmentioned is the error of a check that speaks of a name which it should not
// know. It suggests the nearest of the others.
func unmentioned[Name interface {
	~string
	fmt.Stringer
}, ID any](kind string, name Name, others map[Name]ID,
) error {
	if len(others) == 0 {
		return fmt.Errorf("got %s, but no command before this check has mentioned any %s", name, kind)
	}
	var known []string
	for other := range others {
		known = append(known, other.String())
	}
	return fmt.Errorf("got %s, which no command before this check has mentioned: %s", name, suggest(name.String(), known))
}

// suggest names the word that may have been meant, or all that there are.
func suggest(word string, words []string) string {
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(word, a), distance(word, b)), strings.Compare(a, b))
	})
	if near(word, words[0]) {
		return fmt.Sprintf("did you mean %s?", words[0])
	}
	slices.Sort(words)
	listed := words[:min(len(words), maxNamed)]
	if more := len(words) - len(listed); more > 0 {
		return fmt.Sprintf("known are %s, and %d more", strings.Join(listed, ", "), more)
	}
	return "known are " + strings.Join(listed, ", ")
}

// near tells whether one word may be the other with a slip of the pen. What all
// names begin with does not count.
func near(one, other string) bool {
	for len(one) > 0 && len(other) > 0 && one[0] == other[0] {
		one, other = one[1:], other[1:]
	}
	return distance(one, other) <= (max(len(one), len(other))+2)/3
}

// distance is how many letters have to be put in, left out, replaced or swapped
// with their neighbour to make one name of another, whatever their case.
func distance(one, other string) int {
	a, b := []rune(strings.ToLower(one)), []rune(strings.ToLower(other))
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range a {
		for j := range b {
			replaced := rows[i][j]
			if a[i] != b[j] {
				replaced++
			}
			rows[i+1][j+1] = min(rows[i][j+1]+1, rows[i+1][j]+1, replaced)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				rows[i+1][j+1] = min(rows[i+1][j+1], rows[i-1][j-1]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
