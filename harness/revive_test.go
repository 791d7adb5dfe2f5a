package harness_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
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
