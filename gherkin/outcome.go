package gherkin

import (
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
