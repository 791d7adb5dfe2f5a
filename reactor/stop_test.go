package reactor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/intercept"
)

func TestStopLetsRunningCallsEndAndSavesThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		release := h.hold("slow")
		s.add("A", "slow@0 slow@1 next@0")
		r := start(t, notifying{s}, c, h, reactor.Config{MaxWriters: 1})
		r.Stop()
		s.add("A", "late@0")
		pass(10 * time.Second)
		equal(t, "running while it stops", len(r.status().Calls), 1)
		close(release)
		r.endWell()
		equal(t, "calls", h.called(), "slow 0")
		equal(t, "saved", c.saved(), "A 1")
	})
}

func TestStopMakesNoCallThatWasDelayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		release := h.hold("slow")
		h.on("bad", failure)
		s.add("A", "slow@0 bad@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{Pauses: reactor.GrowingPauses(time.Second, time.Minute, 0.5)})
		r.Stop()
		pass(20 * time.Second)
		close(release)
		r.endWell()
		equal(t, "calls", h.called(), "bad 0, slow 0")
	})
}

func TestStopEndsCallsAtTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c, seen := newSource("A"), newHandler(), newCheckpoints(), &recorder{}
		h.on("slow", func(ctx context.Context, _ []es.Event) (es.Version, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		s.add("A", "quick@0 slow@0")
		r := start(t, notifying{s}, c, h, reactor.Config{StopLimit: time.Minute, Observer: seen})
		began := time.Now()
		r.endWell()
		equal(t, "time to stop", time.Since(began), 36*time.Second) // three fifths
		equal(t, "saved", c.saved(), "A 1")
		for _, returned := range occurrences[reactor.Returned](seen) {
			if returned.Stream == stream("slow") {
				equal(t, "cause", returned.Err.Error(), "the reactor stops and the limit for running calls has passed")
			}
		}
	})
}

// TestStopLetsAStoreSettle has a call that is cut off in an append, of which the
// store then looks for the outcome.
func TestStopLetsAStoreSettle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		h.on("slow", func(ctx context.Context, events []es.Event) (es.Version, error) {
			<-ctx.Done()
			time.Sleep(5 * time.Second) // the bubble's time
			return all(events), nil
		})
		s.add("A", "slow@0")
		start(t, notifying{s}, c, h, reactor.Config{StopLimit: time.Minute}).endWell()
		equal(t, "saved", c.saved(), "A 1")
	})
}

func TestStopAbandonsACallThatIgnoresIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		release := h.hold("deaf", "dead")
		s.add("A", "quick@0 deaf@0 dead@0")
		r := start(t, notifying{s}, c, h, reactor.Config{StopLimit: time.Minute})
		err := r.end()
		if _, ok := errors.AsType[*reactor.AbandonedError](err); !ok {
			t.Fatalf("Wait: got %v, want an AbandonedError", err)
		}
		equal(t, "error", err.Error(), "2 handler calls did not end when stopped: Stream-dead, Stream-deaf")
		equal(t, "saved", c.saved(), "A 1")
		close(release) // and the goroutines of the calls end, or the bubble complains
	})
}

// observer is a function that observes.
type observer func(reactor.Occurrence)

func (o observer) Observe(occurred reactor.Occurrence) { o(occurred) }

// TestStopCallsNoOneAfterwards stops at the moment when a call has returned and
// so a writer is free.
func TestStopCallsNoOneAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		s.batch = 2
		s.add("A", "a@0 b@0")
		var r *running
		ready := make(chan struct{})
		r = begin(t, notifying{s}, newCheckpoints(), h, reactor.Config{MaxWriters: 1, Observer: observer(func(o reactor.Occurrence) {
			if _, returned := o.(reactor.Returned); returned {
				<-ready
				r.Stop()
			}
		})})
		close(ready)
		equal(t, "Wait", r.result(), nil)
		equal(t, "calls", h.called(), "a 0")
	})
}

func TestStatusEndsWithTheReactor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		release := h.hold("slow", "slower")
		s.add("A", "done@0 slow@0")
		r := start(t, notifying{s}, c, h, reactor.Config{Group: "test"})
		pass(time.Second)
		s.add("A", "slower@0")
		pass(5 * time.Second)

		status := r.status()
		equal(t, "group", status.Group, "test")
		equal(t, "tranche", unlooked(status.Tranches[0]), reactor.TrancheStatus{Tranche: "A", Read: 3, Completed: 1, Saved: 1, Incomplete: 2})
		equal(t, "calls", len(status.Calls), 2)
		equal(t, "the longest call", status.Calls[0].Stream, stream("slow"))
		equal(t, "its time", status.At.Sub(status.Calls[0].Since), 6*time.Second)

		close(release)
		r.endWell()
		if _, err := r.Status(t.Context()); !errors.Is(err, reactor.ErrNotRunning) {
			t.Errorf("Status after the end: got %v, want ErrNotRunning", err)
		}
	})
}

func TestStatusOfAReactorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck := intercept.Source(newSource("A"), intercept.SourceHooks{BeforeTranches: hang})
		r := start(t, stuck, newCheckpoints(), newHandler(), reactor.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Status(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Status: got %v, want context.Canceled", err)
		}
		r.endWell()
	})
}

func TestStartWithAContextThatHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newSource("A"), newCheckpoints()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r, err := reactor.Start(ctx, s, c, newHandler(), reactor.Config{Group: "test"})
		check.Must(t, err)
		if err := r.Wait(t.Context()); err != nil {
			t.Errorf("Wait: got %v, want nil", err)
		}
		equal(t, "reads", s.readCount(), 0)
		equal(t, "saved", c.saved(), "")
	})
}

func TestAReactorMayBeStoppedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, notifying{newSource("A")}, newCheckpoints(), newHandler(), reactor.Config{})
		r.Stop()
		r.endWell()
		r.endWell()
	})
}

func TestAReactorEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := reactor.Start(ctx, notifying{newSource("A")}, newCheckpoints(), newHandler(), reactor.Config{Group: "g"})
		check.Must(t, err)
		over, giveUp := context.WithCancel(t.Context())
		giveUp()
		if err := r.Wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that ends before the reactor: got the error %v, want that of its context", err)
		}
		cancel()
		if err := r.Wait(t.Context()); err != nil {
			t.Errorf("after the end of its context: got the error %v, want none", err)
		}
	})
}

func TestWhatGoesWrongIsToldByWaitAndStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCheckpoints()
		c.fail(errBoom)
		r := start(t, notifying{newSource("A")}, c, newHandler(), reactor.Config{})
		if err := r.result(); !errors.Is(err, errBoom) {
			t.Errorf("Wait: got %v, want boom", err)
		}
		if _, err := r.Status(t.Context()); !errors.Is(err, errBoom) || !errors.Is(err, reactor.ErrNotRunning) {
			t.Errorf("Status: got %v, want that it does not run, and why", err)
		}
	})
}
