package report

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cucumber/godog"
	protocol "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// attempt adds what became of one attempt at a scenario.
//
// Times never go back. What did not run has the time of what came before it.
func (l *lines) attempt(c *testCase, r suite.Result, definitions *gherkin.Definitions) {
	a := attemptLines{lines: l, id: c.attemptID(r.Attempt), now: r.Started}
	l.add(protocol.Envelope{TestCaseStarted: &protocol.TestCaseStarted{
		Id: a.id, TestCaseId: c.id, Attempt: int64(r.Attempt - 1), Timestamp: timestamp(r.Started),
	}})
	for _, hook := range r.Hooks {
		if hook.Info.Type == gherkin.BeforeScenario {
			a.hook(c, hook)
		}
	}
	for i, step := range r.Steps {
		made := c.steps[i]
		a.started(made.ID, step.Started)
		a.attachments(step.Attachments, protocol.Attachment{TestCaseStartedId: a.id, TestStepId: made.ID})
		if step.Status == suite.Undefined && definitions != nil {
			l.add(protocol.Envelope{Suggestion: &protocol.Suggestion{
				Id: made.ID + "-suggestion", PickleStepId: made.PickleStepID,
				Snippets: []*protocol.Snippet{{Language: "go", Code: definitions.Suggest(
					keyword(r.Scenario.Pickle.Steps[i].Type), step.Text, step.Argument,
				)}},
			}})
		}
		a.finished(made.ID, step.Status, step.Err, step.Duration)
	}
	for _, hook := range r.Hooks {
		if hook.Info.Type == gherkin.AfterScenario {
			a.hook(c, hook)
		}
	}
	a.attachments(r.Attachments, protocol.Attachment{TestCaseStartedId: a.id})
	a.advance(r.Started.Add(r.Duration))
	l.add(protocol.Envelope{TestCaseFinished: &protocol.TestCaseFinished{
		TestCaseStartedId: a.id, Timestamp: timestamp(a.now), WillBeRetried: r.WillBeRetried,
	}})
}

// attemptLines adds the lines of one attempt.
type attemptLines struct {
	*lines
	id  string
	now time.Time // of the line before
}

// advance makes it later, never earlier.
func (a *attemptLines) advance(to time.Time) {
	if to.After(a.now) {
		a.now = to
	}
}

func (a *attemptLines) hook(c *testCase, hook suite.Hook) {
	id := c.stepID(hookID(hook.Info))
	a.started(id, hook.Started)
	a.attachments(hook.Attachments, protocol.Attachment{TestCaseStartedId: a.id, TestStepId: id})
	a.finished(id, hook.Status, hook.Err, hook.Duration)
}

func (a *attemptLines) started(step string, at time.Time) {
	a.advance(at)
	a.add(protocol.Envelope{TestStepStarted: &protocol.TestStepStarted{
		TestCaseStartedId: a.id, TestStepId: step, Timestamp: timestamp(a.now),
	}})
}

func (a *attemptLines) finished(step string, status suite.Status, err error, took time.Duration) {
	a.advance(a.now.Add(took))
	a.add(protocol.Envelope{TestStepFinished: &protocol.TestStepFinished{
		TestCaseStartedId: a.id, TestStepId: step, TestStepResult: result(status, err, took), Timestamp: timestamp(a.now),
	}})
}

// runHook adds the i-th hook of the run that ran.
func (l *lines) runHook(i int, hook suite.Hook) {
	id := fmt.Sprintf("run-hook-%d", i+1)
	l.add(protocol.Envelope{TestRunHookStarted: &protocol.TestRunHookStarted{
		Id: id, TestRunStartedId: runID, HookId: hookID(hook.Info), Timestamp: timestamp(hook.Started),
	}})
	l.attachments(hook.Attachments, protocol.Attachment{TestRunHookStartedId: id})
	l.add(protocol.Envelope{TestRunHookFinished: &protocol.TestRunHookFinished{
		TestRunHookStartedId: id, Result: result(hook.Status, hook.Err, hook.Duration), Timestamp: timestamp(hook.Started.Add(hook.Duration)),
	}})
}

// attachments adds attachments to what the like says.
func (l *lines) attachments(list []gherkin.Attachment, like protocol.Attachment) {
	for _, given := range list {
		made := like
		made.MediaType, made.FileName, made.Timestamp = given.MediaType, given.FileName, timestamp(given.At)
		if made.MediaType == "" {
			made.MediaType = "application/octet-stream"
		}
		made.Body, made.ContentEncoding = given.Text, protocol.AttachmentContentEncoding_IDENTITY
		if given.Body != nil {
			made.Body = base64.StdEncoding.EncodeToString(given.Body)
			made.ContentEncoding = protocol.AttachmentContentEncoding_BASE64
		}
		l.add(protocol.Envelope{Attachment: &made})
	}
}

// result has the status by the protocol's names, which are ours in capitals.
func result(status suite.Status, err error, took time.Duration) *protocol.TestStepResult {
	made := &protocol.TestStepResult{
		Duration: duration(took), Status: protocol.TestStepResultStatus(strings.ToUpper(status.String())),
	}
	if status == suite.Passed || status == suite.Undefined || status == suite.Ambiguous {
		return made // what there is to say stands in lines of its own
	}
	if message := message(err); message != "" {
		made.Message, made.Exception = message, exception(err, message)
	}
	return made
}

// message says what was wrong, or why something was skipped or is pending; ""
// if nothing was said.
func message(err error) string {
	var skip *gherkin.SkipError
	var pending *gherkin.PendingError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &skip) && len(unwrapAll(err)) == 0:
		return skip.Reason
	case errors.As(err, &pending) && len(unwrapAll(err)) == 0:
		return pending.Reason
	}
	text := err.Error()
	for _, plain := range []error{godog.ErrSkip, godog.ErrPending} {
		if errors.Is(err, plain) && len(unwrapAll(err)) == 0 {
			text = strings.TrimSuffix(strings.TrimSuffix(text, plain.Error()), ": ")
		}
	}
	return text
}

// unwrapAll returns what is joined in an error, of which one part may be a skip
// and another a failure.
func unwrapAll(err error) []error {
	for err != nil {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			return joined.Unwrap()
		}
		err = errors.Unwrap(err)
	}
	return nil
}

func exception(err error, message string) *protocol.Exception {
	return &protocol.Exception{Type: fmt.Sprintf("%T", err), Message: message, StackTrace: suite.Stack(err)}
}

// keyword says how to register a step of this type.
func keyword(t protocol.PickleStepType) gherkin.Keyword {
	switch t {
	case protocol.PickleStepType_CONTEXT:
		return gherkin.Given
	case protocol.PickleStepType_ACTION:
		return gherkin.When
	case protocol.PickleStepType_OUTCOME:
		return gherkin.Then
	default:
		return gherkin.AnyKeyword
	}
}
