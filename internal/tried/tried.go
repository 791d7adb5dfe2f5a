// Package tried has tests note how often they tried something, and how long it took, so
// that `make torture` can list that at its end.
package tried

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// file is the variable that names the file to write to. Without it, what a test notes is
// in its log alone.
const file = "TRIED"

// Times notes that something was tried so often. what is a plural, such as "kills"; where
// is a store, say, and may be empty. What is noted under the same words, by the same
// test, is added up.
func Times(t testing.TB, where, what string, n int) {
	t.Helper()
	note(t, where, what, "times", n)
}

// Longest notes how long something took, in whole milliseconds. Of what is noted under
// the same words, by the same test, the longest counts.
func Longest(t testing.TB, where, what string, took time.Duration) {
	t.Helper()
	note(t, where, what, "ms", int(took.Milliseconds()))
}

func note(t testing.TB, where, what, unit string, n int) {
	t.Helper()
	t.Logf("tried: %s: %s: %d %s", where, what, n, unit)
	name := os.Getenv(file)
	if name == "" {
		return
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	out, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // whoever runs the tests names it
	if err != nil {
		t.Fatalf("note what was tried: %v", err)
	}
	_, err = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\n", test, where, what, unit, n)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		t.Fatalf("note what was tried: %v", err)
	}
}
