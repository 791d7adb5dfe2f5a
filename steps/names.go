package steps

import (
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
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
	return fmt.Errorf("got %s, which no command before this check has mentioned: %s", name, gherkin.DidYouMean(name.String(), known))
}
