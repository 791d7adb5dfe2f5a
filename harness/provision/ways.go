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
	bringUp func(context.Context, Options) (S, error)
}

// kind is what tells one kind of servers from another.
type kind[S fmt.Stringer] struct {
	name                   string // for people
	envImage, defaultImage string
	attempts               []attempt[S]
}

// bringUp brings up a server.
func (k kind[S]) bringUp(ctx context.Context, options Options) (up S, err error) {
	options, err = options.withDefaults(k.envImage, k.defaultImage)
	if err != nil {
		return up, err
	}
	if up, err = inOrder(ctx, options, k.attempts); err != nil {
		return up, fmt.Errorf("bring up %s: %w", k.name, err)
	}
	options.Log.InfoContext(ctx, "a server is up", "kind", k.name, "how", up.String())
	return up, nil
}

// errNotConfigured is the only failure of an address that lets the next way
// have its turn: nobody named an address.
var errNotConfigured = errors.New("not configured")

// inOrder brings up a server in the way that was asked for or, if none was, in the
// first way that works.
func inOrder[S any](ctx context.Context, options Options, attempts []attempt[S]) (S, error) {
	var none S
	var failures []Failure
	for _, a := range attempts {
		if options.Way != "" && a.way != options.Way {
			continue
		}
		server, err := a.bringUp(ctx, options)
		if err == nil {
			return server, nil
		}
		if options.Way != "" || a.way == Address && !errors.Is(err, errNotConfigured) {
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
