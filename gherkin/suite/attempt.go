package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

// attempt runs a scenario once. It knows nothing of testing.
func (c Config) attempt(parent context.Context, s *Scenario, number int) Result {
	result := Result{Scenario: s, Attempt: number, Started: time.Now()}
	rec := newRecorder(s, c.Definitions)
	if s.empty != "" {
		result.Status, result.Reason, result.Err = Failed, s.empty, errors.New(s.empty)
		result.Hooks = rec.hooks
		result.explain()
		return result
	}

	ctx, cancel := context.WithTimeoutCause(parent, c.Timeout, &TimeoutError{Limit: c.Timeout})
	defer cancel()
	err := guard(gherkin.WithRecorder(ctx, rec), func(ctx context.Context) error {
		return c.play(ctx, s, rec)
	})
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}
	world := rec.seal()
	result.Steps, result.Hooks, result.Attachments = rec.steps, rec.hooks, rec.attachments
	result.judge(err, rec)

	// What closing attaches has a record of its own: a scenario that was left
	// behind may still be writing to the other.
	closing := &recorder{current: -1, hook: -1}
	err = c.closeWorld(gherkin.WithRecorder(context.WithoutCancel(parent), closing), world)
	closing.seal()
	result.Attachments = append(result.Attachments, closing.attachments...)
	if err != nil {
		result.fail(fmt.Errorf("close the world: %w", err))
	}
	result.explain()
	result.Duration = time.Since(result.Started)
	return result
}

// play makes the world and runs the scenario in it.
func (c Config) play(ctx context.Context, s *Scenario, rec *recorder) error {
	world, err := c.World(ctx, s)
	if !rec.setWorld(world) {
		return c.closeWorld(context.WithoutCancel(ctx), world) // nobody else will
	}
	if err != nil {
		return fmt.Errorf("make the world: %w", err)
	}
	if world.Bind == nil {
		return errors.New("the world has no Bind function")
	}
	return runGodog(ctx, world, s, rec)
}

// closeWorld takes as long as the scenario may: what there is to close has grown
// with it.
func (c Config) closeWorld(ctx context.Context, world World) error {
	if world.Close == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return guard(ctx, world.Close)
}

// silent is the name of a formatter that does nothing. godog finds formatters
// by name in a registry that must not be changed while suites run.
const silent = "suite-silent"

func init() { //nolint:gochecknoinits // godog's registry may only be changed before any suite runs
	godog.Format(silent, "writes nothing", func(name string, out io.Writer) godog.Formatter {
		return silentFormatter{godog.NewBaseFmt(name, out)}
	})
}

// silentFormatter is the base of godog's own formatters, which only sums up: what
// happens is taken from hooks.
type silentFormatter struct{ *godog.BaseFmt }

func (silentFormatter) Summary() {}

// runGodog runs the one scenario. The record has what became of its steps; the error
// is what else went wrong.
//
// godog wants a file to parse. It gets one that has only as many steps as the scenario,
// and the scenario itself takes their place before the first hook of the world. So what
// runs is what was loaded, whatever godog would have made of the file, and a row of many
// costs no more than a scenario of its own.
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
			sc.Before(func(ctx context.Context, given *godog.Scenario) (context.Context, error) {
				return ctx, s.replace(given)
			})
			rec.before(sc)
			if bindErr = world.Bind(sc); bindErr != nil {
				panic(bindErr)
			}
			rec.after(sc)
		},
		Options: &godog.Options{
			Format: silent, Output: io.Discard, NoColors: true,
			Strict: true, DefaultContext: ctx, Concurrency: 1,
			FeatureContents: []godog.Feature{{Name: s.Feature.URI, Contents: s.bare()}},
		},
	}.Run()
	if scenarios != 1 {
		return fmt.Errorf("godog ran %d scenarios instead of one (exit status %d); this is a defect of the driver", scenarios, status)
	}
	if status != 0 && rec.unsuspecting() {
		return fmt.Errorf("godog ended with exit status %d, but no step or hook has failed", status)
	}
	return nil
}

// bare is a feature file with one scenario of as many steps.
func (s *Scenario) bare() []byte {
	return []byte("Feature: F\nScenario: S\n" + strings.Repeat("* s\n", len(s.Pickle.Steps)))
}

// replace makes the scenario of the bare file this one. godog knows it, and its steps,
// by their ids, which stay.
func (s *Scenario) replace(bare *godog.Scenario) error {
	if len(bare.Steps) != len(s.Pickle.Steps) {
		return fmt.Errorf("godog found %d steps instead of %d; this is a defect of the driver", len(bare.Steps), len(s.Pickle.Steps))
	}
	bare.Uri, bare.Name, bare.Language, bare.Location = s.Pickle.Uri, s.Pickle.Name, s.Pickle.Language, s.Pickle.Location
	bare.Tags = make([]*messages.PickleTag, len(s.Pickle.Tags))
	for i, tag := range s.Pickle.Tags {
		bare.Tags[i] = &messages.PickleTag{Name: tag.Name, AstNodeId: tag.AstNodeId}
	}
	for i, step := range s.Pickle.Steps {
		bare.Steps[i].Text, bare.Steps[i].Type, bare.Steps[i].Argument = step.Text, step.Type, copyOf(step.Argument)
	}
	return nil
}

// copyOf is for steps, which get the doc string itself and may change it.
func copyOf(argument *messages.PickleStepArgument) *messages.PickleStepArgument {
	if argument == nil {
		return nil
	}
	copied := *argument
	if doc := argument.DocString; doc != nil {
		own := *doc
		copied.DocString = &own
	}
	if table := argument.DataTable; table != nil {
		own := *table
		own.Rows = make([]*messages.PickleTableRow, len(table.Rows))
		for i, row := range table.Rows {
			own.Rows[i] = &messages.PickleTableRow{Cells: make([]*messages.PickleTableCell, len(row.Cells))}
			for j, cell := range row.Cells {
				own.Rows[i].Cells[j] = &messages.PickleTableCell{Value: cell.Value}
			}
		}
		copied.DataTable = &own
	}
	return &copied
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
	for _, hook := range r.hooks {
		if hook.Status > Skipped {
			return false
		}
	}
	return r.hookErr() == nil && !r.overruled
}

