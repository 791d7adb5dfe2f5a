package features_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"example.com/groupcheckout/features"
)

// TestTheExampleOfTheREADMEIsReal finds the README's scenario in a feature, line
// by line, and its step among the steps.
func TestTheExampleOfTheREADMEIsReal(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	err = fs.WalkDir(features.FS, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".feature") {
			return err
		}
		text, err := fs.ReadFile(features.FS, path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if example := block(t, string(readme), "gherkin"); !strings.Contains(all.String(), example) {
		t.Errorf("no feature holds the scenario of README.md:\n%s", example)
	}
	steps, err := os.ReadFile("../steps/groups.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(block(t, string(readme), "go")) {
		if !strings.Contains(string(steps), line) {
			t.Errorf("steps/groups.go does not hold this line of README.md: %s", line)
		}
	}
}

// block is the first fenced block of a language.
func block(t *testing.T, markdown, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(markdown, "```"+language+"\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed || strings.TrimSpace(text) == "" {
		t.Fatalf("README.md has no block of %s", language)
	}
	return text
}
