package features_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"groupcheckout/features"
	"groupcheckout/harness"
	"groupcheckout/harness/faults"
	"groupcheckout/harness/gherkin/suite"
	"groupcheckout/steps"
	"groupcheckout/steps/hotel"
)

// trial is a way to run one scenario in virtual time: which faults there may be,
// and in which order goroutines get on.
type trial struct {
	scenario *suite.Scenario
	seed     uint64
	spec     faults.Spec
	schedule bool
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

// laboratory runs trials.
type laboratory struct {
	scenarios []*suite.Scenario
	config    suite.Config // without a world
}

func newLaboratory(t *testing.T) *laboratory {
	t.Helper()
	if shared.options.store != "memory" {
		t.Skip("exploring needs virtual time, which only the memory store has")
	}
	definitions, err := steps.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := suite.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := suite.Select(loaded, shared.options.tagged, shared.options.locations()...)
	if err != nil {
		t.Fatal(err)
	}
	return &laboratory{scenarios, suite.Config{Features: features.FS, Definitions: definitions, Timeout: virtualLimit}}
}

// manyCheckpoints is how often a reactor saves its checkpoints in a trial, so that
// there are some to go wrong within the instant that a scenario takes.
const manyCheckpoints = 2 * time.Millisecond

// run makes one trial, in a bubble of its own.
func (l *laboratory) run(t *testing.T, trial trial) verdict {
	t.Helper()
	v := verdict{trial: trial}
	synctest.Test(t, func(t *testing.T) {
		config := l.config
		config.World = func(ctx context.Context, scenario *suite.Scenario) (suite.World, error) {
			b := &bubbles{options: harness.Options{
				System: hotel.System(), Virtual: true,
				Faults: trial.spec, Seed: trial.seed, Only: trial.only, Schedule: trial.schedule,
			}}
			if !slices.Contains(scenario.Tags, inVirtualTime) {
				b.options.CheckpointInterval = manyCheckpoints
			}
			b.left = func(injected []faults.Injected) { v.faults = injected }
			return worldOn(ctx, b, config.Definitions, scenario)
		}
		var err error
		if v.result, err = suite.Try(t.Context(), config, trial.scenario); err != nil {
			t.Error(err)
		}
	})
	return v
}

// each runs trials side by side and hands each verdict to collect, whose calls do
// not overlap. It stops early once collect returns false.
func (l *laboratory) each(t *testing.T, n int, nth func(int) trial, collect func(verdict) bool) {
	t.Helper()
	var next atomic.Int64
	var mu sync.Mutex
	var done atomic.Bool
	t.Run("trials", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for i := int(next.Add(1)) - 1; i < n && !done.Load(); i = int(next.Add(1)) - 1 {
					v := l.run(t, nth(i))
					mu.Lock()
					if !collect(v) {
						done.Store(true)
					}
					mu.Unlock()
				}
			})
		}
	})
}

// enough is how many failures an exploration looks for.
const enough = 5

// TestExplore runs scenarios under orders of goroutines and faults that seeds
// decide, one scenario for each seed, in turn. Of the failures it shows the
// smallest, from which it has taken away what does not matter.
//
//nolint:paralleltest // its trials are
func TestExplore(t *testing.T) {
	n, first := shared.options.explore, shared.options.seed
	if n == 0 {
		t.Skip("exploring takes a while: -explore says how many seeds to try")
	}
	l := newLaboratory(t)
	if first == 0 {
		first = rand.Uint64N(1_000_000_000) + 1
	}
	injected, failures := 0, []verdict{}
	l.each(t, n, func(i int) trial { return l.trial(first + uint64(i)) }, func(v verdict) bool { //nolint:gosec // not negative
		injected += len(v.faults)
		if v.failed() {
			failures = append(failures, v)
		}
		return len(failures) < enough
	})
	fmt.Printf("explored %d seeds from %d on: %d faults injected, %d failures\n", n, first, injected, len(failures))
	if len(failures) == 0 {
		return
	}
	for i := range failures {
		failures[i] = l.shrink(t, failures[i])
	}
	slices.SortFunc(failures, func(a, b verdict) int { return cmp.Compare(a.size(), b.size()) })
	t.Error(l.describe(failures[0]))
}

// trial is what a seed stands for.
func (l *laboratory) trial(seed uint64) trial {
	decide := rand.New(rand.NewPCG(seed, 0))
	spec := shared.options.faults
	if spec.IsZero() {
		spec = someFaults(decide)
	}
	return trial{scenario: l.scenarios[seed%uint64(len(l.scenarios))], seed: seed, spec: spec, schedule: true}
}

