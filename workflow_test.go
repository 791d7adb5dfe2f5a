package groupcheckout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCIMakesTheRunsThatTheDocumentationIsMadeOf compares the workflow with the
// Makefile, whose target site fails without one of them.
func TestCIMakesTheRunsThatTheDocumentationIsMadeOf(t *testing.T) {
	t.Parallel()
	workflow, err := os.ReadFile(".github/workflows/ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(makefile), "\nDOCS_RUNS := ")
	list, _, _ = strings.Cut(list, "\n")
	runs := strings.Fields(list)
	if len(runs) < 3 {
		t.Fatalf("got the runs %q in the Makefile, want one a store at least", runs)
	}
	for _, run := range runs {
		if !strings.Contains(string(workflow), "{ run: "+run+", ") {
			t.Errorf("the workflow has no job for the run %s", run)
		}
	}
}

// TestTheHistoryBeginsOnlyWhereThereIsNone runs the script that gets the site of
// the build before, with programs in the place of gh, curl and unzip that answer
// as GitHub may.
func TestTheHistoryBeginsOnlyWhereThereIsNone(t *testing.T) {
	t.Parallel()
	const (
		noArtifact = `case $2 in *artifacts*) exit 0;; esac; `
		noPages    = noArtifact + `echo "gh: Not Found (HTTP 404)" >&2; exit 1`
		pages      = noArtifact + `echo https://example.com/docs/`
	)
	tests := []struct {
		name, gh, curl string
		fails          bool
		want           string // the files that are there
	}{
		{"the artifact of a build", `case $2 in */zip) echo zip;; *) echo 7;; esac`, "", false, "unzipped"},
		{"no site yet", noPages, "", false, ""},
		{"the artifact has expired", pages, `echo history >"$7"; printf 200`, false, "history.jsonl"},
		{"a site without a history", pages, `echo no >"$7"; printf 404`, false, ""},
		{"the artifacts cannot be listed", `exit 1`, "", true, ""},
		{"the artifact cannot be downloaded", `case $2 in */zip) exit 1;; *) echo 7;; esac`, "", true, ""},
		{"the address cannot be asked for", noArtifact + `echo "gh: Server Error (HTTP 502)" >&2; exit 1`, "", true, ""},
		{"the history cannot be read", pages, `echo no >"$7"; printf 503`, true, "history.jsonl"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "previous")
			for name, script := range map[string]string{
				"gh": test.gh, "unzip": `touch "$4/unzipped"`,
				// The file to write to is found by its option, as the real one does.
				"curl": `while [ "$1" != --output ]; do shift; done; set -- 1 2 3 4 5 6 "$2"; ` + test.curl,
			} {
				if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // it has to be run
					t.Fatal(err)
				}
			}
			command := exec.CommandContext(t.Context(), "bash", ".github/previous-site", dir)
			command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=a/b")
			output, err := command.CombinedOutput()
			if fails := err != nil; fails != test.fails {
				t.Fatalf("got error %v, want one: %v\n%s", err, test.fails, output)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range entries {
				names = append(names, entry.Name())
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got the files %q, want %q\n%s", got, test.want, output)
			}
		})
	}
}
