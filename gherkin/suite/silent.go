package suite

import (
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// silentFormatter is the cheapest formatter: what happens is taken from hooks.
type silentFormatter struct{}

func (silentFormatter) TestRunStarted()                                {}
func (silentFormatter) Feature(*godog.GherkinDocument, string, []byte) {}
func (silentFormatter) Pickle(*godog.Scenario)                         {}
func (silentFormatter) Summary()                                       {}
func (silentFormatter) Defined(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition) {
}

func (silentFormatter) Passed(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition) {
}

func (silentFormatter) Skipped(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition) {
}

func (silentFormatter) Undefined(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition) {
}

func (silentFormatter) Pending(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition) {
}

func (silentFormatter) Failed(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, _ error) {
}

func (silentFormatter) Ambiguous(_ *messages.Pickle, _ *messages.PickleStep, _ *godog.StepDefinition, _ error) {
}
