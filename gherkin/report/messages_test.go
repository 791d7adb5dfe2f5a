package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
)

// define is the steps of the tests.
func define(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{Name: "prepare"}, func(ctx context.Context) error { gherkin.Logf(ctx, "prepared"); return nil })
	r.Given("a step", func() error { return nil })
	r.Given("the guest {string} is attached", func(ctx context.Context, guest string) error {
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: "text/plain", Text: guest})
		return nil
	})
	r.Given("either", func() error { return nil })
	r.Given("^ei(th)er$", func(string) error { return nil })
}

func compiled(t *testing.T) *gherkin.Definitions {
	t.Helper()
	definitions, err := gherkin.Compile(define)
	check.Must(t, err)
	return definitions
}

// run runs features side by side and returns the file.
func run(t *testing.T, features string, config report.Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new", "run.ndjson")
	definitions := compiled(t)
	suite.Run(t, suite.Config{
		Features:    fstest.MapFS{"a/f.feature": {Data: []byte(features)}},
		Definitions: definitions,
		Reporters:   []suite.Reporter{report.Messages(file, config)},
		World: func(context.Context, *suite.Scenario) (suite.World, error) {
			return suite.World{Bind: func(sc *godog.ScenarioContext) error { return definitions.Bind(sc, define) }}, nil
		},
	})
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("got %d files and error %v, want only the run", len(entries), err)
	}
	return read(t, file)
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	check.Must(t, err)
	return string(content)
}

// kinds lists what the lines are.
func kinds(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(text) {
		var envelope map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &envelope); err != nil || len(envelope) != 1 {
			t.Fatalf("got the line %q and error %v, want an object with one field", line, err)
		}
		for kind := range envelope {
			list = append(list, kind)
		}
	}
	return list
}

var times = regexp.MustCompile(`"(timestamp|duration)":\{[^}]*\}`)

func TestTwoRunsDifferOnlyInTimes(t *testing.T) {
	t.Parallel()
	features := "Feature: F\n" + strings.Repeat("Scenario: S\n* a step\n* the guest \"Ann\" is attached\n", 50)
	config := report.Config{On: "memory", How: "in this process", Getenv: func(string) string { return "" }}
	first, second := run(t, features, config), run(t, features, config)
	if diff := cmp.Diff(times.ReplaceAllString(first, ""), times.ReplaceAllString(second, "")); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	check.Contains(t, first,
		`"implementation":{"name":"harness on memory","version":"in this process"}`,
		`{"attachment":{"body":"{\"how\":\"in this process\",\"store\":\"memory\"}"`,
		`"sourceReference":{"uri":"gherkin/report/messages_test.go","location":{"line":`,
	)
}

func TestTheLinesOfAScenario(t *testing.T) {
	t.Parallel()
	got := kinds(t, run(t, "Feature: F\nScenario: S\n* the guest \"Bjørn 𝄞 Ann\" is attached\n", report.Config{}))
	want := []string{
		"meta", "source", "gherkinDocument", "pickle",
		"hook", "stepDefinition", "stepDefinition", "stepDefinition", "stepDefinition",
		"testRunStarted", "testCase", "testCaseStarted",
		"testStepStarted", "attachment", "testStepFinished", // the hook
		"testStepStarted", "attachment", "testStepFinished",
		"testCaseFinished", "testRunFinished",
	}
	check.Same(t, "the result", want, got)
}

// attempts gives results of a scenario with the step "either" straight to a
// writer, and returns what is in the file before and after Finish.
func attempts(t *testing.T, summary suite.Summary, of func(*suite.Scenario) []suite.Result) (unfinished, finished string) {
	t.Helper()
	features, err := suite.Load(fstest.MapFS{"f.feature": {Data: []byte("Feature: F\nScenario: S\n* either\n")}})
	check.Must(t, err)
	file := filepath.Join(t.TempDir(), "run.ndjson")
	w := report.Messages(file, report.Config{})
	plan := suite.Plan{Features: features, Scenarios: features[0].Scenarios, Definitions: compiled(t), Started: at()}
	check.Must(t, w.Start(plan))
	for _, r := range of(features[0].Scenarios[0]) {
		check.Must(t, w.Attempt(r))
	}
	unfinished = read(t, file)
	check.Must(t, w.Finish(summary))
	return unfinished, read(t, file)
}

func at() time.Time { return time.Date(2026, 11, 23, 11, 0, 0, 5, time.UTC) }

func TestARunThatWasEndedFromOutsideShowsHowFarItCame(t *testing.T) {
	t.Parallel()
	unfinished, finished := attempts(t, suite.Summary{}, func(s *suite.Scenario) []suite.Result {
		step := suite.Step{Text: "either", Status: suite.Ambiguous}
		return []suite.Result{{Scenario: s, Attempt: 1, Started: at(), Status: suite.Ambiguous, Steps: []suite.Step{step}}}
	})
	if strings.Contains(unfinished, "testRunFinished") || !strings.Contains(unfinished, "testCaseFinished") {
		t.Errorf("got:\n%s\nwant it with the attempt and without the end", unfinished)
	}
	if got := kinds(t, finished); got[len(got)-1] != "testRunFinished" {
		t.Errorf("got %s as the last line, want testRunFinished", got[len(got)-1])
	}
	want := `"stepDefinitionIds":["definition-3","definition-4"],"stepMatchArgumentsLists":[{"stepMatchArguments":[]},{"stepMatchArguments":[{"group":{"start":2,"value":"th"}}]}]`
	check.Contains(t, finished, want)
}

