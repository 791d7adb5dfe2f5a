package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// load parses one file and returns its scenarios.
func load(t testing.TB, file string) []*Scenario {
	t.Helper()
	features, err := Load(fstest.MapFS{"f.feature": {Data: []byte(file)}})
	check.Must(t, err)
	return features[0].Scenarios
}

func attemptOnce(t *testing.T, tags, steps string) (Result, string) {
	t.Helper()
	defs := definitions(t)
	c, err := Config{Features: fstest.MapFS{}, World: world(defs), Definitions: defs}.withDefaults()
	check.Must(t, err)
	s := load(t, "Feature: F\n\n  "+tags+"\n  Scenario: S\n    "+strings.ReplaceAll(steps, "\n", "\n    "))[0]
	r := c.attempt(t.Context(), s, 1)
	return r, c.text(r)
}

// marksOf has a mark for each step, and one with its name for each hook.
func marksOf(r Result) string {
	marks := ""
	for _, step := range r.Steps {
		marks += mark(step.Status)
	}
	for _, hook := range r.Hooks {
		marks += " " + mark(hook.Status) + hook.Info.Name
	}
	return marks
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	const (
		one  = "Given a step"
		ok   = one + "\nThen a step"
		late = "the time limit of 1m0s is over"
	)
	for name, test := range map[string]struct {
		tags, steps string
		status      Status
		marks       string   // of the steps and of the hooks
		reason      string   // its start
		text        []string // in the text for people
	}{
		"passes":            {"", ok, Passed, "✓✓", "", []string{"Scenario: S       f.feature:4", "  ✓ Given a step  f.feature:5"}},
		"a step fails":      {"", "Given a step\nWhen it fails with \"got 1, want 2\"\nThen a step", Failed, "✓✗-", `When it fails with "got 1, want 2": got 1, want 2`, []string{"f.feature:6: failed: When it fails", "      got 1, want 2\n"}},
		"undefined":         {"", "Given nobody knows \"it\"\nThen a step", Undefined, "?-", `Given nobody knows "it": no definition matches`, []string{"it could be defined as:\n\n      r.Given(\"nobody knows {string}\""}},
		"undefined later":   {"", "Given it fails with \"x\"\nThen nobody knows it", Failed, "✗?", "Given it fails", nil},
		"pending":           {"", "Given it is pending\nThen a step", Pending, "…-", "Given it is pending: not written yet", nil},
		"ambiguous":         {"", "When one of two", Ambiguous, "≠", "When one of two: several definitions match", []string{"suite/fixture_test.go:", "  one of {word}"}},
		"ambiguous later":   {"", "When it fails with \"x\"\nThen one of two", Failed, "✗≠", "When it fails", nil},
		"empty":             {"", "", Failed, " ✗the harness", "the scenario has no steps", nil},
		"a step skips":      {"", "When it is skipped because \"no clock\"\nThen a step", Skipped, "--", "no clock", []string{"skipped: no clock"}},
		"godog.ErrSkip":     {"", "When it is skipped by godog", Skipped, "-", "no reason was given", nil},
		"skips and fails":   {"", "When it is skipped, and fails", Failed, "✗", "When it is skipped, and fails: skipped: no clock …", []string{"broken"}},
		"skip, undefined":   {"", "When it is skipped by godog\nThen nobody knows it", Skipped, "--", "no reason was given", nil},
		"a step panics":     {"", "When it panics\nThen a step", Failed, "✗-", "When it panics: boom in a step", []string{"suite.panicInStep\n      \t", "fixture_test.go:"}},
		"godog.T":           {"", "When godog.T fails", Failed, "✗", "When godog.T fails: fail called on TestingT", nil},
		"leaves":            {"", "When it leaves its goroutine\nThen a step", Failed, "✗- ✗the harness", "When it leaves its goroutine: the goroutine was ended by runtime.Goexit", nil},
		"lacks a table":     {"", "When it takes a table", Failed, "✗", "When it takes a table: the function of", nil},
		"unwanted table":    {"", "When a step\n| a | bc |\n| d | e |", Failed, "✗", "When a step: the step has a table", []string{"      | a | bc |\n      | d | e  |\n"}},
		"logs":              {"", "When it logs \"hello\"\nThen it logs \"bye\"", Passed, "✓✓", "", []string{"f.feature:5\n      hello\n  ✓ Then it logs"}},
		"before skips":      {"@before-skips", ok, Skipped, "--", "the before hook says so", nil},
		"before skips 2":    {"@before-skips-plainly", ok, Skipped, "--", "no such shelf", nil},
		"before fails":      {"@before-fails", ok, Failed, "✗-", "Given a step: before scenario hook failed: before broke", nil},
		"skips and fails 2": {"@before-skips @before-fails", ok, Failed, "✗-", "Given a step: before scenario hook failed: before broke, skipped: the", nil},
		"before panics":     {"@before-panics", ok, Failed, "✗-", "Given a step: boom before", []string{"fixture_test.go:"}},
		"before step fails": {"@before-step-fails", ok, Failed, "✗✗", "Given a step: before step hook failed: before the step broke", nil},
		"after fails":       {"@after-fails", ok, Failed, "✓✓ ✗the harness", "after scenario hook failed: after broke", []string{"  ! after scenario hook failed"}},
		"both fail":         {"@after-fails", "When it fails with \"x\"", Failed, "✗ ✗the harness", "When it fails with \"x\": x", []string{"  ! after scenario hook failed: after broke, step error: x"}},
		"skip, after fails": {"@after-fails", "When it is skipped by godog", Failed, "- ✗the harness", "after scenario hook failed: after broke", nil},
		"after skips":       {"@after-skips", ok, Skipped, "✓✓ -the harness", "the after hook says so", nil},
		"after panics":      {"@after-panics", ok, Failed, "✓✓ ✗the harness", "panic: boom after", []string{"  ! panic: boom after\n", "fixture_test.go:"}},
		"after step panics": {"@after-step-panics", ok, Failed, "-- ✗the harness", "panic: boom after a step", nil},
		"bind fails":        {"@bind-fails", ok, Failed, "-- ✗the harness", "bind the steps: bind broke", nil},
		"bind panics":       {"@bind-panics", ok, Failed, "-- ✗the harness", "panic: boom in bind", nil},
		"no bind":           {"@no-bind", ok, Failed, "-- ✗the harness", "the world has no Bind function", nil},
		"world fails":       {"@world-fails", ok, Failed, "-- ✗the harness", "make the world: world broke", nil},
		"world skips":       {"@world-skips", ok, Skipped, "-- -the harness", "no world here", nil},
		"world panics":      {"@world-panics", ok, Failed, "-- ✗the harness", "panic: boom in world", nil},
		"close fails":       {"@close-fails", ok, Failed, "✓✓ ✗the harness", "close the world: close broke", nil},
		"close panics":      {"@close-panics", ok, Failed, "✓✓ ✗the harness", "close the world: panic: boom in close", nil},
		"skip, close fails": {"@close-fails @before-skips", ok, Failed, "-- ✗the harness", "close the world: close broke", nil},

		"hook: all pass":         {"@b-passes @a-first", one, Passed, "✓ ✓b-passes ✓a-first", "", nil},
		"hook: before fails":     {"@b-fails @b-last @a-first", ok, Failed, "-- ✗b-fails -b-last ✓a-first", "before scenario: b-fails: broke", nil},
		"hook: before skips":     {"@b-skips @b-last @a-first", one, Skipped, "- -b-skips -b-last ✓a-first", "no clock", nil},
		"hook: before panics":    {"@b-panics @a-first", one, Failed, "- ✗b-panics ✓a-first", "before scenario: b-panics: panic: boom", nil},
		"hook: before leaves":    {"@b-leaves", one, Failed, "- ✗b-leaves ✗the harness", "before scenario: b-leaves: the goroutine was ended by runtime.Goexit", nil},
		"hook: after fails":      {"@a-first @a-fails", one, Failed, "✓ ✗a-fails ✓a-first", "after scenario: a-fails: broke", nil},
		"hook: after skips":      {"@a-first @a-skips", one, Skipped, "✓ -a-skips ✓a-first", "no clock", nil},
		"hook: after panics":     {"@a-first @a-panics", one, Failed, "✓ ✗a-panics ✓a-first", "after scenario: a-panics: panic: boom", nil},
		"hook: both fail":        {"@a-fails", "When it fails with \"x\"", Failed, "✗ ✗a-fails", "When it fails with \"x\": x", nil},
		"hook: skip, then fails": {"@a-fails", "When it is skipped by godog", Failed, "- ✗a-fails", "after scenario: a-fails: broke", nil},
		"hook: skip, then odd":   {"@a-first", "When it is skipped by godog\nWhen one of two\nGiven nobody knows", Skipped, "--- ✓a-first", "no reason was given", nil},
		"hook: hook skips, odd":  {"@b-skips", "Given nobody knows\nWhen one of two", Skipped, "-- -b-skips", "no clock", nil},
		"hook: fails, then odd":  {"@a-first", "When it fails with \"x\"\nWhen one of two\nGiven nobody knows", Failed, "✗≠? ✓a-first", "When it fails with \"x\": x", nil},

		"it heeds its context": {"", "When it waits for its context\nThen a step", Failed, "✗- ✗the harness", late + ", in: When it waits for its context", []string{"      context deadline exceeded\n", "  ! the time limit of 1m0s is over\n"}},
		"it does not heed it": {
			"", "Given a step\nWhen it hangs until the world is closed\nThen a step", Failed, "✓✗- ✗the harness", late + ", in: When it hangs until the world is closed",
			[]string{"still running after the end of the time limit", "was left behind\n  ! example.com/groupcheckout/gherkin/suite.waitForClose"},
		},
		"it ends all the same":     {"", "When it takes longer than allowed\nThen a step", Failed, "✓✗ ✗the harness", late + ", in: Then a step", nil},
		"the last step takes long": {"", "When it takes longer than allowed", Failed, "✓ ✗the harness", late, nil},
		"a hook hangs":             {"@b-hangs", one, Failed, "- ✗b-hangs ✗the harness", late + ", in: before scenario: b-hangs", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // for the time limit
				r, text := attemptOnce(t, test.tags, test.steps)
				if marks := marksOf(r); r.Status != test.status || marks != test.marks {
					t.Errorf("got %s with %s, want %s with %s", r.Status, marks, test.status, test.marks)
				}
				if !strings.HasPrefix(r.Reason, test.reason) || (r.Reason == "") != (test.reason == "") {
					t.Errorf("got reason %q, want %q", r.Reason, test.reason)
				}
				if isLate := strings.HasPrefix(test.reason, late); errors.As(r.Err, new(*TimeoutError)) != isLate || isLate && r.Reason != test.reason {
					t.Errorf("got error %v, reason %q; want a TimeoutError: %t, reason %q", r.Err, r.Reason, isLate, test.reason)
				}
				check.Contains(t, text, test.text...)
			})
		})
	}
}

