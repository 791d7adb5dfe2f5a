package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
)

// recorder takes down what happens in one attempt at a scenario, from hooks
// that enclose those of the world. godog tells formatters less than hooks: not
// why a step was skipped, and nothing of a hook.
//
// The scenario's goroutine writes and the driver reads, which matters if that
// goroutine had to be left behind: what it does after seal is ignored.
type recorder struct {
	mu     sync.Mutex
	sealed bool
	world  World

	steps       []Step
	hooks       []Hook
	current     int  // the running step, or -1 before the first
	ended       int  // how many steps have ended
	hook        int  // the running hook, or -1
	overruled   bool // godog fails the scenario, rightly to it
	attachments []gherkin.Attachment
	noted       int // how many attachments of godog the current step had when it ended

	stepErr  error // what the After hooks of the scenario started with
	afterErr error // and what they ended with
}

func newRecorder(s *Scenario, definitions *gherkin.Definitions) *recorder {
	r := &recorder{current: -1, hook: -1, steps: make([]Step, len(s.Pickle.Steps))}
	for i, step := range s.Pickle.Steps {
		r.steps[i] = Step{
			Keyword: strings.TrimSpace(s.steps[i].Keyword), Text: step.Text,
			Line: int(s.steps[i].Location.Line), Argument: step.Argument, Status: Skipped,
		}
	}
	if definitions != nil {
		for _, info := range definitions.HooksFor(s.Tags) {
			r.hooks = append(r.hooks, Hook{Info: info, Status: Skipped})
		}
	}
	return r
}

// write runs f unless the record is closed.
func (r *recorder) write(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.sealed {
		f()
	}
	return !r.sealed
}

// seal closes the record and returns the world to close.
func (r *recorder) seal() World {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = true
	return r.world
}

// setWorld reports false if it comes too late for the driver to close the world.
func (r *recorder) setWorld(w World) bool { return r.write(func() { r.world = w }) }

// Attach implements gherkin.Recorder.
func (r *recorder) Attach(a gherkin.Attachment) { r.write(func() { r.attach(a) }) }

func (r *recorder) attach(list ...gherkin.Attachment) {
	to := &r.attachments
	switch {
	case r.hook >= 0:
		to = &r.hooks[r.hook].Attachments
	case r.current >= 0:
		to = &r.steps[r.current].Attachments
	}
	*to = append(*to, list...)
}

// HookStarted implements gherkin.Recorder.
func (r *recorder) HookStarted(info gherkin.HookInfo) {
	r.write(func() {
		r.endLeftHook()
		r.hook = slices.IndexFunc(r.hooks, func(h Hook) bool { return h.Info == info })
		if r.hook < 0 { // the world's definitions are not those of the configuration
			r.hook = len(r.hooks)
			r.hooks = append(r.hooks, Hook{Info: info})
		}
		r.hooks[r.hook].Started = time.Now()
	})
}

// HookFinished implements gherkin.Recorder.
func (r *recorder) HookFinished(_ gherkin.HookInfo, err error) {
	r.write(func() {
		r.hooks[r.hook].finish(err)
		r.hook = -1
	})
}

// endLeftHook ends a hook that has left its goroutine: godog goes on all the same.
func (r *recorder) endLeftHook() (left bool) {
	if left = r.hook >= 0; left {
		r.hooks[r.hook].finish(errGoexit)
		r.hook = -1
	}
	return left
}

// goesOn tells whether all hooks and steps so far have passed.
func (r *recorder) goesOn() bool {
	if r.ended > 0 {
		return r.steps[r.ended-1].Status == Passed
	}
	return !slices.ContainsFunc(r.hooks, func(h Hook) bool { return h.Err != nil })
}

// finish takes in how a hook ended.
func (h *Hook) finish(err error) {
	h.Duration, h.Err = time.Since(h.Started), err
	switch {
	case err == nil:
		h.Status = Passed
	case isOnly(err, godog.ErrSkip):
		h.Status = Skipped
	default:
		h.Status = Failed
	}
	if panicked, ok := errors.AsType[*gherkin.PanicError](err); ok {
		panicked.Stack = ownFrames(panicked.Stack)
	}
}

// before registers the hooks that come before those of the world.
func (r *recorder) before(sc *godog.ScenarioContext) {
	sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
		if step.Id == "" { // a nested step, which is part of another
			return ctx, nil
		}
		going := false
		r.write(func() {
			r.current = r.ended
			r.steps[r.current].Started = time.Now()
			going = r.goesOn()
		})
		if going && ctx.Err() != nil {
			return ctx, context.Cause(ctx) // no step starts after the time limit
		}
		return ctx, nil
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		r.write(func() { r.stepErr = err })
		return ctx, nil
	})
}

