package parcels_test

import (
	"os"
	"testing"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/dynamodb"
	"example.com/groupcheckout/harness/messagedb"
	"example.com/groupcheckout/harness/run"
)

var features = run.New(run.Project{ //nolint:gochecknoglobals // go test offers no other way from TestMain to a test
	Features: os.DirFS("."),
	Folder:   "examples/parcels",
	Stores:   []harness.Store{messagedb.Store(), dynamodb.Store()},
	System:   system(),
	Define:   define,
})

func TestMain(m *testing.M)     { os.Exit(features.Main(m)) }
func TestFeatures(t *testing.T) { features.Run(t) }
func TestSteps(t *testing.T)    { features.Check(t) }
func TestExplore(t *testing.T)  { features.Explore(t) }

func TestEveryScenarioHoldsUnderEveryFault(t *testing.T) { features.Matrix(t) }
