package planted

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// limit is how long a command may take before the test binary ends itself. A bug
// may have it wait for ever, and on a slow machine the others take some time.
const limit = "5m"

// goTest runs a go test command in the project, with files replaced and more in its
// environment, and returns what it wrote and whether it passed.
func goTest(t *testing.T, root string, command []string, replaced map[string]string, environment ...string) (output string, passed bool) {
	t.Helper()
	args := []string{"test", "-timeout", limit, "-vet=off", "-ldflags=-w"} // quicker to build
	if replaced != nil {
		overlay, err := json.Marshal(struct{ Replace map[string]string }{replaced})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "overlay.json")
		if err := os.WriteFile(file, overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-overlay", file)
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(args, command[2:]...)...)
	cmd.Dir, cmd.Env = root, append(append(os.Environ(), "TRIED="), environment...) // what runs with a bug proves nothing else
	text, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %v: %v", cmd, err)
	}
	return string(text), err == nil
}

// judge says what is wrong with how a bug was caught.
func (b bug) judge(output string, passed bool) error { return judge(output, passed, b.says) }

func judge(output string, passed bool, says *regexp.Regexp) error {
	output = strings.ReplaceAll(output, "\u00a0", " ") // go-cmp varies its spaces, lest anyone rely on them
	switch {
	case passed:
		return errors.New("the bug is not caught: the command passes")
	case strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]"):
		return errors.New("the patched code does not build")
	// Some tests say what they got in quotes, and some do not.
	case !says.MatchString(output) && !says.MatchString(strings.ReplaceAll(output, `"`, "")):
		return fmt.Errorf("the command fails, but does not say what leads to the bug, which is %s", says)
	}
	return nil
}
