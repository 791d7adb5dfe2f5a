package reactor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// lagging is a source that tells its lag.
type lagging struct {
	feed.Source

	lag func(from feed.Position) feed.Lag
}

func (l lagging) Lag(_ context.Context, _ feed.Tranche, from feed.Position) (feed.Lag, error) {
	return l.lag(from), nil
}

// behind is a source that is read through a replica which stands still at a position
// until it is told to go on.
func behind(s *source, at *atomic.Int64) feed.Source {
	return intercept.Source(s, intercept.SourceHooks{
		AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			if from >= feed.Position(at.Load()) {
				return feed.Batch{Next: from, Tail: true}, err
			}
			return batch, err
		},
	})
}

// oneOfTwo is a feed of two events, appended now, of which one can be read until at is moved.
func oneOfTwo() (source feed.Source, at *atomic.Int64, appended time.Time) {
	s := newSource("A")
	s.add("A", "a@0 b@0")
	at = new(atomic.Int64)
	at.Store(1)
	return behind(s, at), at, time.Now()
}

// TestAFeedThatStandsStillIsSeen has a replica that does not get on while the leader
// does.
func TestAFeedThatStandsStillIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, seen := newSource("A"), &recorder{}
		s.add("A", "a@0")
		var at atomic.Int64
		at.Store(1)
		// However rarely checkpoints are saved.
		r := start(t, behind(s, &at), newCheckpoints(), newHandler(), reactor.Config{Observer: seen, CheckpointInterval: 10 * time.Minute})
		pass(time.Minute)
		tranche := r.status().Tranches[0]
		equal(t, "end", tranche.End, 1)
		equal(t, "nothing stands still", tranche.StillSince.IsZero(), true)

		s.add("A", "b@0 c@0")
		pass(time.Minute)
		tranche = r.status().Tranches[0]
		equal(t, "read", tranche.Read, 1)
		equal(t, "end", tranche.End, 3)
		equal(t, "unread", tranche.Unread, -1)
		equal(t, "stands still", tranche.StillSince.IsZero(), false)
		if still := occurrences[reactor.StoodStill](seen); len(still) != 1 || still[0].Position != 1 || still[0].End != 3 {
			t.Errorf("told: got %+v, want once that it stands still at 1, and the feed ends at 3", still)
		}

		at.Store(9)
		pass(time.Minute)
		tranche = r.status().Tranches[0]
		equal(t, "read", tranche.Read, 3)
		equal(t, "stands still", tranche.StillSince.IsZero(), true)
		equal(t, "told that it gets on", len(occurrences[reactor.GotOn](seen)), 1)
		r.endWell()
	})
}

// TestTheLagIsInTheStatus asks for what is not read yet.
func TestTheLagIsInTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source, at, appended := oneOfTwo()
		const nobody = "nobody indexes"
		var indexed atomic.Bool
		told := lagging{source, func(from feed.Position) feed.Lag {
			lag := feed.Lag{End: 2, Events: int(2 - from), Oldest: appended}
			if !indexed.Load() {
				lag.Silent = nobody
			}
			return lag
		}}
		r := start(t, told, newCheckpoints(), newHandler(), reactor.Config{})
		if _, known := r.status().Tranches[0].Lag(time.Now()); known {
			t.Error("the lag is known before anybody was asked")
		}
		pass(time.Minute)
		tranche := r.status().Tranches[0]
		equal(t, "unread", tranche.Unread, 1)
		lag, known := tranche.Lag(time.Now())
		equal(t, "known", known, true)
		equal(t, "lag", lag, time.Minute)
		equal(t, "silent", tranche.Silent, nobody)
		equal(t, "for how long", time.Since(tranche.SilentSince) > 50*time.Second, true)

		at.Store(9)
		indexed.Store(true)
		pass(time.Minute)
		lag, _ = r.status().Tranches[0].Lag(time.Now())
		equal(t, "lag", lag, 0)
		equal(t, "silent", r.status().Tranches[0].Silent, "")
		r.endWell()
	})
}

// TestTheEndOfAFeedThatMayLackEventsTellsNoLag reads all that is in a feed that events come
// into by way of somebody else.
func TestTheEndOfAFeedThatMayLackEventsTellsNoLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source, at, appended := oneOfTwo()
		var unproven atomic.Bool
		unproven.Store(true)
		r := start(t, lagging{source, func(feed.Position) feed.Lag {
			return feed.Lag{End: 2, Events: -1, Oldest: appended, Unproven: unproven.Load()}
		}}, newCheckpoints(), newHandler(), reactor.Config{})
		lag := func() (time.Duration, bool) {
			pass(time.Minute)
			return r.status().Tranches[0].Lag(time.Now())
		}
		if got, known := lag(); !known || got != time.Minute {
			t.Errorf("with an event to read: got %s, known %t, want its age", got, known)
		}
		at.Store(9)
		if got, known := lag(); known {
			t.Errorf("all is read, others may wait: got %s, want that it is not known", got)
		}
		unproven.Store(false)
		if got, known := lag(); !known || got != 0 {
			t.Errorf("all is read, and proven to be all: got %s, known %t, want 0", got, known)
		}
		r.endWell()
	})
}

// TestAnOldLookTellsNoLag asks long after the leader was asked.
func TestAnOldLookTellsNoLag(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for age, want := range map[time.Duration]bool{time.Minute: true, time.Minute + 1: false} {
		for _, read := range []feed.Position{1, 2} {
			tranche := reactor.TrancheStatus{EndAt: now.Add(-age), End: 2, Read: read, OldestUnread: now.Add(-age)}
			if _, known := tranche.Lag(now); known != want {
				t.Errorf("the lag at %d of 2, by a look %s old: got known %t, want %t", read, age, known, want)
			}
		}
	}
}