// after registers the hooks that come after those of the world.
func (r *recorder) after(sc *godog.ScenarioContext) {
	sc.StepContext().After(func(ctx context.Context, step *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
		if step.Id == "" {
			return ctx, nil
		}
		r.write(func() {
			// A panic in a Before hook of the scenario skips the hook before the step.
			r.current = r.ended
			r.ended++
			s := &r.steps[r.current]
			s.Status, s.Err = statusOf(status, err), err
			switch {
			case r.endLeftHook(), err != nil && every(err, isHookError):
				s.Status, s.Err = Skipped, nil // the hook has failed or skipped, not the step
			case s.Status != Skipped && r.skips():
				s.Status, s.Err, r.overruled = Skipped, nil, true // nothing after a skip counts
			}
			own := fromGodog(godog.Attachments(ctx))
			r.noted = len(own)
			r.attach(own...)
			if !s.Started.IsZero() {
				s.Duration = time.Since(s.Started)
			}
			if s.Status == Skipped && err == nil { // it was left out
				s.Started, s.Duration = time.Time{}, 0
			}
		})
		return ctx, nil
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		r.write(func() {
			r.afterErr = err
			// Those of the step are there already; these are of the world's own hooks.
			all := fromGodog(godog.Attachments(ctx))
			r.attach(all[min(len(all), r.noted):]...)
		})
		return ctx, nil
	})
}

// skips tells whether a step or hook has skipped the rest of the scenario.
func (r *recorder) skips() bool {
	for _, step := range r.steps[:r.current] {
		if step.Status == Skipped && step.Err != nil {
			return true
		}
	}
	for _, hook := range r.hooks {
		if hook.Info.Type == gherkin.BeforeScenario && hook.Status == Skipped && hook.Err != nil {
			return true
		}
	}
	return false
}

// hookErr returns the error of those After hooks that are godog's own, or nil.
// godog passes the step's error through them and wraps it if one of them fails.
func (r *recorder) hookErr() error {
	if r.afterErr == nil || every(r.afterErr, func(err error) bool {
		return isHookError(err) || r.stepErr != nil && r.stepErr.Error() == err.Error()
	}) {
		return nil
	}
	return r.afterErr
}

func isHookError(err error) bool {
	_, ok := err.(*gherkin.HookError) //nolint:errorlint // every walks the tree
	return ok
}

// statusOf does not believe godog in two cases: an error that is a skip, or
// pending, and something worse besides counts as a failure.
func statusOf(status godog.StepResultStatus, err error) Status {
	switch {
	case status == godog.StepPassed && err == nil:
		return Passed
	case status == godog.StepSkipped && (err == nil || isOnly(err, godog.ErrSkip)):
		return Skipped
	case status == godog.StepPending && isOnly(err, godog.ErrPending):
		return Pending
	case status == godog.StepUndefined:
		return Undefined
	case status == godog.StepAmbiguous:
		return Ambiguous
	default:
		return Failed
	}
}

// isOnly tells whether every error that is joined in err is the target.
func isOnly(err, target error) bool {
	return every(err, func(e error) bool { return e == target }) //nolint:errorlint // every walks the tree
}

// every tells whether each error that is joined in err has one that matches
// among those it wraps.
func every(err error, matches func(error) bool) bool {
	if matches(err) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !every(inner, matches) {
				return false
			}
		}
		return len(e.Unwrap()) > 0
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return every(inner, matches)
		}
	}
	return false
}

// fromGodog turns attachments that came through a context into ours. What reads
// as text is text.
func fromGodog(list []godog.Attachment) []gherkin.Attachment {
	converted := make([]gherkin.Attachment, len(list))
	for i, a := range list {
		converted[i] = gherkin.Attachment{MediaType: a.MediaType, FileName: a.FileName, At: time.Now()}
		if isText(a.Body) {
			converted[i].Text = string(a.Body)
		} else {
			converted[i].Body = a.Body
		}
	}
	return converted
}

func isText(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\x1b", r)
	})
}

// logLines are the attachments that are lines of a log.
func logLines(attachments []gherkin.Attachment) []string {
	var lines []string
	for _, a := range attachments {
		if a.MediaType == gherkin.LogMediaType {
			lines = append(lines, a.Text)
		}
	}
	return lines
}

// label names a step for a reader.
func (s Step) label() string { return fmt.Sprintf("%s %s", s.Keyword, s.Text) }
