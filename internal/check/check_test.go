package check_test

import (
	"errors"
	"fmt"
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

// What is skipped under the race detector is found by make unit, which runs it without.
func TestWhatIsUnracedIsFound(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("awk"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a_test.go":   "func TestOne(t *testing.T) {\n\tcheck.Unraced(t)\n}\n\nfunc TestTwo(t *testing.T) {\n}\n",
		"b/b_test.go": "func TestThree(t *testing.T) {\n\tt.Parallel()\n\tcheck.Unraced(t)\n}\n",
		"c/c_test.go": "func TestFour(t *testing.T) {\n}\n",
	} {
		name = filepath.Join(dir, name)
		check.Must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	script, err := filepath.Abs("unraced.awk")
	check.Must(t, err)
	awk := exec.CommandContext(t.Context(), "awk", "-f", script, "./a_test.go", "./b/b_test.go", "./c/c_test.go")
	awk.Dir = dir
	out, err := awk.CombinedOutput()
	check.Mustf(t, err, "%s", out)
	words := strings.Fields(string(out))
	slices.Sort(words)
	check.Same(t, "arguments", []string{"-run='^(TestOne|TestThree)$'", ".", "./b"}, words)
}
