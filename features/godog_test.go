package features_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/run"
	"example.com/groupcheckout/steps"
	"example.com/groupcheckout/steps/hotel"
)

// command is what the two functions below share. The godog command calls them
// by name and offers no other way to hand something from one to the other.
var command struct { //nolint:gochecknoglobals // see above
	harness     *harness.Harness
	definitions *gherkin.Definitions
	audit       func(context.Context, harness.Left) error // in the place of the hotel's, for a test
	err         error
}

// InitializeTestSuite brings up the memory store for the godog command.
func InitializeTestSuite(suite *godog.TestSuiteContext) {
	if command.definitions, command.err = steps.Definitions(); command.err == nil {
		system := hotel.System()
		if command.audit != nil {
			system.Audit = command.audit
		}
		command.harness, command.err = harness.Open(context.Background(), harness.Options{System: system})
	}
	suite.AfterSuite(func() {
		if command.harness == nil {
			return
		}
		ctx := context.Background()
		if err := errors.Join(command.harness.Audit(ctx), command.harness.Close(ctx)); err != nil {
			// godog has no other way to fail once the scenarios are over. It leaves out its summary.
			fmt.Fprintf(os.Stderr, "\nafter the scenarios: %v\n", err)
			os.Exit(1)
		}
	})
}

// InitializeScenario gives a scenario of the godog command its world. Steps are
// bound before godog says which scenario it is, so the world comes later, once
// the tags say whether it has a reactor of its own.
func InitializeScenario(sc *godog.ScenarioContext) {
	world := &lateWorld{}
	sc.Before(func(ctx context.Context, scenario *godog.Scenario) (context.Context, error) {
		if command.err != nil {
			return ctx, command.err
		}
		if slices.ContainsFunc(scenario.Tags, func(tag *messages.PickleTag) bool { return tag.Name == run.VirtualTime }) {
			return ctx, godog.ErrSkip // days pass in it
		}
		own := slices.ContainsFunc(scenario.Tags, func(tag *messages.PickleTag) bool { return tag.Name == run.OwnReactor })
		var err error
		world.World, err = command.harness.World(ctx, harness.Scenario{
			Key: scenario.Name, Title: fmt.Sprintf("%q (%s)", scenario.Name, scenario.Uri), OwnReactor: own,
		})
		return ctx, err
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		if world.World == nil {
			return ctx, err
		}
		// Audited at once, a scenario fails for what it has left behind, in godog's
		// reports too.
		ctx = context.WithoutCancel(ctx)
		return ctx, errors.Join(world.Close(ctx), command.harness.Audit(ctx))
	})
	if command.definitions != nil {
		if err := steps.Bind(sc, command.definitions, world); err != nil {
			panic(err)
		}
	}
}

// lateWorld is a world that is known when the first step runs.
type lateWorld struct{ *harness.World }

// Recording implements steps.World: the godog command writes no evidence. It is
// also asked of a scenario that was skipped before it had a world.
func (*lateWorld) Recording() bool { return false }

func TestTheGodogCommandFailsForWhatTheAuditFinds(t *testing.T) { //nolint:paralleltest // it sets what the functions above share
	for _, c := range []struct {
		name   string
		audit  func(context.Context, harness.Left) error
		status int
		want   string
	}{
		{"nothing", nil, 0, "1 scenarios (1 passed)"},
		{"a stream", func(_ context.Context, left harness.Left) error {
			if len(left.Streams) == 0 {
				return nil
			}
			return fmt.Errorf("%v do not balance", left.Streams)
		}, 1, `the audit failed: [Anna's stay in "The time of arrival is kept"`},
	} {
		command.audit = c.audit
		var out strings.Builder
		status := godog.TestSuite{
			TestSuiteInitializer: InitializeTestSuite, ScenarioInitializer: InitializeScenario,
			Options: &godog.Options{Format: "progress", Output: &out, NoColors: true, Strict: true, Paths: []string{"1-stays/1-checking-in.feature:8"}},
		}.Run()
		if status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: got the status %d and\n%s\nwant %d and %q", c.name, status, out.String(), c.status, c.want)
		}
	}
	command.audit = nil
}
