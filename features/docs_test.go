package features_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/internal/check"
)

// TestTheExampleOfTheGuideIsReal finds the scenario of docs/scenarios.md in a feature, line
// by line, and its step among the steps.
func TestTheExampleOfTheGuideIsReal(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/scenarios.md")
	check.Must(t, err)
	var all strings.Builder
	err = fs.WalkDir(features.FS, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".feature") {
			return err
		}
		text, err := fs.ReadFile(features.FS, path)
		all.Write(text)
		return err
	})
	check.Must(t, err)
	if example := block(t, string(guide), "gherkin"); !strings.Contains(all.String(), example) {
		t.Errorf("no feature holds the scenario of docs/scenarios.md:\n%s", example)
	}
	steps, err := os.ReadFile("../steps/groups.go")
	check.Must(t, err)
	for line := range strings.Lines(block(t, string(guide), "go")) {
		if !strings.Contains(string(steps), line) {
			t.Errorf("steps/groups.go does not hold this line of docs/scenarios.md: %s", line)
		}
	}
}

// block is the first fenced block of a language.
func block(t *testing.T, markdown, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(markdown, "```"+language+"\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed || strings.TrimSpace(text) == "" {
		t.Fatalf("docs/scenarios.md has no block of %s", language)
	}
	return text
}