func TestOutcomesOfSteps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status suite.Status
		err    error
		want   string
	}{
		"passed":          {suite.Passed, nil, `{"duration":{"seconds":1,"nanos":500000000},"status":"PASSED"}`},
		"left out":        {suite.Skipped, nil, `"status":"SKIPPED"}`},
		"skipped":         {suite.Skipped, gherkin.Skip("no %s", "clock"), `"message":"no clock","status":"SKIPPED","exception":{"type":"*gherkin.SkipError","message":"no clock"}}`},
		"skipped by sort": {suite.Skipped, fmt.Errorf("no disk: %w", godog.ErrSkip), `"message":"no disk","status":"SKIPPED"`},
		"skipped plainly": {suite.Skipped, godog.ErrSkip, `"nanos":500000000},"status":"SKIPPED"}`},
		"pending":         {suite.Pending, gherkin.Pending("TODO"), `"message":"TODO","status":"PENDING"`},
		"undefined":       {suite.Undefined, godog.ErrUndefined, `"nanos":500000000},"status":"UNDEFINED"}`},
		"failed":          {suite.Failed, errors.New("got <1>"), `"message":"got <1>","status":"FAILED","exception":{"type":"*errors.errorString","message":"got <1>"}}`},
		"skip and fail":   {suite.Failed, errors.Join(gherkin.Skip("no clock"), errors.New("broken")), `"message":"skipped: no clock\nbroken","status":"FAILED"`},
		"a panic":         {suite.Failed, &gherkin.PanicError{Value: "boom", Stack: "f\n\tf.go:1"}, `"exception":{"type":"*gherkin.PanicError","message":"panic: boom","stackTrace":"f\n\tf.go:1"}`},
		"none":            {0, nil, `"status":"UNKNOWN"`},
	} {
		_, got := attempts(t, suite.Summary{}, func(s *suite.Scenario) []suite.Result {
			step := suite.Step{Text: "either", Status: test.status, Err: test.err, Started: at(), Duration: 1500 * time.Millisecond}
			return []suite.Result{{Scenario: s, Attempt: 1, Started: at(), Status: test.status, Steps: []suite.Step{step}}}
		})
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: got:\n%s\nwant in it: %s", name, got, test.want)
		}
	}
}

func TestHooksThatNoDefinitionHasComeUpInEveryAttempt(t *testing.T) {
	t.Parallel()
	outside := func(when gherkin.HookType) suite.Hook {
		return suite.Hook{Info: gherkin.HookInfo{Type: when, Name: "the harness"}, Status: suite.Failed, Err: errors.New("no world")}
	}
	_, got := attempts(t, suite.Summary{}, func(s *suite.Scenario) []suite.Result {
		return []suite.Result{
			{Scenario: s, Attempt: 1, Started: at(), WillBeRetried: true, Hooks: []suite.Hook{outside(gherkin.AfterScenario)}},
			{Scenario: s, Attempt: 2, Started: at(), Hooks: []suite.Hook{outside(gherkin.BeforeScenario)}},
		}
	})
	want := `"testSteps":[{"id":"case-3-hook-before-scenario","hookId":"hook-before-scenario"},{"id":"case-3-2",`
	if !strings.Contains(got, want) || strings.Count(got, `"testCase":`) != 1 || strings.Count(got, `"hook":`) != 3 {
		t.Errorf("got:\n%s\nwant one testCase, three hooks, and in it: %s", got, want)
	}
	for _, want := range []string{`"attempt":0`, `"attempt":1`, `"willBeRetried":true`} {
		if strings.Count(got, want) != 1 {
			t.Errorf("got %d times %s, want once", strings.Count(got, want), want)
		}
	}
}

func TestTimesNeverGoBack(t *testing.T) {
	t.Parallel()
	_, got := attempts(t, suite.Summary{Started: at()}, func(s *suite.Scenario) []suite.Result {
		late := suite.Hook{Info: gherkin.HookInfo{Type: gherkin.BeforeScenario, Index: 1}, Status: suite.Passed, Started: at().Add(time.Hour), Duration: time.Minute}
		return []suite.Result{{
			Scenario: s, Attempt: 1, Started: at(), Hooks: []suite.Hook{late},
			Steps: []suite.Step{{Text: "either", Started: at().Add(time.Second)}},
		}}
	})
	var last int64
	for line := range strings.Lines(got) {
		var envelope map[string]struct {
			Timestamp struct{ Seconds int64 }
		}
		decoder := json.NewDecoder(bytes.NewBufferString(line))
		if !strings.Contains(line, "timestamp") || strings.Contains(line, "testRun") {
			continue
		}
		check.Must(t, decoder.Decode(&envelope))
		for kind, message := range envelope {
			if message.Timestamp.Seconds < last {
				t.Errorf("%s is at %d, after %d", kind, message.Timestamp.Seconds, last)
			}
			last = message.Timestamp.Seconds
		}
	}
}

func TestTheEndSaysWhatIsWrongWithTheRun(t *testing.T) {
	t.Parallel()
	_, got := attempts(t, suite.Summary{Err: errors.New("no scenario was run")}, func(*suite.Scenario) []suite.Result { return nil })
	want := `{"testRunFinished":{"message":"no scenario was run","success":false,`
	if !strings.Contains(got, want) || strings.Contains(got, `"testCase"`) {
		t.Errorf("got:\n%s\nwant no testCase, and in it: %s", got, want)
	}
}

func TestAFileThatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := report.Messages(dir, report.Config{})
	check.Fails(t, w.Start(suite.Plan{}), "write the messages of the run to "+dir)
	if err := errors.Join(w.Attempt(suite.Result{}), w.Finish(suite.Summary{})); err != nil {
		t.Errorf("got error %v, want none: the first was enough", err)
	}
	check.Must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	err := report.JUnit(filepath.Join(dir, "file", "report.xml"), report.Config{}).Start(suite.Plan{})
	check.Fails(t, err, "write the JUnit report to "+dir)
}
