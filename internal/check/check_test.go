package check_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// heard is a test that keeps what it is told.
type heard struct{ said string }

func (*heard) Helper()                             {}
func (h *heard) Errorf(format string, args ...any) { h.said += fmt.Sprintf(format, args...) }
func (h *heard) Fatal(args ...any)                 { h.said += "the end: " + fmt.Sprint(args...) }

func TestEachFailsTheTestOnlyIfItHasTo(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		good, bad func(check.T)
		parts     []string
	}{
		"Must":     {func(t check.T) { check.Must(t, nil) }, func(t check.T) { check.Must(t, boom) }, []string{"the end: boom"}},
		"OK":       {func(t check.T) { check.OK(t, nil) }, func(t check.T) { check.OK(t, boom) }, []string{"boom"}},
		"Mustf":    {func(t check.T) { check.Mustf(t, nil, "open %d", 1) }, func(t check.T) { check.Mustf(t, boom, "open %d", 1) }, []string{"the end: open 1: boom"}},
		"OKf":      {func(t check.T) { check.OKf(t, nil, "open %d", 1) }, func(t check.T) { check.OKf(t, boom, "open %d", 1) }, []string{"open 1: boom"}},
		"Fails":    {func(t check.T) { check.Fails(t, boom, "oo", "m") }, func(t check.T) { check.Fails(t, nil, "oo"); check.Fails(t, boom, "x") }, []string{`got no error, want one that says ["oo"]`, "want in it: x"}},
		"Failsf":   {func(t check.T) { check.Failsf(t, boom, "open") }, func(t check.T) { check.Failsf(t, nil, "open %d", 1) }, []string{"open 1: got no error, want one"}},
		"Equal":    {func(t check.T) { check.Equal(t, "sum", 1, 1) }, func(t check.T) { check.Equal(t, "sum", 1, 2); check.Equal(t, "name", "", "a") }, []string{"sum: got 2, want 1", `name: got "a", want ""`}},
		"Same":     {func(t check.T) { check.Same(t, "sum", 1, 1) }, func(t check.T) { check.Same(t, "sum", 1, 2) }, []string{"sum (-want +got):", "1", "2"}},
		"Contains": {func(t check.T) { check.Contains(t, "ab", "a", "b") }, func(t check.T) { check.Contains(t, "ab", "a", "c") }, []string{"ab\nwant in it: c"}},
	} {
		var good, bad heard
		test.good(&good)
		test.bad(&bad)
		if good.said != "" {
			t.Errorf("%s: got %q of what is right", name, good.said)
		}
		check.Contains(t, bad.said, test.parts...)
	}
}

// What is skipped under the race detector is found by make unit, which runs it without; what
// cannot be found makes it fail.
func TestWhatIsUnracedIsFound(t *testing.T) {
	t.Parallel()
	const call = "check." + "Unraced(t)" // or this file would be one that has it in the wrong place
	files := map[string]string{
		"./a_test.go":   "func TestOne(t *testing.T) {\n\t" + call + "\n}\n\nfunc TestTwo(t *testing.T) {\n\t// " + call + "\n}\n",
		"./b/b_test.go": "func TestThree(t *testing.T) {\n\tt.Parallel()\n\t" + call + "\n}\n",
		"./c/c_test.go": "func TestFour(t *testing.T) {\n}\n",
	}
	out := unraced(t, files)
	words := strings.Fields(out)
	slices.Sort(words)
	check.Same(t, "arguments", []string{"-run='^(TestOne|TestThree)$'", ".", "./b"}, words)
	for name, text := range map[string]string{
		"in a part of a test": "func TestFive(t *testing.T) {\n\tt.Run(\"x\", func(t *testing.T) {\n\t\t" + call + "\n\t})\n}\n",
		"under a condition":   "func TestFive(t *testing.T) {\n\tif large { " + call + " }\n}\n",
		"in a helper":         "func TestFive(t *testing.T) {\n}\n\nfunc large(t *testing.T) {\n\t" + call + "\n}\n",
	} {
		files["./d_test.go"] = text
		if out := unraced(t, files); !strings.Contains(out, "d_test.go:") || !strings.HasSuffix(out, " -check.Unraced-is-not-at-the-top-of-a-test") {
			t.Errorf("%s: got %q, want arguments that go test refuses, and where it is called", name, out)
		}
	}
}

// unraced is what make unit is told of test files.
func unraced(t *testing.T, files map[string]string) string {
	t.Helper()
	if _, err := exec.LookPath("awk"); err != nil {
		t.Skip(err)
	}
	script, err := filepath.Abs("unraced.awk")
	check.Must(t, err)
	args := append([]string{"-f", script}, slices.Sorted(maps.Keys(files))...)
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		check.Must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	awk := exec.CommandContext(t.Context(), "awk", args...)
	awk.Dir = dir
	out, err := awk.CombinedOutput()
	check.Mustf(t, err, "%s", out)
	return string(out)
}
