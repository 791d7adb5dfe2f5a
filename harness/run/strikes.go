package run

import (
	"errors"
	"fmt"
	"strings"

	"example.com/groupcheckout/harness/faults"
)

// many is so many scenarios that each kind of fault has to strike some of them, at the
// rate that it has by default or more often.
const many = 20

// strikes are what came of a spec of faults.
type strikes struct {
	store      string
	faults     faults.Spec
	injected   map[faults.Kind]int
	impossible map[faults.Kind]string
}

// strikes counts faults since others were counted.
func (o *options) strikes(before, now map[faults.Kind]int, impossible map[faults.Kind]string) strikes {
	s := strikes{o.store, o.faults, map[faults.Kind]int{}, impossible}
	for kind, n := range now {
		s.injected[kind] = n - before[kind]
	}
	return s
}

// missing are the kinds that could have struck and did not.
func (s strikes) missing() (kinds []faults.Kind) {
	for _, kind := range s.faults.Kinds() {
		if _, never := s.impossible[kind]; !never && s.injected[kind] == 0 {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// never says which kinds there cannot be.
func (s strikes) never() string {
	var text []string
	for _, kind := range s.faults.Kinds() {
		if reason, never := s.impossible[kind]; never {
			text = append(text, fmt.Sprintf("the store %s cannot have %s: %s", s.store, kind, reason))
		}
	}
	return strings.Join(text, "; ")
}

// String says it for people.
func (s strikes) String() string {
	all := 0
	for _, n := range s.injected {
		all += n
	}
	text := fmt.Sprintf("%d were injected", all)
	if missing := s.missing(); len(missing) > 0 && all > 0 {
		text += ", none of them " + list(missing)
	}
	if never := s.never(); never != "" {
		text += "; " + never
	}
	return text
}

// list is kinds in words.
func list(kinds []faults.Kind) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return oneOf(names)
}

// verdict is an error if so few faults were injected that the run proves less than
// it seems to. Of a narrow selection nobody expects that all kinds strike.
func (s strikes) verdict(scenarios int, narrow bool) error {
	missing := s.missing()
	struck := 0
	for _, n := range s.injected {
		struck += n
	}
	switch {
	case struck == 0 && len(missing) == 0:
		return fmt.Errorf("no fault was injected, so nothing was proved: %s", s.never())
	case struck == 0:
		return fmt.Errorf("no fault was injected in %d scenarios, so nothing was proved: give %s a higher rate, such as %s=1, another -seed, or more scenarios", scenarios, list(missing), missing[0])
	case narrow || scenarios < many:
		return nil
	}
	var errs []error
	for _, description := range faults.Kinds() {
		for _, kind := range missing {
			if kind == description.Kind && s.faults.Rate(kind) >= description.Rate {
				errs = append(errs, fmt.Errorf("no fault of the kind %s was injected in %d scenarios, so nothing was proved of it: give it a higher rate, such as %s=1, or another -seed", kind, scenarios, kind))
			}
		}
	}
	return errors.Join(errs...)
}
