// Package features_test runs the features, on any store, by go test and by the
// godog command.
package features_test

import (
	"os"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/features"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/run"
	"example.com/groupcheckout/steps"
	"example.com/groupcheckout/steps/hotel"
)

// scenarios are those of the hotel.
var scenarios = run.New(run.Project{ //nolint:gochecknoglobals // go test offers no other way from TestMain to a test
	Features: features.FS,
	Folder:   "features",
	Stores:   []harness.Store{messagedb.Store(), dynamodb.Store()},
	System:   hotel.System(),
	Define:   func(r *gherkin.Registrar, _ *harness.World) { steps.Register(r, nil) },
	Bind: func(sc *godog.ScenarioContext, definitions *gherkin.Definitions, world *harness.World) error {
		return steps.Bind(sc, definitions, world)
	},
	// A coach tour of 1,000 stays is some thousand requests, and on a busy
	// machine all scenarios share one server.
	Timeout: 4 * time.Minute,
})

func TestMain(m *testing.M)     { os.Exit(scenarios.Main(m)) }
func TestFeatures(t *testing.T) { scenarios.Run(t) }
func TestExplore(t *testing.T)  { scenarios.Explore(t) }

func TestTheSameSeedGivesTheSameRun(t *testing.T)                       { scenarios.Again(t) }
func TestEveryScenarioHoldsUnderEveryFault(t *testing.T)                { scenarios.Matrix(t) }
func TestEveryStepHasOneDefinitionAndEveryDefinitionAStep(t *testing.T) { scenarios.Check(t) }
