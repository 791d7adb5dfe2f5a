package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

var errRefused = errors.New("connection refused")

func refused(err error) bool { return errors.Is(err, errRefused) }

// outage is a store that can be switched off, and counts who asks it.
type outage struct {
	es.Store

	down  atomic.Bool
	asked atomic.Int64
	now   atomic.Int64 // who ask at this moment
	most  atomic.Int64 // at once, while it was down
}

func newOutage() *outage {
	o := &outage{}
	ask := func() error {
		if !o.down.Load() {
			return nil
		}
		o.asked.Add(1)
		defer o.now.Add(-1)
		if now := o.now.Add(1); now > o.most.Load() {
			o.most.Store(now)
		}
		time.Sleep(time.Millisecond) // the bubble's time
		return fmt.Errorf("dial: %w", errRefused)
	}
	o.Store = intercept.Store(memory.New(), intercept.StoreHooks{
		BeforeRead:   func(_ context.Context, _ es.StreamName, _ es.Version, _ es.Freshness) error { return ask() },
		BeforeAppend: func(_ context.Context, _ es.StreamName, _ es.Version, _ []es.EventData) error { return ask() },
	})
	return o
}

// TestOneQuestionAtATimeProbesAStoreThatIsDown has a hundred who want to read.
func TestOneQuestionAtATimeProbesAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutage()
		breaker := reactor.NewBreaker("the store", refused)
		store := reactor.Breakers{Leader: breaker, Reads: breaker}.Store(o)
		o.down.Store(true)
		_, err := store.Read(short(t), stream("first"), 0, es.FromLeader) // finds it down
		if _, ok := errors.AsType[*reactor.OutageError](err); !ok || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errRefused) {
			t.Fatalf("got error %v, want an OutageError with both reasons", err)
		}
		o.asked.Store(0)
		o.most.Store(0)
		var readers sync.WaitGroup
		var failed atomic.Int64
		for i := range 100 {
			readers.Go(func() {
				if _, err := store.Read(t.Context(), stream(fmt.Sprint(i)), 0, es.Freshness(i%2)); err != nil {
					failed.Add(1)
				}
			})
		}
		pass(time.Minute)
		if asked := o.asked.Load(); asked < 60 || asked > 200 {
			t.Errorf("probes in a minute: got %d, want about two a second", asked)
		}
		equal(t, "at once", o.most.Load(), 1)
		o.down.Store(false)
		back := time.Now()
		readers.Wait()
		if waited := time.Since(back); waited > time.Second {
			t.Errorf("all went on after %s, want a second at most", waited)
		}
		equal(t, "failed", failed.Load(), 0)
	})
}

// A read of several streams waits for a server that is down as any other does.
// TestAProbeWithoutAnAnswerEndsNoOutage has probes that end for want of time, as on a
// server that is frozen, or without a return.
func TestAProbeWithoutAnAnswerEndsNoOutage(t *testing.T) {
	t.Parallel()
	for name, probe := range map[string]func(context.Context) error{
		"no time":           func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"refused, too late": func(ctx context.Context) error { <-ctx.Done(); return errRefused },
		"no return":         func(context.Context) error { panic("a probe that panics") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked, now, most atomic.Int64
				frozen := func(ctx context.Context, _ es.StreamName, _ es.Version, _ es.Freshness) error {
					defer now.Add(-1)
					n := now.Add(1)
					if asked.Add(1) == 1 {
						return errRefused // the outage is found
					}
					most.Store(max(most.Load(), n))
					return probe(ctx)
				}
				breaker := reactor.NewBreaker("the store", refused)
				store := reactor.Breakers{Leader: breaker, Reads: breaker}.Store(
					intercept.Store(memory.New(), intercept.StoreHooks{BeforeRead: frozen}))
				read := func() (err error) {
					defer func() { _ = recover() }()
					_, err = store.Read(short(t), stream("a"), 0, es.FromLeader)
					return err
				}
				err := read()
				if _, is := errors.AsType[*reactor.OutageError](err); name != "no return" && !is {
					t.Errorf("got error %v, want an OutageError", err)
				}
				var readers sync.WaitGroup
				for range 20 {
					readers.Go(func() { _ = read() }) // fails
				}
				readers.Wait()
				if most.Load() != 1 {
					t.Errorf("%d asked at once, want one probe at a time", most.Load())
				}
				if asked.Load() < 3 {
					t.Errorf("%d asked, want another probe after the first", asked.Load())
				}
			})
		})
	}
}

func TestStreamsAreReadTogetherThroughABreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOutage()
		leader, reads := reactor.NewBreaker("the leader", refused), reactor.NewBreaker("the replica", refused)
		breakers := reactor.Breakers{Leader: leader, Reads: reads}
		if es.ManyReaderOf(breakers.Store(o)) != nil {
			t.Error("the store reads alone, got that it reads together")
		}
		many := es.ManyReaderOf(breakers.Store(o.Store))
		streams := []es.StreamName{stream("a"), stream("b")}
		o.down.Store(true)
		for freshness, server := range map[es.Freshness]string{es.FromLeader: "the leader", es.FromReplica: "the replica"} {
			var out *reactor.OutageError
			if _, err := many.ReadMany(short(t), streams, freshness); !errors.As(err, &out) || out.Server != server {
				t.Errorf("from the %v: got error %v, want an outage of %s", freshness, err, server)
			}
		}
		var waits sync.WaitGroup
		waits.Go(func() {
			if all, err := many.ReadMany(t.Context(), streams, es.FromLeader); err != nil || len(all) != 2 {
				t.Errorf("got %d lists and error %v once the store was back, want two", len(all), err)
			}
		})
		pass(time.Minute)
		o.down.Store(false)
		waits.Wait()
	})
}

// short is a context that ends in a second.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestAReactorGoesOnWhenItsStoreIsBack has a store that is down for an hour: longer than
// calls may take. What waited goes on within a second.
func TestAReactorGoesOnWhenItsStoreIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, s, h, c, seen := newOutage(), newSource("A"), newHandler(), newCheckpoints(), &recorder{}
		breaker := reactor.NewBreaker("the store", refused)
		breakers := reactor.Breakers{Leader: breaker, Reads: breaker, Checkpoints: breaker}
		store := breakers.Store(o)
		for _, id := range []string{"a", "b", "c"} {
			h.on(id, func(ctx context.Context, events []es.Event) (es.Version, error) {
				_, err := store.Read(ctx, stream(id), 0, es.FromLeader)
				return all(events), err
			})
		}
		o.down.Store(true)
		s.batch = 3
		s.add("A", "a@0 b@0 c@0")
		gone := func() error {
			if len(h.called()) > 0 && o.down.Load() { // what it has read until then comes from before
				return errRefused
			}
			return nil
		}
		source := intercept.Source(notifying{s}, intercept.SourceHooks{
			BeforeRead: func(context.Context, feed.Tranche, feed.Position) error { return gone() },
			BeforeEnd:  func(context.Context, feed.Tranche) error { return gone() },
		})
		r := start(t, source, c, h, reactor.Config{Breakers: breakers, Observer: seen, CheckpointInterval: time.Minute})
		pass(time.Hour)
		outages := r.status().Outages
		if len(outages) != 1 || outages[0].Server != "the store" {
			t.Errorf("outages: got %+v, want the store's", outages)
		}
		equal(t, "told", len(occurrences[reactor.StoreDown](seen)), 1)

		o.down.Store(false)
		pass(time.Second)
		equal(t, "told of its end", len(occurrences[reactor.StoreUp](seen)), 1)
		status := r.status()
		equal(t, "outages", len(status.Outages), 0)
		equal(t, "troubled", len(status.Troubled), 0)
		equal(t, "completed", status.Tranches[0].Completed, 3)
		r.endWell()
	})
}

// TestAnAppendOfUnknownOutcomeIsNotSentAgain, and one that did not reach the store is.
func TestAnAppendOfUnknownOutcomeIsNotSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		appends := 0
		breaker := reactor.NewBreaker("the store", refused)
		store := reactor.Breakers{Leader: breaker}.Store(intercept.Store(memory.New(), intercept.StoreHooks{
			BeforeAppend: func(context.Context, es.StreamName, es.Version, []es.EventData) error {
				switch appends++; appends {
				case 1:
					return errRefused
				case 3:
					return &es.UncertainError{Err: errRefused}
				}
				return nil
			},
		}))
		if _, err := store.Append(t.Context(), stream("a"), 0, nil); err != nil || appends != 2 {
			t.Errorf("that was refused: got error %v after %d appends, want none after 2", err, appends)
		}
		var uncertain *es.UncertainError
		if _, err := store.Append(t.Context(), stream("a"), 0, nil); !errors.As(err, &uncertain) || appends != 3 {
			t.Errorf("of unknown outcome: got error %v after %d appends, want an UncertainError after 3", err, appends)
		}
		if _, err := store.Read(t.Context(), stream("a"), 0, es.FromReplica); err != nil {
			t.Errorf("a read without a breaker: got error %v", err)
		}
	})
}

// recorded is a store that somebody records.
type recorded struct{ es.Store }

func (recorded) Recorder() es.Recorder { return nobody{} }

type nobody struct{}

func (nobody) Begins(context.Context, es.Operation) func(es.Answer) { return func(es.Answer) {} }

func TestABreakerHidesNoRecorder(t *testing.T) {
	t.Parallel()
	if got := es.RecorderOf(reactor.Breakers{}.Store(recorded{})); got != (nobody{}) {
		t.Errorf("got the recorder %v, want that of the store behind the breaker", got)
	}
	if got := es.RecorderOf(reactor.Breakers{}.Store(nil)); got != nil {
		t.Errorf("got the recorder %v of a store that has none", got)
	}
}
