package groupcheckout_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// TestCIRunsWhatIsRunHere compares the workflow with the Makefile and with the script
// that checks the project on one machine.
func TestCIRunsWhatIsRunHere(t *testing.T) {
	t.Parallel()
	workflow, makefile, script := read(t, ".github/workflows/ci.yml"), read(t, "Makefile"), read(t, ".ci/run")
	for _, list := range []string{"DOCS_RUNS", "FULL_RUNS"} {
		_, names, _ := strings.Cut(makefile, "\n"+list+" := ")
		names, _, _ = strings.Cut(names, "\n")
		runs := strings.Fields(names)
		if len(runs) < 3 {
			t.Fatalf("got the runs %q of %s in the Makefile, want one a store at least", runs, list)
		}
		for _, run := range runs {
			if !strings.Contains(workflow, "{ run: "+run+", ") {
				t.Errorf("the workflow has no job for the run %s of %s", run, list)
			}
		}
	}
	_, test, _ := strings.Cut(makefile, "\ntest: ")
	test, _, _ = strings.Cut(test, "\n\n")
	_, script, _ = strings.Cut(script, "\nstep ")
	ours := map[string]bool{"test": true} // which the workflow runs in parts
	for _, call := range regexp.MustCompile(`(?:\$\(MAKE\)|\bmake)(?: [A-Z_]+=(?:'[^']*'|\S*))*((?: [a-z-]+)+)`).FindAllStringSubmatch(test+script, -1) {
		for target := range strings.FieldsSeq(call[1]) {
			ours[target] = true
		}
	}
	delete(ours, "test")
	delete(ours, "summary") // of runs on one machine
	if len(ours) < 6 {
		t.Errorf("got only the targets %v, want those of the Makefile's test and of .ci/run", ours)
	}
	_, torture, _ := strings.Cut(makefile, "\ntorture: ")
	torture, _, _ = strings.Cut(torture, " ##")
	theirs := strings.ReplaceAll(workflow, "make torture", "make "+strings.Join(strings.Fields(torture), " make "))
	for target := range ours {
		if !regexp.MustCompile(`(?m)make ` + target + `(\s|$)`).MatchString(theirs) {
			t.Errorf("the workflow does not run make %s, which is run here", target)
		}
	}
	if scenarios := strings.Count(workflow, "-race"); scenarios < 2 {
		t.Errorf("the race detector is asked for %d times, want it for scenarios and for examples", scenarios)
	}
}

// TestCITrustsNoMovingTag reads the workflows and the actions of this repository.
func TestCITrustsNoMovingTag(t *testing.T) {
	t.Parallel()
	text := read(t, ".github/workflows/ci.yml") + read(t, ".github/workflows/release.yml") + read(t, ".github/actions/prepare/action.yml")
	uses := regexp.MustCompile(`(?m)uses: (\S+)(.*)$`).FindAllStringSubmatch(text, -1)
	if len(uses) < 15 {
		t.Errorf("got only %d actions that are used, want all of them", len(uses))
	}
	pinned := regexp.MustCompile(`^[\w.-]+/[\w.-]+@[0-9a-f]{40}$`)
	for _, use := range uses {
		if local := strings.HasPrefix(use[1], "./"); !local && (!pinned.MatchString(use[1]) || !strings.HasPrefix(use[2], " # v")) {
			t.Errorf("%s%s: pin it by its commit, with the version in a comment", use[1], use[2])
		}
	}
	if checkouts, without := strings.Count(text, "actions/checkout@"), strings.Count(text, "persist-credentials: false"); checkouts != without {
		t.Errorf("got %d checkouts, of which %d do not keep the credentials; want all", checkouts, without)
	}
	caches := regexp.MustCompile(`(?m)^ +cache: (\S+)$`).FindAllStringSubmatch(text, -1)
	seen := map[string]bool{}
	for _, cache := range caches {
		if seen[cache[1]] {
			t.Errorf("two jobs have the cache %s, so one overwrites the other's", cache[1])
		}
		seen[cache[1]] = true
	}
}

