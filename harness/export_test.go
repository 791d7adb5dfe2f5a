package harness

import (
	"context"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// EventualLimit is how long a check may be made again.
const EventualLimit = eventualLimit

// ExplainLimit is how long a failure may take to find out what there is to say.
const ExplainLimit = explainLimit

// BeInexact makes a harness believe that a check may have to be made again.
func (w *World) BeInexact() { w.harness.exact = false }

// Harness is the one that made the world.
func (w *World) Harness() *Harness { return w.harness }

// Raw is the store without anything around it, as other programs see it.
func (h *Harness) Raw() es.Store { return h.site.Backend.Events }

// elsewhere is a host that says that its reactor is in another process.
type elsewhere struct{ host }

func (elsewhere) exact() bool { return false }

// MoveReactorAway makes a world believe that its reactor is in another process.
func (w *World) MoveReactorAway() { w.host = elsewhere{w.host} }

// Tail follows a feed. Close it in the end.
type Tail struct{ tail *tail }

// Follow starts a tail.
func Follow(ctx context.Context, source feed.Source, pause time.Duration) (Tail, error) {
	t, err := follow(ctx, source, pause)
	return Tail{t}, err
}

// Await waits until the feed has shown these versions.
func (t Tail) Await(ctx context.Context, versions map[es.StreamName]es.Version) (map[feed.Tranche]feed.Position, error) {
	return t.tail.await(ctx, versions)
}

// Close ends the tail.
func (t Tail) Close() { t.tail.close() }

// HoldUpEnds makes the store not say where its feed ends until the channel is
// closed.
func (h *Harness) HoldUpEnds(until <-chan struct{}) {
	backend := *h.site.Backend
	backend.Source = intercept.Source(backend.Source, intercept.SourceHooks{
		BeforeEnd: func(ctx context.Context, _ feed.Tranche) error {
			select {
			case <-until:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	})
	h.site.Backend = &backend
}

// HoldUpReads makes reads of a stream last until their context ends.
func (h *Harness) HoldUpReads(held es.StreamName) {
	h.site.Backend.Events = intercept.Store(h.site.Backend.Events, intercept.StoreHooks{
		BeforeRead: func(ctx context.Context, stream es.StreamName, _ es.Version, _ es.Freshness) error {
			if stream != held {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		},
	})
}

// KillReactor kills the world's reactor, as an injected fault does.
func (w *World) KillReactor() { w.host.(*runner).kill() }

// HaveCuts makes a harness believe that the connections of its reactors can be cut.
func (h *Harness) HaveCuts() { h.cut = func() { h.cuts.Add(1) } }

// Cut cuts the connections of all reactors, as an injected fault of any of them does.
func (h *Harness) Cut() { h.cut() }
