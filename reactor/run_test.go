package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// TestRunHandlesWhatTheFeedDelivers has a feed that notifies and one that has
// to be asked.
func TestRunHandlesWhatTheFeedDelivers(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*source) feed.Source{
		"notifying": func(s *source) feed.Source { return notifying{s} },
		"polling":   func(s *source) feed.Source { return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, h, c := newSource("A", "B"), newHandler(), newCheckpoints()
				s.add("A", "a@0 - a@1")
				r := start(t, wrap(s), c, h, reactor.Config{TailPause: time.Second})
				pass(time.Second)
				equal(t, "calls", h.called(), "a 0, a 1")

				s.add("B", "b@0")
				s.add("A", "a@2")
				pass(time.Second)
				calls := h.called()
				if !strings.Contains(calls, "b 0") || !strings.Contains(calls, "a 2") {
					t.Errorf("calls: got %s, want b 0 and a 2 among them", calls)
				}
				r.endWell()
				if saved := c.saved(); saved != "A 3, A 4, B 1" && saved != "A 3, B 1, A 4" {
					t.Errorf("saved: got %s, want A 3, and then A 4 and B 1", saved)
				}
			})
		})
	}
}

// TestRunAsksEverMoreSeldomAtTheTail is about a feed that does not notify. A pause is up to
// a quarter shorter than it says.
func TestRunAsksEverMoreSeldomAtTheTail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource("A")
		r := start(t, s, newCheckpoints(), newHandler(), reactor.Config{TailPause: time.Second, FirstTailPause: time.Millisecond})
		before := 0
		reads := func(during time.Duration, least, most int) {
			t.Helper()
			pass(during)
			if got := s.readCount() - before; got < least || got > most {
				t.Errorf("in the next %v: got %d reads, want %d to %d", during, got, least, most)
			}
			before = s.readCount()
		}
		reads(1023*time.Millisecond, 11, 12) // 1 + 2 + 4 + ... + 512
		reads(time.Minute, 59, 81)
		s.add("A", "a@0")
		pass(time.Second)
		before = s.readCount()
		s.add("A", "a@1")
		pass(time.Second) // it comes at some time in it, and then the pauses are short
		if got := s.readCount() - before; got < 2 {
			t.Errorf("after something has come: got %d reads, want more", got)
		}
		r.endWell()
	})
}

// TestRunReadsWhenItIsWoken is about a feed that hears of some of what is appended.
func TestRunReadsWhenItIsWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := waking{newSource("A")}, newHandler()
		r := start(t, s, newCheckpoints(), h, reactor.Config{TailPause: time.Hour, FirstTailPause: time.Hour})
		s.add("A", "a@0")
		synctest.Wait()
		equal(t, "calls at once", h.called(), "a 0")
		s.deaf("A", "a@1")
		synctest.Wait()
		equal(t, "calls at once for what is not heard", h.called(), "a 0")
		pass(time.Hour) // and then there is the pause
		equal(t, "calls in the end", h.called(), "a 0, a 1")
		r.endWell()
	})
}

// TestRunAsksOnlyWhenNotified is about a feed that does.
func TestRunAsksOnlyWhenNotified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource("A")
		r := start(t, notifying{s}, newCheckpoints(), newHandler(), reactor.Config{})
		pass(time.Hour)
		equal(t, "reads", s.readCount(), 1)
		s.batch = 2
		s.add("A", "a@0 b@0 c@0")
		synctest.Wait()
		equal(t, "reads", s.readCount(), 4) // two batches, then the tail
		r.endWell()
	})
}

// TestRunMissesNothingBetweenAReadAndItsPause has something appended after a read has found
// the tail, and before it returns.
func TestRunMissesNothingBetweenAReadAndItsPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := waking{newSource("A")}, newHandler()
		missed := intercept.Source(s, intercept.SourceHooks{
			AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
				if from == 0 && len(batch.Events) == 0 {
					s.add("A", "a@0")
				}
				return batch, err
			},
		})
		r := start(t, missed, newCheckpoints(), h, reactor.Config{TailPause: time.Hour, FirstTailPause: time.Hour})
		synctest.Wait()
		equal(t, "calls at once", h.called(), "a 0")
		r.endWell()
	})
}

func TestRunOverlapsCallsForDifferentStreamsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		release := h.hold("a", "b", "c")
		s.add("A", "a@0 b@0 c@0 a@1")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{MaxWriters: 2})
		equal(t, "calls", h.called(), "a 0, b 0")
		equal(t, "streams waiting for a writer", r.status().Waiting, 1)
		release <- struct{}{}
		synctest.Wait()
		equal(t, "calls", h.called(), "a 0, b 0, c 0")
		close(release)
		synctest.Wait()
		equal(t, "calls", h.called(), "a 0, a 1, b 0, c 0")
		r.endWell()
	})
}

func TestRunRepeatsAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func(context.Context, []es.Event) (es.Version, error){
		"an error": failure,
		"a panic":  func(context.Context, []es.Event) (es.Version, error) { panic("boom") },
		"a lag":    func(context.Context, []es.Event) (es.Version, error) { return 0, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, h, c, seen := newSource("A"), newHandler(), newCheckpoints(), &recorder{}
				h.on("bad", handle)
				s.add("A", "bad@0 good@0")
				r := start(t, notifying{s}, c, h, reactor.Config{Pauses: reactor.GrowingPauses(time.Second, 30*time.Second, 0.5), Observer: seen})
				equal(t, "calls", h.called(), "bad 0, good 0")
				equal(t, "positions saved", c.saved(), "")

				pass(1500 * time.Millisecond) // the first pause is up to half longer or shorter
				equal(t, "calls", h.called(), "bad 0, bad 0, good 0")
				troubled := r.status().Troubled
				if len(troubled) != 1 || troubled[0].Stream != stream("bad") || troubled[0].Attempts != 2 {
					t.Errorf("troubled: got %+v, want bad with 2 attempts", troubled)
				}

				s.add("A", "bad@1")
				h.heal("bad")
				pass(3 * time.Second)
				equal(t, "calls", h.called(), "bad 0, bad 0, bad 0 1, good 0")
				equal(t, "troubled streams", len(r.status().Troubled), 0)
				equal(t, "occurrences of trouble", len(occurrences[reactor.Troubled](seen)), 2)
				equal(t, "occurrences of recovery", len(occurrences[reactor.Recovered](seen)), 1)
				r.endWell()
				equal(t, "positions saved", c.saved(), "A 3")
			})
		})
	}
}

func TestRunTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, seen := newSource("A"), newHandler(), &recorder{}
		h.on("a", func(context.Context, []es.Event) (es.Version, error) { panic("a mistake") })
		s.add("A", "a@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{Observer: seen})
		var panicked *reactor.PanicError
		if err := occurrences[reactor.Returned](seen)[0].Err; !errors.As(err, &panicked) || panicked.Value != "a mistake" {
			t.Errorf("error: got %v, want a PanicError", err)
		} else if !strings.Contains(err.Error(), "run_test.go") {
			t.Errorf("error: got %v, want it to say where", err)
		}
		r.endWell()
	})
}

// TestRunGoesOnBehindAPoisonedStream reads far more batches than may be
// incomplete.
func TestRunGoesOnBehindAPoisonedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		h.on("poison", failure)
		s.add("A", "first@0 poison@0"+strings.Repeat(" other@0 another@0", 50))
		r := start(t, notifying{s}, c, h, reactor.Config{MaxReadAhead: 2})
		tranche := r.status().Tranches[0]
		equal(t, "read", tranche.Read, 102)
		equal(t, "completed", tranche.Completed, 1)
		equal(t, "incomplete batches", tranche.Incomplete, 1)
		equal(t, "full", tranche.Full, false)
		pass(time.Minute)
		equal(t, "saved", c.saved(), "A 1")
		h.heal("poison")
		pass(time.Minute)
		equal(t, "saved", c.saved(), "A 1, A 102")
		r.endWell()
	})
}

