package harness_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

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
