package tried_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/tried"
)

// What is noted becomes the rows that make tried prints.
func TestWhatWasTriedBecomesRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tried.txt")
	t.Setenv("TRIED", file)
	t.Run("of a part", func(t *testing.T) { tried.Times(t, "Message DB", "kills", 3) })
	tried.Longest(t, "Message DB", "longest pause", 1200*time.Millisecond)
	tried.Times(t, "DynamoDB", "kills", 1)
	tried.Times(t, "Message DB", "kills", 4)
	tried.Longest(t, "Message DB", "longest pause", 700*time.Millisecond)
	if _, err := exec.LookPath("awk"); err != nil {
		t.Skip(err)
	}
	out, err := exec.CommandContext(t.Context(), "awk", "-f", "table.awk", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "| TestWhatWasTriedBecomesRows | Message DB | kills: 7; longest pause: 1.20 s |\n" +
		"| TestWhatWasTriedBecomesRows | DynamoDB | kills: 1 |\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestNothingIsWrittenUnlessAFileIsNamed(t *testing.T) {
	t.Setenv("TRIED", "")
	t.Chdir(t.TempDir())
	tried.Times(t, "", "kills", 3)
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("got the files %v and error %v, want none", files, err)
	}
}
