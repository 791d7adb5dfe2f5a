package suite

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

// Usage is which steps the features use, and where. It is found by matching
// alone; no step is run.
type Usage struct {
	Steps  []StepUsage // every definition, in the order of registration
	Issues []StepIssue // steps of features without just one definition, in the order of the files

	// Unlike are steps whose keyword is not that of their definition: a Then that does
	// something, or a Given or When that checks; and scenarios whose last step does
	// something although its keyword, *, does not say so.
	Unlike []Issue
}

// StepUsage is where a definition is used.
type StepUsage struct {
	Step   gherkin.StepInfo
	Places []Place // the steps of features that it matches, in the order of the files
}

// Place is a step of a feature file. One in an outline, or in a background, is
// in several scenarios.
type Place struct {
	URI       string
	Line      int
	Scenarios int // how many scenarios and rows it is a step of
}

// StepIssue is a step of a feature that is undefined or ambiguous, or examples that
// lack a column of their outline.
type StepIssue struct {
	Issue
	Suggestion string // the registration that an undefined step lacks, or ""
}

// NewUsage matches the steps of all scenarios with the definitions. The error is
// that of [Load].
func NewUsage(features fs.FS, definitions *gherkin.Definitions) (Usage, error) {
	if definitions == nil {
		return Usage{}, errors.New("the use of steps cannot be told without definitions")
	}
	loaded, err := Load(features)
	if err != nil {
		return Usage{}, err
	}
	u := uses{definitions: definitions, byIndex: map[int]int{}, places: map[use]int{}, seen: map[Issue]bool{}}
	for i, step := range definitions.Steps() {
		u.byIndex[step.Index] = i
		u.Steps = append(u.Steps, StepUsage{Step: step})
	}
	for _, feature := range loaded {
		for _, scenario := range feature.Scenarios {
			u.scenario(scenario)
		}
	}
	for _, step := range u.Steps {
		slices.SortStableFunc(step.Places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.Line, b.Line))
		})
	}
	return u.Usage, nil
}

// uses collects the use of steps.
type uses struct {
	Usage
	definitions *gherkin.Definitions
	byIndex     map[int]int    // of a definition, its place in Steps
	places      map[use]int    // its place in Places
	seen        map[Issue]bool // rows of an outline, and backgrounds, come again and again
}

// use is a step of a feature that a definition matches.
type use struct {
	step int // in Steps
	uri  string
	line int
}

func (u *uses) scenario(s *Scenario) {
	if s.examplesNode != nil && s.empty != "" { // its steps are not what was meant
		issue := StepIssue{Issue: Issue{URI: s.Feature.URI, Line: int(s.examplesNode.Location.Line), Message: s.empty}}
		if !u.seen[issue.Issue] {
			u.seen[issue.Issue] = true
			u.Issues = append(u.Issues, issue)
		}
		return
	}
	types := typesOf(s.steps)
	for i, step := range s.Pickle.Steps {
		written := s.steps[i]
		matches := u.definitions.Match(step.Text)
		line := int(written.Location.Line)
		for _, m := range matches {
			u.add(use{u.byIndex[m.Step.Index], s.Feature.URI, line})
		}
		issue := StepIssue{Issue: Issue{URI: s.Feature.URI, Line: line}}
		switch len(matches) {
		case 0:
			issue.Message = "undefined step: " + step.Text
		case 1:
			last := i == len(s.steps)-1
			if issue.Message = unlike(s, written, types[i], last, matches[0].Step); issue.Message != "" && !u.seen[issue.Issue] {
				u.seen[issue.Issue] = true
				u.Unlike = append(u.Unlike, issue.Issue)
			}
			continue
		default:
			issue.Message = fmt.Sprintf("ambiguous step: %s: %s and %s match it",
				step.Text, matches[0].Step.Location, matches[1].Step.Location)
		}
		if u.seen[issue.Issue] {
			continue
		}
		u.seen[issue.Issue] = true
		if len(matches) == 0 {
			like := Step{Keyword: strings.TrimSpace(written.Keyword)}
			issue.Suggestion = u.definitions.Suggest(keyword(like), step.Text, step.Argument)
		}
		u.Issues = append(u.Issues, issue)
	}
}

