package gherkin

import (
	"context"
	"fmt"

	"github.com/cucumber/godog"
)

// SkipError ends a scenario without a verdict. errors.Is(err, godog.ErrSkip) is
// true for it.
type SkipError struct{ Reason string }

func (e *SkipError) Error() string { return "skipped: " + e.Reason }

// Unwrap returns godog.ErrSkip.
func (e *SkipError) Unwrap() error { return godog.ErrSkip }

// Skip is returned by a step or hook that finds that its scenario cannot be run
// here, for a reason that a reader of the report understands.
func Skip(format string, args ...any) error {
	return &SkipError{Reason: fmt.Sprintf(format, args...)}
}

// PendingError says that a step is not written yet. errors.Is(err,
// godog.ErrPending) is true for it.
type PendingError struct{ Reason string }

func (e *PendingError) Error() string { return "pending: " + e.Reason }

// Unwrap returns godog.ErrPending.
func (e *PendingError) Unwrap() error { return godog.ErrPending }

// Pending is returned by a step that is not written yet; it fails the scenario.
func Pending(format string, args ...any) error {
	return &PendingError{Reason: fmt.Sprintf(format, args...)}
}

type logKey struct{}

// WithLog makes [Logf] call log. It may be called from any goroutine that has
// the context.
func WithLog(ctx context.Context, log func(line string)) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}

// Logf notes something that helps to understand the running step. It is shown
// beneath that step if the scenario fails, or always under go test -v. Without
// a log in the context it does nothing. Use it in place of godog.Log, which
// writes to standard output, between the lines of other scenarios.
func Logf(ctx context.Context, format string, args ...any) {
	if log, ok := ctx.Value(logKey{}).(func(string)); ok {
		log(fmt.Sprintf(format, args...))
	}
}
