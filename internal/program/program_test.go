package program

import (
	"runtime"
	"strings"
	"testing"
)

func TestAMistypedFlagIsAnsweredWithTheRightOne(t *testing.T) {
	t.Parallel()
	var grammar struct {
		Title string
		Dir   string `arg:"" optional:""`
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string // in what is said
	}{
		{[]string{"--titel=x"}, Wrong, "books: unknown flag --titel, did you mean \"--title\"? See books --help\n"},
		{[]string{"--entirely"}, Wrong, "books: unknown flag --entirely. See books --help\n"},
		{[]string{"--help"}, Done, "Usage: books"},
		{[]string{"help"}, Done, "Usage: books"},
		{[]string{"--version"}, Done, "books "},
		{[]string{"version"}, Done, runtime.Version()},
		{[]string{"--title=x", "here"}, Done, "done x here"},
	} {
		var out strings.Builder
		status := Program{Name: "books", Grammar: &grammar, Do: func() error {
			_, err := out.WriteString("done " + grammar.Title + " " + grammar.Dir)
			return err
		}}.Run(test.args, &out, &out)
		if status != test.status || !strings.Contains(out.String(), test.want) {
			t.Errorf("%v: got status %d and %q, want %d and %q", test.args, status, out.String(), test.status, test.want)
		}
	}
}
