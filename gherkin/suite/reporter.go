package suite

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"example.com/groupcheckout/gherkin"
)

// Reporter writes a run down for other programs. [Run] calls Start, then Attempt
// for each attempt as it ends, in any order, then Finish; calls do not overlap.
//
// An error says what was to be written and fails the run; after one from Start
// no scenario runs. Finish is called in any case, unless the process ends first.
type Reporter interface {
	Start(Plan) error
	Attempt(Result) error
	Finish(Summary) error
}

// Plan is what is about to run. It is immutable.
type Plan struct {
	Name        string
	Features    []*Feature           // all that were loaded
	Scenarios   []*Scenario          // those that the tags selected, in the order in which they start
	Definitions *gherkin.Definitions // or nil
	Before      []gherkin.HookInfo   // hooks of the run
	After       []gherkin.HookInfo   // in the order of Config.After, which is not that of running
	Started     time.Time
}

// Text shows a result for people, as go test does.
func (p Plan) Text(r Result) string { return Config{Definitions: p.Definitions}.text(r) }

func (c Config) plan(features []*Feature, scenarios []*Scenario) Plan {
	return Plan{
		Name: c.Name, Features: features, Scenarios: scenarios, Definitions: c.Definitions, Started: time.Now(),
		Before: runHookInfos(gherkin.BeforeRun, c.Before, 0),
		After:  runHookInfos(gherkin.AfterRun, c.After, len(c.Before)),
	}
}

// runHookInfos describes hooks, of which other ones come before.
func runHookInfos(when gherkin.HookType, hooks []RunHook, before int) []gherkin.HookInfo {
	infos := make([]gherkin.HookInfo, len(hooks))
	for i, hook := range hooks {
		fn := runtime.FuncForPC(reflect.ValueOf(hook.Run).Pointer())
		file, line := fn.FileLine(fn.Entry())
		infos[i] = gherkin.HookInfo{
			Type: when, Name: hook.Name, Index: before + i + 1,
			Location: gherkin.Location{File: file, Line: line},
		}
	}
	return infos
}

// runHook runs a hook of the run.
func runHook(ctx context.Context, hook RunHook, info gherkin.HookInfo) Hook {
	rec := &recorder{current: -1, hook: 0, hooks: []Hook{{Info: info, Started: time.Now()}}}
	err := guard(gherkin.WithRecorder(ctx, rec), hook.Run)
	rec.write(func() { rec.hooks[0].finish(err) })
	rec.seal()
	return rec.hooks[0]
}

// before runs the hooks that come before all scenarios, and tells whether the
// run may go on.
func (d *driver) before(ctx context.Context) error {
	var errs []error
	for i, hook := range d.config.Before {
		errs = append(errs, d.hook(ctx, hook, d.plan.Before[i]))
	}
	return errors.Join(errs...)
}

func (d *driver) after(ctx context.Context) error {
	var errs []error
	for i := len(d.config.After) - 1; i >= 0; i-- {
		errs = append(errs, d.hook(ctx, d.config.After[i], d.plan.After[i]))
	}
	return errors.Join(errs...)
}

func (d *driver) hook(ctx context.Context, hook RunHook, info gherkin.HookInfo) error {
	h := runHook(ctx, hook, info)
	d.summary.Hooks = append(d.summary.Hooks, h)
	if h.Status == Passed {
		return nil
	}
	return fmt.Errorf("%s (%s): %s", h.Info, h.Info.Location, detail(h.Err))
}

// start starts the reporters.
func (d *driver) start() error {
	for _, reporter := range d.config.Reporters {
		if err := reporter.Start(d.plan); err != nil {
			d.summary.Err = errors.Join(d.summary.Err, err)
		}
	}
	return d.summary.Err
}

// finish ends the reporters, also those that could not start.
func (d *driver) finish() error {
	var errs []error
	for _, reporter := range d.config.Reporters {
		errs = append(errs, reporter.Finish(d.summary))
	}
	return errors.Join(errs...)
}
