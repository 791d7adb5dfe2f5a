package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/internal/check"
)

// fixtureEnv names the fixture that TestFixture runs.
const fixtureEnv = "SUITE_FIXTURE"

// fixture is a run of the driver in a process of its own, since what is tested
// is that go test goes red.
type fixture struct {
	features string
	config   Config
}

const mixed = `Feature: Mixed
  Scenario: It passes
    Given a step
    And it logs "hello"

  Rule: Some go wrong
    Background:
      Given a step

    Scenario: It fails
      When it fails with "got 1, want 2"
      Then a step

    @wip
    Scenario: It is skipped
      When it is skipped because "no clock"

    @before-skips
    Scenario: A hook skips it
      When a step

    @messagedb
    Scenario: It is not supported
      When a step

    Scenario: It is undefined
      When nobody knows it

    Scenario: It is empty

    Scenario Outline: Row of <what>
      When <what>
      Examples:
        | what       |
        | a step     |
        | it panics  |

    Scenario Outline: Rowless
      When <what>
      Examples:
        | what |

    @after-step-panics
    Scenario: A step's hook panics
      When a step
`

const threeInOrder = "Feature: F\nScenario: a\n* a step\nScenario: b\n* a step\nScenario: c\n* a step\n"

// many has its scenarios, from a to j, at each level of the tree.
const many = "Feature: F\nScenario: a\n* a step\nScenario: b\n* a step\nScenario Outline: <x>\n* a step\nExamples:\n|x|\n|c|\n|d|\n|e|\n" +
	"Rule: R\nScenario: f\n* a step\nScenario: g\n* a step\nRule: S\nScenario: h\n* a step\nScenario: i\n* a step\nScenario: j\n* a step\n"

const twoFlaky = "Feature: F\n@remote\nScenario: a\n* it fails once\nScenario: b\n* it fails once\n"

func fixtures() map[string]fixture {
	return map[string]fixture{
		"mixed": {mixed, Config{Name: "memory", Unsupported: func(tags []string) (string, bool) {
			return "there is no server", slices.Contains(tags, "@messagedb")
		}}},
		"two passes": {"Feature: F\nScenario: a\n* a step\nScenario Outline: b <x>\n* <x>\nExamples:\n|x|\n|a step|\n|it logs \"y\"|\n", Config{}},
		"tags":       {"Feature: F\n@a\nScenario: a\n* a step\n@b\nScenario: b\n* it fails with \"x\"\n", Config{Tags: "@a and not @b"}},
		"empty tags": {threeInOrder, Config{Tags: "@nosuch"}},
		"bad tags":   {threeInOrder, Config{Tags: "@a &&"}},
		"bad file":   {"Featur: F", Config{}},
		"no feature": {threeInOrder, Config{Features: withEmpty()}},
		"selection":  {threeInOrder, Config{Features: withEmpty(), Only: []string{"dir/f.feature:2"}}},
		"no column":  {"Feature: F\nScenario Outline: O\n* a <x>\nExamples:\n|x|\n|step|\nExamples:\n|y|\n|step|\n|stop|\n", Config{}},
		"no world":   {threeInOrder, Config{World: func(context.Context, *Scenario) (World, error) { return World{}, errors.New("no") }}},
		"bad config": {threeInOrder, Config{Timeout: -1, Retries: -1}},
		"flaky":      {"Feature: F\nScenario: a\n* it fails once\nScenario: b\n* it fails with \"x\"\nScenario: c\n* nobody knows it\n", Config{Retries: 1}},
		"retry tags": {twoFlaky, Config{Retries: 1, RetryTags: "@remote"}},
		"budget":     {twoFlaky, Config{Retries: 1, FlakyBudget: 2}},
		"no budget":  {twoFlaky, Config{Retries: 1, FlakyBudget: 1}},
		"bad retry":  {threeInOrder, Config{RetryTags: "slow"}},
		"only":       {threeInOrder, Config{Only: []string{"features/dir/f.feature:5", "f.feature:7"}}},
		"bad only":   {threeInOrder, Config{Only: []string{"dir/f.feature:99"}}},
		"repeat": {"Feature: F\nScenario: a\n* it fails with \"x\"\n", Config{Repeat: func(s *Scenario, test string) string {
			return "go test ./here -at sea -only " + s.Location() + " -run '" + RunPattern(test) + "'"
		}}},
		"in order":   {many, Config{}},
		"mixed up":   {many, Config{Shuffle: true, Seed: 4}},
		"reversed":   {threeInOrder, Config{Reverse: true}},
		"no seed":    {threeInOrder, Config{Shuffle: true}},
		"bubble":     {"Feature: F\nScenario: a\n* it takes longer than allowed\nScenario: b\n* a step\nScenario: c\n* it hangs until the world is closed\n", Config{Timeout: 24 * time.Hour, Around: synctest.Test}},
		"hooks":      {threeInOrder, Config{Before: []RunHook{hooked("b1", nil), hooked("b2", nil)}, After: []RunHook{hooked("a1", nil), hooked("a2", nil)}}},
		"bad before": {threeInOrder, Config{Before: []RunHook{hooked("b1", errors.New("no server")), hooked("b2", nil)}, After: []RunHook{hooked("a1", nil)}}},
		"bad after":  {threeInOrder, Config{After: []RunHook{hooked("a1", nil), hooked("a2", errors.New("the books do not balance"))}}},
		"hook boom":  {threeInOrder, Config{Before: []RunHook{{Name: "b1", Run: func(context.Context) error { panic("boom in a run's hook") }}}}},
		"bad start":  {threeInOrder, Config{Reporters: []Reporter{&teller{start: errors.New("no disk")}, &teller{}}}},
		"bad write":  {threeInOrder, Config{Reporters: []Reporter{&teller{attempt: errors.New("disk full")}}}},
		"bad end":    {threeInOrder, Config{Reporters: []Reporter{&teller{finish: errors.New("disk gone")}}}},
		"two orders": {threeInOrder, Config{Shuffle: true, Reverse: true}},
		"bad hook":   {threeInOrder, Config{Before: []RunHook{{Name: "b1"}}}},
		"no around":  {threeInOrder, Config{Around: func(*testing.T, func(*testing.T)) {}}},
		"bad around": {threeInOrder, Config{Around: func(*testing.T, func(*testing.T)) { panic("boom around") }}},
		"meeting": {
			"Feature: F\nScenario: a\n* they meet\nRule: R\nScenario: b\n* they meet\nRule: S\nScenario: c\n* they meet\n",
			Config{World: meetingOfThree()},
		},
		"crowd": {"Feature: F" + strings.Repeat("\nScenario Outline: O\n* a step\nExamples:\n|x|"+strings.Repeat("\n|1|", 10), 4), Config{World: noMoreThanTwo()}},
		"twice": {"Feature: F\nScenario: same\n* a step\nScenario: same\n* it fails with \"x\"\n", Config{}},
	}
}

