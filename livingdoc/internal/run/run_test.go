package run_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/fixture"
	"example.com/groupcheckout/livingdoc/internal/run"
)

const library = `@loans
Feature: Lending
  A reader takes books home.

    Not for ever.

  Background:
    Given a library

  Scenario: It is open

  Rule: A book is lent once
    So that nobody waits in vain.

    Background:
      Given a reader

    @late
    Scenario Outline: <n> books
      When <n> books are taken:
        | title |
        | <t>   |
      Then that is noted

      @few
      Examples: A few
        | n | t   |
        | 1 | Ada |
      Examples: Many
        | n  | t   |
        | 20 | Zoo |

    Scenario: A book comes back
      When it comes back
        """
        dog-eared
        """
`

func files(text string) fstest.MapFS { return fstest.MapFS{"a/lending.feature": {Data: []byte(text)}} }

// made makes a run up and reads it.
func made(t *testing.T, r fixture.Run) (*run.Run, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.ndjson")
	if err := fixture.Write(file, r); err != nil {
		t.Fatal(err)
	}
	return run.Read(file)
}

func read(t *testing.T, r fixture.Run) *run.Run {
	t.Helper()
	if r.Features == nil {
		r.Features = files(library)
	}
	got, err := made(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFeaturesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	feature := read(t, fixture.Run{}).Features[0]
	if feature.Path != "features/a/lending.feature" || feature.Title != "Lending" || feature.Prose != "A reader takes books home.\n\n  Not for ever." {
		t.Errorf("got path %q, title %q, prose %q", feature.Path, feature.Title, feature.Prose)
	}
	if len(feature.Rules) != 2 || feature.Rules[0].Title != "" || feature.Rules[1].Title != "A book is lent once" {
		t.Fatalf("got %d rules, want the scenarios outside of rules and one rule", len(feature.Rules))
	}
	rule := feature.Rules[1]
	if rule.Prose != "So that nobody waits in vain." || len(rule.Scenarios) != 2 {
		t.Errorf("got prose %q and %d scenarios", rule.Prose, len(rule.Scenarios))
	}
	outline := rule.Scenarios[0]
	code := "" // of steps, which is the same for all here
	if len(outline.Steps) > 0 {
		code = outline.Steps[0].Code
	}
	want := &run.Scenario{
		Title: "<n> books", Tags: []string{"@loans", "@late"}, Line: 19, Header: []string{"n", "t"},
		Steps: []run.Step{
			{Keyword: "Given", Text: "a library", Code: code},
			{Keyword: "Given", Text: "a reader", Code: code},
			{Keyword: "When", Text: "<n> books are taken:", Table: [][]string{{"title"}, {"<t>"}}, Code: code},
			{Keyword: "Then", Text: "that is noted", Code: code},
		},
		Rows: []*run.Row{
			{
				Number: 1, Title: "1 books", Cells: []string{"1", "Ada"}, Tags: []string{"@loans", "@late", "@few"}, Line: 28,
				Steps: []string{"a library", "a reader", "1 books are taken:", "that is noted"},
			},
			{
				Number: 2, Title: "20 books", Cells: []string{"20", "Zoo"}, Tags: []string{"@loans", "@late"}, Line: 31,
				Steps: []string{"a library", "a reader", "20 books are taken:", "that is noted"},
			},
		},
	}
	for _, row := range outline.Rows {
		if len(row.Results) != 1 || row.Results[0].Verdict != run.Passed || row.Results[0].Duration != 4*time.Millisecond {
			t.Errorf("row %d: got the results %v", row.Number, row.Results)
		}
		row.Results = nil
	}
	if diff := cmp.Diff(want, outline); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(code, "fixture.go:") {
		t.Errorf("got %q as the place of a step's code", code)
	}
	if doc := rule.Scenarios[1].Steps[2].Doc; doc != "dog-eared" {
		t.Errorf("got the text %q, want dog-eared", doc)
	}
}

func TestWhatBecameOfARow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		outcome  fixture.Outcome
		verdict  run.Verdict
		attempts int
		reason   string
		failure  string
	}{
		"passed":            {fixture.Outcome{}, run.Passed, 1, "", ""},
		"failed":            {fixture.Outcome{Failure: "got 1, want 2"}, run.Failed, 1, "", "got 1, want 2"},
		"flaky":             {fixture.Outcome{Failure: "too late", Flaky: true}, run.Flaky, 2, "", "too late"},
		"skipped":           {fixture.Outcome{Skip: "no clock here"}, run.Skipped, 1, "no clock here", ""},
		"not run":           {fixture.Outcome{NotRun: true}, run.NotRun, 0, "", ""},
		"failed and failed": {fixture.Outcome{Failure: "<script>"}, run.Failed, 1, "", "<script>"},
	} {
		r := read(t, fixture.Run{Outcome: func(*suite.Scenario) fixture.Outcome { return test.outcome }})
		got := r.Features[0].Rules[1].Scenarios[1].Rows[0].Results[0]
		if got.Verdict != test.verdict || got.Attempts != test.attempts || got.Reason != test.reason || got.Failure != test.failure {
			t.Errorf("%s: got %s after %d attempts, reason %q, failure %q", name, got.Verdict, got.Attempts, got.Reason, got.Failure)
		}
	}
}

