package run

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
)

// trial is a way to run one scenario in virtual time: which faults there may be,
// and in which order goroutines get on.
type trial struct {
	scenario *suite.Scenario
	seed     uint64
	spec     faults.Spec
	schedule bool
	pair     bool                       // another copy of it runs beside it
	only     func(faults.Injected) bool // nil for all
}

// verdict is what came of a trial.
type verdict struct {
	trial  trial
	result suite.Result
	faults []faults.Injected // that were injected
}

func (v verdict) failed() bool { return v.result.Status != suite.Passed }

// size tells which of two failures is easier to understand.
func (v verdict) size() int { return len(v.faults)*100 + len(v.result.Steps) }

// manyCheckpoints is how often a reactor saves its checkpoints in a trial, so that
// there are some to go wrong within the instant that a scenario takes.
const manyCheckpoints = 2 * time.Millisecond

// run makes one trial, in a bubble of its own.
func (l *laboratory) run(t *testing.T, trial trial) verdict {
	t.Helper()
	v := verdict{trial: trial}
	options := harness.Options{
		System: l.project.System, Virtual: true,
		Faults: trial.spec, Seed: trial.seed, Only: trial.only, Schedule: trial.schedule,
	}
	left := func(injected []faults.Injected) { v.faults = injected }
	limit := l.options.limit
	if limit == 0 {
		limit = virtualLimit
	}
	if !slices.Contains(trial.scenario.Tags, VirtualTime) {
		options.CheckpointInterval = manyCheckpoints
	}
	try := func(t *testing.T, on maker, around func(*testing.T, func(*testing.T))) suite.Result {
		t.Helper()
		result, err := suite.Try(t, suite.Config{
			Features:    l.project.Features,
			Definitions: l.definitions,
			Timeout:     limit,
			Around:      around,
			World: func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
				return l.project.world(ctx, on, l.definitions, scenario)
			},
		}, trial.scenario)
		if err != nil {
			t.Error(err)
		}
		return result
	}
	if !trial.pair {
		b := &bubbles{options: options, left: left}
		v.result = try(t, b, b.around())
		return v
	}
	p := &pair{options: options, left: left}
	var second suite.Result
	v.result = try(t, p.copy(""), p.around(func(t *testing.T) {
		t.Helper()
		second = try(t, p.copy(" beside it"), nil)
	}))
	if !v.failed() {
		v.result = second
	}
	return v
}

// text shows a verdict as go test does.
func (l *laboratory) text(v verdict) string {
	return suite.Plan{Definitions: l.definitions}.Text(v.result)
}

// possible are the kinds of faults that there can be in a trial.
func possible() []faults.Kind {
	var kinds []faults.Kind
	for _, description := range faults.Kinds() {
		if description.Kind != faults.Cut { // there is no connection that could be cut
			kinds = append(kinds, description.Kind)
		}
	}
	return kinds
}

// specOf is the spec of a list that is known to be right.
func specOf(list string) faults.Spec {
	spec, err := faults.Parse(list)
	if err != nil {
		panic(fmt.Sprintf("harness/run: %v", err))
	}
	return spec
}
