package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// Load reads a history. A line that cannot be read is listed in
// [History.Damaged]; a last line that was cut off is the usual one. It returns an
// error if the reader does, and if a line was written by a newer program.
func Load(r io.Reader) (*History, error) {
	h := New()
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		text, err := in.ReadBytes('\n')
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return nil, fmt.Errorf("read the history: %w", err)
		}
		if text := bytes.TrimSpace(text); len(text) > 0 {
			if err := h.read(text); errors.Is(err, errNewer) {
				return nil, fmt.Errorf("line %d of the history: %w", number, err)
			} else if err != nil {
				h.Damaged = append(h.Damaged, Damage{Line: number, Why: err.Error()})
			}
		}
		if end {
			return h, nil
		}
	}
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

// LoadFile reads the history in a file, and returns one without builds if there
// is no such file.
func LoadFile(file string) (*History, error) {
	in, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return New(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	defer in.Close() //nolint:errcheck // nothing is written through it
	return Load(in)
}

// Append adds a build to the end of a file, which it makes if there is none, and
// returns the history with it. What the file holds is never changed: behind a last
// line that was cut off the build begins a new one. A build that is there
// already, with the same commit and time, is not written again. Two processes
// must not append to a file at the same time.
func Append(file string, build Build) (*History, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	extended, h, err := Extend(text, build)
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", file, err)
	}
	if err := appendTo(file, extended[len(text):]); err != nil {
		return nil, fmt.Errorf("append to the history: %w", err)
	}
	return h, nil
}

// Extend is [Append] for a file's text: it returns the text with the build behind
// it, and the history with it. It does not change the text.
func Extend(text []byte, build Build) ([]byte, *History, error) {
	h, err := Load(bytes.NewReader(text))
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
