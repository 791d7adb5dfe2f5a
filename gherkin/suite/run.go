package suite

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

// Run runs the selected scenarios as subtests of t and returns when all have
// ended. A configuration, feature file, tag expression or place that is wrong,
// a selection without a scenario, and, unless some are selected, a file without a
// feature, fail t, and are the Err of the summary;
// the reporters learn of them too, so no old report is taken for a new one.
func Run(t *testing.T, config Config) Summary {
	t.Helper()
	c, err := config.withDefaults()
	if err != nil {
		return refuse(t, c, nil, err)
	}
	features, err := Load(c.Features)
	if err != nil {
		return refuse(t, c, nil, err)
	}
	selected, err := Select(features, c.Tags, c.Only...)
	if err != nil {
		return refuse(t, c, features, err)
	}
	tree := grow(selected)
	if c.Shuffle {
		if c.Seed == 0 {
			c.Seed = rand.Uint64()
		}
		t.Logf("%s: shuffled; to repeat this order set the seed to %d", c.Name, c.Seed)
		shuffle(tree, rand.New(rand.NewPCG(c.Seed, 0)))
	}
	if c.Reverse {
		reverse(tree)
	}

	d := &driver{config: c, plan: c.plan(features, leaves(tree))}
	d.summary = Summary{Name: c.Name, Selected: len(selected), Started: d.plan.Started}
	if c.Shuffle {
		d.summary.Seed = c.Seed
	}
	d.retried, _ = gherkin.ParseTags(c.RetryTags) // withDefaults has checked it
	entered := false
	t.Run(c.Name, func(t *testing.T) {
		entered = true
		if err := d.start(); err != nil {
			t.Fatal(err)
		}
		if err := d.hooks(t.Context(), c.Before, d.plan.Before); err != nil {
			t.Fatal(err)
		}
		runInOrder(t, tree, workers(), d.leaf)
	})
	if !entered {
		return d.summary
	}
	if len(d.summary.Results) == 0 && !t.Failed() {
		err := fmt.Errorf("none of the %d selected scenarios was run: -run=%q and -skip=%q leave none",
			len(selected), flagValue("test.run"), flagValue("test.skip"))
		d.summary.Err = err
		t.Error(err)
	}
	if err := withoutFeature(features); err != nil && c.Tags == "" && len(c.Only) == 0 {
		d.summary.Err = errors.Join(d.summary.Err, err)
		t.Error(err)
	}
	if budget := c.FlakyBudget; budget > 0 && d.summary.Flaky > budget {
		err := fmt.Errorf("%s %s flaky, and no more than %d %s tolerated", plural.Of(d.summary.Flaky, "scenario"), plural.Word(d.summary.Flaky, "is", "are"), budget, plural.Word(budget, "is", "are"))
		d.summary.Err = errors.Join(d.summary.Err, err)
		t.Error(err)
	}
	if err := d.hooks(t.Context(), backwards(c.After), backwards(d.plan.After)); err != nil {
		t.Error(err)
	}
	d.summary.Duration = time.Since(d.summary.Started)
	order := make(map[*Scenario]int, len(selected))
	for i, s := range selected {
		order[s] = i
	}
	slices.SortFunc(d.summary.Results, func(a, b Result) int { return cmp.Compare(order[a.Scenario], order[b.Scenario]) })
	if err := d.finish(); err != nil {
		t.Error(err)
	}
	return d.summary
}

// withoutFeature names the files that hold no feature: what somebody meant to write
// there does not run.
func withoutFeature(features []*Feature) error {
	var errs []error
	for _, f := range features {
		if f.Document.Feature == nil {
			errs = append(errs, fmt.Errorf("%s: the file has no feature: write one, or remove the file", f.URI))
		}
	}
	return errors.Join(errs...)
}

// Try makes one attempt at a scenario, outside the tree of [Run]: there is no
// subtest, no second attempt, and nobody is told but the caller; t does not fail. It
// is for those who run a scenario in many ways, such as under many faults. The config
// is as for Run; World is required, and Around heeded. The scenario is one that [Load]
// has loaded.
func Try(t *testing.T, config Config, scenario *Scenario) (Result, error) {
	t.Helper()
	c, err := config.withDefaults()
	if err != nil {
		return Result{}, fmt.Errorf("try %s: %w", scenario.Location(), err)
	}
	return (&driver{config: c}).attempt(t, scenario, 1), nil
}