// A world with much in it takes a while to close.
func TestClosingTheWorldMayTakeAsLongAsTheScenario(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]Status{time.Minute: Passed, time.Second: Failed} {
		synctest.Test(t, func(t *testing.T) {
			defs := definitions(t)
			c := Config{Timeout: limit, World: world(defs)}
			r := c.attempt(t.Context(), load(t, "Feature: F\n@close-lasts\nScenario: S\nGiven a step")[0], 1)
			if r.Status != want {
				t.Errorf("a world that closes in 50 s, with a limit of %v: got %s (%s), want %s", limit, r.Status, r.Reason, want)
			}
			if want == Failed && r.Reason != "close the world: context deadline exceeded" {
				t.Errorf("got reason %q", r.Reason)
			}
		})
	}
}

func TestAScenarioIsGivenAWorldThatIsClosedOnce(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(what string) { order = append(order, what) }
	c := Config{Timeout: time.Minute, World: func(_ context.Context, s *Scenario) (World, error) {
		note("world of " + s.Name)
		return World{
			Bind: func(sc *godog.ScenarioContext) error {
				note("bind")
				sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) { note("before"); return ctx, nil })
				sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
					note("after")
					return ctx, nil
				})
				sc.Step("^a step$", func(ctx context.Context) context.Context {
					note("step")
					return godog.Attach(ctx, godog.Attachment{FileName: "a.txt"})
				})
				return nil
			},
			Close: func(ctx context.Context) error {
				note(fmt.Sprintf("close, context ended: %t", ctx.Err() != nil))
				return nil
			},
		}, nil
	}}
	r := c.attempt(t.Context(), load(t, "Feature: F\nScenario: S\n* a step\n* a step")[0], 1)
	if r.Status != Passed {
		t.Fatal(c.text(r))
	}
	want := "world of S, bind, before, step, step, after, close, context ended: false"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for i, step := range r.Steps {
		if len(step.Attachments) != 1 || step.Attachments[0].FileName != "a.txt" {
			t.Errorf("step %d: got attachments %v, want its own", i+1, step.Attachments)
		}
	}
}

