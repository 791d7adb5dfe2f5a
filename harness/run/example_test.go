package run_test

import (
	"context"
	"os"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/run"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// diligent handles whatever comes by doing nothing.
type diligent struct{}

// Handle implements reactor.Handler.
func (diligent) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	return events[len(events)-1].Index + 1, nil
}

// start is the production wiring.
func start(ctx context.Context, backend *stores.Backend, config reactor.Config) (*reactor.Running, error) {
	return reactor.Start(ctx, backend.Source, backend.Checkpoints, diligent{}, config)
}

// define registers the steps of one scenario, which work in the given world.
func define(r *gherkin.Registrar, world *harness.World) {
	r.Given("the reactor is stopped", world.StopReactor)
}

// This is all that a test file has to say. The variable is one of the test package,
// and the rest stands in TestMain and in a test each: see examples/parcels.
func ExampleNew() {
	features := run.New(run.Project{
		Features: os.DirFS("."),
		Folder:   "lending",
		System:   harness.System{Categories: []string{"Book"}, Start: run.Starter(start)},
		Define:   define,
	})
	_ = func(m *testing.M) { os.Exit(features.Main(m)) } // TestMain
	_ = features.Run                                     // what TestFeatures does with its t
	_ = features.Check                                   // what TestSteps does
	_ = features.Explore                                 // what TestExplore does
	_ = features.Matrix                                  // what TestEveryScenarioHoldsUnderEveryFault does
}
