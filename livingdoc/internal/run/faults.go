package run

import (
	"slices"
	"strings"

	protocol "github.com/cucumber/messages/go/v34"
)

// faults are what was wrong with the run as a whole, of which the scenarios in its
// features say nothing.
func (c *collector) faults(features []*Feature) []Fault {
	var made []Fault
	for _, h := range c.runHooks {
		text, wrong := h.wrong(c.finished.Success)
		if !wrong {
			continue
		}
		one := Fault{Kind: Before, Text: text}
		if h.after {
			one.Kind = After
		}
		if hook := c.hooks[h.hook]; hook != nil {
			one.Hook = strings.TrimSpace(hook.Name)
			switch hook.Type {
			case protocol.HookType_BEFORE_TEST_RUN:
				one.Kind = Before
			case protocol.HookType_AFTER_TEST_RUN:
				one.Kind = After
			default: // an older protocol does not say
			}
		}
		made = append(made, one)
	}
	if c.finished.Success {
		return made
	}
	message := c.finished.Message
	if exception := c.finished.Exception; message == "" && exception != nil {
		message = strings.Trim(exception.Type+": "+exception.Message, ": ")
	}
	known := len(made) > 0 || slices.ContainsFunc(features, func(f *Feature) bool { return f.failed() })
	if message != "" || !known {
		made = append(made, Fault{Text: message})
	}
	return made
}

// wrong says what was wrong with a hook of a run, which calls itself a success or not.
func (h *runHook) wrong(success bool) (text string, wrong bool) {
	if h.result == nil {
		return "it began and did not end", true
	}
	text = h.result.Message
	if exception := h.result.Exception; text == "" && exception != nil {
		text = strings.Trim(exception.Type+": "+exception.Message, ": ")
	}
	switch h.result.Status {
	case protocol.TestStepResultStatus_PASSED:
		return "", false
	case protocol.TestStepResultStatus_SKIPPED:
		return described("it was skipped", text), !success
	default:
		return text, true
	}
}

// failed tells whether a scenario of a feature failed.
func (f *Feature) failed() bool {
	return slices.ContainsFunc(f.Rules, func(r *Rule) bool {
		return slices.ContainsFunc(r.Rows(), func(row *Row) bool {
			return slices.ContainsFunc(row.Results, func(result Result) bool { return result.Verdict == Failed })
		})
	})
}
