package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"
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

	steps   []Step
	current int // the running step, or -1 before the first
	ended   int // how many steps have ended
	log     []string

	stepErr  error // what the After hooks of the scenario started with
	afterErr error // and what they ended with
}

func newRecorder(s *Scenario) *recorder {
	r := &recorder{current: -1, steps: make([]Step, len(s.Pickle.Steps))}
	for i, step := range s.Pickle.Steps {
		r.steps[i] = Step{
			Keyword: strings.TrimSpace(s.steps[i].Keyword), Text: step.Text,
			Line: int(s.steps[i].Location.Line), Argument: step.Argument, Status: Skipped,
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

func (r *recorder) addLog(line string) {
	r.write(func() {
		if r.current < 0 {
			r.log = append(r.log, line)
			return
		}
		step := &r.steps[r.current]
		step.Log = append(step.Log, line)
	})
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
			going = r.ended == 0 || r.steps[r.ended-1].Status == Passed
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
			s.Status, s.Err, s.Attachments = statusOf(status, err), err, godog.Attachments(ctx)
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
			r.steps[r.current].Attachments = godog.Attachments(ctx) // with those of the hooks
		})
		return ctx, nil
	})
}

// hookErr returns the error of the After hooks, or nil. godog passes the step's
// error through them and wraps it if one of them fails.
func (r *recorder) hookErr() error {
	if r.afterErr == nil || r.stepErr != nil && r.stepErr.Error() == r.afterErr.Error() {
		return nil
	}
	return r.afterErr
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
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !isOnly(inner, target) {
				return false
			}
		}
		return len(e.Unwrap()) > 0
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return isOnly(inner, target)
		}
	}
	return errors.Is(err, target)
}

// label names a step for a reader.
func (s Step) label() string { return fmt.Sprintf("%s %s", s.Keyword, s.Text) }
