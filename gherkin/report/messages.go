package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	protocol "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// messages writes the messages of a run to a file.
type messages struct {
	name   string
	config Config

	plan  suite.Plan
	cases map[*suite.Scenario]*testCase
	own   []gherkin.HookInfo // hooks that no definition has, as they came up

	file   *os.File
	offset int64 // of its end
}

// Start implements suite.Reporter.
func (w *messages) Start(plan suite.Plan) error {
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
func (w *messages) Attempt(r suite.Result) error {
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
func (w *messages) note(hooks []suite.Hook) {
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
func (w *messages) Finish(s suite.Summary) error {
	if w.file == nil {
		return nil
	}
	if err := replace(w.name, func(to io.Writer) error {
		defer w.close() // not every system renames to a file that is open
		return w.assemble(to, s)
	}); err != nil {
		return w.failed(err)
	}
	return nil
}

// assemble writes the whole run in order. The attempts are copied from the file
// in which they were collected.
func (w *messages) assemble(to io.Writer, s suite.Summary) error {
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
func (w *messages) append(l *lines) error {
	n := l.buffer.Len()
	if err := l.flush(w.file); err != nil {
		return w.failed(err)
	}
	w.offset += int64(n)
	return nil
}

func (w *messages) close() {
	if w.file != nil {
		_ = w.file.Close() // what counts was checked when it was written
		w.file = nil
	}
}

func (w *messages) failed(err error) error {
	return fmt.Errorf("write the messages of the run to %s: %w", w.name, err)
}

// lines collects envelopes, one a line.
type lines struct {
	buffer bytes.Buffer
	err    error
}

// add adds an envelope.
func (l *lines) add(envelope any) {
	encoder := json.NewEncoder(&l.buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(envelope); err != nil {
		l.err = errors.Join(l.err, fmt.Errorf("encode a message: %w", err))
	}
}

// flush writes what was collected and forgets it.
func (l *lines) flush(to io.Writer) error {
	if l.err != nil {
		return l.err
	}
	_, err := l.buffer.WriteTo(to)
	return err
}

// timestamp gives a moment. The zero one, which nothing should have, becomes the
// beginning of time rather than a number that the protocol does not allow.
func timestamp(t time.Time) *protocol.Timestamp {
	if t.IsZero() {
		return &protocol.Timestamp{}
	}
	return &protocol.Timestamp{Seconds: t.Unix(), Nanos: int64(t.Nanosecond())}
}

func duration(d time.Duration) *protocol.Duration {
	d = max(d, 0)
	return &protocol.Duration{Seconds: int64(d / time.Second), Nanos: int64(d % time.Second)}
}
