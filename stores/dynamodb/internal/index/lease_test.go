package index

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

const ttl = 12 * time.Second

func newLease(tab *table.Table, owner string) *lease {
	return &lease{index: tab, owner: owner, ttl: ttl, log: slog.New(slog.DiscardHandler)}
}

func mustAcquire(t testing.TB, l *lease) {
	t.Helper()
	check.Must(t, l.acquire(t.Context()))
}

func checkLost(t testing.TB, err error, by string) {
	t.Helper()
	if lost, ok := errors.AsType[*LeaseLostError](err); !ok || lost.By != by {
		t.Errorf("got error %v, want that the lease is lost to %q", err, by)
	}
}

func TestALeaseIsFreeAtFirstAndWhenItIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		tab := mustTable(t, fake, TableConfig())
		start := time.Now()
		a := newLease(tab, "a")
		mustAcquire(t, a)
		a.reach(reached{Stream: "arn"})
		check.Must(t, a.release(t.Context()))
		b := newLease(tab, "b")
		mustAcquire(t, b)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v for a lease that was free", waited)
		}
		check.Equal(t, "progress", "arn", b.progress().Stream)
		checkLost(t, a.renew(t.Context()), "b")
		checkLost(t, a.guard(t.Context(), false), "b")
		if items := fake.Items("$Indexer-0"); len(items) != 1 || items[0]["e"] != nil {
			t.Errorf("got the items %v, want a tip without events", items)
		}
	})
}

// Who comes back after an outage does not wait for the one it was before; for another it does.
func TestALeaseOfOneThatHasEndedIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	for owner, wait := range map[string]time.Duration{"before": 0, "another": ttl} {
		synctest.Test(t, func(t *testing.T) {
			tab := mustTable(t, faketable.New(), TableConfig())
			held := newLease(tab, owner)
			mustAcquire(t, held)
			held.reach(reached{Stream: "arn"})
			check.Must(t, held.renew(t.Context()))
			start := time.Now()
			next := newLease(tab, "next")
			next.ended = func(owner string) bool { return owner == "before" }
			mustAcquire(t, next)
			check.Equal(t, "waited for "+owner, wait, time.Since(start))
			check.Equal(t, "progress", "arn", next.progress().Stream)
			if wait == 0 { // else it knows by itself
				checkLost(t, held.guard(t.Context(), true), "next")
			}
		})
	}
}

func TestALeaseIsTakenWhenItsHeartStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tab := mustTable(t, faketable.New(), TableConfig())
		a, b := newLease(tab, "a"), newLease(tab, "b")
		mustAcquire(t, a)
		start := time.Now()
		ctx, kill := context.WithCancel(t.Context())
		beating := make(chan error, 1)
		go func() { beating <- a.beat(ctx) }()
		time.AfterFunc(10*time.Minute, kill)
		mustAcquire(t, b)
		if err := <-beating; err != nil {
			t.Errorf("got %v at the end of the context, want no error", err)
		}
		if waited := time.Since(start); waited < 10*time.Minute+ttl/2 || waited > 10*time.Minute+2*ttl {
			t.Errorf("waited %v for a heart that stopped after ten minutes, want %v more, about", waited, ttl)
		}
		checkLost(t, a.guard(t.Context(), false), "") // knows it by its clock alone
		checkLost(t, a.renew(t.Context()), "")
	})
}

func TestAnOwnerThatSleptFindsOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tab := mustTable(t, faketable.New(), TableConfig())
		a, b := newLease(tab, "a"), newLease(tab, "b")
		mustAcquire(t, a)
		mustAcquire(t, b)
		// A clock that stood still while the process slept.
		a.until = time.Now().Add(time.Hour)
		if err := a.guard(t.Context(), false); err != nil {
			t.Errorf("got %v, want nothing known yet", err)
		}
		checkLost(t, a.guard(t.Context(), true), "b")
		checkLost(t, a.guard(t.Context(), false), "b")
		check.OK(t, a.release(t.Context()))
		if err := b.guard(t.Context(), true); err != nil {
			t.Errorf("got %v for the new owner, want that it still holds the lease", err)
		}
	})
}

func TestHeartbeatsSurviveFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		config := TableConfig()
		config.Retries = -1
		tab := mustTable(t, fake, config)
		a := newLease(tab, "a")
		mustAcquire(t, a)
		ctx, stop := context.WithCancel(t.Context())
		beating := make(chan error, 1)
		go func() { beating <- a.beat(ctx) }()
		for range 50 {
			fake.Fault(faketable.Refused)
			fake.Fault(faketable.Lost)
			time.Sleep(ttl / 2) // in the bubble
			synctest.Wait()
			check.Must(t, a.guard(t.Context(), true))
		}
		stop()
		check.OK(t, <-beating)
	})
}

func TestALeaseThatCannotBeRenewedIsLostInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		config := TableConfig()
		config.Retries = -1
		a := newLease(mustTable(t, fake, config), "a")
		mustAcquire(t, a)
		for range 100 {
			fake.Fault(faketable.Refused)
		}
		start := time.Now()
		checkLost(t, a.beat(t.Context()), "")
		if got := time.Since(start); got > 2*ttl {
			t.Errorf("got the loss after %v, want it soon after %v", got, ttl)
		}
	})
}

// TestTheOldOwnerIsFencedOff has an ingester that decided before the take-over
// write after it.
func TestTheOldOwnerIsFencedOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		tab := mustTable(t, fake, TableConfig())
		a, b := newLease(tab, "a"), newLease(tab, "b")
		mustAcquire(t, a)
		old, young := mustIngester(t, tab, IngesterConfig{}), mustIngester(t, tab, IngesterConfig{})
		old.guard, young.guard = a.guard, b.guard
		check.Must(t, old.fence(t.Context(), a.mark()))
		mustIngest(t, old, sp("a", 0, 1))

		mustAcquire(t, b)
		a.until = time.Now().Add(time.Hour) // it does not know
		check.Must(t, young.fence(t.Context(), b.mark()))
		checkLost(t, old.Ingest(t.Context(), []Span{sp("a", 1, 2)}), "b")
		checkWritten(t, tab, 0, "+a[0,1)")
		mustIngest(t, young, sp("a", 0, 2))
		checkWritten(t, tab, 0, "+a[0,1)", ">a[1,2)")
		if tip := fake.Items("$AppendsEpoch-0_0")[0]; tip["u"] != nil || number(tip, "n") != "2" {
			t.Errorf("got the tip %v, want two events and no trace of the fence", tip)
		}
	})
}
