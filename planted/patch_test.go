package planted

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// bug is a patch with what its head says.
type bug struct {
	name     string // of the file, without .patch
	what     string
	harm     string
	caughtBy []string // the words of a go test command
	says     *regexp.Regexp
	files    []*gitdiff.File
}

// bugs reads all patches of this folder, in order.
func bugs() ([]bug, error) {
	names, err := filepath.Glob("*.patch")
	if err != nil {
		return nil, err
	}
	var all []bug
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		b, err := readBug(strings.TrimSuffix(name, ".patch"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, b)
	}
	return all, nil
}

// readBug reads a patch.
func readBug(name, text string) (bug, error) {
	reader := textproto.NewReader(bufio.NewReader(strings.NewReader(text)))
	head, err := reader.ReadMIMEHeader()
	if err != nil {
		return bug{}, fmt.Errorf("its head cannot be read, lines of the form “Bug: …” and an empty one: %w", err)
	}
	b := bug{name: name, what: head.Get("Bug"), harm: head.Get("Harm"), caughtBy: strings.Fields(head.Get("Caught-By"))}
	for _, key := range []string{"Bug", "Harm", "Caught-By", "Says"} {
		if head.Get(key) == "" {
			return bug{}, fmt.Errorf("its head has no line “%s: …”", key)
		}
	}
	if len(b.caughtBy) < 3 || b.caughtBy[0] != "go" || b.caughtBy[1] != "test" {
		return bug{}, fmt.Errorf("it is caught by %q: give a go test command", head.Get("Caught-By"))
	}
	if b.says, err = regexp.Compile("(?s)" + head.Get("Says")); err != nil {
		return bug{}, fmt.Errorf("what the output has to say is no regular expression: %w", err)
	}
	diff, err := io.ReadAll(reader.R)
	if err != nil {
		return bug{}, err
	}
	if b.files, _, err = gitdiff.Parse(strings.NewReader(string(diff))); err != nil {
		return bug{}, fmt.Errorf("its diff cannot be read: %w", err)
	}
	if len(b.files) == 0 {
		return bug{}, errors.New("it has no diff")
	}
	for _, f := range b.files {
		if f.OldName != f.NewName || f.IsBinary {
			return bug{}, fmt.Errorf("it makes %s of %s: a patch changes the text of files that are there", f.NewName, f.OldName)
		}
	}
	return b, nil
}

// apply returns a text with the fragments of a patch applied.
func apply(text string, fragments []*gitdiff.TextFragment) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	done := 0 // lines before it are patched
	for _, f := range fragments {
		var old, patched []string
		for _, line := range f.Lines {
			if line.Old() {
				old = append(old, line.Line)
			}
			if line.New() {
				patched = append(patched, line.Line)
			}
		}
		at, err := find(lines[done:], old)
		if err != nil {
			return "", fmt.Errorf("the lines that it says are at %d: %w; make the patch anew with git diff", f.OldPosition, err)
		}
		at += done
		lines = slices.Replace(lines, at, at+len(old), patched...)
		done = at + len(patched)
	}
	return strings.Join(lines, ""), nil
}

// find returns where lines hold others, which must be once.
func find(lines, wanted []string) (int, error) {
	found := -1
	for at := 0; at+len(wanted) <= len(lines); at++ {
		if !slices.Equal(lines[at:at+len(wanted)], wanted) {
			continue
		}
		if found >= 0 {
			return 0, errors.New("they are found more than once")
		}
		found = at
	}
	if found < 0 {
		return 0, errors.New("they are not found any more")
	}
	return found, nil
}

// plant applies the patch to copies of its files in a folder. It returns the
// copies by the absolute names of the files that they stand for.
func (b bug) plant(root, folder string) (map[string]string, error) {
	replaced := map[string]string{}
	for i, f := range b.files {
		original := filepath.Join(root, filepath.FromSlash(f.NewName))
		text, err := os.ReadFile(original)
		if err != nil {
			return nil, err
		}
		patched, err := apply(string(text), f.TextFragments)
		if err != nil {
			return nil, fmt.Errorf("%s does not apply to %s: %w", b.name, f.NewName, err)
		}
		replaced[original] = filepath.Join(folder, fmt.Sprintf("%d-%s", i, filepath.Base(original)))
		if err := os.WriteFile(replaced[original], []byte(patched), 0o600); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}
