package faults_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
)

// atGate is what n appends meet at a gate.
func atGate(t *testing.T, i *faults.Injector, n int) []faults.Kind {
	t.Helper()
	met := make([]faults.Kind, n)
	for k := range met {
		met[k] = i.AtGate(t.Context(), "the gate")
	}
	return met
}

func TestAtAGateTheSameSeedGivesTheSameFaults(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) []faults.Kind {
		return atGate(t, injector(t, "kill=0.1,cut=0.1,lost-reply=0.3", faults.Config{Seed: seed}), 500)
	}
	first := run(7)
	if diff := cmp.Diff(first, run(7)); diff != "" {
		t.Errorf("seed 7 (-once +again):\n%s", diff)
	}
	if cmp.Equal(first, run(8)) {
		t.Error("seed 8 gives the faults of seed 7")
	}
	for _, kind := range []faults.Kind{faults.Kill, faults.Cut, faults.LostReply, ""} {
		if !slices.Contains(first, kind) {
			t.Errorf("in 500 appends there was no %q", kind)
		}
	}
}

// Nobody knows there what an append is for, so one in many has to go through.
func TestAtAGateAppendsAreSparedAfterAFault(t *testing.T) {
	t.Parallel()
	i := injector(t, "lost-reply=1", faults.Config{})
	met := atGate(t, i, 1000)
	for k, kind := range met {
		if want := k%11 == 0; (kind == faults.LostReply) != want {
			t.Fatalf("append %d: got %q, want a lost reply: %t", k, kind, want)
		}
	}
	check.Equal(t, "faults in the log", 91, len(i.Of("the gate")))
	i.Rest()
	if met := atGate(t, i, 20); slices.ContainsFunc(met, func(k faults.Kind) bool { return k != "" }) {
		t.Errorf("at rest: got %q, want none", met)
	}
}

func TestASlowGateTakesItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		atGate(t, injector(t, "slow=1:2s", faults.Config{}), 100)
		if took := time.Since(began); took != 200*time.Second {
			t.Errorf("100 appends took %v, want 200 s", took)
		}
	})
}

func TestOutsideAreTheKindsThatNeedNoWrapping(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"all":                  "conflict,lost-reply,slow,stale,throttle,kill,cut",
		"reorder,duplicate":    "",
		"kill=0.5,failed-load": "kill=0.5",
		"":                     "",
	} {
		spec, err := faults.Parse(text)
		check.Must(t, err)
		if got := spec.Outside().String(); got != want {
			t.Errorf("of %q: got %q, want %q", text, got, want)
		}
	}
}
