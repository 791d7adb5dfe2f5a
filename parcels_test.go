package groupcheckout_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

const (
	parcels    = "examples/parcels"
	ownProcess = "docs/own-process.md"
)

// TestTheExampleIsSmall counts the lines of the example, with its tests, its audit
// and its program: it is read in an hour.
func TestTheExampleIsSmall(t *testing.T) {
	t.Parallel()
	const most = 499
	lines := 0
	for name, text := range texts(t, parcels) {
		if strings.HasSuffix(name, ".go") {
			lines += strings.Count(text, "\n")
		}
	}
	if lines == 0 || lines > most {
		t.Errorf("%s has %d lines of Go, want some, and %d at the most", parcels, lines, most)
	}
}

var fence = regexp.MustCompile("(?s)```(go|gherkin)\n(.*?)```")

// TestTheWalkThroughShowsTheExample finds every snippet of the walk-through in a
// file of the example, and every file of the example in the walk-through.
func TestTheWalkThroughShowsTheExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(ownProcess)
	check.Must(t, err)
	snippets := fence.FindAllStringSubmatch(string(text), -1)
	if len(snippets) < 10 {
		t.Errorf("%s has %d snippets: they are written in another way than this test knows", ownProcess, len(snippets))
	}
	files := texts(t, parcels)
	var all strings.Builder
	for name, file := range files {
		all.WriteString(file + "\n")
		if name != "doc.go" && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s does not say what is in %s/%s", ownProcess, parcels, name)
		}
	}
	for _, snippet := range snippets {
		if !strings.Contains(all.String(), snippet[2]) {
			t.Errorf("%s shows what no file of %s holds:\n%s", ownProcess, parcels, snippet[2])
		}
	}
}

// texts are the files of a folder, and of those below it, by their names in it.
func texts(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(name, "."):
			return fs.SkipDir // an editor's
		case entry.IsDir():
			return nil
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		found[name] = string(text)
		return err
	})
	check.Must(t, err)
	return found
}
