package suite

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
)

// slow is the duration from which on a step's is shown.
const slow = 100 * time.Millisecond

// text shows a result for people: the steps with their marks, what each had to
// say, and, of a scenario that failed, why.
//
//	Scenario: A book is lent                  lending.feature:11
//	  ✓ Given 3 books on shelf A              lending.feature:12
//	  ✗ Then 2 books are left on shelf A      lending.feature:13
//	      got 3 books, want 2
func (c Config) text(r Result) string {
	s := r.Scenario
	heading := "Scenario: " + s.Name
	width := utf8.RuneCountInString(heading)
	for _, step := range r.Steps {
		width = max(width, utf8.RuneCountInString(step.label())+4)
	}
	var b strings.Builder
	line := func(text string, number int) {
		fmt.Fprintf(&b, "%s%s  %s:%d", text, strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))), path.Base(s.Feature.URI), number)
	}
	if r.Status != Passed || r.Flaky() {
		// The full path starts the line: terminals and editors make it a link.
		fmt.Fprintf(&b, "%s: %s", r.Location(), r.Verdict())
		if r.Reason != "" {
			fmt.Fprintf(&b, ": %s", r.Reason)
		}
		b.WriteString("\n\n")
	}
	line(heading, s.Line)
	b.WriteByte('\n')
	indented(&b, "    ", logLines(r.Attachments)...)
	c.hooks(&b, r, gherkin.BeforeScenario)
	for _, step := range r.Steps {
		line("  "+mark(step.Status)+" "+step.label(), step.Line)
		if step.Duration >= slow {
			fmt.Fprintf(&b, "  %s", step.Duration.Round(time.Millisecond))
		}
		b.WriteByte('\n')
		indented(&b, "      ", argumentLines(step.Argument)...)
		indented(&b, "      ", logLines(step.Attachments)...)
		if step.Err != nil {
			indented(&b, "      ", c.explain(step)...)
		}
	}
	c.hooks(&b, r, gherkin.AfterScenario)
	if r.Err != nil {
		indented(&b, "  ! ", detail(r.Err))
	}
	if r.Repeat != "" && !r.WillBeRetried && r.Status != Passed && r.Status != Skipped {
		fmt.Fprintf(&b, "\n  to repeat: %s\n", r.Repeat)
	}
	return b.String()
}

// hooks shows the registered hooks that have something to say.
func (c Config) hooks(b *strings.Builder, r Result, when gherkin.HookType) {
	for _, hook := range r.Hooks {
		lines := logLines(hook.Attachments)
		if hook.Info.Index == 0 || hook.Info.Type != when || hook.Err == nil && len(lines) == 0 {
			continue
		}
		fmt.Fprintf(b, "  %s %s  %s\n", mark(hook.Status), hook.Info, hook.Info.Location)
		indented(b, "      ", lines...)
		if hook.Err != nil {
			indented(b, "      ", c.explain(Step{Status: hook.Status, Err: hook.Err})...)
		}
	}
}

func mark(s Status) string {
	_, mark := s.look()
	return mark
}

// explain says why a step did not pass.
func (c Config) explain(step Step) []string {
	switch step.Status {
	case Skipped:
		return []string{"skipped: " + skipReason(step.Err)}
	case Undefined:
		lines := []string{"no definition matches this step"}
		if c.Definitions != nil {
			lines = append(lines, "it could be defined as:", "", c.Definitions.Suggest(keyword(step), step.Text, step.Argument))
		}
		return lines
	case Ambiguous:
		if c.Definitions == nil {
			return []string{detail(step.Err)}
		}
		lines := []string{"several definitions match this step:"}
		for _, m := range c.Definitions.Match(step.Text) {
			lines = append(lines, fmt.Sprintf("  %s  %s", m.Step.Location, m.Step.Expression))
		}
		return lines
	default:
		return []string{detail(step.Err)}
	}
}

// keyword guesses how to register a step; And and But say nothing about it.
func keyword(step Step) gherkin.Keyword {
	switch k := gherkin.Keyword(step.Keyword); k {
	case gherkin.Given, gherkin.When, gherkin.Then:
		return k
	default:
		return gherkin.AnyKeyword
	}
}

// detail writes an error with the stack that it carries, if it does.
func detail(err error) string {
	text := strings.TrimSpace(err.Error())
	if stack := Stack(err); stack != "" {
		return text + "\n" + stack
	}
	return text
}

// Stack returns the stack that an error of a step or hook carries, or "". Frames
// that lie between a step and its driver are left out.
func Stack(err error) string {
	var panicked *gherkin.PanicError
	var abandoned *AbandonedError
	switch {
	case errors.As(err, &panicked):
		return panicked.Stack
	case errors.As(err, &abandoned):
		return abandoned.Stack
	}
	// godog keeps a step's stack in an error of its own that prints it for %+v.
	for e := err; e != nil; e = errors.Unwrap(e) {
		if _, ok := e.(fmt.Formatter); !ok {
			continue
		}
		own := strings.TrimSpace(e.Error())
		if long := strings.TrimSpace(fmt.Sprintf("%+v", e)); strings.HasPrefix(long, own) && long != own {
			return ownFrames(strings.TrimPrefix(long, own))
		}
	}
	return ""
}

// argumentLines are the table and the doc string of a step, in the order of the file.
func argumentLines(argument *messages.PickleStepArgument) []string {
	var lines []string
	if argument == nil {
		return nil
	}
	doc, table := argument.DocString, argument.DataTable
	if doc != nil {
		lines = []string{`"""` + doc.MediaType, doc.Content, `"""`}
	}
	if table == nil {
		return lines
	}
	if doc != nil && doc.ArgumentIndex < table.ArgumentIndex {
		return append(lines, tableLines(table)...)
	}
	return append(tableLines(table), lines...)
}

func tableLines(table *messages.PickleTable) []string {
	var widths []int
	for _, row := range table.Rows {
		for i, cell := range row.Cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Value))
		}
	}
	lines := make([]string, len(table.Rows))
	for i, row := range table.Rows {
		var b strings.Builder
		for j, cell := range row.Cells {
			fmt.Fprintf(&b, "| %s%s ", cell.Value, strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell.Value)))
		}
		lines[i] = b.String() + "|"
	}
	return lines
}

func indented(b *strings.Builder, indent string, texts ...string) {
	for _, text := range texts {
		for line := range strings.Lines(text + "\n") {
			b.WriteString(strings.TrimRight(indent+line, " \n") + "\n")
		}
	}
}
