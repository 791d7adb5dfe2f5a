package suite

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v34"

	"groupcheckout/harness/gherkin"
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

func (s Status) String() string {
	switch s {
	case Passed:
		return "passed"
	case Skipped:
		return "skipped"
	case Pending:
		return "pending"
	case Undefined:
		return "undefined"
	case Ambiguous:
		return "ambiguous"
	case Failed:
		return "failed"
	default:
		return "unknown"
	}
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
	Reason        string // why it did not pass, in a line
	Err           error  // what is wrong outside the steps: a world, a hook, the time limit; or nil
	Steps         []Step
	Started       time.Time
	Duration      time.Duration
	Attempt       int // from 1
	WillBeRetried bool
	Attachments   []gherkin.Attachment // of what is neither a step nor a hook: the world

	// Hooks are those that Config.Definitions has for the scenario, in the order
	// in which they run. What went wrong, or was skipped, outside all of them
	// and the steps has an entry too, with no index; so every verdict has
	// something that explains it.
	Hooks []Hook
}

// Flaky tells whether the scenario passed, but not at the first attempt.
func (r Result) Flaky() bool { return r.Status == Passed && r.Attempt > 1 }

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

// Summary is what became of a run. Scenarios that -run left out are not in it.
type Summary struct {
	Name     string
	Passed   int // with the flaky ones
	Flaky    int
	Failed   int // with the undefined, pending, ambiguous and empty ones
	Skipped  int
	Selected int // by tags
	Started  time.Time
	Duration time.Duration // by the clock on the wall
	Results  []Result      // the last attempt at each, in the order of the files
	Hooks    []Hook        // those of the run that ran
	Err      error         // what is wrong with the run as a whole, or nil
}

// Success tells whether go test calls the run a success.
func (s Summary) Success() bool {
	for _, hook := range s.Hooks {
		if hook.Status != Passed {
			return false
		}
	}
	return s.Failed == 0 && s.Err == nil
}

// Total is the number of scenarios that ran or were skipped.
func (s Summary) Total() int { return s.Passed + s.Failed + s.Skipped }

func (s *Summary) add(r Result) {
	switch r.Status {
	case Passed:
		s.Passed++
		if r.Flaky() {
			s.Flaky++
		}
	case Skipped:
		s.Skipped++
	default:
		s.Failed++
	}
	s.Results = append(s.Results, r)
}

// WriteText writes the counts, then what failed, what is flaky, and each reason
// for skipping with its number of scenarios.
func (s Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d scenarios: %d passed, %d failed, %d skipped", s.Name, s.Total(), s.Passed, s.Failed, s.Skipped)
	if s.Flaky > 0 {
		fmt.Fprintf(&b, ", %d flaky", s.Flaky)
	}
	fmt.Fprintf(&b, " (%s)\n", s.Duration.Round(time.Millisecond))
	skips := map[string]int{}
	var reasons []string
	for _, hook := range s.Hooks {
		if hook.Status != Passed {
			fmt.Fprintf(&b, "  %-9s %s\n", hook.Status, hook.reason())
		}
	}
	if s.Err != nil {
		fmt.Fprintf(&b, "  %-9s %v\n", Failed, s.Err)
	}
	for _, r := range s.Results {
		switch {
		case r.Status == Skipped:
			if skips[r.Reason]++; skips[r.Reason] == 1 {
				reasons = append(reasons, r.Reason)
			}
		case r.Status != Passed:
			fmt.Fprintf(&b, "  %-9s %s  %s: %s\n", r.Status, r.Location(), r.Scenario.Name, r.Reason)
		case r.Flaky():
			fmt.Fprintf(&b, "  %-9s %s  %s: passed at attempt %d\n", "flaky", r.Scenario.Location(), r.Scenario.Name, r.Attempt)
		}
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(&b, "  %-9s %d: %s\n", "skipped", skips[reason], reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
