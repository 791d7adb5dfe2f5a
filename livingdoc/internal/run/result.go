package run

import (
	"fmt"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"
)

// result tells what became of a pickle.
func (b builder) result(pickle *protocol.Pickle, cases []*protocol.TestCase) Result {
	made := Result{Verdict: NotRun, Command: b.properties["command"]}
	for _, c := range cases {
		for _, a := range b.ofCase[c.Id] {
			made.Attempts++
			made.take(pickle, c, a, b.undefinedParameters())
			made.Duration = max(a.finished.Sub(a.started), 0)
			if made.Verdict == Failed || made.Failure == "" { // what is to be explained is the attempt that failed
				made.Events, made.Waits, made.Statements, made.Drawings = a.events, a.waits, a.statements, a.drawings
			}
		}
	}
	if made.Verdict == Passed && made.Attempts > 1 {
		made.Verdict = Flaky
	}
	return made
}

// take adds what became of one attempt, by its steps and hooks.
func (r *Result) take(pickle *protocol.Pickle, c *protocol.TestCase, a *attempt, undefined string) {
	texts := map[string]string{} // of the steps, by the id of the test step
	for _, step := range pickle.Steps {
		for _, of := range c.TestSteps {
			if step != nil && of != nil && of.PickleStepId == step.Id {
				texts[of.Id] = step.Text
			}
		}
	}
	r.Verdict, r.Reason = Passed, ""
	var failures []string
	steps := stepVerdicts(pickle, c, a)
	for _, id := range a.order {
		result := a.results[id]
		switch result.Status {
		case protocol.TestStepResultStatus_PASSED:
			continue
		case protocol.TestStepResultStatus_SKIPPED:
			r.Verdict = Skipped
			if r.Reason == "" {
				r.Reason = result.Message // of the one that skipped; those after it have none
			}
			continue
		case protocol.TestStepResultStatus_PENDING:
			failures = append(failures, described("a step is not ready yet", result.Message))
		case protocol.TestStepResultStatus_UNDEFINED:
			failures = append(failures, "a step has no code yet"+undefined)
		case protocol.TestStepResultStatus_AMBIGUOUS:
			failures = append(failures, "a step could mean more than one thing")
		case protocol.TestStepResultStatus_FAILED, protocol.TestStepResultStatus_UNKNOWN:
			fallthrough
		default:
			failures = append(failures, described("", result.Message))
		}
		if text := texts[id]; text != "" {
			r.Step = text
		}
	}
	switch {
	case len(failures) > 0:
		r.Failure, r.Verdict, r.Reason, r.Steps = strings.Join(failures, "\n"), Failed, "", steps
	case !a.ended:
		r.Failure, r.Verdict, r.Steps = "it began and did not end", Failed, steps
	case len(a.order) == 0:
		r.Failure, r.Verdict = "nothing was checked", Failed
	}
}

// stepVerdicts is what became of each step of a pickle in one attempt.
func stepVerdicts(pickle *protocol.Pickle, c *protocol.TestCase, a *attempt) []Verdict {
	made := make([]Verdict, 0, len(pickle.Steps))
	for _, step := range pickle.Steps {
		if step == nil {
			continue
		}
		verdict := NotRun
		for _, of := range c.TestSteps {
			if of == nil || of.PickleStepId != step.Id || a.results[of.Id] == nil {
				continue
			}
			switch a.results[of.Id].Status {
			case protocol.TestStepResultStatus_PASSED:
				verdict = Passed
			case protocol.TestStepResultStatus_SKIPPED:
			default:
				verdict = Failed
			}
		}
		made = append(made, verdict)
	}
	return made
}

// undefinedParameters says which types of parameters the run asked for in vain, for
// which steps have no code; "" if none.
func (c *collector) undefinedParameters() string {
	var named []string
	for _, of := range c.undefined {
		named = append(named, fmt.Sprintf("the expression %q has a parameter of the type %q, which nobody defined", of.Expression, of.Name))
	}
	if len(named) == 0 {
		return ""
	}
	return "; " + strings.Join(named, "; ")
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