func TestWhatIsLoggedIsKeptWhereItWasLogged(t *testing.T) {
	t.Parallel()
	r, text := attemptOnce(t, "@world-logs @b-passes", `Given it logs "in the step"`)
	for what, got := range map[string][]gherkin.Attachment{
		"in the hook": r.Hooks[0].Attachments, "in the step": r.Steps[0].Attachments,
	} {
		if lines := logLines(got); len(lines) != 1 || lines[0] != what || got[0].At.IsZero() {
			t.Errorf("got %v, want one line, %s, with its time", got, what)
		}
		check.Contains(t, text, "\n      "+what+"\n")
	}
	check.Same(t, "outside steps and hooks", []string{"in the world", "at its close"}, logLines(r.Attachments))
}

func TestEveryVerdictHasSomethingThatExplainsIt(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]string{
		"@world-fails":  "before scenario: the harness: make the world: world broke",
		"@world-skips":  "before scenario: the harness: skipped: no world here",
		"@bind-fails":   "before scenario: the harness: bind the steps: bind broke",
		"@close-fails":  "after scenario: the harness: close the world: close broke",
		"@after-fails":  "after scenario: the harness: after scenario hook failed: after broke",
		"@before-fails": "",
		"@plain":        "",
	} {
		r, _ := attemptOnce(t, tags, "Given a step")
		got := ""
		if len(r.Hooks) > 0 {
			got = r.Hooks[0].Info.String() + ": " + r.Hooks[0].Err.Error()
		}
		if got != want || len(r.Hooks) > 1 {
			t.Errorf("%s: got %q of %d hooks, want %q", tags, got, len(r.Hooks), want)
		}
	}
}

func TestTryMakesOneAttempt(t *testing.T) {
	t.Parallel()
	c := Config{Features: fstest.MapFS{}, World: world(definitions(t))}
	for steps, want := range map[string]Status{"Given a step": Passed, `When it fails with "broken"`: Failed} {
		result, err := Try(t, c, load(t, "Feature: F\nScenario: S\n"+steps)[0])
		if err != nil || result.Status != want {
			t.Errorf("%s: got %v and the error %v, want %v", steps, result.Status, err, want)
		}
	}
	check.Failsf(t, check.Error(Try(t, Config{}, load(t, "Feature: F\nScenario: S\n* a step")[0])), "without a world")
}
