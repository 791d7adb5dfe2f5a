package suite

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
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

// hooks runs hooks of the run, all of them whatever becomes of the others. The
// error has each that did not pass.
func (d *driver) hooks(ctx context.Context, hooks []RunHook, infos []gherkin.HookInfo) error {
	var errs []error
	for i, hook := range hooks {
		rec := &recorder{current: -1, hook: 0, hooks: []Hook{{Info: infos[i], Started: time.Now()}}}
		err := guard(gherkin.WithRecorder(ctx, rec), hook.Run)
		rec.write(func() { rec.hooks[0].finish(err) })
		rec.seal()
		h := rec.hooks[0]
		d.summary.Hooks = append(d.summary.Hooks, h)
		if h.Status != Passed {
			errs = append(errs, fmt.Errorf("%s (%s): %s", h.Info, h.Info.Location, detail(h.Err)))
		}
	}
	return errors.Join(errs...)
}

// backwards returns a reversed copy.
func backwards[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
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
