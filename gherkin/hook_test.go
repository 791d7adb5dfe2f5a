package gherkin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// notes records what happens, and is the world of the steps too.
type notes struct{ lines []string }

func (n *notes) add(format string, args ...any) {
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *notes) Attach(a gherkin.Attachment)                { n.add("attach %s %s", a.MediaType, a.Text) }
func (n *notes) HookStarted(h gherkin.HookInfo)             { n.add("start %s", h.Name) }
func (n *notes) HookFinished(h gherkin.HookInfo, err error) { n.add("finish %s %v", h.Name, err) }
func (n *notes) before(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}
func (n *notes) after(context.Context, error) error { return nil }
func (n *notes) failure(_ context.Context, failure error) error {
	n.add("failure: %v", failure)
	return nil
}
func (n *notes) panics(context.Context, error) error { panic("boom") }

func (n *notes) define(r *gherkin.Registrar) {
	r.Before(gherkin.Hook{Name: "b1"}, n.before(nil))
	r.Before(gherkin.Hook{Name: "b2", Tags: "@fails"}, n.before(errors.New("broke")))
	r.Step("a step", func(ctx context.Context) error {
		gherkin.Logf(ctx, "got %d", 1)
		gherkin.Attach(ctx, gherkin.Attachment{MediaType: "text/plain", Text: "hello"})
		return nil
	})
	r.Before(gherkin.Hook{Name: "b3"}, n.before(nil))
	r.After(gherkin.Hook{Name: "a1"}, n.failure)
	r.After(gherkin.Hook{Name: "a2", Tags: "@panics"}, n.panics)
	r.After(gherkin.Hook{Name: "a3", Tags: "@other"}, n.after)
}

func runScenario(t *testing.T, tags string) []string {
	t.Helper()
	n := &notes{}
	ctx := gherkin.WithRecorder(t.Context(), n)
	runGodog(ctx, t, n.define, tags, []string{"a step"}, func(*godog.ScenarioContext) {})
	return n.lines
}

func TestHooksRunInOrderAndAreRecorded(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string][]string{
		"@plain": {
			"start b1", "finish b1 <nil>", "start b3", "finish b3 <nil>",
			"attach " + gherkin.LogMediaType + " got 1", "attach text/plain hello",
			"start a1", "failure: <nil>", "finish a1 <nil>",
		},
		"@fails": {
			"start b1", "finish b1 <nil>", "start b2", "finish b2 broke",
			"start a1", "failure: before scenario hook failed: before scenario: b2: broke", "finish a1 <nil>",
		},
		"@panics": {
			"start b1", "finish b1 <nil>", "start b3", "finish b3 <nil>",
			"attach " + gherkin.LogMediaType + " got 1", "attach text/plain hello",
			"start a2", "finish a2 panic: boom",
			"start a1", "failure: after scenario: a2: panic: boom", "finish a1 <nil>",
		},
	} {
		check.Same(t, tags, want, runScenario(t, tags))
	}
}

func TestWithoutARecorderNothingIsRecorded(t *testing.T) {
	t.Parallel()
	gherkin.Logf(t.Context(), "nobody hears this")
	gherkin.Attach(t.Context(), gherkin.Attachment{Text: "nor sees this"})
}

func TestRegistrationsAreInOrder(t *testing.T) {
	t.Parallel()
	defs := compile(t, func(r *gherkin.Registrar) {
		r.Before(gherkin.Hook{Name: "first"}, new(notes).before(nil))
		r.Step("a step", func() error { return nil })
		gherkin.Parameter(r, "money", "[0-9]+", func(groups []string) (string, error) { return groups[0], nil })
		r.After(gherkin.Hook{}, new(notes).after)
	})
	var got []string
	for _, r := range defs.Registrations() {
		switch {
		case r.Hook != nil:
			got = append(got, fmt.Sprint(r.Hook))
		case r.Step != nil:
			got = append(got, r.Step.Expression)
		default:
			got = append(got, "{"+r.Parameter.Name+"}")
		}
	}
	if want := []string{"before scenario: first", "a step", "{money}", "after scenario"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []gherkin.HookInfo{{Type: gherkin.BeforeScenario, Name: "first", Index: 1}, {Type: gherkin.AfterScenario, Index: 2}}
	check.Same(t, "hooks", want, defs.HooksFor(nil), cmpopts.IgnoreFields(gherkin.HookInfo{}, "Location"))
	if at := defs.HooksFor(nil)[0].Location.String(); !strings.HasPrefix(at, "gherkin/hook_test.go:") {
		t.Errorf("got the place %s, want one in this file", at)
	}
}

func TestWhatIsWrongIsLeftOutOfDefinitionsForReports(t *testing.T) {
	t.Parallel()
	step := func() error { return nil }
	defs, err := gherkin.Compile(func(r *gherkin.Registrar) {
		r.Step("the {airport} is closed", func(string) error { return nil })
		r.Step("twice", step)
		r.Step("twice", step)
		r.After(gherkin.Hook{Tags: "slow"}, new(notes).after)
		r.Before(gherkin.Hook{}, nil)
	})
	for _, want := range []string{"Undefined parameter type 'airport'", `"twice" is already defined at gherkin/hook_test.go:`, `the tag expression "slow" has the word`, "needs a function"} {
		check.Fails(t, err, want)
	}
	check.Equal(t, "steps", 2, len(defs.Steps()))
	check.Equal(t, "matches", 2, len(defs.Match("twice")))
	want := []gherkin.UndefinedParameter{{Name: "airport", Expression: "the {airport} is closed"}}
	check.Same(t, "undefined parameters", want, defs.UndefinedParameters())
}
