package suite

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin"
)

func TestHooksHaveResultsOfTheirOwn(t *testing.T) {
	t.Parallel()
	const ok = "Given a step"
	for name, test := range map[string]struct {
		tags, steps string
		status      Status
		marks       string // of the steps
		hooks       []string
		reason      string
	}{
		"all pass":         {"@b-passes @a-first", ok, Passed, "✓", []string{"✓b-passes", "✓a-first"}, ""},
		"before fails":     {"@b-fails @b-last @a-first", ok + "\nGiven a step", Failed, "--", []string{"✗b-fails", "-b-last", "✓a-first"}, "before scenario: b-fails: broke"},
		"before skips":     {"@b-skips @b-last @a-first", ok, Skipped, "-", []string{"-b-skips", "-b-last", "✓a-first"}, "no clock"},
		"before panics":    {"@b-panics @a-first", ok, Failed, "-", []string{"✗b-panics", "✓a-first"}, "before scenario: b-panics: panic: boom"},
		"before leaves":    {"@b-leaves", ok, Failed, "-", []string{"✗b-leaves", "✗the harness"}, "before scenario: b-leaves: the goroutine was ended by runtime.Goexit"},
		"after fails":      {"@a-first @a-fails", ok, Failed, "✓", []string{"✗a-fails", "✓a-first"}, "after scenario: a-fails: broke"},
		"after skips":      {"@a-first @a-skips", ok, Skipped, "✓", []string{"-a-skips", "✓a-first"}, "no clock"},
		"after panics":     {"@a-first @a-panics", ok, Failed, "✓", []string{"✗a-panics", "✓a-first"}, "after scenario: a-panics: panic: boom"},
		"both fail":        {"@a-fails", "When it fails with \"x\"", Failed, "✗", []string{"✗a-fails"}, "When it fails with \"x\": x"},
		"skip, then fails": {"@a-fails", "When it is skipped by godog", Failed, "-", []string{"✗a-fails"}, "after scenario: a-fails: broke"},
		"skip, then odd":   {"@a-first", "When it is skipped by godog\nWhen one of two\nGiven nobody knows", Skipped, "---", []string{"✓a-first"}, "no reason was given"},
		"hook skips, odd":  {"@b-skips", "Given nobody knows\nWhen one of two", Skipped, "--", []string{"-b-skips"}, "no clock"},
		"fails, then odd":  {"@a-first", "When it fails with \"x\"\nWhen one of two\nGiven nobody knows", Failed, "✗≠?", []string{"✓a-first"}, "When it fails with \"x\": x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, text := attemptOnce(t, test.tags, test.steps)
			marks := marksOf(r)
			var hooks []string
			for _, hook := range r.Hooks {
				hooks = append(hooks, mark(hook.Status)+hook.Info.Name)
			}
			if r.Status != test.status || marks != test.marks || !strings.HasPrefix(r.Reason, test.reason) {
				t.Errorf("got %s with %s because %q, want %s with %s because %q\n%s",
					r.Status, marks, r.Reason, test.status, test.marks, test.reason, text)
			}
			if diff := cmp.Diff(test.hooks, hooks); diff != "" {
				t.Errorf("hooks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAHookThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, text := attemptOnce(t, "@b-hangs", "Given a step")
		if want := "the time limit of 1m0s is over, in: before scenario: b-hangs"; r.Reason != want {
			t.Errorf("got reason %q, want %q\n%s", r.Reason, want, text)
		}
	})
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
		if !strings.Contains(text, "\n      "+what+"\n") {
			t.Errorf("got:\n%s\nwant in it: %s", text, what)
		}
	}
	if diff := cmp.Diff([]string{"in the world", "at its close"}, logLines(r.Attachments)); diff != "" {
		t.Errorf("outside steps and hooks (-want +got):\n%s", diff)
	}
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
