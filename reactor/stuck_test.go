package reactor_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// TestACallHasADeadline has a call that waits for its context. It is then tried again,
// as any that fails.
func TestACallHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, seen := newSource("A"), newHandler(), &recorder{}
		h.on("slow", func(ctx context.Context, _ []es.Event) (es.Version, error) { return 0, hang(ctx) })
		s.add("A", "slow@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{CallLimit: time.Minute, Observer: seen})
		pass(time.Minute)
		returned := occurrences[reactor.Returned](seen)
		if len(returned) != 1 {
			t.Fatalf("returned: got %+v, want one call", returned)
		}
		equal(t, "error", returned[0].Err.Error(), "no answer within 1m0s: context deadline exceeded")
		h.heal("slow")
		pass(time.Minute)
		equal(t, "troubled", len(r.status().Troubled), 0)
		equal(t, "hung", len(occurrences[reactor.Hung](seen)), 0)
		r.endWell()
	})
}

// TestCallsThatHangAreReplaced has as many calls that never return as there are
// writers, and one that comes back late.
func TestCallsThatHangAreReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c, seen := newSource("A"), newHandler(), newCheckpoints(), &recorder{}
		s.batch = 3
		release := h.hold("deaf", "dead")
		s.add("A", "deaf@0 dead@0 well@0 deaf@1")
		r := start(t, notifying{s}, c, h, reactor.Config{MaxWriters: 2, CallLimit: time.Minute, Observer: seen})
		pass(70*time.Second - 1)
		equal(t, "calls", h.called(), "dead 0, deaf 0")
		pass(1)
		equal(t, "calls", h.called(), "dead 0, deaf 0, well 0")
		status := r.status()
		equal(t, "hung", len(occurrences[reactor.Hung](seen)), 2)
		equal(t, "a call of the status hangs", status.Calls[0].Hung, true)
		pass(time.Hour)
		equal(t, "said again", len(occurrences[reactor.Hung](seen)), 2)

		close(release)
		synctest.Wait()
		pass(time.Hour)
		equal(t, "completed", r.status().Tranches[0].Completed, 4)
		r.endWell()
	})
}

// TestAHandlerThatEndsItsGoroutine loses neither its writer nor its stream.
func TestAHandlerThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, seen := newSource("A"), newHandler(), &recorder{}
		h.on("gone", func(context.Context, []es.Event) (es.Version, error) {
			runtime.Goexit()
			return 0, nil
		})
		s.add("A", "gone@0 well@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{MaxWriters: 1, Observer: seen})
		equal(t, "calls", h.called(), "gone 0, well 0")
		if troubled := r.status().Troubled; len(troubled) != 1 || !strings.Contains(troubled[0].Cause, "Goexit") {
			t.Fatalf("troubled: got %+v, want one stream, and Goexit as the cause", troubled)
		}
		h.heal("gone")
		pass(time.Minute)
		equal(t, "completed", r.status().Tranches[0].Completed, 2)
		r.endWell()
	})
}

func TestATrancheThatIsNamedTwiceIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, newSource("A", "B", "A"), newCheckpoints(), newHandler(), reactor.Config{})
		err := r.result()
		if err == nil || !strings.Contains(err.Error(), `names the tranche "A" twice`) || !es.NeedsPerson(err) {
			t.Errorf("Wait: got %v, want that A is named twice, for a person", err)
		}
	})
}

// TestAnObserverMayAskForTheStatus asks at every occurrence.
func TestAnObserverMayAskForTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		h.on("bad", failure)
		s.add("A", "a@0 bad@0")
		var r *running
		var asked atomic.Int64
		ready := make(chan struct{})
		r = begin(t, notifying{s}, newCheckpoints(), h, reactor.Config{Observer: observer(func(reactor.Occurrence) {
			<-ready
			if _, err := r.Status(t.Context()); err != nil {
				t.Errorf("Status: got %v", err)
			}
			asked.Add(1)
		})})
		close(ready)
		synctest.Wait()
		if asked.Load() == 0 {
			t.Error("nothing was observed")
		}
		h.heal("bad")
		pass(time.Minute)
		equal(t, "completed", r.status().Tranches[0].Completed, 2)
		r.endWell()
	})
}

// TestAStopEndsWithinItsLimit has a store that answers nothing and calls and reads that
// listen to nobody.
func TestAStopEndsWithinItsLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source    intercept.SourceHooks
		saves     intercept.CheckpointsHooks
		deaf      bool // is a handler
		deafReads bool
		want      string
	}{
		"frozen":      {intercept.SourceHooks{BeforeEnd: hangingEnd}, intercept.CheckpointsHooks{}, false, false, "find the end of tranche"},
		"frozen late": {intercept.SourceHooks{}, intercept.CheckpointsHooks{BeforeSave: hangingSave}, true, false, "1 handler calls did not end when stopped: Stream-deaf"},
		"deaf reads":  {intercept.SourceHooks{}, intercept.CheckpointsHooks{}, false, true, `the reads of the tranches ["A" "B" "C"] did not end`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				never := make(chan struct{})
				if c.deafReads {
					c.source.BeforeRead = func(context.Context, feed.Tranche, feed.Position) error {
						<-never
						return errBoom
					}
				}
				s, h := newSource("A", "B", "C"), newHandler()
				var release chan<- struct{}
				if c.deaf {
					release = h.hold("deaf")
				}
				s.add("A", "a@0 deaf@0")
				s.add("B", "b@0")
				s.add("C", "c@0")
				r := start(t, intercept.Source(notifying{s}, c.source), intercept.Checkpoints(newCheckpoints(), c.saves), h,
					reactor.Config{CheckpointInterval: time.Hour, CallLimit: time.Hour})
				began := time.Now()
				err := r.end()
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Wait: got %v, want %s", err, c.want)
				}
				if took := time.Since(began); took > 25*time.Second {
					t.Errorf("time to stop: got %s, want 25s at most", took)
				}
				if release != nil {
					close(release)
				}
				close(never)
			})
		})
	}
}

// TestTheStatusSaysWhenACallWentWell has calls that go well, fail, and see too little.
func TestTheStatusSaysWhenACallWentWell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		h.on("bad", failure)
		h.on("late", func(context.Context, []es.Event) (es.Version, error) { return 0, nil })
		r := start(t, s, newCheckpoints(), h, reactor.Config{})
		s.add("A", "bad@0 late@0")
		pass(time.Minute)
		equal(t, "troubled", len(r.status().Troubled), 2)
		equal(t, "none went well", r.status().WellAt.IsZero(), true)
		s.add("A", "good@0")
		pass(10 * time.Second)
		equal(t, "one went well", time.Since(r.status().WellAt) <= 10*time.Second, true)
		r.endWell()
	})
}
