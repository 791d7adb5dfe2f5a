package suite

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

// Select returns the scenarios of the features that a tag expression selects,
// in order. Empty selects all.
//
// If places are given, then a scenario must also be at one of them. A place is
// the path of a feature file, or path:line, or path:line:line. It selects
//
//   - at a row of examples, that row;
//   - at any other line of a scenario or outline, the scenario, or all rows;
//   - at a set of examples, its rows;
//   - at a line of a rule or feature that is in no scenario, all its scenarios.
//
// The path may have folders in front of the one that the features were loaded
// with, or lack some of its first.
//
// A malformed expression or place, a place where there is nothing, and a
// selection of nothing are errors.
func Select(features []*Feature, tags string, places ...string) ([]*Scenario, error) {
	matches, err := gherkin.ParseTags(tags)
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	seen := map[string]bool{}
	for _, feature := range features {
		for _, scenario := range feature.Scenarios {
			all = append(all, scenario)
			for _, tag := range scenario.Tags {
				seen[gherkin.TagExpression(tag)] = true
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New(noScenario(features))
	}
	if len(places) > 0 {
		at, err := scenariosAt(features, places)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(s *Scenario) bool { return !at[s] })
	}
	selected := slices.DeleteFunc(slices.Clone(all), func(s *Scenario) bool { return !matches(s.Tags) })
	if len(selected) == 0 {
		return nil, fmt.Errorf("the tag expression %q selects none of the %s%s; their tags are: %s",
			tags, plural.Of(len(all), "scenario"), atPlaces(places), strings.Join(slices.Sorted(maps.Keys(seen)), " "))
	}
	return selected, nil
}

func atPlaces(places []string) string {
	if len(places) == 0 {
		return ""
	}
	return " at " + strings.Join(places, ", ")
}

// scenariosAt finds the scenarios at places.
func scenariosAt(features []*Feature, places []string) (map[*Scenario]bool, error) {
	found := map[*Scenario]bool{}
	for _, place := range places {
		file, lines := cutLines(place)
		feature, err := featureAt(features, file)
		if err != nil {
			return nil, err
		}
		if len(lines) == 0 {
			for _, s := range feature.Scenarios {
				found[s] = true
			}
		}
		for _, line := range lines {
			at, err := feature.at(line)
			if err != nil {
				return nil, err
			}
			for _, s := range at {
				found[s] = true
			}
		}
	}
	return found, nil
}

// cutLines takes the numbers of lines off the end of a place.
func cutLines(place string) (file string, lines []int) {
	for file = place; ; {
		at := strings.LastIndexByte(file, ':')
		line, err := strconv.Atoi(file[at+1:])
		if at < 0 || err != nil {
			return file, lines
		}
		file, lines = file[:at], append(lines, line)
	}
}

// featureAt finds the feature file that a path means: the one of that path or,
// failing that, the only one whose path agrees at the end.
func featureAt(features []*Feature, file string) (*Feature, error) {
	wanted := path.Clean(filepath.ToSlash(file))
	var near []*Feature
	for _, f := range features {
		if f.URI == wanted {
			return f, nil
		}
		if strings.HasSuffix(wanted, "/"+f.URI) || strings.HasSuffix(f.URI, "/"+wanted) {
			near = append(near, f)
		}
	}
	switch len(near) {
	case 0:
		return nil, fmt.Errorf("%q is none of the feature files, which are: %s", file, uris(features))
	case 1:
		return near[0], nil
	default:
		return nil, fmt.Errorf("%q may be any of these feature files: %s", file, uris(near))
	}
}

func uris(features []*Feature) string {
	list := make([]string, len(features))
	for i, f := range features {
		list[i] = f.URI
	}
	return strings.Join(list, ", ")
}

// at returns the scenarios that the section with the line is a part of.
func (f *Feature) at(line int) ([]*Scenario, error) {
	lines := len(f.lines)
	if line < 1 || line > lines {
		return nil, fmt.Errorf("%s has %s, and no line %d", f.URI, plural.Of(lines, "line"), line)
	}
	var node any
	for _, sec := range f.sections {
		if sec.first > line {
			break
		}
		node = sec.node
	}
	var found []*Scenario
	for _, s := range f.Scenarios {
		if s.has(node) {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s:%d belongs to no scenario", f.URI, line)
	}
	return found, nil
}

// noScenario says of files that none of them has a scenario.
func noScenario(features []*Feature) string {
	const most = 3
	var named []string
	for i, f := range features {
		if i == most {
			named = append(named, fmt.Sprintf("and %d more", len(features)-most))
			break
		}
		named = append(named, f.URI)
	}
	if len(named) == 0 {
		return "there is no feature, and so no scenario"
	}
	return "there is no scenario in " + strings.Join(named, ", ")
}
