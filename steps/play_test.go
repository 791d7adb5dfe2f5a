package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps"
	"example.com/groupcheckout/steps/hotel"
)

// play runs a scenario on memory, in time that costs nothing, with a reactor of its
// own. Whether it passes is for the caller to judge.
func play(t *testing.T, lines ...string) suite.Result {
	t.Helper()
	text := "Feature: F\n\n  Scenario: S\n    " + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n    ") + "\n"
	loaded, err := suite.Load(fstest.MapFS{"f.feature": {Data: []byte(text)}})
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	compiled := definitions(t)
	result, err := suite.Try(t, suite.Config{
		Features: fstest.MapFS{},
		Around:   synctest.Test,
		Timeout:  365 * 24 * time.Hour, // of virtual time
		World: func(ctx context.Context, _ *suite.Scenario) (suite.World, error) {
			h, err := harness.Open(ctx, harness.Options{System: hotel.System(), Virtual: true, Record: true})
			if err != nil {
				return suite.World{}, err
			}
			world, err := h.World(ctx, harness.Scenario{Key: t.Name(), OwnReactor: true})
			if err != nil {
				return suite.World{}, errors.Join(err, h.Close(ctx))
			}
			return suite.World{
				Bind:  func(sc *godog.ScenarioContext) error { return steps.Bind(sc, compiled, world) },
				Close: func(ctx context.Context) error { return errors.Join(world.Close(ctx), h.Close(ctx)) },
			}, nil
		},
	}, loaded[0].Scenarios[0])
	check.Must(t, err)
	return result
}

// wantLastRefused wants a scenario to fail at its last step, with certain words.
func wantLastRefused(t *testing.T, result suite.Result, words string) {
	t.Helper()
	last := len(result.Steps) - 1
	for i, step := range result.Steps {
		switch {
		case i < last && step.Status != suite.Passed:
			t.Fatalf("%s: got %v (%v), want it passed: what is to fail comes after it", step.Text, step.Status, step.Err)
		case i == last && step.Status != suite.Failed:
			t.Errorf("%s: got %v (%v), want it failed: it is not true", step.Text, step.Status, step.Err)
		case i == last && !strings.Contains(step.Err.Error(), words):
			t.Errorf("%s: got the error:\n%v\nwant in it: %s", step.Text, step.Err, words)
		}
	}
}
