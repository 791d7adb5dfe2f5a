// Package check has what tests check again and again.
package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// T is a test, a benchmark, or a test of rapid.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// Unraced skips a test under the race detector: one that computes a lot and would take ten
// times as long for nothing, since it has one goroutine, or only goroutines that other
// tests cover. make unit finds the tests that call this function at their top, runs them
// once more without the race detector, and fails if it is called anywhere else.
func Unraced(t interface{ Skip(args ...any) }) {
	if Raced {
		t.Skip("the race detector would find nothing; make unit runs this once more without")
	}
}

// Error is the error of a call whose other result does not matter.
func Error[V any](_ V, err error) error { return err }

// Must ends the test if there is an error.
func Must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// OK fails the test if there is an error, and lets it go on.
func OK(t T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%v", err)
	}
}

// Mustf is Must with what did not succeed.
func Mustf(t T, err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Sprintf(format, args...) + ": " + err.Error())
	}
}

// OKf is OK with what did not succeed.
func OKf(t T, err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

// Fails fails the test unless there is an error that says all of the parts, and lets it
// go on.
func Fails(t T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one that says %q", parts)
		return
	}
	Contains(t, err.Error(), parts...)
}

// Failsf fails the test unless there is an error of what it did, and lets it go on.
func Failsf(t T, err error, format string, args ...any) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want one", fmt.Sprintf(format, args...))
	}
}

// Equal fails the test if it got something other than it wants, and lets it go on; what
// names it.
func Equal[V comparable](t T, what string, want, got V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, quoted(got), quoted(want))
	}
}

// quoted is a text in quotes, and anything else as it is.
func quoted(v any) any {
	if text, ok := v.(string); ok {
		return strconv.Quote(text)
	}
	return v
}

// Same fails the test if cmp.Diff finds that it got something other than it wants, and
// lets it go on; what names it.
func Same(t T, what string, want, got any, options ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Contains fails the test for each part that the text lacks, and lets it go on.
func Contains(t T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got:\n%s\nwant in it: %s", text, part)
		}
	}
}
