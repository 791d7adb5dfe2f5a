package reactor_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// TestAProcessThatStandsByLooksWhetherItCouldRead: over the connection to the leader, over
// that for reads, and whether what answers the reads gets on.
func TestAProcessThatStandsByLooksWhetherItCouldRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checkpoints, refused := memory.NewCheckpoints(), func(error) bool { return false }
		sources := []*source{newSource("A"), newSource("A")}
		var all []*running
		for _, s := range sources {
			s.add("A", "a@0 a@1")
			all = append(all, start(t, s, checkpoints, newHandler(), reactor.Config{Slots: 1, Breakers: reactor.Breakers{
				Leader: reactor.NewBreaker("the leader", refused), Reads: reactor.NewBreaker("the replica", refused),
			}}))
		}
		own, by := sources[1], all[1]
		look := func() reactor.StandByStatus {
			t.Helper()
			status := by.status()
			if !status.StandsBy() || len(status.StandBy) != 1 || status.StandBy[0].Tranche != "A" {
				t.Fatalf("got %+v, want that it stands by and has looked at A", status)
			}
			return status.StandBy[0]
		}
		pass(time.Minute)
		equal(t, "all is well", look(), reactor.StandByStatus{Tranche: "A", Position: 2, End: 2})

		began := time.Now()
		own.fail(errBoom)
		pass(time.Minute)
		if got := look(); got.Error != "boom" || got.Server != "the replica" || got.ErrorSince.Before(began) || got.ErrorSince.After(began.Add(20*time.Second)) {
			t.Errorf("got %+v, want that reads fail since %s", got, began)
		}
		own.fail(nil)
		own.refuse(errBoom)
		pass(time.Minute)
		equal(t, "who fails", look().Server, "the leader")
		own.refuse(nil)
		pass(time.Minute)
		equal(t, "all is well again", look().Error, "")

		own.freeze(2) // what answers reads does not get what the leader has
		own.add("A", "a@2 a@3 a@4")
		pass(20 * time.Second)
		equal(t, "it stands still, for a moment", look().StillSince.IsZero(), true)
		pass(time.Minute)
		if got := look(); got.StillSince.IsZero() || got.Position != 2 || got.End != 5 {
			t.Errorf("got %+v, want that it stands still at 2", got)
		}
		own.freeze(0)
		pass(time.Minute)
		equal(t, "it gets on", look(), reactor.StandByStatus{Tranche: "A", Position: 5, End: 5})

		all[0].endWell()
		pass(time.Minute)
		status := by.status()
		if status.StandsBy() || len(status.StandBy) != 0 || len(status.Tranches) != 1 || status.Tranches[0].Read != 5 {
			t.Errorf("got %+v, want that it has taken over and reads", status)
		}
		equal(t, "servers", status.Servers, reactor.Servers{Leader: "the leader", Reads: "the replica"})
		own.fail(errBoom)
		own.add("A", "a@5")
		pass(time.Minute)
		equal(t, "which connection fails", by.status().Tranches[0].ErrorAt, "the replica")
		own.fail(nil)
		own.refuse(errBoom)
		pass(time.Minute)
		equal(t, "which connection fails", by.status().Tranches[0].ErrorAt, "the leader")
		own.refuse(nil)
		by.endWell()
	})
}

// TestAProcessThatStandsBySeesThatNothingComesIn as those that work do.
func TestAProcessThatStandsBySeesThatNothingComesIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checkpoints, s := memory.NewCheckpoints(), newSource("A")
		s.add("A", "a@0 a@1")
		var silent atomic.Bool
		silent.Store(true)
		source := lagging{s, func(feed.Position) feed.Lag {
			lag := feed.Lag{End: 2, Events: -1}
			if silent.Load() {
				lag.Silent = "nobody indexes"
			}
			return lag
		}}
		works := start(t, source, checkpoints, newHandler(), reactor.Config{Slots: 1})
		by := start(t, source, checkpoints, newHandler(), reactor.Config{Slots: 1})
		look := func() reactor.StandByStatus {
			t.Helper()
			pass(time.Minute)
			status := by.status()
			if len(status.StandBy) != 1 {
				t.Fatalf("got %+v, want that it stands by and has looked at A", status)
			}
			return status.StandBy[0]
		}
		look()
		if got := look(); got.Silent != "nobody indexes" || time.Since(got.SilentSince) < time.Minute {
			t.Errorf("got %+v, want that nobody indexes for more than a minute", got)
		}
		silent.Store(false)
		equal(t, "somebody indexes", look(), reactor.StandByStatus{Tranche: "A", Position: 2, End: 2})
		works.endWell()
		by.endWell()
	})
}

// freeze has reads get no further, or get on again if that is 0.
func (s *source) freeze(at feed.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = at
}
