package harness_test

import (
	"strings"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/reactor"
)

func TestTheAuditNamesPromisesThatAReactorBroke(t *testing.T) {
	t.Parallel()
	all, err := faults.Parse("all")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options harness.Options
		act     func(t *testing.T, p *puppet, order es.StreamName)
		want    string // in the audit's error; empty if there is to be none
	}{
		{"whoever handles before saving keeps them all", harness.Options{}, func(t *testing.T, p *puppet, order es.StreamName) {
			t.Helper()
			tranche, batch := p.read(t)
			p.observer.Observe(reactor.Called{Stream: order, Events: 2})
			p.observer.Observe(reactor.Returned{Stream: order, Observed: 2})
			p.observer.Observe(reactor.Retired{Stream: order, UpTo: 2})
			p.observer.Observe(reactor.Called{Stream: order, Events: 1})
			p.observer.Observe(reactor.Returned{Stream: order, Observed: 2})
			p.save(t, tranche, batch.Next)
		}, ""},
		{"a checkpoint ahead of an event that nobody handled", harness.Options{}, func(t *testing.T, p *puppet, _ es.StreamName) {
			t.Helper()
			tranche, batch := p.read(t)
			p.save(t, tranche, batch.Next)
		}, "a checkpoint was saved ahead of work: position 3 of tranche Order lies behind event 0 of Order-1"},
		{"a checkpoint ahead of the second event", harness.Options{}, func(t *testing.T, p *puppet, order es.StreamName) {
			t.Helper()
			tranche, batch := p.read(t)
			p.observer.Observe(reactor.Retired{Stream: order, UpTo: 1})
			p.save(t, tranche, batch.Next)
		}, "lies behind event 1 of Order-1, of which the reactor has handled only what is before 1"},
		{"two calls for a stream at once", harness.Options{}, func(t *testing.T, p *puppet, order es.StreamName) {
			t.Helper()
			p.observer.Observe(reactor.Called{Stream: order, Events: 1})
			p.observer.Observe(reactor.Called{Stream: order, Events: 1})
		}, "the handler was called for Order-1 while an earlier call for it was running"},
		{"a version that nobody wrote", harness.Options{}, func(t *testing.T, p *puppet, order es.StreamName) {
			t.Helper()
			p.observer.Observe(reactor.Called{Stream: order, Events: 2})
			p.observer.Observe(reactor.Returned{Stream: order, Observed: 3})
		}, "has seen Order-1 at version 3, but no more than 2 events were ever written"},
		{"a version that nobody wrote, under faults", harness.Options{Faults: all, Seed: 1}, func(t *testing.T, p *puppet, order es.StreamName) {
			t.Helper()
			p.observer.Observe(reactor.Called{Stream: order, Events: 2})
			p.observer.Observe(reactor.Returned{Stream: order, Observed: 3})
		}, "has seen Order-1 at version 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, p := onPuppet(t, test.options)
			w, order := stage(t, h), streamName(t, "Order-1")
			for version := range es.Version(2) {
				appendTo(t, w.Store(), order, version, "Placed")
			}
			test.act(t, p, order)
			must(t, w.Close(t.Context()))
			err := h.Audit(t.Context())
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want it to say %q", err, test.want)
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
	must(t, w.Close(t.Context()))
	p.save(t, tranche, batch.Next)
	if err := h.Audit(t.Context()); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}
