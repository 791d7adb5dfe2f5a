package harness_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

var errDead = errors.New("the line is dead")

// tailed runs a test with a tail on the feed of a memory store, which has a tranche
// of orders and one of parcels, and to which one event was written before. Reads
// of the orders fail with errDead while dead holds.
func tailed(t *testing.T, test func(t *testing.T, store es.Store, tail harness.Tail, dead *atomic.Bool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		backend, err := memory.New().Backend("Order", "Parcel")
		check.Must(t, err)
		appendTo(t, backend.Events, streamName(t, "Order-0"), 0, "Placed")
		var dead atomic.Bool
		source := intercept.Source(backend.Source, intercept.SourceHooks{
			BeforeRead: func(_ context.Context, tranche feed.Tranche, _ feed.Position) error {
				if dead.Load() && tranche == "Order" {
					return errDead
				}
				return nil
			},
		})
		tail, err := harness.Follow(t.Context(), source, time.Millisecond)
		check.Must(t, err)
		defer tail.Close()
		synctest.Wait()
		test(t, backend.Events, tail, &dead)
	})
}

func TestATailKnowsWhereInTheFeedAVersionIs(t *testing.T) {
	t.Parallel()
	tailed(t, func(t *testing.T, store es.Store, tail harness.Tail, _ *atomic.Bool) {
		t.Helper()
		order := streamName(t, "Order-1")
		appendTo(t, store, order, 0, "Placed", "Sent")
		appendTo(t, store, streamName(t, "Order-2"), 0, "Placed")
		positions, err := tail.Await(t.Context(), map[es.StreamName]es.Version{order: 2})
		if err != nil || len(positions) != 1 {
			t.Fatalf("got %v and %v, want one position", positions, err)
		}
		for tranche, position := range positions {
			if position < 3 { // Order-0 and the two
				t.Errorf("got position %d of %q, want one behind all three events", position, tranche)
			}
		}
	})
}

func TestATailSaysWhatTheFeedHasNotShown(t *testing.T) {
	t.Parallel()
	tailed(t, func(t *testing.T, store es.Store, tail harness.Tail, dead *atomic.Bool) {
		t.Helper()
		appendTo(t, store, streamName(t, "Order-1"), 0, "Placed")
		versions := map[es.StreamName]es.Version{
			streamName(t, "Order-0"): 1, // written before the tail began
			streamName(t, "Order-1"): 1,
			streamName(t, "Order-2"): 3,
		}
		over := errors.New("the scenario is over")
		await := func() error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
			defer cancel()
			_, err := tail.Await(ctx, versions)
			return err
		}
		err := await()
		if want := "the feed has not shown version 1 of Order-0, version 3 of Order-2: the scenario is over"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
		// The other tranche goes on being read, which changes nothing about that.
		dead.Store(true)
		if err = await(); !errors.Is(err, errDead) || !errors.Is(err, over) || !strings.Contains(err.Error(), "tranche Order") {
			t.Errorf("got %v, want one that also says why, and where", err)
		}
		dead.Store(false)
		if err = await(); errors.Is(err, errDead) {
			t.Errorf("got %v, want nothing of a trouble that is over", err)
		}
	})
}
