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
)

// load parses one file and returns its scenarios.
func load(t testing.TB, file string) []*Scenario {
	t.Helper()
	features, err := Load(fstest.MapFS{"f.feature": {Data: []byte(file)}})
	if err != nil {
		t.Fatal(err)
	}
	return features[0].Scenarios
}

func attemptOnce(t *testing.T, tags, steps string) (Result, string) {
	t.Helper()
	defs := definitions(t)
	c, err := Config{Features: fstest.MapFS{}, World: world(defs), Definitions: defs}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, "Feature: F\n\n  "+tags+"\n  Scenario: S\n    "+strings.ReplaceAll(steps, "\n", "\n    "))[0]
	r := c.attempt(t.Context(), s, 1)
	return r, c.text(r)
}

// marksOf has a mark for each step.
func marksOf(r Result) string {
	marks := ""
	for _, step := range r.Steps {
		marks += mark(step.Status)
	}
	return marks
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	const ok = "Given a step\nThen a step"
	for name, test := range map[string]struct {
		tags, steps string
		status      Status
		statuses    string   // the marks of the steps
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
		"empty":             {"", "", Failed, "", "the scenario has no steps", nil},
		"a step skips":      {"", "When it is skipped because \"no clock\"\nThen a step", Skipped, "--", "no clock", []string{"skipped: no clock"}},
		"godog.ErrSkip":     {"", "When it is skipped by godog", Skipped, "-", "no reason was given", nil},
		"skips and fails":   {"", "When it is skipped, and fails", Failed, "✗", "When it is skipped, and fails: skipped: no clock …", []string{"broken"}},
		"skip, undefined":   {"", "When it is skipped by godog\nThen nobody knows it", Skipped, "--", "no reason was given", nil},
		"a step panics":     {"", "When it panics\nThen a step", Failed, "✗-", "When it panics: boom in a step", []string{"suite.panicInStep\n      \t", "fixture_test.go:"}},
		"godog.T":           {"", "When godog.T fails", Failed, "✗", "When godog.T fails: fail called on TestingT", nil},
		"leaves":            {"", "When it leaves its goroutine\nThen a step", Failed, "✗-", "When it leaves its goroutine: the goroutine was ended by runtime.Goexit", nil},
		"lacks a table":     {"", "When it takes a table", Failed, "✗", "When it takes a table: the function of", nil},
		"unwanted table":    {"", "When a step\n| a | bc |\n| d | e |", Failed, "✗", "When a step: the step has a table", []string{"      | a | bc |\n      | d | e  |\n"}},
		"logs":              {"", "When it logs \"hello\"\nThen it logs \"bye\"", Passed, "✓✓", "", []string{"f.feature:5\n      hello\n  ✓ Then it logs"}},
		"before skips":      {"@before-skips", ok, Skipped, "--", "the before hook says so", nil},
		"before skips 2":    {"@before-skips-plainly", ok, Skipped, "--", "no such shelf", nil},
		"before fails":      {"@before-fails", ok, Failed, "✗-", "Given a step: before scenario hook failed: before broke", nil},
		"skips and fails 2": {"@before-skips @before-fails", ok, Failed, "✗-", "Given a step: before scenario hook failed: before broke, skipped: the", nil},
		"before panics":     {"@before-panics", ok, Failed, "✗-", "Given a step: boom before", []string{"fixture_test.go:"}},
		"before step fails": {"@before-step-fails", ok, Failed, "✗✗", "Given a step: before step hook failed: before the step broke", nil},
		"after fails":       {"@after-fails", ok, Failed, "✓✓", "after scenario hook failed: after broke", []string{"  ! after scenario hook failed"}},
		"both fail":         {"@after-fails", "When it fails with \"x\"", Failed, "✗", "When it fails with \"x\": x", []string{"  ! after scenario hook failed: after broke, step error: x"}},
		"skip, after fails": {"@after-fails", "When it is skipped by godog", Failed, "-", "after scenario hook failed: after broke", nil},
		"after skips":       {"@after-skips", ok, Skipped, "✓✓", "the after hook says so", nil},
		"after panics":      {"@after-panics", ok, Failed, "✓✓", "panic: boom after", []string{"  ! panic: boom after\n", "fixture_test.go:"}},
		"after step panics": {"@after-step-panics", ok, Failed, "--", "panic: boom after a step", nil},
		"bind fails":        {"@bind-fails", ok, Failed, "--", "bind the steps: bind broke", nil},
		"bind panics":       {"@bind-panics", ok, Failed, "--", "panic: boom in bind", nil},
		"no bind":           {"@no-bind", ok, Failed, "--", "the world has no Bind function", nil},
		"world fails":       {"@world-fails", ok, Failed, "--", "make the world: world broke", nil},
		"world skips":       {"@world-skips", ok, Skipped, "--", "no world here", nil},
		"world panics":      {"@world-panics", ok, Failed, "--", "panic: boom in world", nil},
		"close fails":       {"@close-fails", ok, Failed, "✓✓", "close the world: close broke", nil},
		"close panics":      {"@close-panics", ok, Failed, "✓✓", "close the world: panic: boom in close", nil},
		"skip, close fails": {"@close-fails @before-skips", ok, Failed, "--", "close the world: close broke", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, text := attemptOnce(t, test.tags, test.steps)
			marks := marksOf(r)
			if r.Status != test.status || marks != test.statuses {
				t.Errorf("got %s with %s, want %s with %s", r.Status, marks, test.status, test.statuses)
			}
			if !strings.HasPrefix(r.Reason, test.reason) || (r.Reason == "") != (test.reason == "") {
				t.Errorf("got reason %q, want %q", r.Reason, test.reason)
			}
			for _, want := range test.text {
				if !strings.Contains(text, want) {
					t.Errorf("got:\n%s\nwant in it:\n%s", text, want)
				}
			}
		})
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		steps, marks string
		reason       string
		text         []string
	}{
		"a step that heeds its context": {
			"When it waits for its context\nThen a step", "✗-",
			"the time limit of 1m0s is over, in: When it waits for its context",
			[]string{"      context deadline exceeded\n", "  ! the time limit of 1m0s is over\n"},
		},
		"a step that does not": {
			"Given a step\nWhen it hangs until the world is closed\nThen a step", "✓✗-",
			"the time limit of 1m0s is over, in: When it hangs until the world is closed",
			[]string{"still running after the end of the time limit", "was left behind\n  ! example.com/groupcheckout/gherkin/suite.waitForClose"},
		},
		"a step that comes to an end all the same": {
			"When it takes longer than allowed\nThen a step", "✓✗",
			"the time limit of 1m0s is over, in: Then a step", nil,
		},
		"the last step": {
			"When it takes longer than allowed", "✓", "the time limit of 1m0s is over", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, text := attemptOnce(t, "@plain", test.steps)
				marks := marksOf(r)
				if r.Status != Failed || !errors.As(r.Err, new(*TimeoutError)) || marks != test.marks {
					t.Errorf("got %s with %s and %v, want failed with %s by the time limit", r.Status, marks, r.Err, test.marks)
				}
				if r.Reason != test.reason {
					t.Errorf("got reason %q, want %q", r.Reason, test.reason)
				}
				for _, want := range test.text {
					if !strings.Contains(text, want) {
						t.Errorf("got:\n%s\nwant in it: %s", text, want)
					}
				}
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

func TestTryMakesOneAttempt(t *testing.T) {
	t.Parallel()
	c := Config{Features: fstest.MapFS{}, World: world(definitions(t))}
	for steps, want := range map[string]Status{"Given a step": Passed, `When it fails with "broken"`: Failed} {
		result, err := Try(t, c, load(t, "Feature: F\nScenario: S\n"+steps)[0])
		if err != nil || result.Status != want {
			t.Errorf("%s: got %v and the error %v, want %v", steps, result.Status, err, want)
		}
	}
	if _, err := Try(t, Config{}, load(t, "Feature: F\nScenario: S\n* a step")[0]); err == nil {
		t.Error("without a world: got no error, want one")
	}
}

// BenchmarkAttempt measures the driver alone: eight steps that do nothing, with
// sixty definitions and a file of about a hundred lines.
func BenchmarkAttempt(b *testing.B) {
	define := func(r *gherkin.Registrar) {
		for i := range 60 {
			r.Step(fmt.Sprintf("stay number %d of {string} costs {int} euros", i), func(context.Context, string, int) error { return nil })
		}
	}
	defs, err := gherkin.Compile(define)
	if err != nil {
		b.Fatal(err)
	}
	var file strings.Builder
	file.WriteString("Feature: F\n")
	for i := range 10 {
		fmt.Fprintf(&file, "\n  Scenario: S %d\n", i)
		for j := range 8 {
			fmt.Fprintf(&file, "    Given stay number %d of \"Ann\" costs 20 euros\n", j*7)
		}
	}
	features, err := Load(fstest.MapFS{"f.feature": {Data: []byte(file.String())}})
	if err != nil {
		b.Fatal(err)
	}
	c, err := Config{
		Features: fstest.MapFS{},
		World: func(context.Context, *Scenario) (World, error) {
			return World{Bind: func(sc *godog.ScenarioContext) error { return defs.Bind(sc, define) }}, nil
		},
	}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := c.attempt(b.Context(), features[0].Scenarios[i%10], 1)
		if r.Status != Passed {
			b.Fatal(c.text(r))
		}
	}
}
