package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"example.com/groupcheckout/gherkin/suite"
)

// junit writes a run to a file when it has finished.
type junit struct {
	name    string
	config  Config
	plan    suite.Plan
	retried map[*suite.Scenario][]suite.Result
}

// Start implements suite.Reporter.
func (w *junit) Start(plan suite.Plan) error {
	w.plan, w.retried = plan, map[*suite.Scenario][]suite.Result{}
	if err := os.MkdirAll(filepath.Dir(w.name), 0o755); err != nil {
		return w.failed(err)
	}
	if err := os.Remove(w.name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return w.failed(err)
	}
	return nil
}

// Attempt implements suite.Reporter.
func (w *junit) Attempt(r suite.Result) error {
	if r.WillBeRetried {
		w.retried[r.Scenario] = append(w.retried[r.Scenario], r)
	}
	return nil
}

// Finish implements suite.Reporter.
func (w *junit) Finish(s suite.Summary) error {
	if err := replace(w.name, func(to io.Writer) error {
		if _, err := io.WriteString(to, xml.Header); err != nil {
			return err
		}
		encoder := xml.NewEncoder(to)
		encoder.Indent("", "  ")
		if err := encoder.Encode(w.report(s)); err != nil {
			return err
		}
		_, err := io.WriteString(to, "\n")
		return err
	}); err != nil {
		return w.failed(err)
	}
	return nil
}

// report arranges the results under their features.
func (w *junit) report(s suite.Summary) junitSuites {
	report := junitSuites{Name: s.Name, Time: seconds(s.Duration)}
	suites := map[*suite.Feature]*junitSuite{}
	var order []*junitSuite
	for _, r := range s.Results {
		feature := r.Scenario.Feature
		if suites[feature] == nil {
			made := &junitSuite{
				Name: title(feature), File: path.Join(w.config.Folder, feature.URI), Properties: w.properties(),
				Timestamp: inUTC(r.Started), started: r.Started,
			}
			suites[feature], order = made, append(order, made)
		}
		suites[feature].add(w.testcase(r), r)
	}
	if run := w.runSuite(s); run != nil {
		order = append([]*junitSuite{run}, order...)
	}
	for _, each := range order {
		each.Time = seconds(each.took)
		report.Tests += each.Tests
		report.Failures += each.Failures
		report.Skipped += each.Skipped
		report.Flakes += each.Flakes
		report.Suites = append(report.Suites, *each)
	}
	return report
}

// properties are the store, the way it was brought up, and the others by name.
func (w *junit) properties() *junitProperties {
	var list []junitProperty
	add := func(name, value string) {
		if value != "" {
			list = append(list, junitProperty{name, value})
		}
	}
	add("store", w.config.On)
	add("how", w.config.How)
	for _, name := range slices.Sorted(maps.Keys(w.config.Properties)) {
		list = append(list, junitProperty{name, w.config.Properties[name]})
	}
	if len(list) == 0 {
		return nil
	}
	return &junitProperties{list}
}

// runSuite has what went wrong outside all scenarios, or is nil.
func (w *junit) runSuite(s suite.Summary) *junitSuite {
	run := &junitSuite{Name: s.Name, Timestamp: inUTC(s.Started)}
	add := func(name string, time string, err error) {
		run.Tests++
		run.Failures++
		run.Cases = append(run.Cases, junitCase{
			Class: s.Name, Name: name, Time: time,
			Failure: &junitProblem{Type: "failed", Message: firstLine(err.Error()), Text: readable(err.Error() + "\n" + suite.Stack(err))},
		})
	}
	for _, hook := range s.Hooks {
		if hook.Err != nil {
			add(hook.Info.String(), seconds(hook.Duration), hook.Err)
		}
	}
	if s.Err != nil {
		add("the run", seconds(0), s.Err)
	}
	if run.Tests == 0 {
		return nil
	}
	return run
}

func (w *junit) testcase(r suite.Result) junitCase {
	s := r.Scenario
	made := junitCase{
		Class: class(s), Name: name(s), Time: seconds(r.Duration),
		File: path.Join(w.config.Folder, s.Feature.URI), Line: s.Line,
	}
	problemOf := func(r suite.Result) *junitProblem {
		return &junitProblem{Type: r.Status.String(), Message: r.Reason, Text: readable(w.plan.Text(r))}
	}
	before := w.retried[s]
	switch {
	case r.Status == suite.Skipped:
		made.Skipped = &junitSkipped{Message: r.Reason}
	case r.Status != suite.Passed:
		made.Failure = problemOf(r)
		for _, earlier := range before {
			made.Reruns = append(made.Reruns, problemOf(earlier))
		}
	case r.Flaky():
		made.Properties = &junitProperties{[]junitProperty{{"flaky", "true"}, {"attempts", fmt.Sprint(r.Attempt)}}}
		for _, earlier := range before {
			made.Flaky = append(made.Flaky, problemOf(earlier))
		}
	}
	if made.Failure == nil { // it has the same text
		made.Output = &junitOutput{readable(w.plan.Text(r))}
	}
	return made
}

func (w *junit) failed(err error) error {
	return fmt.Errorf("write the JUnit report to %s: %w", w.name, err)
}