// judge finds the verdict from the record and from what went wrong outside it.
func (r *Result) judge(err error, rec *recorder) {
	r.Status = Passed
	for _, step := range r.Steps {
		if step.Status > r.Status || step.Status == r.Status && r.Reason == "" && step.Err != nil {
			r.Status, r.Reason = step.Status, step.reason()
		}
	}
	for _, hook := range r.Hooks {
		if hook.Err != nil && (hook.Status > r.Status || hook.Status == r.Status && r.Reason == "") {
			r.Status, r.Reason = hook.Status, hook.reason()
		}
	}
	if hookErr := rec.hookErr(); hookErr != nil {
		r.settle(fmt.Errorf("after scenario hook failed: %w", hookErr))
	}
	var timeout *TimeoutError
	switch {
	case err == nil:
		if rec.ended < len(r.Steps) {
			r.fail(fmt.Errorf("only %d of %s %s reached", rec.ended, plural.Of(len(r.Steps), "step"), plural.Word(rec.ended, "was", "were")))
		}
	case errors.Is(err, errGoexit):
		// To godog the step has passed: nothing was returned and nothing panicked.
		left := rec.endLeftHook() || slices.ContainsFunc(r.Hooks, func(h Hook) bool { return errors.Is(h.Err, errGoexit) })
		if !left && rec.current >= 0 {
			step := &r.Steps[rec.current]
			step.Status, step.Err = Failed, errGoexit
			r.Status, r.Reason = Failed, step.reason()
		}
		r.fail(err)
	case errors.As(err, &timeout):
		switch {
		case rec.hook >= 0:
			r.Hooks[rec.hook].finish(errStill)
		case rec.current >= 0 && rec.ended < len(r.Steps):
			step := &r.Steps[rec.current]
			step.Status, step.Err = Failed, errStill
		}
		r.Status, r.Reason = Failed, r.timeoutReason(timeout)
		r.Err = errors.Join(r.Err, err)
	default:
		r.settle(err)
	}
}

// errStill is the error of what has not ended with the time limit.
var errStill = errors.New("still running after the end of the time limit")

// timeoutReason names the step or hook that was not let go on, or that was not
// let begin, and what a step had to say of that, which may be the cause.
func (r *Result) timeoutReason(timeout *TimeoutError) string {
	for _, step := range r.Steps {
		if step.Status == Failed {
			reason := fmt.Sprintf("%s, in: %s", timeout, step.label())
			if said := oneLine(step.Err.Error()); step.Err != errStill && said != context.DeadlineExceeded.Error() && !strings.Contains(said, timeout.Error()) { //nolint:errorlint // it is the one that was put there
				reason += ": " + said
			}
			return reason
		}
	}
	for _, hook := range r.Hooks {
		if hook.Status == Failed {
			return fmt.Sprintf("%s, in: %s", timeout, hook.Info)
		}
	}
	return timeout.Error()
}

// outside is the name of the hook that stands for what is neither a step nor a
// registered hook. Readers of reports know it by this name.
const outside = "the harness"

// explain adds a hook for what went wrong, or was skipped, outside the steps and
// hooks, so that whoever reads only those learns of it.
func (r *Result) explain() {
	r.Hooks = slices.DeleteFunc(r.Hooks, func(h Hook) bool { return h.Info.Name == outside && h.Info.Index == 0 })
	if r.Err == nil && r.explained() {
		return
	}
	hook := Hook{Info: gherkin.HookInfo{Type: gherkin.AfterScenario, Name: outside}, Status: r.Status, Err: r.Err}
	if hook.Err == nil {
		hook.Err = errors.New(r.Reason)
	}
	if r.Status == Skipped {
		hook.Err = &gherkin.SkipError{Reason: r.Reason}
	}
	if !slices.ContainsFunc(r.Steps, func(s Step) bool { return !s.Started.IsZero() }) &&
		!slices.ContainsFunc(r.Hooks, func(h Hook) bool { return !h.Started.IsZero() }) {
		hook.Info.Type = gherkin.BeforeScenario
		r.Hooks = slices.Insert(r.Hooks, 0, hook)
		return
	}
	r.Hooks = append(r.Hooks, hook)
}

func (r *Result) explained() bool {
	return r.Status == Passed ||
		slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Status == r.Status && s.Err != nil }) ||
		slices.ContainsFunc(r.Hooks, func(h Hook) bool { return h.Status == r.Status && h.Err != nil })
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
		return s.saying() + ": no definition matches"
	case s.Status == Ambiguous:
		return s.saying() + ": several definitions match"
	case s.Status == Pending:
		return s.saying() + ": " + strings.TrimPrefix(oneLine(s.Err.Error()), "pending: ")
	default:
		return s.saying() + ": " + oneLine(s.Err.Error())
	}
}

// saying is the label as the beginning of a sentence: a step with a table ends in a colon.
func (s Step) saying() string { return strings.TrimSuffix(s.label(), ":") }

func (h Hook) reason() string {
	if h.Status == Skipped {
		return skipReason(h.Err)
	}
	return fmt.Sprintf("%s: %s", h.Info, oneLine(h.Err.Error()))
}

// skipReason takes off what godog puts around an error.
func skipReason(err error) string {
	if skip, ok := errors.AsType[*gherkin.SkipError](err); ok {
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
