package harness_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
)

// A reactor that was killed asks the store something before it starts again, and
// the store may take its time.
func TestNobodyHasToWaitForAReactorThatIsBeingStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		w, group := world(t, h, true), domain.GroupID(uuid.New())
		answers := make(chan struct{})
		h.HoldUpEnds(answers)
		w.KillReactor()
		check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
		over := errors.New("the scenario is over")
		for name, wait := range map[string]func(context.Context) error{
			"eventually":    func(ctx context.Context) error { return w.Eventually(ctx, merged(w, group, 2)) },
			"stop":          w.StopReactor,
			"break after":   func(ctx context.Context) error { return w.BreakReactorAfter(ctx, 1) },
			"await broken":  w.AwaitBroken,
			"deliver again": func(ctx context.Context) error { return w.DeliverAgain(ctx, w.groups.Stream(group)) },
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
			err := wait(ctx)
			cancel()
			if !errors.Is(err, over) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v, want an error that says that %v", name, err, over)
			}
			if name == "eventually" && (err == nil || !strings.Contains(err.Error(), "the reactor is being started")) {
				t.Errorf("got %v, want it to say what the reactor is at", err)
			}
		}
		close(answers)
		if err := w.Eventually(t.Context(), merged(w, group, 2)); err != nil {
			t.Errorf("once the store has answered: got %v, want no error", err)
		}
	})
}

func TestAStartIsGivenUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		w, group := world(t, h, true), domain.GroupID(uuid.New())
		check.Must(t, w.StopReactor(t.Context()))
		answers := make(chan struct{})
		h.HoldUpEnds(answers)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // no limit but this
		defer cancel()
		if err := w.StartReactor(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the time is over", err)
		}
		close(answers)
		if err := w.StartReactor(t.Context()); err != nil {
			t.Errorf("after a start that was given up: got %v, want no error", err)
		}
		check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
		check.OK(t, w.Eventually(t.Context(), merged(w, group, 2)))
	})
}

// Where connections are cut a start waits until the reactor has begun.
func TestAStartThatHangsIsGivenUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		h, err := harness.Open(t.Context(), harness.Options{System: harness.System{
			Categories: []string{"Order"},
			Start: func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
				source := intercept.Source(backend.Source, intercept.SourceHooks{
					BeforeEnd: func(ctx context.Context, _ feed.Tranche) error {
						if hangs.Load() {
							<-ctx.Done()
						}
						return ctx.Err()
					},
				})
				return reactor.Start(ctx, source, backend.Checkpoints, sorter{}, config)
			},
		}})
		opened(t, h, err)
		h.HaveCuts()
		w := world(t, h, true)
		check.Must(t, w.StopReactor(t.Context()))
		hangs.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := w.StartReactor(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the time is over", err)
		}
		check.Equal(t, "time until it was given up", time.Second, time.Since(began))
		hangs.Store(false)
		check.OK(t, w.StartReactor(t.Context()))
	})
}

// The connections of all reactors are cut at once, also those of one that is starting.
func TestAStartThatMeetsACutIsTriedAgain(t *testing.T) {
	t.Parallel()
	var starts, ends atomic.Int64 // that are still to fail
	var shared atomic.Bool        // the reactor that is none of this has been started
	var cutting atomic.Bool
	cut := func() {}
	fails := func(left *atomic.Int64) error {
		if left.Add(-1) < 0 {
			return nil
		}
		if cutting.Load() {
			cut()
		}
		return errors.New("the line is dead")
	}
	h, err := harness.Open(t.Context(), harness.Options{System: harness.System{
		Categories: []string{"Order"},
		Start: func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
			if shared.CompareAndSwap(false, true) {
				return reactor.Start(ctx, backend.Source, backend.Checkpoints, sorter{}, config)
			}
			if err := fails(&starts); err != nil {
				return nil, err
			}
			source := intercept.Source(backend.Source, intercept.SourceHooks{
				BeforeEnd: func(context.Context, feed.Tranche) error { return fails(&ends) },
			})
			return reactor.Start(ctx, source, backend.Checkpoints, sorter{}, config)
		},
	}})
	opened(t, h, err)
	h.HaveCuts()
	cut = h.Cut
	w := world(t, h, true)
	for name, test := range map[string]struct {
		starts, ends int64 // that fail
		cutting      bool
		want         string
	}{
		"cut as it starts":                {starts: 2, cutting: true},
		"cut as it finds out where it is": {ends: 2, cutting: true},
		"broken for another reason":       {starts: 1, want: "the line is dead"},
		"broken behind the start":         {ends: 1, want: "the line is dead"},
	} {
		check.Must(t, w.StopReactor(t.Context()))
		starts.Store(test.starts)
		ends.Store(test.ends)
		cutting.Store(test.cutting)
		if err := w.StartReactor(t.Context()); test.want != "" {
			check.Fails(t, err, test.want)
		} else {
			check.OKf(t, err, "%s", name)
		}
	}
}

// A kill is none of the breakdowns that a scenario asks for.
func TestAReactorThatWasKilledHasNotBrokenDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		w := world(t, h, true)
		answers := make(chan struct{})
		h.HoldUpEnds(answers)
		ctx, cancel := context.WithCancelCause(t.Context())
		awaited := make(chan error)
		go func() { awaited <- w.AwaitBroken(ctx) }()
		synctest.Wait()
		w.KillReactor()
		synctest.Wait()
		close(answers)
		synctest.Wait()
		cancel(errors.New("the scenario is over"))
		check.Fails(t, <-awaited, "the reactor has not broken down")
		if err := w.StopReactor(t.Context()); err != nil {
			t.Errorf("stop the reactor, which runs again: got %v, want no error", err)
		}
	})
}

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
