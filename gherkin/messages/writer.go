package messages

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	protocol "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// Config says what a [Writer] cannot learn from the run. The zero value will do.
type Config struct {
	// Folder stands before the paths of feature files, such as "features".
	Folder string

	// Root is the folder that the places of steps and hooks are given from. The
	// nearest parent of the working directory with a go.mod unless given.
	Root string

	// Store and How say what the run was on, and how it was brought up.
	Store, How string

	// Properties are more to say of the run. They must not hold secrets.
	Properties map[string]string

	// Getenv reads the environment, for what it tells of the CI job. os.Getenv
	// unless given.
	Getenv func(string) string
}

// Writer writes the messages of a run to a file. It is a suite.Reporter, whose
// calls do not overlap; a second run overwrites the file.
type Writer struct {
	name   string
	config Config

	plan  suite.Plan
	cases map[*suite.Scenario]*testCase
	own   []gherkin.HookInfo // hooks that no definition has, as they came up

	file   *os.File
	offset int64 // of its end
}

// New returns a writer to a file, which is made, with its folder, when the run
// starts.
func New(name string, config Config) *Writer {
	if config.Getenv == nil {
		config.Getenv = os.Getenv
	}
	if config.Root == "" {
		config.Root = moduleRoot()
	}
	return &Writer{name: name, config: config}
}

var _ suite.Reporter = (*Writer)(nil)

// Start implements suite.Reporter.
func (w *Writer) Start(plan suite.Plan) error {
	w.close() // of a run before that never finished
	w.plan, w.own, w.offset = plan, nil, 0
	w.cases = make(map[*suite.Scenario]*testCase, len(plan.Scenarios))
	if err := os.MkdirAll(filepath.Dir(w.name), 0o755); err != nil {
		return w.failed(err)
	}
	var err error
	if w.file, err = os.Create(w.name); err != nil {
		return w.failed(err)
	}
	var l lines
	w.preamble(&l)
	w.runStarted(&l)
	return w.append(&l)
}

// Attempt implements suite.Reporter.
func (w *Writer) Attempt(r suite.Result) error {
	if w.file == nil {
		return nil // Start has said why
	}
	c, known := w.cases[r.Scenario]
	if !known {
		c = newTestCase(r.Scenario, w.plan.Definitions)
		w.cases[r.Scenario] = c
	}
	before := len(w.own)
	w.note(r.Hooks)
	var l lines
	for _, info := range w.own[before:] {
		l.add(w.hook(info))
	}
	if c.merge(r.Hooks); !known {
		l.add(c.envelope())
	}
	if err := w.append(&l); err != nil {
		return err
	}
	l.attempt(c, r, w.plan.Definitions)
	c.attempts = append(c.attempts, span{at: w.offset, length: int64(l.buffer.Len())})
	return w.append(&l)
}

// note remembers hooks that no definition has.
func (w *Writer) note(hooks []suite.Hook) {
	for _, hook := range hooks {
		if hook.Info.Index > 0 || containsHook(w.own, hook.Info) {
			continue
		}
		w.own = append(w.own, hook.Info)
	}
}

func containsHook(list []gherkin.HookInfo, info gherkin.HookInfo) bool {
	for _, known := range list {
		if hookID(known) == hookID(info) {
			return true
		}
	}
	return false
}

// Finish implements suite.Reporter.
func (w *Writer) Finish(s suite.Summary) (err error) {
	if w.file == nil {
		return nil
	}
	defer w.close()
	whole, err := os.CreateTemp(filepath.Dir(w.name), "."+filepath.Base(w.name)+"-*")
	if err != nil {
		return w.failed(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(w.failed(err), os.Remove(whole.Name()))
		}
	}()
	err = errors.Join(w.assemble(whole, s), whole.Chmod(0o644), whole.Close())
	if err != nil {
		return err
	}
	w.close() // not every system renames to a file that is open
	return os.Rename(whole.Name(), w.name)
}

// assemble writes the whole run in order. The attempts are copied from the file
// in which they were collected.
func (w *Writer) assemble(to io.Writer, s suite.Summary) error {
	out := bufio.NewWriter(to)
	var l lines
	w.preamble(&l)
	for _, info := range w.own {
		l.add(w.hook(info))
	}
	w.runStarted(&l)
	for i, hook := range s.Hooks {
		if hook.Info.Type == gherkin.BeforeRun {
			l.runHook(i, hook)
		}
	}
	for _, scenario := range w.plan.Scenarios {
		if c, ran := w.cases[scenario]; ran {
			l.add(c.envelope())
		}
	}
	if err := l.flush(out); err != nil {
		return err
	}
	for _, scenario := range w.plan.Scenarios {
		c, ran := w.cases[scenario]
		if !ran {
			continue
		}
		for _, part := range c.attempts {
			if _, err := io.Copy(out, io.NewSectionReader(w.file, part.at, part.length)); err != nil {
				return err
			}
		}
	}
	for i, hook := range s.Hooks {
		if hook.Info.Type == gherkin.AfterRun {
			l.runHook(i, hook)
		}
	}
	finished := &protocol.TestRunFinished{
		Success: s.Success(), Timestamp: timestamp(s.Started.Add(s.Duration)), TestRunStartedId: runID,
	}
	if s.Err != nil {
		finished.Message = s.Err.Error()
		finished.Exception = exception(s.Err, s.Err.Error())
	}
	l.add(protocol.Envelope{TestRunFinished: finished})
	return errors.Join(l.flush(out), out.Flush())
}

// append writes lines to the end of the file.
func (w *Writer) append(l *lines) error {
	n := l.buffer.Len()
	if err := l.flush(w.file); err != nil {
		return w.failed(err)
	}
	w.offset += int64(n)
	return nil
}

func (w *Writer) close() {
	if w.file != nil {
		_ = w.file.Close() // what counts was checked when it was written
		w.file = nil
	}
}

func (w *Writer) failed(err error) error {
	return fmt.Errorf("write the messages of the run to %s: %w", w.name, err)
}