// refuse reports a run that cannot begin.
func refuse(t *testing.T, c Config, features []*Feature, err error) Summary {
	t.Helper()
	c.Before, c.After = nil, nil // they may be what is wrong
	d := &driver{config: c, plan: c.plan(features, nil)}
	d.summary = Summary{Name: c.Name, Started: d.plan.Started, Err: err}
	t.Error(errors.Join(d.start(), d.finish()))
	return d.summary
}

func flagValue(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

type driver struct {
	config  Config
	plan    Plan
	retried func(tags []string) bool // whether Retries is meant for a scenario
	mu      sync.Mutex
	summary Summary
}

func (d *driver) leaf(t *testing.T, s *Scenario) {
	t.Helper()
	if d.config.Unsupported != nil {
		if reason, unsupported := d.config.Unsupported(slices.Clone(s.Tags)); unsupported {
			if reason == "" {
				reason = "no reason was given"
			}
			rec := newRecorder(s, d.config.Definitions)
			r := Result{
				Scenario: s, Status: Skipped, Reason: reason, Steps: rec.steps, Hooks: rec.hooks,
				Started: time.Now(), Attempt: 1,
			}
			r.explain()
			d.collect(t, r)
			skip(t, reason)
		}
	}
	first := "" // why the first attempt failed
	for number := 1; ; number++ {
		r := d.attempt(t, s, number)
		r.Repeat = d.config.Repeat(s, t.Name())
		r.WillBeRetried = number <= d.config.Retries && r.Status == Failed && s.empty == "" && d.retried(s.Tags)
		if number == 1 {
			first = r.Reason
		}
		if r.Flaky() {
			r.Reason = fmt.Sprintf("passed at attempt %d; attempt 1 failed: %s", number, first)
		}
		d.collect(t, r)
		if r.WillBeRetried {
			fmt.Fprintf(t.Output(), "attempt %d failed, another follows\n%s", number, d.config.text(r))
			continue
		}
		d.tell(t, r)
		return
	}
}

// tell passes the verdict on to go test. That knows no flaky one: a skip, with
// its reason, is neither a pass nor a failure.
func (d *driver) tell(t *testing.T, r Result) {
	t.Helper()
	if r.Status != Passed || r.Flaky() || testing.Verbose() {
		fmt.Fprint(t.Output(), d.config.text(r))
	}
	switch {
	case r.Flaky():
		fmt.Fprintf(t.Output(), "FLAKY: %s\n", r.Reason)
		t.SkipNow()
	case r.Status == Passed:
	case r.Status == Skipped:
		skip(t, r.Reason)
	default:
		t.Fail()
	}
}

// skip is t.Skip without the place, which would be one in this file.
func skip(t *testing.T, reason string) {
	t.Helper()
	fmt.Fprintf(t.Output(), "skipped: %s\n", reason)
	t.SkipNow()
}

// attempt calls Around, and does not believe that it calls back.
func (d *driver) attempt(t *testing.T, s *Scenario, number int) (r Result) {
	t.Helper()
	if d.config.Around == nil {
		return d.config.attempt(t.Context(), s, number)
	}
	rec := newRecorder(s, d.config.Definitions)
	r = Result{Scenario: s, Attempt: number, Started: time.Now(), Steps: rec.steps, Hooks: rec.hooks}
	defer func() {
		if value := recover(); value != nil {
			r.fail(fmt.Errorf("around the scenario: %w", &gherkin.PanicError{Value: value, Stack: ownFrames(string(debug.Stack()))}))
			r.explain()
		}
	}()
	calls := 0
	d.config.Around(t, func(t *testing.T) {
		t.Helper()
		calls++
		r = d.config.attempt(t.Context(), s, number)
	})
	if calls != 1 {
		r.fail(fmt.Errorf("Config.Around called the scenario %d times instead of once", calls))
		r.explain()
	}
	return r
}

func (d *driver) collect(t *testing.T, r Result) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !r.WillBeRetried {
		d.summary.add(r)
	}
	for _, reporter := range d.config.Reporters {
		if err := reporter.Attempt(r); err != nil {
			d.summary.Err = errors.Join(d.summary.Err, err)
			t.Error(err)
		}
	}
}