// unlike says how a step's keyword and its definition contradict each other, or "".
func unlike(s *Scenario, step *messages.Step, t messages.StepKeywordType, last bool, definition gherkin.StepInfo) string {
	does := definition.Keyword == gherkin.Given || definition.Keyword == gherkin.When
	given := fmt.Sprintf("\"%s %s\"", strings.TrimSpace(step.Keyword), step.Text)
	registered := fmt.Sprintf("its definition (%s) is registered with %s", definition.Location, definition.Keyword)
	switch t {
	case messages.StepKeywordType_OUTCOME:
		if does {
			return fmt.Sprintf("%s is a Then that checks nothing, since %s: write the step as that, or register what checks with Then", given, registered)
		}
	case messages.StepKeywordType_CONTEXT, messages.StepKeywordType_ACTION:
		if definition.Keyword == gherkin.Then {
			return fmt.Sprintf("%s is a check, since %s: write the step as a Then, or register what does something with Given or When", given, registered)
		}
	default:
		if last && does {
			return fmt.Sprintf(endsUnchecked+"; %s", s.Name, strings.TrimSpace(step.Keyword), step.Text, registered)
		}
	}
	return ""
}

func (u *uses) add(at use) {
	places := &u.Steps[at.step].Places
	i, known := u.places[at]
	if !known {
		i = len(*places)
		u.places[at] = i
		*places = append(*places, Place{URI: at.uri, Line: at.line})
	}
	(*places)[i].Scenarios++
}

// Err says what is wrong, with its place: every step that is undefined or
// ambiguous, every one whose keyword is not that of its definition, and every
// definition that no feature uses.
func (u Usage) Err() error {
	var errs []error
	for _, issue := range u.Issues {
		text := issue.String()
		if issue.Suggestion != "" {
			text += "; this would define it:\n" + issue.Suggestion
		}
		errs = append(errs, errors.New(text))
	}
	for _, issue := range u.Unlike {
		errs = append(errs, errors.New(issue.String()))
	}
	for _, step := range u.Steps {
		if len(step.Places) == 0 {
			errs = append(errs, fmt.Errorf("%s: no feature uses the step %q", step.Step.Location, step.Step.Expression))
		}
	}
	return errors.Join(errs...)
}

// WriteText writes a table: each definition with the number of lines that use
// it, where it is defined, and, beneath it, those lines. Then come the steps
// that lack a definition, with a suggestion, and those that are unlike theirs.
//
//	2  Given  {int} book(s) on the shelf  steps/shelf.go:12
//	     lending.feature:4,9
//	!  When   the shelf is painted        steps/shelf.go:20  unused
func (u Usage) WriteText(w io.Writer) error {
	width, unused := 0, 0
	for _, step := range u.Steps {
		width = max(width, utf8.RuneCountInString(step.Step.Expression))
		if len(step.Places) == 0 {
			unused++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d unused; %s of features %s undefined or ambiguous\n", plural.Of(len(u.Steps), "step"), unused, plural.Of(len(u.Issues), "step"), plural.Word(len(u.Issues), "is", "are"))
	for _, step := range u.Steps {
		count, mark := fmt.Sprint(len(step.Places)), ""
		if len(step.Places) == 0 {
			count, mark = "!", "  unused"
		}
		expression := step.Step.Expression
		fmt.Fprintf(&b, "%4s  %-5s  %s%s  %s%s\n", count, step.Step.Keyword, expression,
			strings.Repeat(" ", width-utf8.RuneCountInString(expression)), step.Step.Location, mark)
		for _, line := range step.lines() {
			fmt.Fprintf(&b, "        %s\n", line)
		}
	}
	for _, issue := range u.Issues {
		fmt.Fprintf(&b, "   ?  %s\n", issue)
		if issue.Suggestion != "" {
			indented(&b, "        ", issue.Suggestion)
		}
	}
	for _, issue := range u.Unlike {
		fmt.Fprintf(&b, "   ?  %s\n", issue)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lines are the places, one text for each file.
func (s StepUsage) lines() []string {
	var lines []string
	last := ""
	for _, p := range s.Places {
		if p.URI == last {
			lines[len(lines)-1] += fmt.Sprintf(",%d", p.Line)
			continue
		}
		last = p.URI
		lines = append(lines, fmt.Sprintf("%s:%d", p.URI, p.Line))
	}
	return lines
}
