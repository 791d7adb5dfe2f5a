package harness

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"groupcheckout/domain"
)

// inexact runs a test on a harness that is on memory but believes that it is
// not exact, in a bubble whose time costs nothing.
func inexact(t *testing.T, test func(t *testing.T, w *World)) {
	t.Helper()
	bubble(t, func(t *testing.T, w *World) {
		t.Helper()
		w.harness.exact = false
		test(t, w)
	})
}

// bubble runs a test on memory in a bubble.
func bubble(t *testing.T, test func(t *testing.T, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, err := Open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := h.World(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		test(t, w)
		if err := errors.Join(w.Close(context.Background()), h.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
}

func TestACheckIsMadeAgainUntilItHoldsAndCounted(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *World) {
		t.Helper()
		tries, began := 0, time.Now()
		err := w.Eventually(t.Context(), func(context.Context) error {
			if tries++; tries < 10 {
				return errors.New("not yet")
			}
			return nil
		})
		if err != nil || tries != 10 || w.harness.Retries() != 9 {
			t.Errorf("got %v after %d tries and %d retries counted, want no error after 10 and 9", err, tries, w.harness.Retries())
		}
		if took := time.Since(began); took > eventualLimit {
			t.Errorf("took %v of the bubble's time, want at most %v", took, eventualLimit)
		}
	})
}

func TestACheckThatNeverHoldsFailsWithItsLastReason(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *World) {
		t.Helper()
		reason, began, pauses := errors.New("the balance is 3, want 4"), time.Now(), []time.Time{}
		err := w.Eventually(t.Context(), func(context.Context) error {
			pauses = append(pauses, time.Now())
			return reason
		})
		if !errors.Is(err, reason) || !strings.Contains(err.Error(), "did not hold within 5s") || !strings.Contains(err.Error(), "tries") {
			t.Errorf("got %v, want one that has the reason, the limit and the number of tries", err)
		}
		if took := time.Since(began); took != eventualLimit {
			t.Errorf("took %v of the bubble's time, want %v", took, eventualLimit)
		}
		if first, last := pauses[1].Sub(pauses[0]), pauses[len(pauses)-1].Sub(pauses[len(pauses)-2]); last < 4*first {
			t.Errorf("got pauses from %v to %v, want growing ones", first, last)
		}
	})
}

func TestTheEndOfTheScenarioEndsACheck(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *World) {
		t.Helper()
		over := errors.New("the scenario is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		err := w.Eventually(ctx, func(context.Context) error {
			cancel(over)
			return errors.New("not yet")
		})
		if !errors.Is(err, over) || strings.Contains(err.Error(), "5s") {
			t.Errorf("got %v, want one that says %q and nothing of the limit", err, over)
		}
	})
}

func TestAWaitThatRunsOutSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *World) {
		t.Helper()
		group, stay, at := domain.GroupID(uuid.New()), domain.StayID(uuid.New()), domain.MomentOf(time.Now())
		w.Reactor().Lag(w.Groups().Stream(group), 1_000_000)
		if err := w.Groups().Select(t.Context(), group, []domain.StayID{stay}, at); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := w.Eventually(ctx, func(context.Context) error { t.Error("got a check, want none"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want one that ends with the context", err)
		}
		for _, part := range []string{"is written to version 1 and handled to version 0", "lags behind", "is read to"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("got %q, want it to hold %q", err, part)
			}
		}
	})
}
