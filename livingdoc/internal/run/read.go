package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

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
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte(byteOrderMark)))
		if len(line) == 0 {
			continue
		}
		if err := encoded(line); err != nil {
			return nil, &FormatError{File: file, Line: n, Err: err}
		}
		var envelope protocol.Envelope
		if err := json.Unmarshal(line, &envelope); err != nil {
			if c.finished == nil && !moreLines(lines) {
				return nil, &UnfinishedError{File: file} // the end of a line that was being written
			}
			return nil, &FormatError{File: file, Line: n, Err: fmt.Errorf("this is not a line of Cucumber Messages: %w", err)}
		}
		c.line = n
		if err := c.add(&envelope); err != nil {
			return nil, &FormatError{File: file, Line: n, Err: err}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &FormatError{File: file, Line: n + 1, Err: err}
	}
	switch {
	case c.meta == nil && c.started == nil:
		return nil, &FormatError{File: file, Err: errors.New("this is not a run: it has neither meta nor testRunStarted")}
	case len(c.unparsed) > 0:
		return nil, &FormatError{File: file, Line: c.unparsed[0].line, Err: c.unread()}
	case c.finished == nil:
		return nil, &UnfinishedError{File: file}
	}
	made, at, err := c.run()
	if err != nil {
		return nil, &FormatError{File: file, Line: at, Err: err}
	}
	made.Info.File = file
	return made, nil
}

// byteOrderMark is what some editors put before a text.
const byteOrderMark = "\uFEFF"

// encoded returns an error if a line is not in UTF-8, which JSON has to be: read as
// if it were, its letters would be others.
func encoded(line []byte) error {
	if utf8.Valid(line) {
		return nil
	}
	if bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff")) {
		return errors.New("the file is in UTF-16, in which some shells write what is sent to a file; save it as UTF-8, or have the run write the file itself")
	}
	i := 0
	for i < len(line) {
		if r, size := utf8.DecodeRune(line[i:]); r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		break
	}
	return fmt.Errorf("the line is not in UTF-8: byte %d of it is %#x; save the file as UTF-8", i+1, line[i])
}

// unread says which features the run could not read. What is in them would look as
// if it did not exist.
func (c *collector) unread() error {
	var all []string
	for _, e := range c.unparsed {
		place := "a feature"
		if at := e.Source; at != nil && at.Uri != "" {
			place = featurePath(at.Uri)
			if at.Location != nil {
				place += fmt.Sprintf(":%d", at.Location.Line)
			}
		}
		all = append(all, place+": "+e.Message)
	}
	return fmt.Errorf("the run could not read all of its features, so there is nothing to say of those; mend them and run it again:\n%s", strings.Join(all, "\n"))
}

func moreLines(lines *bufio.Scanner) bool {
	for lines.Scan() {
		if len(strings.TrimSpace(lines.Text())) > 0 {
			return true
		}
	}
	return false
}
