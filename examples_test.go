package groupcheckout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// withoutExample are public packages that need no example of their own, with the
// reason.
func withoutExample() map[string]string {
	return map[string]string{
		"examples/parcels": "it is an example itself, with one in its tests for everything",
		"deploy":           "it has only tests",
		"planted":          "it has only tests",
	}
}

var exampleFunc = regexp.MustCompile(`(?m)^func Example\w*\(\) \{`)

// TestEveryPublicPackageHasAnExample reads the tests of every package that others
// may import.
func TestEveryPublicPackageHasAnExample(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{.Name}} {{.Dir}}", "./...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		name, ours := strings.CutPrefix(fields[0], module)
		if !ours || fields[1] == "main" || strings.Contains("/"+name+"/", "/internal/") {
			continue
		}
		seen++
		has := hasExample(t, fields[2])
		switch reason, exempt := withoutExample()[name]; {
		case !has && !exempt:
			t.Errorf("package %s has no example: write the shortest useful program as a func Example… in %s/example_test.go", name, name)
		case has && exempt:
			t.Errorf("package %s has an example, and is exempt (%s)", name, reason)
		}
	}
	if seen < 30 {
		t.Errorf("only %d packages were found: the listing has changed its form:\n%s", seen, out)
	}
}

// hasExample tells whether a test file of a folder has an example.
func hasExample(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	check.Must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check.Must(t, err)
		if exampleFunc.Match(text) {
			return true
		}
	}
	return false
}
