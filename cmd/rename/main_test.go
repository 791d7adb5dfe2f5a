package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/program"
)

// repository is this one's folder.
const repository = "../.."

// elsewhere is a path of another host. It is put together here, since it would be
// found in this file otherwise, and renamed back. It is no longer than the present
// one, since gofmt breaks some lines that become too long, and does not join them
// again.
func elsewhere() string { return "git.example.org" + "/hotel" }

// rename carries out a command line.
func rename(t *testing.T, args ...string) (status int, out, complaints string) {
	t.Helper()
	var o, c bytes.Buffer
	status = run(t.Context(), args, &o, &c)
	return status, o.String(), c.String()
}

// write makes a folder of files.
func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		check.Must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return dir
}

// read is a file of a folder.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	check.Must(t, err)
	return string(text)
}

func TestEveryFileThatNamesTheModule(t *testing.T) {
	t.Parallel()
	before := map[string]string{
		"go.mod":           "module x.org/kit\n",
		"a.go":             "package kit\n\nimport (\n\t\"w.org/other\"\n\t\"x.org/kit/es\"\n)\n",
		".golangci.yaml":   "module-path: x.org/kit\n",
		"1.patch":          " \t\"x.org/kit/es\"\n",
		"other.md":         "x.org/kits and application/vnd.kit+json\n",
		"program":          "\x00x.org/kit",
		"build/report":     "x.org/kit",
		".git/config":      "x.org/kit",
		"deep/build/named": "x.org/kit",
	}
	dir := write(t, before)
	status, out, complaints := rename(t, "--dir", dir, "a.org/b")
	if want := "x.org/kit is a.org/b now, in 5 files."; status != program.Done || !strings.HasPrefix(out, want) {
		t.Fatalf("got status %d, %q and %q, want 0 and %q", status, out, complaints, want)
	}
	after := map[string]string{
		"go.mod":           "module a.org/b\n",
		"a.go":             "package kit\n\nimport (\n\t\"a.org/b/es\"\n\t\"w.org/other\"\n)\n",
		".golangci.yaml":   "module-path: a.org/b\n",
		"1.patch":          " \t\"a.org/b/es\"\n",
		"deep/build/named": "a.org/b",
	}
	for name, text := range before {
		if renamed, changes := after[name]; changes {
			text = renamed
		}
		check.Equal(t, name, text, read(t, dir, name))
	}
	status, out, _ = rename(t, "--dir", dir, "a.org/b")
	if want := "The module is a.org/b already; nothing was changed.\n"; status != program.Done || out != want {
		t.Errorf("a second time: got status %d and %q, want 0 and %q", status, out, want)
	}
	if status, _, complaints = rename(t, "--dir", dir, "x.org/kit"); status != program.Done {
		t.Fatalf("and back: got status %d and %q, want 0", status, complaints)
	}
	for name, text := range before {
		if got := read(t, dir, name); got != text {
			t.Errorf("%s, and back: got %q, want %q", name, got, text)
		}
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	t.Parallel()
	named := write(t, map[string]string{"go.mod": "module x.org/kit\n"})
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--dir", named, ""}, "rename: no module path is given"},
		{[]string{"--dir", named, "https://a.org/b/"}, "is an address, not a module path: write a.org/b"},
		{[]string{"--dir", named, "kit"}, "is no host, since it has no dot"},
		{[]string{"--dir", named, "a.org/b", "c"}, "unexpected argument c. See rename --help"},
		{[]string{"--dir", write(t, nil), "a.org/b"}, "find the present path of the module: "},
		{[]string{"--dir", write(t, map[string]string{"go.mod": "go 1.26\n"}), "a.org/b"}, "says none"},
	} {
		status, _, complaints := rename(t, test.args...)
		if status != program.Wrong || !strings.Contains(complaints, test.want) {
			t.Errorf("%q: got status %d and %q, want 1 and %q", test.args, status, complaints, test.want)
		}
	}
	if got := read(t, named, "go.mod"); got != "module x.org/kit\n" {
		t.Errorf("a refused name was written: %q", got)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	if status, out, _ := rename(t, "--help"); status != program.Done || !strings.Contains(out, "Usage: rename <module>") {
		t.Errorf("got status %d and %q, want 0 and the usage", status, out)
	}
}

// TestThisRepository renames a copy of this repository, compiles it, runs the tests
// that name its packages, and renames it back.
func TestThisRepository(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it compiles everything anew")
	}
	originals := copyRepository(t)
	dir := write(t, originals)
	old := modfile.ModulePath([]byte(originals["go.mod"]))
	if status, _, complaints := rename(t, "--dir", dir, elsewhere()); status != program.Done {
		t.Fatalf("got status %d and %q, want 0", status, complaints)
	}
	for name := range originals {
		if strings.Contains(read(t, dir, name), old) {
			t.Errorf("%s still names %s", name, old)
		}
	}
	for _, command := range [][]string{
		{"go", "list", "-test", "-deps", "./..."}, // whatever a test imports is there
		{"go", "list", "-export", "./..."},        // compiles all, and links nothing
		{"go", "test", "-short", "-count=1", ".", "./planted", "./gherkin/suite"},
	} {
		goes := exec.CommandContext(t.Context(), command[0], command[1:]...)
		goes.Dir = dir
		if output, err := goes.CombinedOutput(); err != nil {
			t.Fatalf("%v in the renamed repository: %v\n%.3000s", command, err, output)
		}
	}
	if status, _, complaints := rename(t, "--dir", dir, old); status != program.Done {
		t.Fatalf("and back: got status %d and %q, want 0", status, complaints)
	}
	for name, text := range originals {
		if read(t, dir, name) != text {
			t.Errorf("%s is not what it was before it was renamed and renamed back", name)
		}
	}
}

// copyRepository reads all files of this repository but what it ignores.
func copyRepository(t *testing.T) map[string]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-co", "--exclude-standard", "-z")
	list.Dir = repository
	names, err := list.Output()
	check.Mustf(t, err, "list the files of the repository")
	files := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if _, err := os.Stat(filepath.Join(repository, name)); os.IsNotExist(err) {
			continue // it was removed, and that is not committed
		}
		files[name] = read(t, repository, name)
	}
	if len(files) < 100 {
		t.Fatalf("the repository has only %d files: the list has changed its form", len(files))
	}
	return files
}