func TestAScenarioWithoutStepsDoesNotPass(t *testing.T) {
	t.Parallel()
	got := read(t, fixture.Run{}).Features[0].Rules[0].Scenarios[0].Rows[0].Results[0]
	if got.Verdict != run.Failed || got.Failure == "" {
		t.Errorf("got %s, %q, want failed, and why", got.Verdict, got.Failure)
	}
}

func TestTheRunSaysWhatItWasOn(t *testing.T) {
	t.Parallel()
	got := read(t, fixture.Run{
		Store: "paper", How: "in a drawer",
		Env: map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc", "GITHUB_SERVER_URL": "https://g", "GITHUB_REPOSITORY": "a/b"},
	}).Info
	if got.Store != "paper" || got.How != "in a drawer" || got.Properties["seed"] != "42" || got.Commit.Revision != "abc" || got.Commit.Remote != "https://g/a/b.git" {
		t.Errorf("got %+v", got)
	}
	if !got.Started.Equal(fixture.Start()) || !got.Finished.After(got.Started) {
		t.Errorf("got a run from %s to %s", got.Started, got.Finished)
	}
}

func TestEvidenceIsThatOfTheLastAttempt(t *testing.T) {
	t.Parallel()
	outcome := fixture.Outcome{
		Events:     &evidence.Events{Streams: []evidence.Stream{{Name: "Book-1", Label: "the book"}}},
		Waits:      &evidence.Waits{Waits: []evidence.Wait{{Step: 1, Kind: evidence.Exact, Checks: 3}}},
		Statements: &evidence.Statements{Statements: []evidence.Statement{{Title: "Ann", Balance: "1.00"}}},
	}
	got := read(t, fixture.Run{Outcome: func(*suite.Scenario) fixture.Outcome { return outcome }}).Features[0].Rules[1].Scenarios[1].Rows[0].Results[0]
	if diff := cmp.Diff([]any{*outcome.Events, *outcome.Waits, *outcome.Statements}, []any{got.Events, got.Waits, got.Statements}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARunThatDidNotFinishIsRefused(t *testing.T) {
	t.Parallel()
	_, err := made(t, fixture.Run{Features: files(library), Unfinished: true})
	var unfinished *run.UnfinishedError
	if !errors.As(err, &unfinished) || !strings.Contains(err.Error(), unfinished.File) || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("got %v, want an UnfinishedError with file and cure", err)
	}
}

func TestWhatIsNoRunIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", "this is not a run"},
		"text":             {"hello\nworld\n", "x:1: this is not a line of Cucumber Messages"},
		"half a line":      {`{"meta":{"protocolVersion":"1","impl`, "did not finish"},
		"other JSON":       {`{"a":1}`, "this is not a run"},
		"nulls":            {`{"meta":null,"testCaseFinished":null}`, "this is not a run"},
		"no features":      {`{"testRunStarted":{}}` + "\n" + `{"testRunFinished":{}}`, "no features"},
		"of nowhere":       {`{"testStepFinished":{"testCaseStartedId":"x","testStepResult":{}}}`, "did not start"},
		"ends of nowhere":  {`{"testCaseFinished":{"testCaseStartedId":"x"}}`, "did not start"},
		"two runs in one":  {strings.Repeat(`{"meta":{}}`+"\n"+`{"gherkinDocument":{"uri":"f","feature":{}}}`+"\n"+`{"testRunFinished":{}}`+"\n", 2), "more than one run"},
		"a bad properties": {`{"attachment":{"mediaType":"application/vnd.harness.run+json","body":"["}}`, "cannot be read"},
		"bad base 64":      {`{"attachment":{"mediaType":"application/vnd.harness.run+json","contentEncoding":"BASE64","body":"!"}}`, "base 64"},
	} {
		_, err := run.Parse("x", strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
	if _, err := run.Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}

func FuzzParse(f *testing.F) {
	file := filepath.Join(f.TempDir(), "run.ndjson")
	if err := fixture.Write(file, fixture.Run{Features: files(library)}); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(`{"meta":{}}` + "\n" + `{"gherkinDocument":{"feature":{"children":[null,{"rule":{"children":[null]}},{"scenario":{"steps":[null],"examples":[null]}}]}}}` + "\n" + `{"pickle":{"steps":[null]}}` + "\n" + `{"testRunFinished":{}}`)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = run.Parse("x", strings.NewReader(text)) // whatever it is, it does not panic
	})
}
