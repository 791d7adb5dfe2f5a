package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/harness"
)

// Again runs every scenario twice under all kinds of faults, on memory in virtual
// time, with the same seed, and fails t if the two runs meet different faults or
// end differently: then a failure could not be repeated by its seed.
func (f *Features) Again(t *testing.T) {
	t.Helper()
	if f.options.store != harness.Memory {
		t.Skip("a run is the same each time on the memory store only")
	}
	l := f.laboratory(t)
	seed := max(f.options.seed, 1)
	first := map[string]verdict{}
	nth := func(i int) trial {
		return trial{scenario: l.scenarios[i], seed: seed, spec: specOf("all"), schedule: true}
	}
	l.each(t, len(l.scenarios), nth, func(v verdict) bool {
		first[v.trial.scenario.Location()] = v
		return true
	})
	l.each(t, len(l.scenarios), nth, func(v verdict) bool {
		before := first[v.trial.scenario.Location()]
		if before.result.Status != v.result.Status {
			t.Errorf("%s, seed %d: got %s, and %s the time before", v.trial.scenario.Location(), seed, v.result.Status, before.result.Status)
		}
		if diff := cmp.Diff(before.faults, v.faults); diff != "" {
			t.Errorf("%s, seed %d: got other faults than the time before (-before +now):\n%s", v.trial.scenario.Location(), seed, diff)
		}
		return true
	})
}
