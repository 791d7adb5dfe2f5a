package report

import (
	"fmt"
	"slices"
	"unicode/utf16"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// testCase is a scenario with its steps and hooks, and where its attempts are in
// the file.
type testCase struct {
	id       string
	pickle   string
	before   []gherkin.HookInfo
	steps    []testStep
	after    []gherkin.HookInfo
	attempts []span
}

// span is a part of the file.
type span struct{ at, length int64 }

// The library's own types leave out what is empty or 0, where the protocol has
// a meaning for it: no definition at all, and the start of the text.
type (
	testCaseEnvelope struct {
		TestCase testCaseMessage `json:"testCase"`
	}
	testCaseMessage struct {
		ID           string `json:"id"`
		PickleID     string `json:"pickleId"`
		TestSteps    []any  `json:"testSteps"`
		RunStartedID string `json:"testRunStartedId"`
	}
	hookStep struct {
		ID     string `json:"id"`
		HookID string `json:"hookId"`
	}
	testStep struct {
		ID            string          `json:"id"`
		PickleStepID  string          `json:"pickleStepId"`
		DefinitionIDs []string        `json:"stepDefinitionIds"`
		Arguments     []argumentsList `json:"stepMatchArgumentsLists"`
	}
	argumentsList struct {
		Arguments []argument `json:"stepMatchArguments"`
	}
	argument struct {
		Group     group  `json:"group"`
		Parameter string `json:"parameterTypeName,omitempty"`
	}
	group struct {
		Start    *int    `json:"start,omitempty"`
		Value    *string `json:"value,omitempty"`
		Children []group `json:"children,omitempty"`
	}
)

func newTestCase(s *suite.Scenario, definitions *gherkin.Definitions) *testCase {
	c := &testCase{id: "case-" + s.Pickle.Id, pickle: s.Pickle.Id}
	for _, step := range s.Pickle.Steps {
		made := testStep{ID: c.stepID(step.Id), PickleStepID: step.Id, DefinitionIDs: []string{}, Arguments: []argumentsList{}}
		if definitions != nil {
			for _, match := range definitions.Match(step.Text) {
				made.DefinitionIDs = append(made.DefinitionIDs, definitionID(match.Step.Index))
				made.Arguments = append(made.Arguments, arguments(step.Text, match.Args))
			}
		}
		c.steps = append(c.steps, made)
	}
	return c
}

func (c *testCase) stepID(of string) string { return c.id + "-" + of }

// merge takes in the hooks of an attempt. Only those that no definition has may
// differ from one attempt to the next.
func (c *testCase) merge(hooks []suite.Hook) {
	for i, hook := range hooks {
		list := &c.after
		if hook.Info.Type == gherkin.BeforeScenario {
			list = &c.before
		}
		if containsHook(*list, hook.Info) {
			continue
		}
		*list = slices.Insert(*list, min(i, len(*list)), hook.Info)
	}
}

func (c *testCase) envelope() testCaseEnvelope {
	steps := []any{}
	hooks := func(list []gherkin.HookInfo) {
		for _, info := range list {
			steps = append(steps, hookStep{ID: c.stepID(hookID(info)), HookID: hookID(info)})
		}
	}
	hooks(c.before)
	for _, step := range c.steps {
		steps = append(steps, step)
	}
	hooks(c.after)
	return testCaseEnvelope{testCaseMessage{ID: c.id, PickleID: c.pickle, TestSteps: steps, RunStartedID: runID}}
}

func (c *testCase) attemptID(attempt int) string { return fmt.Sprintf("%s-attempt-%d", c.id, attempt) }

func arguments(text string, args []gherkin.Arg) argumentsList {
	list := argumentsList{Arguments: []argument{}}
	for _, arg := range args {
		list.Arguments = append(list.Arguments, argument{Group: groupOf(text, arg.Group), Parameter: arg.Parameter})
	}
	return list
}

// groupOf counts in the units of UTF-16, as the other Cucumbers do.
func groupOf(text string, g gherkin.Group) group {
	var made group
	if g.Start >= 0 {
		start := len(utf16.Encode([]rune(text[:g.Start])))
		made.Start, made.Value = &start, &g.Text
	}
	for _, inner := range g.Inner {
		made.Children = append(made.Children, groupOf(text, inner))
	}
	return made
}
