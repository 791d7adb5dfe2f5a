// Package check has what tests check again and again.
package check

import (
	"strings"

	"github.com/google/go-cmp/cmp"
)

// T is a test, a benchmark, or a test of rapid.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

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

// NoError fails the test if what it did has failed, and lets it go on.
func NoError(t T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
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
