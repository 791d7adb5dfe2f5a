package livingdoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
	"example.com/groupcheckout/livingdoc"
)

// kit is the folder of the samples of the Cucumber Compatibility Kit: runs of another
// Cucumber, each beside its features.
func kit(tb testing.TB) string {
	tb.Helper()
	dir, err := fetch.NPM(tb.Context(), fetch.Package{
		Name: "@cucumber/compatibility-kit", Version: "30.0.0", Folder: "cucumber-compatibility-kit-30.0.0",
		SHA512: "R01Sfp3aPx1CWT9x0hUFMJ3xrAqMpSqQDbzVq3kD5fWBRkkBYmlLhM4p4BukT5MGn6BwEsf9saKT4vD7gsKATg==",
	}, nil)
	check.Must(tb, err)
	return filepath.Join(dir, "features")
}

func TestRunsOfAnotherCucumberHaveASite(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join(kit(t), "*", "*.ndjson"))
	if err != nil || len(samples) != 46 {
		t.Fatalf("got %d samples and error %v, want 46", len(samples), err)
	}
	for _, sample := range samples {
		name := filepath.Base(filepath.Dir(sample))
		pages := build(t, livingdoc.Config{Runs: []string{sample}, Features: filepath.Dir(sample), Out: filepath.Join(t.TempDir(), "site")})
		front := pages["index.html"]
		text, err := os.ReadFile(sample)
		check.Must(t, err)
		contains(t, name, front, "fake-cucumber 123.45.6")
		red := strings.Contains(string(text), `"success":false`)
		if red && !strings.Contains(front, `class="verdict failed"`) || red && strings.Contains(front, "whole passed") {
			t.Errorf("%s: the run failed, and the front page does not say so first:\n%s", name, front)
		}
		want := map[string]string{
			"global-hooks-afterall-error":  "A step after the examples on fake-cucumber 123.45.6 failed: AfterAll hook went wrong",
			"global-hooks-beforeall-error": "A step before the examples on fake-cucumber 123.45.6 failed: BeforeAll hook went wrong",
			"test-run-exception":           "The run on fake-cucumber 123.45.6 failed as a whole: Whoops!",
			"minimal":                      "<strong>The rule holds:</strong> 1 example, checked on one store",
		}[name]
		contains(t, name, front, want)
	}
}

// TestRunsAreOfAFolderWhereverItWas has the run of another Cucumber name its feature in
// each of the ways in which they do.
func TestRunsAreOfAFolderWhereverItWas(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(kit(t), "minimal", "minimal.ndjson"))
	check.Must(t, err)
	feature, err := os.ReadFile(filepath.Join(kit(t), "minimal", "minimal.feature"))
	check.Must(t, err)
	features := filepath.Join(t.TempDir(), "features")
	check.Must(t, os.MkdirAll(features, 0o755))
	check.Must(t, os.WriteFile(filepath.Join(features, "minimal.feature"), feature, 0o600))
	made := func(text string) map[string]string {
		file := filepath.Join(t.TempDir(), "run.ndjson")
		check.Must(t, os.WriteFile(file, []byte(text), 0o600))
		return build(t, livingdoc.Config{Runs: []string{file}, Features: features, Out: filepath.Join(t.TempDir(), "site")})
	}
	for _, uri := range []string{
		"features/minimal.feature", "./features/minimal.feature", "/home/ann/hotel/features/minimal.feature", "file:///home/ann/hotel/features/minimal.feature",
		`C:\\hotel\\features\\minimal.feature`, `features\\minimal.feature`, "/minimal.feature", "../features/minimal.feature",
	} {
		renamed := strings.ReplaceAll(string(text), "samples/minimal/minimal.feature", uri)
		pages := made(renamed)
		contains(t, uri, pages["rules/minimal/cukes.html"], "minimal.feature")
		var without []string // its sources, so that nothing says which folder it is of
		for line := range strings.Lines(renamed) {
			if !strings.HasPrefix(line, `{"source"`) {
				without = append(without, line)
			}
		}
		if front := made(strings.Join(without, ""))["index.html"]; !strings.Contains(front, "Cucumber") && !strings.Contains(front, "minimal") {
			t.Errorf("%s, without sources: got the front page %s", uri, front)
		}
	}
}
