package suite

import (
	"fmt"
	"io/fs"
	"strings"

	messages "github.com/cucumber/messages/go/v34"
)

// Issue is something that a feature file should not have.
type Issue struct {
	URI     string
	Line    int
	Message string
}

func (i Issue) String() string { return fmt.Sprintf("%s:%d: %s", i.URI, i.Line, i.Message) }

// Lint finds what parses but cannot be meant: files without scenarios, titles
// that are empty or stand twice in one rule (or in one feature, outside its
// rules), rules and scenarios without content, and outlines without rows. The
// error is that of [Load].
func Lint(features fs.FS) ([]Issue, error) {
	loaded, err := Load(features)
	if err != nil {
		return nil, err
	}
	var l linter
	titles := map[string]string{}
	for _, feature := range loaded {
		l.uri = feature.URI
		if len(feature.Scenarios) == 0 {
			l.add(1, "the file has no scenario")
		}
		document := feature.Document.Feature
		if document == nil {
			continue
		}
		l.title(document.Location, "feature", document.Name)
		if first, twice := titles[document.Name]; twice && document.Name != "" {
			l.add(document.Location.Line, "%s has the same title, %q", first, document.Name)
		}
		titles[document.Name] = feature.URI
		l.children(document)
	}
	return l.issues, nil
}

type linter struct {
	uri    string
	issues []Issue
}

func (l *linter) add(line int64, format string, args ...any) {
	l.issues = append(l.issues, Issue{URI: l.uri, Line: int(line), Message: fmt.Sprintf(format, args...)})
}

func (l *linter) title(at *messages.Location, what, name string) {
	if strings.TrimSpace(name) == "" {
		l.add(at.Line, "the %s has no title", what)
	}
}

func (l *linter) children(feature *messages.Feature) {
	scenarios, rules := map[string]int64{}, map[string]int64{}
	for _, child := range feature.Children {
		if child.Scenario != nil {
			l.scenario(child.Scenario, scenarios)
		}
		if child.Rule == nil {
			continue
		}
		l.title(child.Rule.Location, "rule", child.Rule.Name)
		l.once(child.Rule.Location, "rule", child.Rule.Name, rules)
		inRule := map[string]int64{}
		count := 0
		for _, inner := range child.Rule.Children {
			if inner.Scenario != nil {
				l.scenario(inner.Scenario, inRule)
				count++
			}
		}
		if count == 0 {
			l.add(child.Rule.Location.Line, "the rule %q has no scenario", child.Rule.Name)
		}
	}
}

func (l *linter) scenario(s *messages.Scenario, seen map[string]int64) {
	l.title(s.Location, "scenario", s.Name)
	l.once(s.Location, "scenario", s.Name, seen)
	if len(s.Steps) == 0 {
		l.add(s.Location.Line, "the scenario %q has no steps", s.Name)
	}
	for _, examples := range s.Examples {
		if len(examples.TableBody) == 0 {
			l.add(examples.Location.Line, "the examples of %q have no row", s.Name)
		}
	}
}

func (l *linter) once(at *messages.Location, what, name string, seen map[string]int64) {
	if first, twice := seen[name]; twice && name != "" {
		l.add(at.Line, "the %s at line %d has the same title, %q", what, first, name)
		return
	}
	seen[name] = at.Line
}
