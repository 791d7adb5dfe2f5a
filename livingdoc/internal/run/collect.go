package run

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	protocol "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/livingdoc/evidence"
)

// propertiesMediaType is that of what a run says of itself, a JSON object of
// texts.
const propertiesMediaType = "application/vnd.harness.run+json"

// collector gathers the lines of a run, which refer to each other by ids.
type collector struct {
	line       int // of the file, that is being added
	meta       *protocol.Meta
	started    *protocol.TestRunStarted
	finished   *protocol.TestRunFinished
	properties map[string]string

	documents   []document
	sources     map[string]string // by path
	pickles     []*protocol.Pickle
	definitions map[string]string // the places of steps' code, by id
	unparsed    []unparsed
	undefined   []*protocol.UndefinedParameterType
	hooks       map[string]*protocol.Hook       // by id
	runHooks    []*runHook                      // those of the run that began, in order
	byPickle    map[string][]*protocol.TestCase // of which there is one but for a writer that runs a scenario twice
	attempts    map[string]*attempt             // by the id of their start
	ofCase      map[string][]*attempt           // by the test case, in order
}

// attempt is one attempt at a test case.
type attempt struct {
	started, finished time.Time
	ended             bool
	results           map[string]*protocol.TestStepResult // by the test step
	order             []string                            // of the test steps

	events     evidence.Events
	waits      evidence.Waits
	statements evidence.Statements
	drawings   []Drawing
}

// document is a feature with the line of the file that it is in.
type document struct {
	*protocol.GherkinDocument

	line int
}

// unparsed is a feature that could not be read, in the same way.
type unparsed struct {
	*protocol.ParseError

	line int
}

// runHook is a hook of the run that began.
type runHook struct {
	id     string // of its start
	hook   string // the id of the hook
	after  bool   // whether scenarios had begun before it
	result *protocol.TestStepResult
}

func newCollector() *collector {
	return &collector{
		properties: map[string]string{}, sources: map[string]string{}, definitions: map[string]string{},
		hooks: map[string]*protocol.Hook{}, byPickle: map[string][]*protocol.TestCase{},
		attempts: map[string]*attempt{}, ofCase: map[string][]*attempt{},
	}
}

// add takes one line. What is not needed is passed over, and so is what is not
// known, which newer writers may add.
func (c *collector) add(e *protocol.Envelope) error {
	switch {
	case e.Meta != nil:
		c.meta = e.Meta
	case e.Source != nil:
		c.sources[featurePath(e.Source.Uri)] = plainText(e.Source.Data)
	case e.ParseError != nil:
		c.unparsed = append(c.unparsed, unparsed{e.ParseError, c.line})
	case e.UndefinedParameterType != nil:
		c.undefined = append(c.undefined, e.UndefinedParameterType)
	case e.Hook != nil:
		c.hooks[e.Hook.Id] = e.Hook
	case e.GherkinDocument != nil:
		c.documents = append(c.documents, document{e.GherkinDocument, c.line})
	case e.Pickle != nil:
		c.pickles = append(c.pickles, e.Pickle)
	case e.StepDefinition != nil:
		if at := e.StepDefinition.SourceReference; at != nil && at.Uri != "" && at.Location != nil {
			c.definitions[e.StepDefinition.Id] = fmt.Sprintf("%s:%d", at.Uri, at.Location.Line)
		}
	case e.TestRunStarted != nil:
		c.started = e.TestRunStarted
	case e.TestRunFinished != nil:
		c.finished = e.TestRunFinished
	case e.TestCase != nil:
		c.byPickle[e.TestCase.PickleId] = append(c.byPickle[e.TestCase.PickleId], e.TestCase)
	case e.Attachment != nil:
		return c.attachment(e.Attachment)
	default:
		return c.progress(e)
	}
	return nil
}

// progress takes what happened to a test case.
func (c *collector) progress(e *protocol.Envelope) error {
	switch {
	case e.TestRunHookStarted != nil:
		s := e.TestRunHookStarted
		c.runHooks = append(c.runHooks, &runHook{id: s.Id, hook: s.HookId, after: len(c.attempts) > 0})
	case e.TestRunHookFinished != nil:
		s := e.TestRunHookFinished
		i := slices.IndexFunc(c.runHooks, func(h *runHook) bool { return h.id == s.TestRunHookStartedId })
		if i < 0 || s.Result == nil {
			return fmt.Errorf("a hook of the run finished as %q, which did not start", s.TestRunHookStartedId)
		}
		c.runHooks[i].result = s.Result
	case e.TestCaseStarted != nil:
		s := e.TestCaseStarted
		a := &attempt{started: moment(s.Timestamp), results: map[string]*protocol.TestStepResult{}}
		c.attempts[s.Id] = a
		c.ofCase[s.TestCaseId] = append(c.ofCase[s.TestCaseId], a)
	case e.TestStepFinished != nil:
		s := e.TestStepFinished
		a, known := c.attempts[s.TestCaseStartedId]
		if !known || s.TestStepResult == nil {
			return fmt.Errorf("a step finished in the attempt %q, which did not start", s.TestCaseStartedId)
		}
		if _, twice := a.results[s.TestStepId]; !twice {
			a.order = append(a.order, s.TestStepId)
		}
		a.results[s.TestStepId] = s.TestStepResult
	case e.TestCaseFinished != nil:
		s := e.TestCaseFinished
		a, known := c.attempts[s.TestCaseStartedId]
		if !known {
			return fmt.Errorf("the attempt %q finished, and did not start", s.TestCaseStartedId)
		}
		a.finished, a.ended = moment(s.Timestamp), true
	}
	return nil
}

// drawingName is a name that can be that of a file of the site.
var drawingName = regexp.MustCompile(`^[\w-][\w.-]*\.html$`)

// attachment takes what says something of the run or of an attempt.
func (c *collector) attachment(given *protocol.Attachment) error {
	var into any
	a := c.attempts[given.TestCaseStartedId]
	switch {
	case given.MediaType == propertiesMediaType:
		into = &c.properties
	case a == nil:
		return nil
	case given.MediaType == evidence.EventsMediaType:
		into = &a.events
	case given.MediaType == evidence.WaitsMediaType:
		into = &a.waits
	case given.MediaType == evidence.StatementsMediaType:
		into = &a.statements
	case given.MediaType == "text/html" && drawingName.MatchString(given.FileName):
	default:
		return nil
	}
	body := []byte(given.Body)
	if given.ContentEncoding == protocol.AttachmentContentEncoding_BASE64 {
		decoded, err := base64.StdEncoding.DecodeString(given.Body)
		if err != nil {
			return fmt.Errorf("an attachment of type %s is not in base 64: %w", given.MediaType, err)
		}
		body = decoded
	}
	if into == nil {
		a.drawings = append(a.drawings, Drawing{given.FileName, body})
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("an attachment of type %s cannot be read: %w", given.MediaType, err)
	}
	return nil
}

func moment(t *protocol.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return time.Unix(t.Seconds, t.Nanos).UTC()
}
