package groupcheckout_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// shown are the blocks of the walk-through that a reader carries out: commands, and
// a change.
var shown = regexp.MustCompile("(?s)```(sh|diff)\n(.*?)```")

// TestTheWalkThroughCanBeFollowed does what docs/own-process.md says, to the letter,
// in a folder that is not this repository's and holds a link to it. A command passes,
// unless the walk-through says behind it what it is red with. A change is made before
// the commands of the next block, and taken back after them.
func TestTheWalkThroughCanBeFollowed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it makes a project, and runs its tests on every store")
	}
	text, err := os.ReadFile(ownProcess)
	check.Must(t, err)
	repository, err := os.Getwd()
	check.Must(t, err)
	reader := newReader(t)
	check.Must(t, os.Symlink(repository, filepath.Join(reader.dir, "groupcheckout")))
	takeBack := func() {}
	commands, reds := 0, 0
	for _, block := range shown.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "diff" {
			takeBack = reader.change(t, "parcels/chute.go", block[2])
			continue
		}
		for line := range strings.Lines(block[2]) {
			line = strings.TrimSpace(line)
			commands++
			if strings.Contains(line, "# red: ") {
				reds++
			}
			if !t.Run(line, func(t *testing.T) { reader.run(t, line) }) {
				return // what comes next stands on it
			}
		}
		takeBack()
		takeBack = func() {}
	}
	if commands < 15 || reds == 0 {
		t.Errorf("%s has %d commands, %d of them red: they are written in another way than this test knows", ownProcess, commands, reds)
	}
	for _, made := range []string{"build/docs/index.html", "parcels/truck.go", "go.sum"} {
		check.OKf(t, check.Error(os.Stat(filepath.Join(reader.dir, made))), "who has followed the walk-through has no %s", made)
	}
}

// reader is somebody who carries out what is shown.
type reader struct {
	dir     string // where the reader is
	servers map[string]func(t testing.TB) (environment []string)
}

func newReader(t *testing.T) *reader {
	t.Helper()
	messageDB, dynamoDB := provisiontest.MessageDB(), provisiontest.DynamoDB()
	t.Cleanup(func() {
		check.OK(t, messageDB.Close())
		check.OK(t, dynamoDB.Close())
	})
	return &reader{t.TempDir(), map[string]func(t testing.TB) []string{
		"-store messagedb": func(t testing.TB) []string { t.Helper(); return messageDB.Get(t).Environment() },
		"-store dynamodb":  func(t testing.TB) []string { t.Helper(); return dynamoDB.Get(t).Environment() },
	}}
}

// run carries out a command line of a shell, and is then where it leads. It skips t
// if that takes a store that cannot be had here.
func (r *reader) run(t *testing.T, line string) {
	t.Helper()
	where := filepath.Join(t.TempDir(), "where")
	shell := exec.CommandContext(t.Context(), "sh", "-e", "-c", line+"\npwd >"+where)
	shell.Dir = r.dir
	// What the make that runs the tests was told is not what the reader's is told.
	shell.Env = append(os.Environ(), "PWD="+r.dir, "MAKEFLAGS=", "MAKELEVEL=")
	for named, environment := range r.servers {
		if strings.Contains(line, named) {
			shell.Env = append(shell.Env, environment(t)...)
		}
	}
	output, err := shell.CombinedOutput()
	_, want, red := strings.Cut(line, "# red: ")
	switch {
	case red && (err == nil || !strings.Contains(string(output), want)):
		t.Fatalf("got the error %v, want one, and %q in the output:\n%s", err, want, output)
	case red:
		return
	case err != nil:
		t.Fatalf("%v\n%s", err, output)
	}
	led, err := os.ReadFile(where)
	check.Must(t, err)
	r.dir = strings.TrimSpace(string(led))
}

// change replaces a line of a file, as a diff says, and returns what takes that back.
func (r *reader) change(t *testing.T, name, diff string) (takeBack func()) {
	t.Helper()
	var before, after string
	for line := range strings.Lines(diff) {
		switch line[0] {
		case '-':
			before += line[1:]
		case '+':
			after += line[1:]
		}
	}
	file := filepath.Join(r.dir, name)
	text, err := os.ReadFile(file)
	check.Must(t, err)
	write := func(text string) { check.Must(t, os.WriteFile(file, []byte(text), 0o600)) }
	if before == "" || strings.Count(string(text), before) != 1 {
		t.Fatalf("%s does not hold this once, which the walk-through changes:\n%s", name, before)
	}
	write(strings.Replace(string(text), before, after, 1))
	return func() { write(string(text)) }
}
