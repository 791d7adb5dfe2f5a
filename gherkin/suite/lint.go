package suite

import (
	"fmt"
	"io/fs"
	"slices"
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
// rules), rules and scenarios without content, outlines without rows, scenarios
// that end with a Given or When and so check nothing, lines that look like a step or
// a title and are prose, rows that lose what follows their last |, and examples without
// a column that their outline uses. What only
// those know who have the definitions is in [Usage]. The error is that of [Load].
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
		l.issues = append(l.issues, feature.prose...)
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
	var background []*messages.Step
	for _, child := range feature.Children {
		if child.Background != nil {
			background = child.Background.Steps
		}
		if child.Scenario != nil {
			l.scenario(child.Scenario, background, scenarios)
		}
		if child.Rule == nil {
			continue
		}
		l.title(child.Rule.Location, "rule", child.Rule.Name)
		l.once(child.Rule.Location, "rule", child.Rule.Name, rules)
		inRule := map[string]int64{}
		count := 0
		before := background
		for _, inner := range child.Rule.Children {
			if inner.Background != nil {
				before = slices.Concat(background, inner.Background.Steps)
			}
			if inner.Scenario != nil {
				l.scenario(inner.Scenario, before, inRule)
				count++
			}
		}
		if count == 0 {
			l.add(child.Rule.Location.Line, "the rule %q has no scenario", child.Rule.Name)
		}
	}
}

func (l *linter) scenario(s *messages.Scenario, background []*messages.Step, seen map[string]int64) {
	l.title(s.Location, "scenario", s.Name)
	l.once(s.Location, "scenario", s.Name, seen)
	if len(s.Steps) == 0 {
		l.add(s.Location.Line, "the scenario %q has no steps", s.Name)
	} else {
		steps := slices.Concat(background, s.Steps)
		types := typesOf(steps)
		last := steps[len(steps)-1]
		if t := types[len(types)-1]; t == messages.StepKeywordType_CONTEXT || t == messages.StepKeywordType_ACTION {
			l.add(last.Location.Line, endsUnchecked, s.Name, strings.TrimSpace(last.Keyword), last.Text)
		}
	}
	for _, examples := range s.Examples {
		if len(examples.TableBody) == 0 {
			l.add(examples.Location.Line, "the examples of %q have no row", s.Name)
		}
		if lack := lackingColumn(s, examples); lack != "" {
			l.add(examples.Location.Line, "%s", lack)
		}
	}
}

const endsUnchecked = "the scenario %q ends with \"%s %s\", so nothing checks what came of it: let it end with a Then"

// typesOf tells what each step is: what its keyword says or, after And and But, that of
// the step before, which may be one of the background. It is unknown for *.
func typesOf(steps []*messages.Step) []messages.StepKeywordType {
	types := make([]messages.StepKeywordType, len(steps))
	before := messages.StepKeywordType_UNKNOWN
	for i, step := range steps {
		if step.KeywordType != messages.StepKeywordType_CONJUNCTION {
			before = step.KeywordType
		}
		types[i] = before
	}
	return types
}

func (l *linter) once(at *messages.Location, what, name string, seen map[string]int64) {
	if first, twice := seen[name]; twice && name != "" {
		l.add(at.Line, "the %s at line %d has the same title, %q", what, first, name)
		return
	}
	seen[name] = at.Line
}
