package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
)

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
	golden.Compare(t, "help.txt", out)
}

// lending has a folder of features and runs of them.
const lending = "../../livingdoc/testdata/lending/"

func TestASiteIsMadeOfRuns(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	status, said, complaints := call(t, "--from", lending+"paper.ndjson", "--out", out, "--features", lending+"features", "--name", "paper=Papyrus", "--title", "Books")
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
	summary := filepath.Join(t.TempDir(), "summary.md")
	check.Must(t, os.WriteFile(summary, []byte("before\n"), 0o600))
	status, said, complaints := call(t, "--from", lending, "--out", filepath.Join(t.TempDir(), "site"), "--features", lending+"features", "--summary", summary, "--annotations")
	if want := "::error file=features/lending.feature,line=5,title=fails on stone::"; status != 0 || !strings.Contains(said, want) {
		t.Errorf("got status %d, %q and %q, want %q among it", status, said, complaints, want)
	}
	text, err := os.ReadFile(summary)
	if err != nil || !strings.HasPrefix(string(text), "before\n#") || !strings.Contains(string(text), "gone,\nall of it") {
		t.Errorf("got error %v and the summary %s, want it behind what was there", err, text)
	}
	if status, _, complaints := call(t, "--from", lending, "--out", filepath.Join(t.TempDir(), "site"), "--features", lending+"features", "--summary", lending); status != 1 || !strings.Contains(complaints, "write the summary") {
		t.Errorf("a folder as the summary: got status %d and %q", status, complaints)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(lending + "paper.ndjson")
	check.Must(t, err)
	lines := bytes.SplitAfter(bytes.TrimSpace(text), []byte("\n"))
	unfinished := filepath.Join(t.TempDir(), "paper.ndjson")
	check.Must(t, os.WriteFile(unfinished, bytes.Join(lines[:len(lines)-1], nil), 0o600))
	out := filepath.Join(t.TempDir(), "site")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing given": {nil, "missing flags: --from=RUNS,..., --out=DIR. See livingdoc --help"},
		"no runs":       {[]string{"--from", t.TempDir(), "--out", out, "--features", lending + "features"}, "holds no run"},
		"unfinished":    {[]string{"--from", unfinished, "--out", out, "--features", lending + "features"}, "paper.ndjson: the run did not finish"},
		"no commit":     {[]string{"--from", lending, "--out", out, "--features", lending + "features", "--release", "v1="}, "--release=v1= is not a name"},
		"two releases":  {[]string{"--from", lending, "--out", out, "--features", lending + "features", "--release", "v1", "--release", "v2", "--release", "v0=1"}, "cannot be released as v1 and as v2"},
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
