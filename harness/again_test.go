package harness_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
)

// sorter has handled whatever it is given.
type sorter struct{}

// Handle implements reactor.Handler.
func (sorter) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	return events[len(events)-1].Index + 1, nil
}

// A read that fails behind the harness' back, as under injected faults, takes along
// what was to be delivered again.
func TestWhatGetsLostIsDeliveredOnceMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lose, lost atomic.Bool
		h, err := harness.Open(t.Context(), harness.Options{System: harness.System{
			Categories: []string{"Order"},
			Start: func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
				source := intercept.Source(backend.Source, intercept.SourceHooks{
					AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
						if len(batch.Events) > 0 && lose.CompareAndSwap(true, false) {
							lost.Store(true)
							return feed.Batch{}, errors.New("the line is dead")
						}
						return batch, err
					},
				})
				return reactor.Start(ctx, source, backend.Checkpoints, sorter{}, config)
			},
		}})
		check.Must(t, err)
		w, order := stage(t, h), streamName(t, "Order-1")
		appendTo(t, w.Store(), order, 0, "Placed")
		check.Must(t, w.Eventually(t.Context(), func(context.Context) error { return nil }))
		lose.Store(true)
		check.Must(t, w.DeliverAgain(t.Context(), order))
		if !lost.Load() {
			t.Error("got nothing lost, so nothing was proved")
		}
		for _, err := range []error{w.Close(t.Context()), h.Audit(t.Context()), h.Close(t.Context())} {
			check.OK(t, err)
		}
	})
}
