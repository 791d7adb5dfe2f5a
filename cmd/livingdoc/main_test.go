package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/livingdoc/fixture"
)

var update = flag.Bool("update", false, "write the help to testdata instead of comparing it") //nolint:gochecknoglobals // a flag of the test binary

func call(t *testing.T, args ...string) (status int, out, complaints string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestHelp(t *testing.T) {
	t.Parallel()
	status, out, complaints := call(t, "--help")
	if status != 0 || complaints != "" {
		t.Errorf("got status %d and %q, want 0 and no complaint", status, complaints)
	}
	golden := filepath.Join("testdata", "help.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out); diff != "" {
		t.Errorf("the help differs from %s; run the test with -update if it is meant to (-want +got):\n%s", golden, diff)
	}
}

// features writes a folder of features and a run of them, and returns both.
func features(t *testing.T, unfinished bool) (folder, runs string) {
	t.Helper()
	const text = "Feature: Lending\n\n  Rule: A book is lent once\n\n    Scenario: It is lent\n      Given a book\n"
	folder, runs = filepath.Join(t.TempDir(), "features"), t.TempDir()
	if err := os.CopyFS(folder, fstest.MapFS{"lending.feature": {Data: []byte(text)}}); err != nil {
		t.Fatal(err)
	}
	err := fixture.Write(filepath.Join(runs, "run-paper", "paper.ndjson"), fixture.Run{Features: os.DirFS(folder), Store: "paper", Unfinished: unfinished})
	if err != nil {
		t.Fatal(err)
	}
	return folder, runs
}

func TestASiteIsMadeOfRuns(t *testing.T) {
	t.Parallel()
	folder, runs := features(t, false)
	out := filepath.Join(t.TempDir(), "site")
	status, said, complaints := call(t, "--from", runs, "--out", out, "--features", folder, "--name", "paper=Papyrus", "--title", "Books")
	if status != 0 || !strings.Contains(said, "1 rule with 1 example on Papyrus: 1 passed.") {
		t.Errorf("got status %d, %q and %q", status, said, complaints)
	}
	front, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil || !bytes.Contains(front, []byte("<h1>Books</h1>")) {
		t.Errorf("got error %v and the front page %s", err, front)
	}
}

func TestGitHubIsTold(t *testing.T) {
	t.Parallel()
	folder, runs := features(t, false)
	err := fixture.Write(filepath.Join(runs, "stone.ndjson"), fixture.Run{
		Features: os.DirFS(folder), Store: "stone", Outcome: func(*suite.Scenario) fixture.Outcome { return fixture.Outcome{Failure: "gone,\nall of it"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	summary := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(summary, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, said, complaints := call(t, "--from", runs, "--out", filepath.Join(t.TempDir(), "site"), "--features", folder, "--summary", summary, "--annotations")
	if want := "::error file=features/lending.feature,line=5,title=fails on stone::"; status != 0 || !strings.Contains(said, want) {
		t.Errorf("got status %d, %q and %q, want %q among it", status, said, complaints, want)
	}
	text, err := os.ReadFile(summary)
	if err != nil || !strings.HasPrefix(string(text), "before\n#") || !strings.Contains(string(text), "gone,\nall of it") {
		t.Errorf("got error %v and the summary %s, want it behind what was there", err, text)
	}
	if status, _, complaints := call(t, "--from", runs, "--out", filepath.Join(t.TempDir(), "site"), "--features", folder, "--summary", folder); status != 1 || !strings.Contains(complaints, "write the summary") {
		t.Errorf("a folder as the summary: got status %d and %q", status, complaints)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	folder, unfinished := features(t, true)
	out := filepath.Join(t.TempDir(), "site")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing given": {nil, "missing flags: --from=RUNS,..., --out=DIR. See livingdoc --help"},
		"no runs":       {[]string{"--from", t.TempDir(), "--out", out, "--features", folder}, "holds no run"},
		"unfinished":    {[]string{"--from", unfinished, "--out", out, "--features", folder}, "paper.ndjson: the run did not finish"},
		"no features":   {[]string{"--from", unfinished, "--out", out, "--features", "none"}, `no folder of features "none"`},
	} {
		status, _, complaints := call(t, test.args...)
		if status != 1 || !strings.Contains(complaints, test.want) {
			t.Errorf("%s: got status %d and %q, want 1 and %q", name, status, complaints, test.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a site all the same")
	}
}
