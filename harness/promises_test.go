package harness_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
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
			"a checkpoint was saved ahead of work: position 3 of tranche Order lies past event 0 of Order-1",
		},
		{
			"a checkpoint ahead of the second event",
			harness.Options{},
			[]reactor.Occurrence{reactor.Retired{Stream: order, UpTo: 1}},
			true,
			"lies past event 1 of Order-1, of which the reactor has handled only what is before 1",
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

// puppet is a reactor that does nothing by itself: a test acts in its place, as
// wrongly as it likes, on the backend and with the observer that the harness gave.
type puppet struct {
	backend  *stores.Backend
	observer reactor.Observer
	status   reactor.Status
	end      error // how it ends

	stop sync.Once
	done chan struct{}
}

// onPuppet brings up a harness on memory whose reactor is a puppet, which follows
// orders.
func onPuppet(t *testing.T, options harness.Options) (*harness.Harness, *puppet) {
	t.Helper()
	p := &puppet{done: make(chan struct{})}
	options.System = p.system()
	h, err := harness.Open(t.Context(), options)
	return opened(t, h, err), p
}

// system is one of which the reactor is the puppet.
func (p *puppet) system() harness.System {
	return harness.System{
		Categories: []string{"Order"},
		Start: func(_ context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
			p.backend, p.observer = backend, config.Observer
			return p, nil
		},
	}
}

// Stop implements harness.Reactor.
func (p *puppet) Stop() { p.stop.Do(func() { close(p.done) }) }

// Done implements harness.Reactor.
func (p *puppet) Done() <-chan struct{} { return p.done }

// Wait implements harness.Reactor.
func (p *puppet) Wait(context.Context) error { <-p.done; return p.end }

// Status implements harness.Reactor.
func (p *puppet) Status(context.Context) (reactor.Status, error) { return p.status, nil }

// read reads the feed from its start, as a reactor does before anything else.
func (p *puppet) read(t *testing.T) (feed.Tranche, feed.Batch) {
	t.Helper()
	tranches, err := p.backend.Source.Tranches(t.Context())
	if err != nil || len(tranches) != 1 {
		t.Fatalf("got the tranches %v and %v, want one", tranches, err)
	}
	batch, err := p.backend.Source.Read(t.Context(), tranches[0], 0)
	check.Must(t, err)
	return tranches[0], batch
}

// save saves a checkpoint.
func (p *puppet) save(t *testing.T, tranche feed.Tranche, position feed.Position) {
	t.Helper()
	key := feed.Key{Source: p.backend.Source.ID(), Tranche: tranche, Group: "puppet"}
	check.Must(t, p.backend.Checkpoints.Save(t.Context(), key, position))
}

// stage makes a world. Close it in the end.
func stage(t *testing.T, h *harness.Harness) *harness.World {
	t.Helper()
	w, err := h.World(t.Context(), harness.Scenario{Key: t.Name()})
	check.Must(t, err)
	return w
}

// appendTo writes events of some types to a new stream.
func appendTo(t *testing.T, store es.Appender, stream es.StreamName, expected es.Version, types ...string) {
	t.Helper()
	events := make([]es.EventData, len(types))
	for i, eventType := range types {
		events[i] = es.EventData{ID: uuid.New(), Type: eventType, Data: []byte(`{"n":1}`)}
	}
	check.Must(t, check.Error(store.Append(t.Context(), stream, expected, events)))
}

func streamName(t *testing.T, text string) es.StreamName {
	t.Helper()
	name, err := es.ParseStreamName(text)
	check.Must(t, err)
	return name
}