// someFaults chooses up to three kinds of faults.
func someFaults(decide *rand.Rand) faults.Spec {
	kinds := faults.Kinds()
	var names []string
	for range decide.IntN(4) {
		if name := string(kinds[decide.IntN(len(kinds))].Kind); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	spec, err := faults.Parse(strings.Join(names, ","))
	if err != nil {
		panic(err) // the names are the kinds'
	}
	return spec
}

// shrink takes away from a failure what it does not need: faults, as long as it
// fails without, and the order of goroutines.
func (l *laboratory) shrink(t *testing.T, failure verdict) verdict {
	t.Helper()
	try := func(trial trial) bool {
		v := l.run(t, trial)
		if v.failed() {
			failure = v
		}
		return v.failed()
	}
	plain := failure.trial
	plain.schedule = false
	try(plain)
	needed := slices.Clone(failure.faults)
	for i := 0; i < len(needed); {
		fewer := slices.Delete(slices.Clone(needed), i, i+1)
		trial := failure.trial
		trial.only = func(f faults.Injected) bool { return slices.Contains(fewer, f) }
		if try(trial) {
			needed = slices.DeleteFunc(fewer, func(f faults.Injected) bool { return !slices.Contains(failure.faults, f) })
		} else {
			i++
		}
	}
	return failure
}

// describe shows a failure and how to see it again.
func (l *laboratory) describe(v verdict) string {
	var text strings.Builder
	fmt.Fprintf(&text, "the smallest failure, of seed %d:\n\n%s\n", v.trial.seed, suite.Plan{Definitions: l.config.Definitions}.Text(v.result))
	fmt.Fprintf(&text, "with the faults %q, of which these are needed: %d\n", v.trial.spec, len(v.faults))
	for _, f := range v.faults {
		fmt.Fprintf(&text, "  %s\n", f)
	}
	if v.trial.schedule {
		text.WriteString("and with goroutines in the order that the seed decides\n")
	}
	fmt.Fprintf(&text, "\nto repeat: go test ./features -count=1 -run 'TestExplore' -explore 1 -seed %d", v.trial.seed)
	if !shared.options.faults.IsZero() {
		fmt.Fprintf(&text, " -faults %s", shared.options.faults)
	}
	return text.String()
}

// TestEveryScenarioHoldsUnderEveryFault runs every scenario under every kind of
// fault, and under all of them together, with as many seeds as -matrix says.
//
//nolint:paralleltest // its trials are
func TestEveryScenarioHoldsUnderEveryFault(t *testing.T) {
	seeds, first := shared.options.matrix, max(shared.options.seed, 1)
	if seeds == 0 {
		t.Skip("the matrix of faults takes a while: -matrix says how many seeds to try")
	}
	l := newLaboratory(t)
	var rows []faults.Spec
	for _, kind := range faults.Kinds() {
		if kind.Kind == faults.Cut {
			continue // there is no connection that could be cut
		}
		spec, err := faults.Parse(string(kind.Kind))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, spec)
	}
	all, err := faults.Parse("all")
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, all)
	injected, failed := make([]int, len(rows)), make([]int, len(rows))
	perRow := seeds * len(l.scenarios)
	row := map[string]int{}
	for i, spec := range rows {
		row[spec.String()] = i
	}
	l.each(t, perRow*len(rows), func(i int) trial {
		return trial{
			scenario: l.scenarios[i%len(l.scenarios)],
			seed:     first + uint64(i%perRow/len(l.scenarios)), //nolint:gosec // not negative
			spec:     rows[i/perRow],
		}
	}, func(v verdict) bool {
		i := row[v.trial.spec.String()]
		injected[i] += len(v.faults)
		if v.failed() {
			failed[i]++
			t.Errorf("under %s, seed %d:\n%s", v.trial.spec, v.trial.seed, suite.Plan{Definitions: l.config.Definitions}.Text(v.result))
		}
		return true
	})
	fmt.Printf("%d scenarios under each kind of fault, %d seeds from %d on:\n", len(l.scenarios), seeds, first)
	for i, spec := range rows {
		name := spec.String()
		if i == len(rows)-1 {
			name = "all"
		}
		fmt.Printf("  %-18s %6d runs %8d faults %4d failed\n", name, perRow, injected[i], failed[i])
		if injected[i] == 0 && shared.options.tagged == "" && shared.options.only == "" {
			t.Errorf("under %s no fault was injected, so nothing was proved", name)
		}
	}
}
