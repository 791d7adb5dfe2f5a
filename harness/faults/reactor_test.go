package faults_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/harness/faults"
)

// TestReactorSurvives is what faults are for: whatever happens, everything is
// counted exactly once, handled up to what was written, and saved.
func TestReactorSurvives(t *testing.T) {
	t.Parallel()
	for _, d := range faults.Kinds() {
		for _, rate := range []string{"0.3", "1"} {
			t.Run(fmt.Sprintf("%s=%s", d.Kind, rate), func(t *testing.T) {
				t.Parallel()
				found := 0
				for seed := range uint64(2) {
					for _, f := range story(t, fmt.Sprintf("%s=%s", d.Kind, rate), seed) {
						found++
						if f.Kind != d.Kind {
							t.Errorf("seed %d: got %s, want %s only", seed, f, d.Kind)
						}
					}
				}
				if found == 0 {
					t.Errorf("no %s was injected", d.Kind)
				}
			})
		}
	}
	for _, spec := range []string{"all", "all,kill=0", "conflict=1,stale=1,duplicate=1,hold-back=1"} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				story(t, spec, seed)
			}
		})
	}
}

func TestNoFaultsAreNoFaults(t *testing.T) {
	t.Parallel()
	if log := story(t, "", 1); len(log) > 0 {
		t.Errorf("got %v, want no faults", log)
	}
}

func TestSameSeedSameFaults(t *testing.T) {
	t.Parallel()
	var logs [][]faults.Injected
	for seed := range uint64(4) {
		first := story(t, "all", seed)
		for range 2 {
			if diff := cmp.Diff(first, story(t, "all", seed)); diff != "" {
				t.Fatalf("seed %d, again (-first +again):\n%s", seed, diff)
			}
		}
		for other, log := range logs {
			if slices.Equal(first, log) {
				t.Errorf("seeds %d and %d: got the same faults, want others", seed, other)
			}
		}
		logs = append(logs, first)
	}
}

func TestHandlersDie(t *testing.T) {
	t.Parallel()
	for _, kind := range []faults.Kind{faults.DieBefore, faults.DieAfter} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, string(kind)+"=1", 1)
			r.live(t, 1)
			if got, want := r.died[kind], len(r.injector.Log()); got != want || got == 0 {
				t.Errorf("%s: got %d panics, want one for each of %d faults", kind, got, want)
			}
			disturbed := 0
			for stream := range r.retired {
				disturbed += r.injector.Disturbed(stream)
			}
			if want := len(r.injector.Log()); disturbed != want {
				t.Errorf("%s: got %d faults in handler calls, want %d", kind, disturbed, want)
			}
		})
	}
}

// TestAStreamHasTheReactorKilledTwiceAtMost is about what disturbs everybody.
func TestAStreamHasTheReactorKilledTwiceAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "kill=1,cut=0.5", 1)
		r.live(t, 1)
		strikes, kills, cuts := map[string]int{}, 0, 0
		for _, f := range r.injector.Log() {
			handled := f.Caller
			if handled == "" {
				handled = f.Key
			}
			if strikes[handled]++; strikes[handled] > 2 {
				t.Errorf("got %s, want two strikes for a stream at most", f)
			}
			if f.Kind == faults.Kill {
				kills++
			} else {
				cuts++
			}
		}
		if kills == 0 || cuts == 0 || cuts != r.cuts {
			t.Errorf("got %d kills and %d cuts, of %d noted; want some and all", kills, r.cuts, cuts)
		}
		for stream := range r.retired {
			if got, least := r.injector.Disturbed(stream), kills+cuts; got < least {
				t.Errorf("%s: got %d calls disturbed, want at least %d", stream, got, least)
			}
		}
	})
}
