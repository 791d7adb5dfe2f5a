package suite

import (
	"fmt"
	"time"

	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
)

// Status is what became of a step or scenario. The greater one prevails.
type Status int

// The statuses. The zero Status is none of them: nothing was found out, which
// counts as a failure.
const (
	Passed Status = iota + 1
	Skipped
	Pending
	Undefined
	Ambiguous
	Failed
)

// look gives a status its name and its mark for people.
func (s Status) look() (name, mark string) {
	switch s {
	case Passed:
		return "passed", "✓"
	case Skipped:
		return "skipped", "-"
	case Pending:
		return "pending", "…"
	case Undefined:
		return "undefined", "?"
	case Ambiguous:
		return "ambiguous", "≠"
	case Failed:
		return "failed", "✗"
	default:
		return "unknown", "✗"
	}
}

func (s Status) String() string {
	name, _ := s.look()
	return name
}

// Step is what became of a step.
type Step struct {
	Keyword     string // as in the file, without the space after it
	Text        string
	Line        int
	Argument    *messages.PickleStepArgument // its table or doc string, or nil
	Status      Status
	Started     time.Time // zero if it did not run
	Duration    time.Duration
	Err         error                // why it did not pass; nil for one that was left out after another
	Attachments []gherkin.Attachment // with the lines of its log, in order
}

// Hook is what became of a hook. One that was left out is skipped, with no Err.
type Hook struct {
	Info        gherkin.HookInfo
	Status      Status
	Started     time.Time // zero if it did not run
	Duration    time.Duration
	Err         error // why it did not pass
	Attachments []gherkin.Attachment
}

// Result is what became of an attempt at a scenario.
type Result struct {
	Scenario      *Scenario
	Status        Status
	Reason        string // why it did not pass, or not at the first attempt, in a line
	Err           error  // what is wrong outside the steps: a world, a hook, the time limit; or nil
	Steps         []Step
	Started       time.Time
	Duration      time.Duration
	Attempt       int // from 1
	WillBeRetried bool
	Repeat        string               // the command that runs just this again
	Attachments   []gherkin.Attachment // of what is neither a step nor a hook: the world

	// Hooks are those that Config.Definitions has for the scenario, in the order
	// in which they run. What went wrong, or was skipped, outside all of them
	// and the steps has an entry too, with no index; so every verdict has
	// something that explains it.
	Hooks []Hook
}

// Flaky tells whether the last attempt passed, but not the first one. That is a
// verdict of its own, and not a pass.
func (r Result) Flaky() bool { return r.Status == Passed && r.Attempt > 1 }

// Verdict is the status in a word for people, or "flaky".
func (r Result) Verdict() string {
	if r.Flaky() {
		return "flaky"
	}
	return r.Status.String()
}

// Location returns where to look first, as path:line: at the step that decided
// the verdict, or else at the scenario.
func (r Result) Location() string {
	if r.Status != Passed {
		for _, step := range r.Steps {
			if step.Status == r.Status && step.Err != nil {
				return fmt.Sprintf("%s:%d", r.Scenario.Feature.URI, step.Line)
			}
		}
	}
	return r.Scenario.Location()
}
