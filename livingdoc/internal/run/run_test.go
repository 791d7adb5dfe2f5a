package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
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
	check.Must(t, fixture.Write(file, r))
	return run.Read(file)
}

func read(t *testing.T, r fixture.Run) *run.Run {
	t.Helper()
	if r.Features == nil {
		r.Features = files(library)
	}
	got, err := made(t, r)
	check.Must(t, err)
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
		Title: "<n> books", Tags: []string{"@loans", "@late"}, Line: 19, Header: []string{"n", "t"}, Tables: []run.Table{{Title: "A few", First: 1}, {Title: "Many", First: 2}},
		Steps: []run.Step{
			{Keyword: "Given", Kind: run.Context, Text: "a library", Code: code},
			{Keyword: "Given", Kind: run.Context, Text: "a reader", Code: code},
			{Keyword: "When", Kind: run.Action, Text: "<n> books are taken:", Table: [][]string{{"title"}, {"<t>"}}, Code: code},
			{Keyword: "Then", Kind: run.Outcome, Text: "that is noted", Code: code},
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
	check.Same(t, "the result", want, outline)
	if !strings.Contains(code, "fixture.go:") {
		t.Errorf("got %q as the place of a step's code", code)
	}
	check.Equal(t, "text", "dog-eared", rule.Scenarios[1].Steps[2].Doc)
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

// TestWhatHappenedIsOfTheAttemptThatFailed though another passed after it.
func TestWhatHappenedIsOfTheAttemptThatFailed(t *testing.T) {
	t.Parallel()
	noted := func(attempt, text string) string {
		return `{"attachment":{"testCaseStartedId":"` + attempt + `","mediaType":"` + evidence.EventsMediaType + `","body":"{\"streams\":[{\"label\":\"` + text + `\"}]}"}}`
	}
	second := strings.Join([]string{
		noted("7", "first"), `{"testCaseStarted":{"id":"8","testCaseId":"5","attempt":1}}`,
		`{"testStepFinished":{"testCaseStartedId":"8","testStepId":"6","testStepResult":{"status":"PASSED"}}}`, noted("8", "second"),
		`{"testCaseFinished":{"testCaseStartedId":"8"}}`, success,
	}, "\n")
	for status, want := range map[string]string{"FAILED": "first", "PASSED": "second"} {
		text := strings.Replace(foreign("f.feature", second), "PASSED", status, 1)
		got := parse(t, "x", text).Features[0].Rules[0].Rows()[0].Results[0]
		if len(got.Events.Streams) != 1 || got.Events.Streams[0].Label != want {
			t.Errorf("a first attempt that %s: got the events %+v, want those of the %s", status, got.Events, want)
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
	check.Same(t, "the result", []any{*outcome.Events, *outcome.Waits, *outcome.Statements}, []any{got.Events, got.Waits, got.Statements})
}

func TestARunThatDidNotFinishIsRefused(t *testing.T) {
	t.Parallel()
	_, err := made(t, fixture.Run{Features: files(library), Unfinished: true})
	if unfinished, ok := errors.AsType[*run.UnfinishedError](err); !ok || !strings.Contains(err.Error(), unfinished.File) || !strings.Contains(err.Error(), "run it again") {
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

// foreign is a run of another Cucumber than ours, of one feature at a path.
func foreign(uri, more string) string {
	quoted, err := json.Marshal(uri)
	if err != nil {
		panic(err)
	}
	feature := `"feature":{"name":"F","location":{"line":1},"children":[{"scenario":{"id":"1","name":"S","location":{"line":3},"steps":[{"id":"2","keyword":"Given ","text":"a","location":{"line":4}}]}}]}`
	return strings.Join([]string{
		`{"meta":{"protocolVersion":"30.0.0","implementation":{"name":"cucumber-js","version":"12.0"}}}`,
		`{"source":{"uri":` + string(quoted) + `,"data":"Feature: F\r\n\r\n  Scenario: S\r\n    Given a\r\n"}}`,
		`{"gherkinDocument":{"uri":` + string(quoted) + `,` + feature + `}}`,
		`{"pickle":{"id":"3","uri":` + string(quoted) + `,"name":"S","astNodeIds":["1"],"steps":[{"id":"4","text":"a","astNodeIds":["2"]}]}}`,
		`{"testRunStarted":{"timestamp":{"seconds":1}}}`,
		`{"somethingNewer":{"id":"9"}}`,
		`{"testCase":{"id":"5","pickleId":"3","testSteps":[{"id":"6","pickleStepId":"4"}]}}`,
		`{"testCaseStarted":{"id":"7","testCaseId":"5"}}`,
		`{"testStepFinished":{"testCaseStartedId":"7","testStepId":"6","testStepResult":{"status":"PASSED"}}}`,
		`{"testCaseFinished":{"testCaseStartedId":"7"}}`,
		more,
	}, "\n")
}

const success = `{"testRunFinished":{"success":true}}`

func parse(t *testing.T, file, text string) *run.Run {
	t.Helper()
	got, err := run.Parse(file, strings.NewReader(text))
	check.Must(t, err)
	return got
}

func TestARunOfAnotherCucumberIsCalledByWhatMadeIt(t *testing.T) {
	t.Parallel()
	one := parse(t, "a/run.ndjson", "\uFEFF"+strings.ReplaceAll(foreign("features/f.feature", success), "\n", "\r\n"))
	if one.Info.Store != "cucumber-js" || one.Info.Title != "cucumber-js 12.0" {
		t.Errorf("got the store %q, called %q, want that of the implementation", one.Info.Store, one.Info.Title)
	}
	if got := one.Features[0].Rules[0].Rows()[0].Results[0].Verdict; got != run.Passed {
		t.Errorf("got the verdict %q, want that it passed though no time is said", got)
	}
	for name, test := range map[string]struct{ files, want []string }{
		"one":                 {[]string{"x/run.ndjson"}, []string{"cucumber-js"}},
		"two":                 {[]string{"x/firefox.ndjson", "x/chrome.ndjson"}, []string{"firefox", "chrome"}},
		"two of the one name": {[]string{"x/run.ndjson", "y/run.ndjson"}, []string{"x/run.ndjson", "y/run.ndjson"}},
	} {
		var runs []*run.Run
		for _, file := range test.files {
			runs = append(runs, parse(t, file, foreign("features/f.feature", success)))
		}
		joined, err := run.Join(runs)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, info := range joined.Runs {
			got = append(got, info.Store)
		}
		check.Same(t, name, test.want, got)
	}
	unnamed := parse(t, "x/run.ndjson", strings.Replace(foreign("f.feature", success), `"name":"cucumber-js","version":"12.0"`, "", 1))
	if joined, err := run.Join([]*run.Run{unnamed}); err != nil || joined.Runs[0].Store != "run" {
		t.Errorf("got %v and error %v, want that a run without any name is called by its file", joined, err)
	}
}

func TestAFeatureHasOnePathHoweverARunNamesIt(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"features/a b/f.feature":                               "features/a b/f.feature",
		"./features/a b/f.feature":                             "features/a b/f.feature",
		`features\a b\f.feature`:                               "features/a b/f.feature",
		`.\features\a b\f.feature`:                             "features/a b/f.feature",
		"file:features/a%20b/f.feature":                        "features/a b/f.feature",
		"classpath:features/a b/f.feature":                     "features/a b/f.feature",
		"/home/ann/hotel/features/a b/f.feature":               "features/a b/f.feature",
		"file:///home/ann/hotel/features/a%20b/f.feature":      "features/a b/f.feature",
		"file:/home/ann/hotel/features/a%20b/f.feature":        "features/a b/f.feature",
		`C:\hotel\features\a b\f.feature`:                      "features/a b/f.feature",
		"file:///C:/hotel/features/a%20b/f.feature":            "features/a b/f.feature",
		`\\server\share\features\a b\f.feature`:                "features/a b/f.feature",
		"../features/a b/f.feature":                            "features/a b/f.feature",
		"features/what is C: or file:/f.feature":               "features/what is C: or file:/f.feature",
		"src/test/resources/features/a b/f.feature":            "src/test/resources/features/a b/f.feature",
		"/home/ann/hotel/other/features-of-ours/a b/f.feature": "features-of-ours/a b/f.feature",
	} {
		got := parse(t, "x", foreign(uri, success))
		got.Settle("features", []string{"a b/f.feature"})
		if got.Features[0].Path != want || !slices.Equal(got.Names(), []string{want}) {
			t.Errorf("%s: got %s and the names %q, want %s", uri, got.Features[0].Path, got.Names(), want)
		}
	}
}

func TestLinesMayEndInEitherWay(t *testing.T) {
	t.Parallel()
	joined, err := run.Join([]*run.Run{parse(t, "x", foreign("f.feature", success))})
	check.Must(t, err)
	for name, text := range map[string]string{
		"LF": "Feature: F\n\n  Scenario: S\n    Given a\n", "CRLF": "Feature: F\r\n\r\n  Scenario: S\r\n    Given a\r\n",
		"a byte order mark": "\uFEFFFeature: F\n\n  Scenario: S\n    Given a\n",
	} {
		if got := joined.Differing(map[string]string{"f.feature": text}); len(got) > 0 {
			t.Errorf("%s: got that %q differ", name, got)
		}
	}
	if got := joined.Differing(map[string]string{"f.feature": "Feature: F\n\n  Scenario: S\n    Given b\n"}); len(got) != 1 {
		t.Errorf("got that %q differ, want the one that does", got)
	}
}

func TestWhatWasWrongWithARunAsAWhole(t *testing.T) {
	t.Parallel()
	hook := func(result string) string {
		return `{"testRunHookStarted":{"id":"h","hookId":"audit"}}` + "\n" + `{"testRunHookFinished":{"testRunHookStartedId":"h","result":` + result + `}}` + "\n"
	}
	const failure = `{"testRunFinished":{"success":false}}`
	for name, test := range map[string]struct {
		more string
		want []run.Fault
	}{
		"nothing":            {hook(`{"status":"PASSED"}`) + success, nil},
		"a hook":             {hook(`{"status":"FAILED","message":"lost"}`) + failure, []run.Fault{{Kind: run.After, Text: "lost"}}},
		"a hook, not heeded": {hook(`{"status":"FAILED","message":"lost"}`) + success, []run.Fault{{Kind: run.After, Text: "lost"}}},
		"an exception":       {hook(`{"status":"FAILED","exception":{"type":"E","message":"lost"}}`) + failure, []run.Fault{{Kind: run.After, Text: "E: lost"}}},
		"a hook that hangs":  {`{"testRunHookStarted":{"id":"h"}}` + "\n" + success, []run.Fault{{Kind: run.After, Text: "it began and did not end"}}},
		"a skipped one":      {hook(`{"status":"SKIPPED"}`) + failure, []run.Fault{{Kind: run.After, Text: "it was skipped"}}},
		"nobody says":        {failure, []run.Fault{{}}},
		"a message":          {`{"testRunFinished":{"message":"too many are flaky"}}`, []run.Fault{{Text: "too many are flaky"}}},
		"a run's exception":  {`{"testRunFinished":{"exception":{"type":"E","message":"out"}}}`, []run.Fault{{Text: "E: out"}}},
	} {
		check.Same(t, name, test.want, parse(t, "x", foreign("f.feature", test.more)).Info.Faults)
	}
	red := strings.Replace(foreign("f.feature", failure), "PASSED", "FAILED", 1)
	if got := parse(t, "x", red).Info.Faults; got != nil {
		t.Errorf("got %v, want none: a scenario says why the run failed", got)
	}
}

func TestAHookOfTheRunIsKnownByNameAndKind(t *testing.T) {
	t.Parallel()
	got := read(t, fixture.Run{Hooks: []fixture.Hook{{Name: "audit", Failure: "the books do not balance"}, {Name: "seed", Before: true, Failure: "no seeds"}}})
	want := []run.Fault{{Kind: run.Before, Hook: "seed", Text: "no seeds"}, {Kind: run.After, Hook: "audit", Text: "the books do not balance"}}
	check.Same(t, "the result", want, got.Info.Faults)
}

func TestARunSaysTheTrueReasonWhyItCannotBeRead(t *testing.T) {
	t.Parallel()
	unread := `{"parseError":{"source":{"uri":"./g.feature","location":{"line":2}},"message":"expected: #Rule"}}`
	for name, test := range map[string]struct{ text, want string }{
		"a feature that is not Gherkin": {foreign("f.feature", unread+"\n"+success), "x:11: the run could not read all of its features, so there is nothing to say of those; mend them and run it again:\ng.feature:2: expected: #Rule"},
		"and the run ends with it":      {foreign("f.feature", unread), "g.feature:2: expected: #Rule"},
		"UTF-16":                        {"\xff\xfe{\x00\"\x00", "x:1: the file is in UTF-16"},
		"Latin-1":                       {`{"meta":{}}` + "\n" + `{"source":{"uri":"caf` + "\xe9" + `"}}`, "x:2: the line is not in UTF-8: byte 22 of it is 0xe9"},
		"a text without its parts":      {foreign("f.feature", `{"source":{"uri":"g.feature","data":"Feature: G"}}`+"\n"+success), "the run has the text of g.feature"},
		"no end":                        {foreign("f.feature", ""), "did not finish"},
		"a hook of nowhere":             {foreign("f.feature", `{"testRunHookFinished":{"testRunHookStartedId":"h","result":{}}}`), "x:11: a hook of the run finished as \"h\", which did not start"},
	} {
		if _, err := run.Parse("x", strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

func TestAScenarioThatRanAsTwoCasesHidesNeither(t *testing.T) {
	t.Parallel()
	again := strings.Join([]string{
		`{"testCase":{"id":"55","pickleId":"3","testSteps":[{"id":"66","pickleStepId":"4"}]}}`,
		`{"testCaseStarted":{"id":"77","testCaseId":"55"}}`,
		`{"testStepFinished":{"testCaseStartedId":"77","testStepId":"66","testStepResult":{"status":"PASSED"}}}`,
		`{"testCaseFinished":{"testCaseStartedId":"77"}}`, `{"undefinedParameterType":{"name":"colour","expression":"a {colour} car"}}`, success,
	}, "\n")
	got := parse(t, "x", strings.Replace(foreign("f.feature", again), "PASSED", "UNDEFINED", 1)).Features[0].Rules[0].Rows()[0].Results[0]
	if got.Verdict != run.Flaky || got.Attempts != 2 {
		t.Errorf("got %s after %d attempts, want flaky after 2", got.Verdict, got.Attempts)
	}
	if want := `a step has no code yet; the expression "a {colour} car" has a parameter of the type "colour", which nobody defined`; got.Failure != want {
		t.Errorf("got %q, want %q", got.Failure, want)
	}
}

func TestTablesOfAnOutlineMayHaveOtherColumns(t *testing.T) {
	t.Parallel()
	text := "Feature: F\n\n  Background: All have this\n    Else none.\n\n    Given a\n\n  Scenario Outline: S\n    Given <a> and <b>\n\n    Examples: Some\n      These.\n\n      | a | b |\n      | 1 | 2 |\n\n    Examples:\n      | b | a | c |\n      | 4 | 3 | 5 |\n"
	feature := read(t, fixture.Run{Features: files(text)}).Features[0]
	check.Equal(t, "prose", "All have this\n\nElse none.", feature.Prose)
	got := feature.Rules[0].Scenarios[0]
	check.Same(t, "header and rows", [][]string{{"a", "b", "c"}, {"1", "2", ""}, {"3", "4", "5"}}, [][]string{got.Header, got.Rows[0].Cells, got.Rows[1].Cells})
	check.Same(t, "what the tables say", []run.Table{{Title: "Some", Prose: "These.", First: 1}}, got.Tables)
}

// FuzzParse reads whatever there is, also as two runs of which one is ours, and never
// panics; an error names the file, and the line if it is about one.
func FuzzParse(f *testing.F) {
	file := filepath.Join(f.TempDir(), "run.ndjson")
	check.Must(f, fixture.Write(file, fixture.Run{Features: files(library)}))
	text, err := os.ReadFile(file)
	check.Must(f, err)
	f.Add(string(text))
	f.Add(`{"meta":{}}` + "\n" + `{"gherkinDocument":{"feature":{"children":[null,{"rule":{"children":[null]}},{"scenario":{"steps":[null],"examples":[null]}}]}}}` + "\n" + `{"pickle":{"steps":[null]}}` + "\n" + `{"testRunFinished":{}}`)
	for _, uri := range []string{"/f.feature", "file:///home/ann/features/f.feature", `C:\features\f.feature`, "./f.feature", "../../f.feature", ""} {
		f.Add(foreign(uri, success))
	}
	f.Add("\uFEFF" + foreign("f.feature", `{"parseError":{}}`))
	f.Add("\xff\xfe{\x00")
	f.Add(foreign("f.feature", `{"testRunHookStarted":{"id":"h"}}`+"\n"+`{"testRunHookFinished":{"testRunHookStartedId":"h","result":{"status":"FAILED"}}}`+"\n"+`{"testRunFinished":{"exception":{}}}`))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := run.Parse("x.ndjson", strings.NewReader(text))
		if err != nil {
			if format, ok := errors.AsType[*run.FormatError](err); ok && format.Line > 0 && !strings.HasPrefix(err.Error(), fmt.Sprintf("x.ndjson:%d: ", format.Line)) || !strings.HasPrefix(err.Error(), "x.ndjson:") {
				t.Errorf("got %v, want an error with file and line", err)
			}
			return
		}
		got.Settle("features", []string{"f.feature", "a/f.feature"})
		if _, err := run.Join([]*run.Run{got}); err != nil {
			t.Errorf("got %v of one run", err)
		}
	})
}