// TestTheSiteIsToldOfReleases runs what the workflow asks git for, where there are tags
// of both kinds.
func TestTheSiteIsToldOfReleases(t *testing.T) {
	t.Parallel()
	asks := regexp.MustCompile(`(?m)^ +(releases=\$\(.*\));$`).FindStringSubmatch(read(t, ".github/workflows/ci.yml"))
	if asks == nil {
		t.Fatal("the workflow does not ask for the releases")
	}
	script := `set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init -q && git commit -q --allow-empty -m 1 && git tag v1.0 && git tag nightly
git commit -q --allow-empty -m 2 && git tag -a -m 'with a note' v1.1
` + asks[1] + `
test "$releases" = "--release=v1.0=$(git rev-parse HEAD~1) --release=v1.1=$(git rev-parse HEAD) " || { echo "got $releases"; exit 1; }`
	command := exec.CommandContext(t.Context(), "bash", "-c", script)
	command.Dir = t.TempDir()
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("got %v, want a flag for each tag that begins with v: %s", err, output)
	}
	if !strings.Contains(read(t, ".github/workflows/ci.yml"), "--pdf $releases") {
		t.Error("the workflow does not tell livingdoc of the releases")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	check.Must(t, err)
	return string(text)
}

// TestTheHistoryBeginsOnlyWhereThereIsNone runs the script that gets the site of
// the build before, with programs in the place of gh, curl and unzip that answer
// as GitHub may.
func TestTheHistoryBeginsOnlyWhereThereIsNone(t *testing.T) {
	t.Parallel()
	const (
		noArtifact = `case $2 in *artifacts*|*/workflows/*) exit 0;; esac; `
		noPages    = noArtifact + `echo "gh: Not Found (HTTP 404)" >&2; exit 1`
		pages      = noArtifact + `echo https://example.com/docs/`
	)
	// waits has a build before this one go on for some looks.
	waits := func(looks int) string {
		return fmt.Sprintf(`case $2 in */workflows/*) echo x >>"$LOOKED"; [ "$(wc -l <"$LOOKED")" -gt %d ] || echo 7; exit 0;; esac; `, looks)
	}
	tests := []struct {
		name, gh, curl string
		fails          bool
		want           string // the files that are there
	}{
		{"the artifact of a build", `case $2 in */workflows/*) ;; */zip) echo zip;; *) echo 7;; esac`, "", false, "unzipped"},
		{"no site yet", noPages, "", false, ""},
		{"the artifact has expired", pages, `echo history >"$7"; printf 200`, false, "history.jsonl"},
		{"a site without a history", pages, `echo no >"$7"; printf 404`, false, ""},
		{"the artifacts cannot be listed", `exit 1`, "", true, ""},
		{"the artifact cannot be downloaded", `case $2 in */workflows/*) ;; */zip) exit 1;; *) echo 7;; esac`, "", true, ""},
		{"the address cannot be asked for", noArtifact + `echo "gh: Server Error (HTTP 502)" >&2; exit 1`, "", true, ""},
		{"the history cannot be read", pages, `echo no >"$7"; printf 503`, true, "history.jsonl"},
		{"a build before it ends while it waits", waits(1) + noPages, "", false, ""},
		{"a build before it does not end", waits(9) + noPages, "", true, ""},
		{"the builds cannot be listed", `case $2 in */workflows/*) exit 1;; esac; ` + noPages, "", true, ""},
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
			command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GITHUB_REPOSITORY=a/b",
				"GITHUB_EVENT_NAME=push", "GITHUB_RUN_NUMBER=8", "PREVIOUS_SITE_LOOKS=3", "PREVIOUS_SITE_PAUSE=0", "LOOKED="+t.TempDir()+"/looked")
			output, err := command.CombinedOutput()
			if fails := err != nil; fails != test.fails {
				t.Fatalf("got error %v, want one: %v\n%s", err, test.fails, output)
			}
			entries, err := os.ReadDir(dir)
			check.Must(t, err)
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
