package run

import (
	"strings"
	"time"

	protocol "github.com/cucumber/messages/go/v34"
)

// result tells what became of a pickle.
func (b builder) result(pickle *protocol.Pickle, c *protocol.TestCase) Result {
	if c == nil || len(b.ofCase[c.Id]) == 0 {
		return Result{Verdict: NotRun}
	}
	made := Result{Verdict: NotRun}
	attempts := b.ofCase[c.Id]
	for _, a := range attempts {
		one, verdict, reason := attempted(pickle, c, a)
		made.Attempts = append(made.Attempts, one)
		made.Verdict, made.Reason = verdict, reason
		if one.Failure != "" {
			made.Failure = one.Failure
		}
	}
	last := attempts[len(attempts)-1]
	made.Duration = max(last.finished.Sub(last.started), 0)
	made.Events, made.Waits, made.Statements = last.events, last.waits, last.statements
	if made.Verdict == Passed && len(attempts) > 1 {
		made.Verdict = Flaky
	}
	return made
}

// attempted tells what became of one attempt, by its steps and hooks.
func attempted(pickle *protocol.Pickle, c *protocol.TestCase, a *attempt) (made Attempt, verdict Verdict, reason string) {
	made = Attempt{Duration: max(a.finished.Sub(a.started), 0), Steps: make([]StepResult, len(pickle.Steps))}
	place := map[string]int{} // of the steps, by the id of the test step
	for i, step := range pickle.Steps {
		for _, of := range c.TestSteps {
			if step != nil && of != nil && of.PickleStepId == step.Id {
				place[of.Id] = i
			}
		}
	}
	verdict = Passed
	var failures []string
	for _, id := range a.order {
		result := a.results[id]
		if i, isStep := place[id]; isStep {
			made.Steps[i] = StepResult{Status: string(result.Status), Duration: length(result.Duration), Message: result.Message}
		}
		switch result.Status {
		case protocol.TestStepResultStatus_PASSED:
		case protocol.TestStepResultStatus_SKIPPED:
			verdict = verdict.Worse(Skipped)
			if reason == "" {
				reason = result.Message // of the one that skipped; those after it have none
			}
		case protocol.TestStepResultStatus_PENDING:
			failures = append(failures, described("a step is not ready yet", result.Message))
		case protocol.TestStepResultStatus_UNDEFINED:
			failures = append(failures, "a step has no code yet")
		case protocol.TestStepResultStatus_AMBIGUOUS:
			failures = append(failures, "a step could mean more than one thing")
		case protocol.TestStepResultStatus_FAILED, protocol.TestStepResultStatus_UNKNOWN:
			fallthrough
		default:
			failures = append(failures, described("", result.Message))
		}
	}
	switch {
	case len(failures) > 0:
		made.Failure, verdict, reason = strings.Join(failures, "\n"), Failed, ""
	case a.finished.Equal(time.Time{}):
		made.Failure, verdict = "it began and did not end", Failed
	case len(a.order) == 0:
		made.Failure, verdict = "nothing was checked", Failed
	}
	return made, verdict, reason
}

func described(what, message string) string {
	switch {
	case what == "" && message == "":
		return "it failed, and did not say why"
	case what == "" || message == "":
		return what + message
	default:
		return what + ": " + message
	}
}
