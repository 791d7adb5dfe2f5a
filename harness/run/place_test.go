package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

func TestFilesStandWhereTheCommandWasGiven(t *testing.T) {
	t.Parallel()
	absolute := filepath.Join(t.TempDir(), "run.xml")
	for folder, want := range map[string]string{"/at/home": filepath.Join("/at/home", "build", "run.ndjson"), "": filepath.Join("build", "run.ndjson")} {
		o := options{messages: filepath.Join("build", "run.ndjson"), junit: absolute}
		o.place(folder)
		if o.messages != want || o.junit != absolute || o.summary != "" {
			t.Errorf("in %q: got %q, %q and %q, want %q, the absolute one as it was, and none", folder, o.messages, o.junit, o.summary, want)
		}
	}
	// Under go test it is not the folder of this package, unless that was called there.
	here, err := os.Getwd()
	check.Must(t, err)
	if folder := commandFolder(); folder != "" && !strings.HasPrefix(here, folder) {
		t.Errorf("got %q, want the folder %q or one above it", folder, here)
	}
}
