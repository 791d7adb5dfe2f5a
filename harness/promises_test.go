package harness_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

func TestTheAuditNamesPromisesThatAReactorBroke(t *testing.T) {
	t.Parallel()
	all, err := faults.Parse("all")
	check.Must(t, err)
	order := streamName(t, "Order-1")
	for _, test := range []struct {
		name    string
		options harness.Options
		seen    []reactor.Occurrence
		saves   bool   // a checkpoint, after that
		want    string // in the audit's error; empty if there is to be none
	}{
		{"whoever handles before saving keeps them all", harness.Options{}, []reactor.Occurrence{
			reactor.Called{Stream: order, Events: 2},
			reactor.Returned{Stream: order, Observed: 2},
			reactor.Retired{Stream: order, UpTo: 2},
			reactor.Called{Stream: order, Events: 1},
			reactor.Returned{Stream: order, Observed: 2},
		}, true, ""},
		{
			"a checkpoint ahead of an event that nobody handled",
			harness.Options{},
			nil, true,
			"a checkpoint was saved ahead of work: position 3 of tranche Order lies behind event 0 of Order-1",
		},
		{
			"a checkpoint ahead of the second event",
			harness.Options{},
			[]reactor.Occurrence{reactor.Retired{Stream: order, UpTo: 1}},
			true,
			"lies behind event 1 of Order-1, of which the reactor has handled only what is before 1",
		},
		{
			"two calls for a stream at once",
			harness.Options{},
			[]reactor.Occurrence{reactor.Called{Stream: order, Events: 1}, reactor.Called{Stream: order, Events: 1}},
			false,
			"the handler was called for Order-1 while an earlier call for it was running",
		},
		{
			"a version that nobody wrote",
			harness.Options{},
			[]reactor.Occurrence{reactor.Called{Stream: order, Events: 2}, reactor.Returned{Stream: order, Observed: 3}},
			false,
			"has seen Order-1 at version 3, but no more than 2 events were ever written",
		},
		{
			"a version that nobody wrote, under faults",
			harness.Options{Faults: all, Seed: 1},
			[]reactor.Occurrence{reactor.Called{Stream: order, Events: 2}, reactor.Returned{Stream: order, Observed: 3}},
			false,
			"has seen Order-1 at version 3",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, p := onPuppet(t, test.options)
			w := stage(t, h)
			for version := range es.Version(2) {
				appendTo(t, w.Store(), order, version, "Placed")
			}
			tranche, batch := p.read(t)
			for _, o := range test.seen {
				p.observer.Observe(o)
			}
			if test.saves {
				p.save(t, tranche, batch.Next)
			}
			w.Name(order, "the last order")
			check.Must(t, w.Close(t.Context()))
			err := h.Audit(t.Context())
			var found *harness.AuditError
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want == "":
			case !errors.As(err, &found) || !strings.Contains(found.Err.Error(), test.want):
				t.Errorf("got %v, want it to say %q", err, test.want)
			case !strings.Contains(err.Error(), fmt.Sprintf("the last order in %q", t.Name())) || strings.Contains(strings.Split(err.Error(), "\n")[0], "Order-1"):
				t.Errorf("got %v, want the words of the scenario for the stream, and the scenario", err)
			}
			if err := h.Audit(t.Context()); err != nil {
				t.Errorf("once more: got %v, want no error: it was told", err)
			}
		})
	}
}

// What belonged to a scenario that is over is nobody's, so a reactor that leaves
// it unhandled breaks no promise.
func TestACheckpointMayPassWhatIsNobodys(t *testing.T) {
	t.Parallel()
	h, p := onPuppet(t, harness.Options{})
	w := stage(t, h)
	appendTo(t, w.Store(), streamName(t, "Order-1"), 0, "Placed")
	tranche, batch := p.read(t)
	check.Must(t, w.Close(t.Context()))
	p.save(t, tranche, batch.Next)
	if err := h.Audit(t.Context()); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

// A promise that is broken once everything was audited is not forgotten.
func TestClosingTellsOfPromisesThatNoAuditHasToldOf(t *testing.T) {
	t.Parallel()
	p := &puppet{done: make(chan struct{})}
	h, err := harness.Open(t.Context(), harness.Options{System: p.system()})
	check.Must(t, err)
	w, order := stage(t, h), streamName(t, "Order-1")
	appendTo(t, w.Store(), order, 0, "Placed")
	check.Must(t, h.Audit(t.Context()))
	for range 2 {
		p.observer.Observe(reactor.Called{Stream: order, Events: 1})
	}
	check.Must(t, w.Close(t.Context()))
	check.Fails(t, h.Close(t.Context()), "while an earlier call for it was running")
}