// withEmpty are three scenarios in a file, and another file with nothing in it.
func withEmpty() fs.FS {
	return fstest.MapFS{"dir/f.feature": {Data: []byte(threeInOrder)}, "empty.feature": {Data: []byte(" \n\n")}}
}

// hooked makes a hook of the run that prints its name.
func hooked(name string, err error) RunHook {
	return RunHook{Name: name, Run: func(context.Context) error { fmt.Println("result " + name); return err }}
}

// teller is a reporter that prints what it is told.
type teller struct{ start, attempt, finish error }

func (r *teller) Start(p Plan) error {
	fmt.Printf("result start %d of %d\n", len(p.Scenarios), len(p.Features[0].Scenarios))
	return r.start
}

func (r *teller) Attempt(Result) error { return r.attempt }

func (r *teller) Finish(s Summary) error {
	fmt.Printf("result finish %d, success %t\n", s.Total(), s.Success())
	return r.finish
}

// witness is a reporter that prints each result, and minds if calls overlap.
type witness struct {
	t       *testing.T
	running atomic.Int32
}

func (*witness) Start(Plan) error { return nil }

func (w *witness) Attempt(r Result) error {
	if w.running.Add(1) != 1 {
		w.t.Error("calls of Attempt overlap")
	}
	defer w.running.Add(-1)
	fmt.Printf("result %s %s attempt %d again %t\n", r.Scenario.Name, r.Status, r.Attempt, r.WillBeRetried)
	return nil
}

func (*witness) Finish(Summary) error { return nil }

// meetingOfThree makes worlds whose step waits until three of them have come.
func meetingOfThree() func(context.Context, *Scenario) (World, error) {
	var come sync.WaitGroup
	come.Add(3)
	return func(context.Context, *Scenario) (World, error) {
		return World{Bind: func(sc *godog.ScenarioContext) error {
			sc.Step("^they meet$", func() { come.Done(); come.Wait() })
			return nil
		}}, nil
	}
}

// noMoreThanTwo makes worlds that mind if there are three of them at once.
func noMoreThanTwo() func(context.Context, *Scenario) (World, error) {
	var open atomic.Int32
	return func(context.Context, *Scenario) (World, error) {
		if n := open.Add(1); n > 2 {
			return World{}, fmt.Errorf("%d worlds are open", n)
		}
		return World{
			Bind:  func(sc *godog.ScenarioContext) error { sc.Step("^a step$", func() {}); return nil },
			Close: func(context.Context) error { open.Add(-1); return nil },
		}, nil
	}
}

// TestFixture is what the tests below run in a process of its own. By itself it
// does nothing.
func TestFixture(t *testing.T) {
	f, ok := fixtures()[os.Getenv(fixtureEnv)]
	if !ok {
		return
	}
	c := f.config
	if c.Features == nil {
		c.Features = fstest.MapFS{"dir/f.feature": {Data: []byte(f.features)}}
	}
	c.Definitions = definitions(t)
	if c.World == nil {
		c.World = world(c.Definitions)
	}
	c.Reporters = append([]Reporter{&witness{t: t}}, c.Reporters...)
	summary := Run(t, c)
	check.OK(t, summary.WriteText(os.Stdout))
}
