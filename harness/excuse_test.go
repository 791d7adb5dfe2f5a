package harness_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/steps/hotel"
)

// The error of a stop counts in a run with cuts too: the last words of a reactor do not
// go through what is cut.
func TestAnErrorOfAStopCountsWhereConnectionsAreCut(t *testing.T) {
	t.Parallel()
	p := &puppet{done: make(chan struct{}), end: errors.New("the last checkpoint was lost")}
	h, err := harness.Open(t.Context(), harness.Options{System: p.system()})
	check.Must(t, err)
	h.HaveCuts()
	if err := h.Close(t.Context()); !errors.Is(err, p.end) {
		t.Errorf("got %v, want %v", err, p.end)
	}
}

// Faults excuse the calls that met them, and no others.
func TestFaultsExcuseTheCallsThatTheyDisturbed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec string
		kind faults.Kind // that happens; none if empty
		act  func(t *testing.T, p *puppet, w *harness.World, order es.StreamName)
		want int
	}{
		{"conflict=0", "", func(_ *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			handle(p, order, errors.New("no van"))
			handle(p, order, nil)
			handle(p, order, nil)
		}, 0},
		{"failed-checkpoint=1,kill=0.0000001", "", func(_ *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			handle(p, order, errors.New("no van"))
			handle(p, order, nil)
			handle(p, order, nil)
		}, 0},
		{"duplicate=1", faults.Duplicate, func(t *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			t.Helper()
			p.read(t)
			handle(p, order, nil) // the work
			handle(p, order, nil) // for what is delivered again
			handle(p, order, nil) // for nothing
		}, 1},
		{"duplicate=1", faults.Duplicate, func(t *testing.T, p *puppet, _ *harness.World, order es.StreamName) {
			t.Helper()
			p.read(t)
			handle(p, order, nil) // the work, which would have been done anyway
		}, 0},
	} {
		spec, err := faults.Parse(c.spec)
		check.Must(t, err)
		h, p := onPuppet(t, harness.Options{Faults: spec, Seed: 1})
		w, order := stage(t, h), streamName(t, "Order-1")
		appendTo(t, w.Store(), order, 0, "Placed")
		c.act(t, p, w, order)
		if got := w.Excused(order); got != c.want {
			t.Errorf("%s: got %d of %d calls excused, want %d", c.spec, got, w.Calls(order), c.want)
		}
		if c.kind != "" && len(h.Injected()) == 0 {
			t.Errorf("%s: got no fault, want some", c.spec)
		}
		check.Must(t, w.Close(t.Context()))
	}
}

// handle is a call of the handler that sees all there is, or fails.
func handle(p *puppet, stream es.StreamName, err error) {
	p.observer.Observe(reactor.Called{Stream: stream, Events: 1})
	p.observer.Observe(reactor.Returned{Stream: stream, Observed: 1, Err: err})
	if err == nil {
		p.observer.Observe(reactor.Retired{Stream: stream, UpTo: 1})
	}
}

// A call that failed by a fault is excused, and the one that makes up for it is not.
func TestEachFailedCallIsExcusedOnce(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"failed-load=1", "lost-reply=1", "die-after=1", "conflict=1"} {
		parsed, err := faults.Parse(spec)
		check.Must(t, err)
		options := harness.Options{System: hotel.System(), Faults: parsed, Seed: 1}
		h, err := harness.Open(t.Context(), options)
		opened(t, h, err)
		w, group := world(t, h, false), domain.GroupID(uuid.New())
		check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
		check.Must(t, w.Eventually(t.Context(), func(context.Context) error { return nil }))
		stream := w.groups.Stream(group)
		if calls, excused := w.Calls(stream), w.Excused(stream); calls-excused != 1 || calls < 2 && spec != "conflict=1" {
			t.Errorf("%s: got %d calls, %d of which are excused, want all but one", spec, calls, excused)
		}
	}
}
