package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// attempt is one way to bring up a server of some kind.
type attempt[S any] struct {
	way     Way
	bringUp func(context.Context) (S, error)
}

// errNotConfigured is the only failure of an address that lets the next way
// have its turn: nobody named an address.
var errNotConfigured = errors.New("not configured")

// inOrder brings up a server in the way that was asked for or, if asked is
// empty, in the first way that works.
func inOrder[S any](ctx context.Context, asked Way, attempts []attempt[S]) (S, error) {
	var none S
	var failures []Failure
	for _, a := range attempts {
		if asked != "" && a.way != asked {
			continue
		}
		server, err := a.bringUp(ctx)
		if err == nil {
			return server, nil
		}
		if asked != "" || a.way == Address && !errors.Is(err, errNotConfigured) {
			return none, fmt.Errorf("%s: %w", a.way, err)
		}
		failures = append(failures, Failure{Way: a.way, Err: err})
		if ctx.Err() != nil {
			break
		}
	}
	return none, &UnavailableError{Failures: failures}
}

// UnavailableError says that none of the ways that were tried brought a server
// up.
type UnavailableError struct {
	Failures []Failure // in the order of the attempts
}

// Failure is why one way did not work.
type Failure struct {
	Way Way
	Err error
}

// Error gives one line for each way, indented.
func (e *UnavailableError) Error() string {
	var text strings.Builder
	text.WriteString("no way to a server works; mend one of these:")
	for _, f := range e.Failures {
		reason := strings.ReplaceAll(strings.TrimSpace(f.Err.Error()), "\n", "\n    ")
		fmt.Fprintf(&text, "\n  %s: %s", f.Way, reason)
	}
	return text.String()
}

// Unwrap returns the error of each way.
func (e *UnavailableError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}
