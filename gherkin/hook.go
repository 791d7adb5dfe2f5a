package gherkin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	messages "github.com/cucumber/messages/go/v34"
)

// Hook describes a hook when it is registered. The zero Hook has no name and
// runs for every scenario.
type Hook struct {
	Name string // for reports
	Tags string // the hook runs only for scenarios that this tag expression selects; see [ParseTags]
}

// HookType says when a hook runs.
type HookType string

// The types of hooks. A registrar takes those of scenarios; those of a run
// belong to whoever drives it.
const (
	BeforeScenario HookType = "before scenario"
	AfterScenario  HookType = "after scenario"
	BeforeRun      HookType = "before run"
	AfterRun       HookType = "after run"
)

// HookInfo describes a hook. It is comparable, and no two hooks of [Definitions]
// are equal.
type HookInfo struct {
	Type     HookType
	Name     string
	Tags     string
	Location Location
	Index    int // its place among the hooks of its Definitions, from 1; 0 is none of them
}

// String names the hook for a reader.
func (h HookInfo) String() string {
	if h.Name == "" {
		return string(h.Type)
	}
	return fmt.Sprintf("%s: %s", h.Type, h.Name)
}

// HookError is the failure, skip or panic of a hook that [Registrar.Before] or
// [Registrar.After] registered.
type HookError struct {
	Hook HookInfo
	Err  error
}

func (e *HookError) Error() string { return fmt.Sprintf("%s: %v", e.Hook, e.Err) }

// Unwrap returns the hook's own error.
func (e *HookError) Unwrap() error { return e.Err }

// PanicError is a panic outside a step, such as in a hook.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// hook is a registered hook.
type hook struct {
	info    HookInfo
	matches func(tags []string) bool
	lacking bool // it was registered without a function
}

// hookFunc is the function of either type of hook.
type hookFunc func(ctx context.Context, failure error) error

func (h *hook) compile() error {
	var err error
	if h.lacking {
		return fmt.Errorf("the hook %q needs a function, but was given nil", h.info)
	}
	if h.matches, err = ParseTags(h.info.Tags); err != nil {
		return fmt.Errorf("the hook %q: %w", h.info, err)
	}
	return nil
}

// Before registers a hook that runs before the first step of a scenario. Hooks
// run in the order of their registration. After one that fails or skips, the
// rest of them and all steps are left out; After hooks run in any case.
func (r *Registrar) Before(hook Hook, fn func(ctx context.Context) error) {
	var run hookFunc
	if fn != nil {
		run = func(ctx context.Context, _ error) error { return fn(ctx) }
	}
	r.addHook(BeforeScenario, hook, run)
}

// After registers a hook that runs at the end of a scenario, last registered
// first run. All of them run, whatever happened before. The failure is what went
// wrong up to here, in a step or another hook; it is nil if nothing did.
//
// godog runs these hooks at the first failing step; the steps after it are left
// out in any case.
func (r *Registrar) After(hook Hook, fn func(ctx context.Context, failure error) error) {
	r.addHook(AfterScenario, hook, fn)
}

func (r *Registrar) addHook(when HookType, given Hook, run hookFunc) {
	at := caller(3)
	if r.binding != nil {
		r.bindHook(when, given, run)
		return
	}
	made := &hook{info: HookInfo{
		Type: when, Name: given.Name, Tags: given.Tags, Location: at, Index: len(r.draft.hooks) + 1,
	}, lacking: run == nil}
	r.draft.hooks, r.draft.order = append(r.draft.hooks, made), append(r.draft.order, made)
}

// bindHook takes the function for the next hook, as bind does for steps.
func (r *Registrar) bindHook(when HookType, given Hook, run hookFunc) {
	next := len(r.hooks)
	r.hooks = append(r.hooks, run)
	if len(r.errs) > 0 || next >= len(r.binding.hooks) {
		return // reported once, by Bind
	}
	info := r.binding.hooks[next].info
	switch {
	case info.Type != when || info.Name != given.Name || info.Tags != given.Tags:
		r.errs = append(r.errs, fmt.Errorf(
			"hook %d is %q, but it was %q (%s) when the definitions were compiled: define must register the same hooks each time",
			next+1, HookInfo{Type: when, Name: given.Name}, info, info.Location))
	case run == nil:
		r.errs = append(r.errs, fmt.Errorf("%s: the function of the hook %q is nil", info.Location, info))
	}
}

// runBefore runs the Before hooks of a scenario up to the first that does not pass.
func (d *Definitions) runBefore(ctx context.Context, tags []string, fns []hookFunc) error {
	for i, h := range d.hooks {
		if h.info.Type != BeforeScenario || !h.matches(tags) {
			continue
		}
		if err := h.run(ctx, fns[i], nil); err != nil {
			return err
		}
	}
	return nil
}

// runAfter runs the After hooks of a scenario, all of them, backwards.
func (d *Definitions) runAfter(ctx context.Context, tags []string, fns []hookFunc, failure error) error {
	var errs []error
	for i := len(d.hooks) - 1; i >= 0; i-- {
		h := d.hooks[i]
		if h.info.Type != AfterScenario || !h.matches(tags) {
			continue
		}
		if err := h.run(ctx, fns[i], errors.Join(failure, errors.Join(errs...))); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// run calls the hook's function and tells the recorder.
func (h *hook) run(ctx context.Context, fn hookFunc, failure error) (err error) {
	recorder, _ := ctx.Value(recorderKey{}).(Recorder)
	if recorder != nil {
		recorder.HookStarted(h.info)
	}
	returned := false
	defer func() {
		if !returned {
			value := recover()
			if value == nil {
				return // runtime.Goexit: the hook never ends
			}
			err = &HookError{Hook: h.info, Err: &PanicError{Value: value, Stack: string(debug.Stack())}}
		}
		if recorder != nil {
			recorder.HookFinished(h.info, errors.Unwrap(err))
		}
	}()
	failed := fn(ctx, failure)
	returned = true
	if failed != nil {
		err = &HookError{Hook: h.info, Err: failed}
	}
	return err
}

func tagNames(tags []*messages.PickleTag) []string {
	list := make([]string, len(tags))
	for i, tag := range tags {
		list[i] = tag.Name
	}
	return list
}
