package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// Run runs the scenarios that the flags select on the store that they name, each
// as a subtest of t.
func (f *Features) Run(t *testing.T) {
	t.Helper()
	definitions, err := f.prepare()
	if err != nil && f.project.Features == nil {
		t.Fatal(err) // there is nothing to report on
	}
	if err != nil && f.ground == nil {
		f.ground = nowhere{}
	}
	config := f.config(definitions)
	if err != nil { // the reports say so too, lest an old one be taken for that of this run
		config.Before = append(config.Before, suite.RunHook{Name: "prepare the run", Run: func(context.Context) error { return err }})
	}
	var ran atomic.Int64
	config.After = f.after(func() int { return int(ran.Load()) })
	world := config.World
	config.World = func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
		ran.Add(1)
		return world(ctx, scenario)
	}
	summary := suite.Run(t, config)
	if summary.Total() == 0 && summary.Success() {
		summary.Err = fmt.Errorf("no scenario was run: -run and -skip leave out %s/%s, beneath which they are", t.Name(), config.Name)
		t.Error(summary.Err)
	}
	f.summaries = append(f.summaries, summary)
}

// after is what each run ends with, before its reports do. ran is how many scenarios
// there were by then.
func (f *Features) after(ran func() int) []suite.RunHook {
	began, before := time.Now(), f.ground.tally()
	hooks := []suite.RunHook{{Name: "audit", Run: func(ctx context.Context) error {
		limit := max(cmp.Or(f.options.limit, auditLimit), time.Since(began))
		ctx, cancel := context.WithTimeoutCause(ctx, limit, &suite.TimeoutError{Limit: limit})
		defer cancel()
		err := f.ground.audit(ctx)
		if cause := context.Cause(ctx); cause != nil { // it may have seen but a part
			err = errors.Join(fmt.Errorf("the audit did not come to its end: %w", cause), err)
		}
		if err != nil {
			return errors.New(cmp.Or(err.Error(), "it gave no reason")) // of whatever type: an audit is never skipped
		}
		return nil
	}}}
	if f.options.faults.IsZero() {
		return hooks
	}
	return append(hooks, suite.RunHook{Name: "faults", Run: func(context.Context) error {
		return f.options.proved(f.ground.tally().since(before), ran())
	}})
}

// config says how the scenarios run.
func (f *Features) config(definitions *gherkin.Definitions) suite.Config {
	o := &f.options
	config := suite.Config{
		Name:        o.store,
		Features:    f.project.Features,
		Definitions: definitions,
		Tags:        o.tagged,
		Only:        o.locations(),
		Unsupported: o.unsupported,
		Timeout:     f.project.Timeout,
		Retries:     o.retries,
		RetryTags:   o.retryTagged,
		FlakyBudget: o.flakyBudget,
		Shuffle:     shuffled(),
		Reverse:     o.reverse,
		Seed:        o.order(len(f.summaries)),
		Around:      f.ground.around(),
		Reporters:   f.reporters(),
		Repeat: func(scenario *suite.Scenario, _ string) string {
			return o.repeat(f.project.Folder, scenario)
		},
		World: func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
			return f.project.world(ctx, f.ground, definitions, scenario)
		},
	}
	switch {
	case o.limit > 0:
		config.Timeout = o.limit
	case o.virtual():
		config.Timeout = virtualLimit
	}
	return config
}
