package report_test

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
)

const stays = `Feature: Stays
  Scenario: It passes
    * a step
  Scenario: It is flaky
    * a step

  Rule: Some <go> wrong
    Scenario: It fails
      * a step
    Scenario: It is skipped
      * a step
    Scenario Outline: Rows
      * a step
      Examples:
        | a | b |
        | 1 | x |
        | 2 | y |
`

// scenarios loads the features and gives each scenario by its place.
func scenarios(t *testing.T) []*suite.Scenario {
	t.Helper()
	features, err := suite.Load(fstest.MapFS{"a/stays.feature": {Data: []byte(stays)}})
	check.Must(t, err)
	return features[0].Scenarios
}

func result(s *suite.Scenario, status suite.Status, reason string, attempt int) suite.Result {
	return suite.Result{
		Scenario: s, Status: status, Reason: reason, Started: at(), Duration: 1500 * time.Millisecond, Attempt: attempt,
		Steps: []suite.Step{{Keyword: "*", Text: "a step", Line: s.Line + 1, Status: status}},
	}
}

// write gives results to a writer, the last attempt of each also in the summary.
func write(t *testing.T, s suite.Summary, results ...suite.Result) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new", "report.xml")
	w := report.JUnit(file, report.Config{Folder: "features", On: "memory"})
	check.Must(t, w.Start(suite.Plan{}))
	for _, r := range results {
		check.Must(t, w.Attempt(r))
		if !r.WillBeRetried {
			s.Results = append(s.Results, r)
		}
	}
	check.Must(t, w.Finish(s))
	content, err := os.ReadFile(file)
	check.Must(t, err)
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("got %d files beside the report and error %v, want only it", len(entries), err)
	}
	return string(content)
}

func again(r suite.Result) suite.Result { r.WillBeRetried = true; return r }

func TestTheJUnitReport(t *testing.T) {
	t.Parallel()
	s := scenarios(t)
	got := write(
		t, suite.Summary{Name: "memory", Started: at(), Duration: 2 * time.Second},
		result(s[0], suite.Passed, "", 1),
		again(result(s[1], suite.Failed, "got 1 < \"2\"\x00", 1)),
		result(s[1], suite.Passed, "", 2),
		again(result(s[2], suite.Failed, "first", 1)),
		result(s[2], suite.Undefined, "no definition matches", 2),
		result(s[3], suite.Skipped, "no clock", 1),
		result(s[4], suite.Passed, "", 1),
	)
	want, err := os.ReadFile("testdata/report.xml")
	check.Must(t, err)
	check.Same(t, "the result", string(want), got)
}

func TestReadersSeeTheVerdict(t *testing.T) {
	t.Parallel()
	s := scenarios(t)
	for status, want := range map[suite.Status]string{
		suite.Passed: "success", suite.Skipped: "skipped",
		suite.Pending: "failed", suite.Undefined: "failed", suite.Ambiguous: "failed", suite.Failed: "failed", 0: "failed",
	} {
		written := write(t, suite.Summary{}, result(s[0], status, "why", 1))
		check.Equal(t, status.String(), want, verdict(t, written))
	}
	flaky := write(t, suite.Summary{}, again(result(s[0], suite.Failed, "x", 1)), result(s[0], suite.Passed, "", 2))
	check.Equal(t, "flaky", "success", verdict(t, flaky))
}

// verdict reads the only testcase as dorny/test-reporter does.
func verdict(t *testing.T, written string) string {
	t.Helper()
	var read struct {
		Cases []struct {
			Errors   []struct{} `xml:"error"`
			Failures []struct{} `xml:"failure"`
			Skipped  []struct{} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal([]byte(written), &read); err != nil || len(read.Cases) != 1 {
		t.Fatalf("got %d testcases and error %v, want one", len(read.Cases), err)
	}
	switch c := read.Cases[0]; {
	case len(c.Errors)+len(c.Failures) > 0:
		return "failed"
	case len(c.Skipped) > 0:
		return "skipped"
	default:
		return "success"
	}
}

func TestARunThatBrokeIsAFailureOfJUnit(t *testing.T) {
	t.Parallel()
	got := write(t, suite.Summary{
		Name: "memory", Err: errors.New("no scenario was run"),
		Hooks: []suite.Hook{
			{Info: gherkin.HookInfo{Type: gherkin.BeforeRun, Name: "open"}, Status: suite.Passed},
			{Info: gherkin.HookInfo{Type: gherkin.AfterRun, Name: "audit"}, Status: suite.Failed, Err: errors.New("the books do not balance\nat all")},
		},
	})
	check.Contains(t, got,
		`tests="2" failures="2"`,
		`<testcase classname="memory" name="after run: audit"`,
		`<failure type="failed" message="the books do not balance">`,
		`name="the run"`, `message="no scenario was run"`,
	)
}

func TestAnOldReportIsRemovedWhenARunStarts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.xml")
	check.Must(t, os.WriteFile(file, []byte("old"), 0o600))
	check.Must(t, report.JUnit(file, report.Config{}).Start(suite.Plan{}))
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no file", err)
	}
}

func TestARowIsNamedByTheColumnsOfItsOwnExamples(t *testing.T) {
	t.Parallel()
	features, err := suite.Load(fstest.MapFS{"f.feature": {Data: []byte(`Feature: F
  Scenario Outline: O
    * a step
    Examples:
      | a | b |
      | 1 | x |
    Examples:
      | b | a |
      | y | 2 |
`)}})
	check.Must(t, err)
	var results []suite.Result
	for _, s := range features[0].Scenarios {
		results = append(results, result(s, suite.Passed, "", 1))
	}
	got := write(t, suite.Summary{Name: "memory", Passed: 2, Results: results}, results...)
	check.Contains(t, got, `name="O (1: a = 1, b = x)"`, `name="O (2: b = y, a = 2)"`)
}
