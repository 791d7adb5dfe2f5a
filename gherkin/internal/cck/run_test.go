package cck

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/report"
	"example.com/groupcheckout/gherkin/suite"
)

// TestRunSamples runs all samples, in the process that the test of the kit
// starts. By itself it does nothing.
func TestRunSamples(t *testing.T) {
	kit, out := os.Getenv(kitEnv), os.Getenv(outputEnv)
	if kit == "" {
		return
	}
	for name, sample := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := sample.config(t, filepath.Join(kit, name))
			config.Reporters = append([]suite.Reporter{report.Messages(filepath.Join(out, name+".ndjson"), report.Config{})}, config.Reporters...)
			suite.Run(t, config)
		})
	}
}

// sample is a sample's steps.
type sample struct {
	define        func(w *world, r *gherkin.Registrar)
	broken        bool // the definitions have a mistake, on purpose
	before, after []suite.RunHook
}

func (s sample) config(t *testing.T, dir string) suite.Config {
	t.Helper()
	shared := &counters{}
	define := func(r *gherkin.Registrar) { s.define(&world{dir: dir, shared: shared}, r) }
	definitions, err := gherkin.Compile(define)
	if (err != nil) != s.broken {
		t.Fatalf("compile the definitions: %v", err)
	}
	config := suite.Config{
		Features: os.DirFS(dir), Definitions: definitions, Before: s.before, After: s.after,
		World: func(context.Context, *suite.Scenario) (suite.World, error) {
			w := &world{dir: dir, shared: shared}
			return suite.World{Bind: func(sc *godog.ScenarioContext) error {
				return definitions.Bind(sc, func(r *gherkin.Registrar) { s.define(w, r) })
			}}, nil
		},
	}
	arguments, err := os.ReadFile(filepath.Join(dir, filepath.Base(dir)+".arguments.txt"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	switch text := strings.TrimSpace(string(arguments)); text {
	case "":
	case "--retry 2":
		config.Retries = 2
	case "--order reverse":
		config.Reverse = true
	case "--error":
		config.Reporters = []suite.Reporter{brokenReporter{}}
	default:
		t.Fatalf("the sample has arguments that are not known: %s", text)
	}
	return config
}

// brokenReporter is what goes wrong in a run outside all steps and hooks.
type brokenReporter struct{}

func (brokenReporter) Start(suite.Plan) error     { return errors.New("Whoops!") } //nolint:revive // the kit's own text
func (brokenReporter) Attempt(suite.Result) error { return nil }
func (brokenReporter) Finish(suite.Summary) error { return nil }
