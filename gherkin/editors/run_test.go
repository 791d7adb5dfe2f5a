//go:build unix

package editors

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shell is a program in the place of Node.js.
func shell(t *testing.T, commands string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), "sh", "-c", commands)
}

func TestAnAnswerIsEnoughFromAProgramThatNeverEnds(t *testing.T) {
	t.Parallel()
	got, err := run(shell(t, `echo '{"undefined":["f:1: it"]}'; exec tail -f /dev/null`), nil)
	if diff := cmp.Diff(Report{Undefined: []string{"f:1: it"}}, got); diff != "" || err != nil {
		t.Errorf("got error %v and (-want +got):\n%s", err, diff)
	}
}

func TestAProgramThatDoesNotAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for commands, want := range map[string]string{
		"echo no room >&2; exit 7":                    "run the language service: exit status 7\nno room",
		"echo; exit 0":                                "read what the language service says: EOF",
		"echo no; dd if=/dev/zero bs=1000 count=1000": "read what the language service says: invalid character",
	} {
		if _, err := run(shell(t, commands), nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", commands, err, want)
		}
	}
}
