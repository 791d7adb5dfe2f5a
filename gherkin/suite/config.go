package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
)

// DefaultTimeout is the time limit of a scenario. One that waits for nothing in vain
// takes a few seconds at the most, also with a database of its own to be made.
const DefaultTimeout = time.Minute

// Config says what [Run] runs. Features and World are required; the zero value
// of any other field is its default.
type Config struct {
	// Name is the subtest that holds all others, such as the name of what they
	// run on. "features" unless given.
	Name string

	// Features holds the .feature files, in any folders.
	Features fs.FS

	// Tags selects scenarios by a standard tag expression, such as
	// "@slow and not (@dynamodb or @wip)". Empty selects all.
	Tags string

	// Only selects scenarios by where they stand, as path:line, besides Tags:
	// [Select] says how.
	Only []string

	// Unsupported says that scenarios with these tags cannot be run here, and
	// why. They become skipped tests. It must be safe for concurrent calls.
	Unsupported func(tags []string) (reason string, unsupported bool)

	// World makes what one scenario runs against. It is called in the
	// scenario's goroutine with the scenario's context, which ends at the time
	// limit. An error fails the scenario, or skips it if it is godog.ErrSkip.
	// It must be safe for concurrent calls.
	World func(ctx context.Context, scenario *Scenario) (World, error)

	// Definitions, if given, lets failures show what to write for an undefined
	// step, and which definitions an ambiguous one matches.
	Definitions *gherkin.Definitions

	// Timeout is the time limit of an attempt at a scenario, from making its
	// world to its last step, and of closing the world afterwards.
	// [DefaultTimeout] unless given.
	Timeout time.Duration

	// Retries is how often a failed scenario is tried again, each time in a new
	// world. One that passes then is flaky, and not passed. An undefined,
	// ambiguous, pending or empty scenario is not tried again: it would not change.
	Retries int

	// RetryTags is a tag expression for the scenarios that Retries is meant for.
	// Empty means all.
	RetryTags string

	// FlakyBudget is how many flaky scenarios are tolerated: more fail the run.
	// Zero tolerates any number; whoever tolerates none has no use for Retries.
	FlakyBudget int

	// Shuffle runs features, rules, scenarios and rows in random order.
	Shuffle bool

	// Reverse runs everything backwards. A run forwards and one backwards have
	// seen every two scenarios in either order.
	Reverse bool

	// Seed repeats a shuffled order. A random one is chosen, and logged, if it
	// is zero.
	Seed uint64

	// Around, if given, is called for each attempt in the scenario's subtest
	// and must call scenario exactly once; synctest.Test will do, and then the
	// limit of Timeout is in the bubble's time. What scenario did is judged
	// after Around returns.
	Around func(t *testing.T, scenario func(t *testing.T))

	// Before run once before all scenarios, in order, and After once after all
	// of them, the last one first. All of them run, whatever the others did. If
	// one of Before does not pass then no scenario runs; the run fails if any
	// does not pass. They do not run if -run selects nothing of the run.
	Before, After []RunHook

	// Repeat, if given, returns the command that runs just one scenario again,
	// which failures end with. test is the name of its subtest, of which
	// [RunPattern] makes an argument for -run; [Scenario.Location] is one for
	// Only. "go test -run '…'" unless given. It must be safe for concurrent calls.
	Repeat func(scenario *Scenario, test string) string

	// Reporters write the run down.
	Reporters []Reporter
}

// RunHook runs once in a run. Its context ends with the test's.
type RunHook struct {
	Name string // for reports
	Run  func(ctx context.Context) error
}

// World is what one attempt at a scenario runs against.
type World struct {
	// Bind registers the scenario's steps and hooks. It is required.
	Bind func(*godog.ScenarioContext) error

	// Close, if given, is called once after the scenario, however it ended. Its
	// context is not the scenario's, and ends after [Config].Timeout. An error fails
	// the scenario.
	Close func(ctx context.Context) error
}

func (c Config) withDefaults() (Config, error) {
	var errs []error
	if c.Features == nil {
		errs = append(errs, errors.New("Config.Features is required"))
	}
	if c.World == nil {
		errs = append(errs, errors.New("Config.World is required"))
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("Config.Timeout is %s: it must not be negative", c.Timeout))
	}
	if c.Retries < 0 {
		errs = append(errs, fmt.Errorf("Config.Retries is %d: it must not be negative", c.Retries))
	}
	if c.FlakyBudget < 0 {
		errs = append(errs, fmt.Errorf("Config.FlakyBudget is %d: it must not be negative", c.FlakyBudget))
	}
	if _, err := gherkin.ParseTags(c.RetryTags); err != nil {
		errs = append(errs, fmt.Errorf("Config.RetryTags: %w", err))
	}
	if c.Shuffle && c.Reverse {
		errs = append(errs, errors.New("Config.Shuffle and Config.Reverse exclude each other: choose one order"))
	}
	for _, hook := range slices.Concat(c.Before, c.After) {
		if hook.Run == nil {
			errs = append(errs, fmt.Errorf("the run's hook %q has no function", hook.Name))
		}
	}
	if c.Name == "" {
		c.Name = "features"
	}
	if c.Repeat == nil {
		c.Repeat = func(_ *Scenario, test string) string { return "go test -run '" + RunPattern(test) + "'" }
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return c, errors.Join(errs...)
}
