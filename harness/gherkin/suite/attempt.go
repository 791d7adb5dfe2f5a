package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"groupcheckout/harness/gherkin"
)

// closeLimit is how long closing a world may take.
const closeLimit = 10 * time.Second

// attempt runs a scenario once. It knows nothing of testing.
func (c Config) attempt(parent context.Context, s *Scenario, number int) Result {
	result := Result{Scenario: s, Attempt: number, Started: time.Now()}
	rec := newRecorder(s)
	if s.empty != "" {
		result.Status, result.Reason, result.Err = Failed, s.empty, errors.New(s.empty)
		return result
	}

	ctx, cancel := context.WithTimeoutCause(parent, c.Timeout, &TimeoutError{Limit: c.Timeout})
	defer cancel()
	err := guard(gherkin.WithLog(ctx, rec.addLog), func(ctx context.Context) error {
		return c.play(ctx, s, rec)
	})
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}
	world := rec.seal()
	result.Steps, result.Log = rec.steps, rec.log
	result.judge(err, rec)

	if err := closeWorld(context.WithoutCancel(parent), world); err != nil {
		result.fail(fmt.Errorf("close the world: %w", err))
	}
	result.Duration = time.Since(result.Started)
	return result
}

// play makes the world and runs the scenario in it.
func (c Config) play(ctx context.Context, s *Scenario, rec *recorder) error {
	world, err := c.World(ctx, s)
	if !rec.setWorld(world) {
		return closeWorld(context.WithoutCancel(ctx), world) // nobody else will
	}
	if err != nil {
		return fmt.Errorf("make the world: %w", err)
	}
	if world.Bind == nil {
		return errors.New("the world has no Bind function")
	}
	return runGodog(ctx, world, s, rec)
}

func closeWorld(ctx context.Context, world World) error {
	if world.Close == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	return guard(ctx, world.Close)
}

// silent is the name of a formatter that does nothing. godog finds formatters
// by name in a registry that must not be changed while suites run.
const silent = "groupcheckout-silent"

func init() { //nolint:gochecknoinits // godog's registry may only be changed before any suite runs
	godog.Format(silent, "writes nothing", func(string, io.Writer) godog.Formatter { return silentFormatter{} })
}

// runGodog runs the one scenario that is left in the masked file. The record
// has what became of its steps; the error is what else went wrong.
func runGodog(ctx context.Context, world World, s *Scenario, rec *recorder) (err error) {
	var bindErr error
	defer func() {
		if bindErr != nil {
			_ = recover() // the panic below, which is the only way out of godog from there
			err = fmt.Errorf("bind the steps: %w", bindErr)
		}
	}()
	scenarios := 0
	status := godog.TestSuite{
		Name: s.Name,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			scenarios++
			rec.before(sc)
			if bindErr = world.Bind(sc); bindErr != nil {
				panic(bindErr)
			}
			rec.after(sc)
		},
		Options: &godog.Options{
			Format: silent, Output: io.Discard, NoColors: true,
			Strict: true, DefaultContext: ctx, Concurrency: 1,
			FeatureContents: []godog.Feature{{Name: s.Feature.URI, Contents: s.masked()}},
		},
	}.Run()
	if scenarios != 1 {
		return fmt.Errorf("godog ran %d scenarios of the masked file instead of one (exit status %d); this is a defect of the driver", scenarios, status)
	}
	if status != 0 && rec.unsuspecting() {
		return fmt.Errorf("godog ended with exit status %d, but no step or hook has failed", status)
	}
	return nil
}

// unsuspecting tells whether nothing was recorded that would fail the scenario.
func (r *recorder) unsuspecting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, step := range r.steps {
		if step.Status > Skipped {
			return false
		}
	}
	return r.hookErr() == nil
}

// judge finds the verdict from the record and from what went wrong outside it.
func (r *Result) judge(err error, rec *recorder) {
	r.Status = Passed
	for _, step := range r.Steps {
		if step.Status > r.Status || step.Status == r.Status && r.Reason == "" && step.Err != nil {
			r.Status, r.Reason = step.Status, step.reason()
		}
	}
	if hookErr := rec.hookErr(); hookErr != nil {
		r.settle(fmt.Errorf("after scenario hook failed: %w", hookErr))
	}
	var timeout *TimeoutError
	switch {
	case err == nil:
		if rec.ended < len(r.Steps) {
			r.fail(fmt.Errorf("only %d of %d steps were reached", rec.ended, len(r.Steps)))
		}
	case errors.Is(err, errGoexit):
		// To godog the step has passed: nothing was returned and nothing panicked.
		if rec.current >= 0 {
			step := &r.Steps[rec.current]
			step.Status, step.Err = Failed, errGoexit
			r.Status, r.Reason = Failed, step.reason()
		}
		r.fail(err)
	case errors.As(err, &timeout):
		if rec.current >= 0 && rec.ended < len(r.Steps) {
			step := &r.Steps[rec.current]
			step.Status, step.Err = Failed, errors.New("still running after the end of the time limit")
		}
		r.Status, r.Reason = Failed, timeoutReason(timeout, r.Steps)
		r.Err = errors.Join(r.Err, err)
	default:
		r.settle(err)
	}
}

// timeoutReason names the step that was not let go on, or that was not let begin.
func timeoutReason(timeout *TimeoutError, steps []Step) string {
	for _, step := range steps {
		if step.Status == Failed {
			return fmt.Sprintf("%s, in: %s", timeout, step.label())
		}
	}
	return timeout.Error()
}

// settle takes in an error from outside the steps, which may be a skip.
func (r *Result) settle(err error) {
	if !isOnly(err, godog.ErrSkip) {
		r.fail(err)
		return
	}
	if r.Status <= Skipped {
		r.Status = Skipped
		if r.Reason == "" {
			r.Reason = skipReason(err)
		}
	}
}

// fail keeps the first reason, which is likely to be the cause of the others.
func (r *Result) fail(err error) {
	if r.Status <= Skipped || r.Reason == "" {
		r.Reason = oneLine(err.Error())
	}
	r.Status = Failed
	r.Err = errors.Join(r.Err, err)
}

func (s Step) reason() string {
	switch {
	case s.Err == nil:
		return ""
	case s.Status == Skipped:
		return skipReason(s.Err)
	case s.Status == Undefined:
		return s.label() + ": no definition matches"
	case s.Status == Ambiguous:
		return s.label() + ": several definitions match"
	case s.Status == Pending:
		return s.label() + ": " + strings.TrimPrefix(oneLine(s.Err.Error()), "pending: ")
	default:
		return s.label() + ": " + oneLine(s.Err.Error())
	}
}

// skipReason takes off what godog puts around an error.
func skipReason(err error) string {
	var skip *gherkin.SkipError
	if errors.As(err, &skip) {
		return skip.Reason
	}
	text := strings.TrimPrefix(err.Error(), "before scenario hook failed: ")
	text = strings.TrimPrefix(text, "after scenario hook failed: ")
	text = strings.TrimSuffix(text, ": "+godog.ErrSkip.Error())
	text = strings.TrimPrefix(text, godog.ErrSkip.Error()+": ")
	if text == "" || text == godog.ErrSkip.Error() {
		return "no reason was given"
	}
	return oneLine(text)
}

func oneLine(text string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if rest != "" {
		return first + " …"
	}
	return first
}
