package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"
)

// UnfinishedError says that a file is of a run that was ended from outside, or
// still goes on.
type UnfinishedError struct{ File string }

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("%s: the run did not finish: the last line, testRunFinished, is missing. "+
		"It was ended from outside or still goes on; run it again, and use the file when the run has ended", e.File)
}

// FormatError says that a file is not what it should be.
type FormatError struct {
	File string
	Line int // from 1; 0 if it is about the whole
	Err  error
}

func (e *FormatError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns the error beneath.
func (e *FormatError) Unwrap() error { return e.Err }

// longestLine is the most that a line may hold, in bytes: the events of a
// scenario with thousands of streams are one.
const longestLine = 256 << 20

// Read reads a run from its file. The error is an [*UnfinishedError], a
// [*FormatError], or that of the file.
func Read(file string) (*Run, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	defer opened.Close() //nolint:errcheck // nothing is written
	return Parse(file, opened)
}

// Parse is [Read] for what is already open. The name is for errors and for
// [Info].
func Parse(file string, from io.Reader) (*Run, error) {
	c := newCollector()
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 1<<20), longestLine)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var envelope protocol.Envelope
		if err := json.Unmarshal(lines.Bytes(), &envelope); err != nil {
			if c.finished == nil && !moreLines(lines) {
				return nil, &UnfinishedError{File: file} // the end of a line that was being written
			}
			return nil, &FormatError{File: file, Line: n, Err: fmt.Errorf("this is not a line of Cucumber Messages: %w", err)}
		}
		if err := c.add(&envelope); err != nil {
			return nil, &FormatError{File: file, Line: n, Err: err}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &FormatError{File: file, Err: err}
	}
	switch {
	case c.meta == nil && c.started == nil:
		return nil, &FormatError{File: file, Err: errors.New("this is not a run: it has neither meta nor testRunStarted")}
	case c.finished == nil:
		return nil, &UnfinishedError{File: file}
	}
	made, err := c.run()
	if err != nil {
		return nil, &FormatError{File: file, Err: err}
	}
	made.Info.File = file
	return made, nil
}

func moreLines(lines *bufio.Scanner) bool {
	for lines.Scan() {
		if len(strings.TrimSpace(lines.Text())) > 0 {
			return true
		}
	}
	return false
}
