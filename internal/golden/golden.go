// Package golden compares what tests got with files that hold what is wanted.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the tests got to testdata instead of comparing it") //nolint:gochecknoglobals // a flag of the test binary

// Compare compares what a test got with the file of this name beneath testdata. With
// -update it writes the file first, whose changes are then to be read.
func Compare(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // the test names it
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("this differs from %s; run the test with -update if it is meant to (-want +got):\n%s", file, diff)
	}
}
