package junit

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"example.com/groupcheckout/gherkin/suite"
)

// Config says what a [Writer] cannot learn from the run. The zero value will do.
type Config struct {
	// Folder stands before the paths of feature files, such as "features".
	Folder string

	// Properties are said of the run, in this order.
	Properties []Property
}

// Writer writes a run to a file when it has finished. It is a suite.Reporter,
// whose calls do not overlap; a second run overwrites the file.
type Writer struct {
	name    string
	config  Config
	plan    suite.Plan
	retried map[*suite.Scenario][]suite.Result
}

// New returns a writer to a file. A file of that name is removed when the run
// starts, so that it cannot be taken for the report of a run that was ended from
// outside.
func New(name string, config Config) *Writer { return &Writer{name: name, config: config} }

var _ suite.Reporter = (*Writer)(nil)

// Start implements suite.Reporter.
func (w *Writer) Start(plan suite.Plan) error {
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
func (w *Writer) Attempt(r suite.Result) error {
	if r.WillBeRetried {
		w.retried[r.Scenario] = append(w.retried[r.Scenario], r)
	}
	return nil
}

// Finish implements suite.Reporter.
func (w *Writer) Finish(s suite.Summary) (err error) {
	file, err := os.CreateTemp(filepath.Dir(w.name), "."+filepath.Base(w.name)+"-*")
	if err != nil {
		return w.failed(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(w.failed(err), os.Remove(file.Name()))
		}
	}()
	err = errors.Join(w.write(file, s), file.Chmod(0o644), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), w.name)
}

func (w *Writer) write(to io.Writer, s suite.Summary) error {
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
}

// report arranges the results under their features.
func (w *Writer) report(s suite.Summary) testsuites {
	report := testsuites{Name: s.Name, Time: seconds(s.Duration)}
	suites := map[*suite.Feature]*testsuite{}
	var order []*testsuite
	for _, r := range s.Results {
		feature := r.Scenario.Feature
		if suites[feature] == nil {
			made := &testsuite{
				Name: title(feature), File: path.Join(w.config.Folder, feature.URI),
				Timestamp: timestamp(r.Started), started: r.Started,
			}
			if len(w.config.Properties) > 0 {
				made.Properties = &properties{w.config.Properties}
			}
			suites[feature], order = made, append(order, made)
		}
		suites[feature].add(w.testcase(r), r)
	}
	if run := w.runSuite(s); run != nil {
		order = append([]*testsuite{run}, order...)
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

// runSuite has what went wrong outside all scenarios, or is nil.
func (w *Writer) runSuite(s suite.Summary) *testsuite {
	run := &testsuite{Name: s.Name, Timestamp: timestamp(s.Started)}
	add := func(name string, time string, err error) {
		run.Tests++
		run.Failures++
		run.Cases = append(run.Cases, testcase{
			Class: s.Name, Name: name, Time: time,
			Failure: &problem{Type: "failed", Message: firstLine(err.Error()), Text: readable(err.Error() + "\n" + suite.Stack(err))},
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

func (w *Writer) testcase(r suite.Result) testcase {
	s := r.Scenario
	made := testcase{
		Class: class(s), Name: name(s), Time: seconds(r.Duration),
		File: path.Join(w.config.Folder, s.Feature.URI), Line: s.Line,
	}
	problemOf := func(r suite.Result) *problem {
		return &problem{Type: r.Status.String(), Message: r.Reason, Text: readable(w.plan.Text(r))}
	}
	before := w.retried[s]
	switch {
	case r.Status == suite.Skipped:
		made.Skipped = &skipped{Message: r.Reason}
	case r.Status != suite.Passed:
		made.Failure = problemOf(r)
		for _, earlier := range before {
			made.Reruns = append(made.Reruns, problemOf(earlier))
		}
	case r.Flaky():
		made.Properties = &properties{[]Property{{"flaky", "true"}, {"attempts", fmt.Sprint(r.Attempt)}}}
		for _, earlier := range before {
			made.Flaky = append(made.Flaky, problemOf(earlier))
		}
	}
	if made.Failure == nil { // it has the same text
		made.Output = &output{readable(w.plan.Text(r))}
	}
	return made
}

func (w *Writer) failed(err error) error {
	return fmt.Errorf("write the JUnit report to %s: %w", w.name, err)
}
