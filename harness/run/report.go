package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/plural"
)

// reporters write the run to the files that the flags name. Where go test repeats it,
// the files are of the last run, or of the first that failed: whatever passes later
// must not hide that.
func (f *Features) reporters() []suite.Reporter {
	if slices.ContainsFunc(f.summaries, func(s suite.Summary) bool { return !s.Success() }) {
		return nil
	}
	config := report.Config{
		Folder: f.project.Folder, On: f.options.store, How: f.ground.how(),
		Properties: f.options.properties(f.project.Folder, len(f.summaries)),
	}
	var list []suite.Reporter
	if f.options.messages != "" {
		list = append(list, report.Messages(f.options.messages, config))
	}
	if f.options.junit != "" {
		list = append(list, report.JUnit(f.options.junit, config))
	}
	return list
}

// properties are what a report says of a run besides its store: what is unusual
// about it, and the command that makes it again. Runs are counted from 0.
func (o *options) properties(folder string, run int) map[string]string {
	list := map[string]string{"command": o.again(folder, run)}
	for _, p := range o.given("reactor", "faults") {
		list[p.flag] = p.value
	}
	if o.seed != 0 {
		list["seed"] = fmt.Sprint(o.order(run))
	}
	return list
}

// slowest is how many of the slowest scenarios the summary names.
const slowest = 10

// describe says what ran, for people and for make.
func (f *Features) describe() string {
	if len(f.summaries) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "store %s, %s; %s had to be made again\n", f.options.store, f.ground.how(), plural.Of(f.ground.retries(), "check"))
	if !f.options.faults.IsZero() {
		fmt.Fprintf(&text, "  faults %s, seed %d: %s\n", f.options.faults, f.options.seed, f.options.faultsText(f.ground.tally()))
	}
	if n := len(f.summaries); n > 1 {
		passed, flaky, failed := 0, 0, 0
		for _, s := range f.summaries {
			passed, flaky, failed = passed+s.Passed, flaky+s.Flaky, failed+s.Failed
		}
		for i, s := range f.summaries[:n-1] { // of the last, its own lines say it
			if reason := ofRun(s); reason != "" {
				fmt.Fprintf(&text, "  run %d failed: %s\n", i+1, reason)
			}
		}
		fmt.Fprintf(&text, "  %d runs: %s passed, %d flaky, %d failed; the last:\n", n, plural.Of(passed, "scenario"), flaky, failed)
	}
	last := f.summaries[len(f.summaries)-1]
	if f.options.program != nil {
		text.WriteString(apart(last))
	}
	if err := errors.Join(last.WriteText(&text), last.WriteSlowest(&text, slowest)); err != nil {
		return err.Error()
	}
	return text.String()
}

// apart counts what a reactor of somebody else's does as the original did, and what
// goes beyond that.
func apart(s suite.Summary) string {
	var original, beyond suite.Summary
	for _, r := range s.Results {
		counts := &original
		if slices.Contains(r.Scenario.Tags, Beyond) {
			counts = &beyond
		}
		switch {
		case r.Flaky():
			counts.Flaky++
		case r.Status == suite.Passed:
			counts.Passed++
		case r.Status == suite.Skipped:
			counts.Skipped++
		default:
			counts.Failed++
		}
	}
	text := ""
	for _, part := range []struct {
		what   string
		counts suite.Summary
	}{{"as the original", original}, {"beyond it (" + Beyond + ")", beyond}} {
		text += fmt.Sprintf("  %s: %d passed, %d flaky, %d failed, %d skipped\n", part.what, part.counts.Passed, part.counts.Flaky, part.counts.Failed, part.counts.Skipped)
	}
	return text
}

// ofRun says what failed a run beside its scenarios; empty if nothing did.
func ofRun(s suite.Summary) string {
	var reasons []string
	for _, hook := range s.Hooks {
		if hook.Err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %v", hook.Info, hook.Err))
		}
	}
	if s.Err != nil {
		reasons = append(reasons, s.Err.Error())
	}
	return strings.Join(reasons, "; ")
}

// writeFile writes a file in a folder that need not exist yet.
func writeFile(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
