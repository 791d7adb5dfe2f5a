package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Load reads the text of a history. A line that cannot be read is listed in
// [History.Damaged]; a last line that was cut off is the usual one. It returns an
// error if a line was written by a newer program.
func Load(text []byte) (*History, error) {
	h := &History{byKey: make(map[string]int)}
	number := 0
	for text := range bytes.Lines(text) {
		number++
		if text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\uFEFF"))); len(text) == 0 {
			continue
		}
		if err := h.read(text); errors.Is(err, errNewer) {
			return nil, fmt.Errorf("line %d of the history: %w", number, err)
		} else if err != nil {
			h.Damaged = append(h.Damaged, Damage{Line: number, Why: err.Error()})
		}
	}
	return h, nil
}

var errNewer = errors.New("it was written by a newer version of this program; use that one")

func (h *History) read(text []byte) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("it is not whole: %w", err)
	}
	if l.Version > version {
		return errNewer
	}
	if l.Version != version {
		return fmt.Errorf("it has the version %d, not %d", l.Version, version)
	}
	return h.take(l)
}

// Append adds a build to the end of a file, which it makes if there is none. What
// the file holds is never changed: behind a last line that was cut off the build
// begins a new one. The last build, given again with the same commit, time and
// results, is not written again. Two processes must not append to a file at the same
// time.
func Append(file string, build Build) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open the history: %w", err)
	}
	extended, _, err := Extend(text, build)
	if err != nil {
		return fmt.Errorf("append to %s: %w", file, err)
	}
	if err := appendTo(file, extended[len(text):]); err != nil {
		return fmt.Errorf("append to the history: %w", err)
	}
	return nil
}

// Extend is [Append] for a file's text: it returns the text with the build behind
// it, and the history with it. It does not change the text.
func Extend(text []byte, build Build) ([]byte, *History, error) {
	h, err := Load(text)
	if err != nil {
		return nil, nil, err
	}
	l, known, err := h.line(build)
	if err != nil {
		return nil, nil, fmt.Errorf("extend the history: %w", err)
	}
	if known {
		return text, h, nil
	}
	added, err := json.Marshal(l)
	if err != nil {
		return nil, nil, fmt.Errorf("extend the history: %w", err)
	}
	extended := slices.Clip(text)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		extended = append(extended, '\n')
	}
	return append(append(extended, added...), '\n'), h, h.take(l)
}

func appendTo(file string, text []byte) (err error) {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // it is published
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := out.Write(text); err != nil { // at once, so that what is cut off is one line
		return err
	}
	return out.Sync()
}
