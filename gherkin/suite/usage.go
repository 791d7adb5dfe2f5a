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

	"example.com/groupcheckout/gherkin"
)

// Usage is which steps the features use, and where. It is found by matching
// alone; no step is run.
type Usage struct {
	Steps  []StepUsage // every definition, in the order of registration
	Issues []StepIssue // steps of features without just one definition, in the order of the files
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

// StepIssue is a step of a feature that is undefined or ambiguous.
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
	var u Usage
	byIndex := map[int]int{}
	for i, step := range definitions.Steps() {
		byIndex[step.Index] = i
		u.Steps = append(u.Steps, StepUsage{Step: step})
	}
	seen := map[Issue]bool{} // rows of an outline, and backgrounds, come again and again
	for _, feature := range loaded {
		for _, scenario := range feature.Scenarios {
			for i, step := range scenario.Pickle.Steps {
				matches := definitions.Match(step.Text)
				line := int(scenario.steps[i].Location.Line)
				for _, m := range matches {
					u.Steps[byIndex[m.Step.Index]].add(feature.URI, line)
				}
				if len(matches) == 1 {
					continue
				}
				issue := StepIssue{Issue: Issue{URI: feature.URI, Line: line, Message: "undefined step: " + step.Text}}
				if len(matches) > 1 {
					issue.Message = fmt.Sprintf("ambiguous step: %s: %s and %s match it",
						step.Text, matches[0].Step.Location, matches[1].Step.Location)
				}
				if seen[issue.Issue] {
					continue
				}
				seen[issue.Issue] = true
				if len(matches) == 0 {
					like := Step{Keyword: strings.TrimSpace(scenario.steps[i].Keyword)}
					issue.Suggestion = definitions.Suggest(keyword(like), step.Text, step.Argument)
				}
				u.Issues = append(u.Issues, issue)
			}
		}
	}
	for _, step := range u.Steps {
		slices.SortStableFunc(step.Places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.Line, b.Line))
		})
	}
	return u, nil
}

func (s *StepUsage) add(uri string, line int) {
	for i := range s.Places {
		if p := &s.Places[i]; p.URI == uri && p.Line == line {
			p.Scenarios++
			return
		}
	}
	s.Places = append(s.Places, Place{URI: uri, Line: line, Scenarios: 1})
}

// Err says what is wrong, with its place: every step that is undefined or
// ambiguous, and every definition that no feature uses.
func (u Usage) Err() error {
	var errs []error
	for _, issue := range u.Issues {
		text := issue.String()
		if issue.Suggestion != "" {
			text += "; this would define it:\n" + issue.Suggestion
		}
		errs = append(errs, errors.New(text))
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
// that lack a definition, with a suggestion.
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
	fmt.Fprintf(&b, "%d steps, %d unused; %d steps of features are undefined or ambiguous\n", len(u.Steps), unused, len(u.Issues))
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