// TestRunGoesOnBehindAPoisonedStreamThatChanges has a stream that fails and goes
// on receiving events, one in each of far more batches than may be incomplete. It
// reads on until too much would have to be kept.
func TestRunGoesOnBehindAPoisonedStreamThatChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		h.on("poison", failure)
		for n := range 50 {
			s.add("A", fmt.Sprintf("poison@%d other@%d", n, n))
		}
		// Each event takes 176 bytes, and each batch 18 for each stream, and 554 for one in trouble.
		stuck := 50*(2*(16+18)+160+554) + 99*(100*176+18+554)
		r := start(t, notifying{s}, c, h, reactor.Config{MaxStuckBytes: stuck, MaxReadAhead: 2, Pauses: reactor.GrowingPauses(50*time.Millisecond, time.Minute, 0.5)})
		equal(t, "status", unlooked(r.status().Tranches[0]), reactor.TrancheStatus{Tranche: "A", Read: 100, Saved: -1, Incomplete: 50})

		s.batch = 100
		var text strings.Builder
		for n := range 11_000 {
			fmt.Fprintf(&text, "poison@%d ", 50+n)
		}
		s.add("A", text.String())
		synctest.Wait()
		tranche := r.status().Tranches[0]
		equal(t, "read", tranche.Read, 100+9_900+2*100) // up to 10,000, and the two batches that may be incomplete
		equal(t, "full", tranche.Full, true)

		h.heal("poison")
		pass(2 * time.Minute)
		equal(t, "status", unlooked(r.status().Tranches[0]), reactor.TrancheStatus{Tranche: "A", Read: 11_100, Completed: 11_100, Saved: 11_100})
		r.endWell()
	})
}

// TestRunPausesLongerAndLonger looks at the pauses that are made unless others are
// asked for.
func TestRunPausesLongerAndLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, seen := newSource("A"), &recorder{}
		s.fail(errBoom)
		r := start(t, notifying{s}, newCheckpoints(), newHandler(), reactor.Config{Observer: seen})
		pass(time.Hour)
		nominal := 50 * time.Millisecond
		for _, failed := range occurrences[reactor.ReadFailed](seen) {
			if failed.Pause < nominal/2 || failed.Pause > min(nominal*3/2, 30*time.Second) {
				t.Fatalf("pause after %d attempts: got %s, want %s give or take a half, and 30s at most", failed.Attempts, failed.Pause, nominal)
			}
			nominal = min(2*nominal, 30*time.Second)
		}
		r.endWell()
	})
}

// TestRunReadsNoFurtherThanItMay counts the reads while nothing is completed.
func TestRunReadsNoFurtherThanItMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A", "B"), newHandler()
		release := h.hold("slow")
		s.add("A", "slow@0 slow@1 slow@2 slow@3 slow@4 slow@5")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{MaxReadAhead: 3, CallLimit: time.Hour})
		equal(t, "reads", s.readCount(), 3+1) // and the one that found B empty
		pass(time.Second)
		equal(t, "full since", time.Since(r.status().Tranches[0].FullSince), time.Second)
		pass(time.Minute - time.Second)
		tranche := r.status().Tranches[0]
		equal(t, "incomplete", tranche.Incomplete, 3)
		equal(t, "full", tranche.Full, true)
		equal(t, "full since", time.Since(tranche.FullSince), time.Minute)
		equal(t, "the other is full", r.status().Tranches[1].Full, false)

		release <- struct{}{} // slow is handled up to 1: one more may be read
		synctest.Wait()
		equal(t, "reads", s.readCount(), 4+1)
		equal(t, "full since", time.Since(r.status().Tranches[0].FullSince), 0)

		close(release)
		synctest.Wait()
		tranche = r.status().Tranches[0]
		equal(t, "completed", tranche.Completed, 6)
		equal(t, "full", tranche.Full, false)
		equal(t, "full since nothing", tranche.FullSince.IsZero(), true)
		r.endWell()
	})
}

// TestRunReadsNoMoreThanMemoryAllows counts the reads while nothing is completed, in a
// process that may hold less than three batches.
func TestRunReadsNoMoreThanMemoryAllows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A", "B"), newHandler()
		release := h.hold("slow")
		s.add("A", "slow@0 slow@1 slow@2 slow@3 slow@4 slow@5 slow@6 slow@7 slow@8 slow@9")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{MaxHeldBytes: 300 + 3*(160+16+18) - 1, CallLimit: time.Hour})
		pass(time.Minute)
		status := r.status()
		if n := status.Tranches[0].Incomplete; n < 3 || n > 4 { // one may have been under way
			t.Errorf("incomplete batches: got %d, want 3 or 4", n)
		}
		equal(t, "full", status.Tranches[0].Full, true)
		equal(t, "the other is full", status.Tranches[1].Full, false)
		s.add("B", "other@0 other@1")
		synctest.Wait()
		equal(t, "completed of the other", r.status().Tranches[1].Completed, 2)

		close(release)
		synctest.Wait()
		equal(t, "completed", r.status().Tranches[0].Completed, 10)
		equal(t, "full", r.status().Tranches[0].Full, false)
		r.endWell()
	})
}

func TestRunReadsAgainAfterFailedReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, seen := newSource("A"), newHandler(), &recorder{}
		s.fail(errBoom)
		s.add("A", "a@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{Pauses: reactor.GrowingPauses(time.Second, 8*time.Second, 0.5), Observer: seen})
		began := time.Now()
		pass(time.Minute)
		// Pauses of 1, 2, 4, 8, 8 … seconds, give or take a half.
		if reads := s.readCount(); reads < 7 || reads > 17 {
			t.Errorf("reads in a minute: got %d, want 7 to 17", reads)
		}
		tranche := r.status().Tranches[0]
		equal(t, "error", tranche.Error, "boom")
		equal(t, "failing since the beginning", tranche.ErrorSince.Equal(began), true)
		failed := occurrences[reactor.ReadFailed](seen)
		equal(t, "failures in a row", failed[len(failed)-1].Attempts, len(failed))

		s.fail(nil)
		pass(12 * time.Second)
		equal(t, "calls", h.called(), "a 0")
		equal(t, "error", r.status().Tranches[0].Error, "")
		recovered := occurrences[reactor.ReadRecovered](seen)
		if len(recovered) != 1 || recovered[0].Attempts != len(failed) {
			t.Errorf("recovered: got %+v, want once, from %d attempts", recovered, len(failed))
		}

		// The next failure begins with the first pause again.
		s.fail(errBoom)
		s.add("A", "a@1")
		synctest.Wait()
		failed = occurrences[reactor.ReadFailed](seen)
		if last := failed[len(failed)-1]; last.Attempts != 1 || last.Pause > 1500*time.Millisecond {
			t.Errorf("failure: got %+v, want the first one with the first pause", last)
		}
		r.endWell()
	})
}

func TestRunRefusesToGoBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		backwards := intercept.Source(newSource("A"), intercept.SourceHooks{
			AfterRead: func(_ context.Context, _ feed.Tranche, from feed.Position, _ feed.Batch, _ error) (feed.Batch, error) {
				return feed.Batch{Next: from - 1}, nil
			},
		})
		r := start(t, backwards, newCheckpoints(), newHandler(), reactor.Config{})
		equal(t, "error", r.status().Tranches[0].Error, "the source went back from position 0 to -1")
		r.endWell()
	})
}

func TestHandledNamesWhatTheCallIsFor(t *testing.T) {
	t.Parallel()
	if _, ok := reactor.Handled(t.Context()); ok {
		t.Error("outside a call: got one")
	}
	synctest.Test(t, func(t *testing.T) {
		s, h := newSource("A"), newHandler()
		var handled reactor.HandlerCall
		h.on("a", func(ctx context.Context, events []es.Event) (es.Version, error) {
			handled, _ = reactor.Handled(ctx)
			return all(events), nil
		})
		s.add("A", "a@0 a@1")
		start(t, notifying{s}, newCheckpoints(), h, reactor.Config{}).endWell()
		equal(t, "call", handled, reactor.HandlerCall{Stream: stream("a"), UpTo: 2})
	})
}

// TestPausesWithoutVariation is about runs that are to be the same each time.
func TestPausesWithoutVariation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, seen := newSource("A"), newHandler(), &recorder{}
		h.on("a", failure)
		s.add("A", "a@0")
		r := start(t, notifying{s}, newCheckpoints(), h, reactor.Config{Pauses: reactor.GrowingPauses(time.Second, 3*time.Second, 0), Observer: seen})
		pass(9 * time.Second)
		var pauses []time.Duration
		for i, o := range occurrences[reactor.Troubled](seen) {
			if i > 0 {
				pauses = append(pauses, o.NextTry.Sub(occurrences[reactor.Troubled](seen)[i-1].NextTry))
			}
		}
		equal(t, "pauses", fmt.Sprint(pauses), "[2s 3s 3s 3s]")
		h.heal("a")
		pass(3 * time.Second)
		r.endWell()
	})
}
