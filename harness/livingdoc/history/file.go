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
	h, err := LoadFile(file)
	if err != nil {
		return nil, err
	}
	l, known, err := h.line(build)
	if err != nil {
		return nil, fmt.Errorf("append to the history %s: %w", file, err)
	}
	if known {
		return h, nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("append to the history %s: %w", file, err)
	}
	if err := appendLine(file, text); err != nil {
		return nil, fmt.Errorf("append to the history: %w", err)
	}
	return h, h.take(l)
}

func appendLine(file string, text []byte) (err error) {
	out, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // it is published
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	end, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if end > 0 {
		last := make([]byte, 1)
		if _, err := out.ReadAt(last, end-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			text = append([]byte{'\n'}, text...)
		}
	}
	if _, err := out.Write(text); err != nil { // at once, so that what is cut off is one line
		return err
	}
	return out.Sync()
}
