package reactor_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// expectLost fails the test unless Run ends by itself, because tranche A was read
// up to a position and now has this end.
func (r *running) expectLost(read, end feed.Position) {
	r.t.Helper()
	synctest.Wait()
	select {
	case <-r.Done():
	default:
		r.t.Fatal("Wait: still running, want that it ends")
	}
	var ahead *reactor.CheckpointAheadError
	if err := r.result(); !errors.As(err, &ahead) {
		r.t.Fatalf("Wait: got %v, want a CheckpointAheadError", err)
	}
	equal(r.t, "error", *ahead, reactor.CheckpointAheadError{Key: keyA(), Checkpoint: read, End: end, Running: true})
}

// TestFeedThatLosesItsEndEndsTheRun is about a reactor that waits at the end, with
// nothing to save. What is appended below its position it would never read.
func TestFeedThatLosesItsEndEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*source) feed.Source{
		"notifying": func(s *source) feed.Source { return notifying{s} },
		"polling":   func(s *source) feed.Source { return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := newSource("A"), newCheckpoints()
				s.add("A", "a@0 b@0 c@0")
				r := start(t, wrap(s), c, newHandler(), reactor.Config{CheckpointInterval: time.Minute})
				pass(time.Hour)
				s.lose(1)
				s.add("A", "d@0")
				pass(time.Minute)
				r.expectLost(3, 2)
				equal(t, "saved", c.saved(), "A 3")
			})
		})
	}
}

// TestPositionBehindTheEndIsNotSaved has a feed that loses its end before the
// positions are saved: at the interval, or by a stop.
func TestPositionBehindTheEndIsNotSaved(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(*running){
		"at the interval": func(*running) { pass(time.Minute) },
		"by a stop":       func(r *running) { r.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := newSource("A", "B"), newCheckpoints()
				s.add("A", "a@0 b@0 c@0")
				s.add("B", "d@0")
				r := start(t, notifying{s}, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute})
				s.lose(1)
				wait(r)
				r.expectLost(3, 1)
				equal(t, "saved", c.saved(), "B 1")
			})
		})
	}
}

// TestFeedThatLosesItsEndLetsCallsEnd has calls that run when it is noticed, and
// events that come back while they do.
func TestFeedThatLosesItsEndLetsCallsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		release := h.hold("slow")
		s.add("A", "quick@0 slow@0")
		r := start(t, notifying{s}, c, h, reactor.Config{CheckpointInterval: time.Second})
		s.lose(1)
		pass(time.Second)
		s.add("A", "x@0 y@0 z@0")
		pass(3 * time.Second)
		close(release)
		r.expectLost(2, 1)
		equal(t, "calls", h.called(), "quick 0, slow 0")
		equal(t, "saved", c.saved(), "")
	})
}

func TestErrorOfALostEndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	err := &reactor.CheckpointAheadError{Key: keyA(), Checkpoint: 7, End: 5, Running: true}
	check.Contains(t, err.Error(), `consumer group "test"`, `tranche "A" of scripted`, "up to 7", "ends at 5", "up to 5", "reactor checkpoint")
}

// TestEndThatIsNotToldHoldsTheCheckpoint has a question for the end that fails
// for a while. That is a failing read; nothing is saved before it is answered.
func TestEndThatIsNotToldHoldsTheCheckpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c, seen := newSource("A"), newHandler(), newCheckpoints(), &recorder{}
		r := start(t, notifying{s}, c, h, reactor.Config{CheckpointInterval: 5 * time.Second, Observer: seen})
		s.refuse(errBoom)
		s.add("A", "a@0")
		pass(15 * time.Second)
		equal(t, "calls", h.called(), "a 0")
		equal(t, "saved", c.saved(), "")
		failed := occurrences[reactor.ReadFailed](seen)
		if len(failed) != 3 {
			t.Fatalf("failures: got %+v, want three", failed)
		}
		equal(t, "failures in a row", failed[2].Attempts, 3)
		equal(t, "pause", failed[2].Pause, 5*time.Second)
		tranche := r.status().Tranches[0]
		equal(t, "error", tranche.Error, `find the end of tranche "A": boom`)
		equal(t, "failing since", time.Since(tranche.ErrorSince), 15*time.Second-time.Second/4)

		s.refuse(nil)
		pass(5 * time.Second)
		equal(t, "saved", c.saved(), "A 1")
		equal(t, "error", r.status().Tranches[0].Error, "")
		recovered := occurrences[reactor.ReadRecovered](seen)
		if len(recovered) != 1 || recovered[0] != (reactor.ReadRecovered{Tranche: "A", Attempts: 3, After: 15 * time.Second}) {
			t.Errorf("recovered: got %+v, want once, from 3 attempts in 15s", recovered)
		}

		s.refuse(errBoom)
		r.endWell() // there is nothing to save
	})
}

func TestEndThatIsNotToldAtAStopIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newSource("A"), newCheckpoints()
		s.add("A", "a@0")
		r := start(t, notifying{s}, c, newHandler(), reactor.Config{})
		s.refuse(errBoom)
		if err := r.end(); !errors.Is(err, errBoom) {
			t.Errorf("Wait: got %v, want boom", err)
		}
		equal(t, "saved", c.saved(), "")
	})
}
