package harness_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

// inexact runs a test on a harness that is on memory but believes that it is
// not exact, in a bubble whose time costs nothing.
func inexact(t *testing.T, test func(t *testing.T, w *front)) {
	t.Helper()
	bubble(t, func(t *testing.T, w *front) {
		t.Helper()
		w.BeInexact()
		test(t, w)
	})
}

// bubble runs a test on memory in a bubble.
func bubble(t *testing.T, test func(t *testing.T, w *front)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, world(t, open(t), false))
	})
}

func TestACheckIsMadeAgainUntilItHoldsAndCounted(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *front) {
		t.Helper()
		tries, began := 0, time.Now()
		err := w.Eventually(t.Context(), func(context.Context) error {
			if tries++; tries < 10 {
				return errors.New("not yet")
			}
			return nil
		})
		if err != nil || tries != 10 || w.Harness().Retries() != 9 {
			t.Errorf("got %v after %d tries and %d retries counted, want no error after 10 and 9", err, tries, w.Harness().Retries())
		}
		if took := time.Since(began); took > harness.EventualLimit {
			t.Errorf("took %v of the bubble's time, want at most %v", took, harness.EventualLimit)
		}
	})
}

func TestACheckThatNeverHoldsFailsWithItsLastReason(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *front) {
		t.Helper()
		reason, began, pauses := errors.New("the balance is 3, want 4"), time.Now(), []time.Time{}
		err := w.Eventually(t.Context(), func(context.Context) error {
			pauses = append(pauses, time.Now())
			return reason
		})
		if !errors.Is(err, reason) || !strings.Contains(err.Error(), "did not hold within 15s") || !strings.Contains(err.Error(), "checks") {
			t.Errorf("got %v, want one that has the reason, the limit and the number of tries", err)
		}
		if took := time.Since(began); took != harness.EventualLimit {
			t.Errorf("took %v of the bubble's time, want %v", took, harness.EventualLimit)
		}
		if len(pauses) < 100 {
			t.Errorf("got %d checks, want one every few milliseconds", len(pauses))
		}
	})
}

// On a slow machine a check takes long, or long passes between two.
func TestACheckIsNotCutOffByItsLimitAndMadeOnceMoreAfterIt(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *front) {
		t.Helper()
		tries := 0
		err := w.Eventually(t.Context(), func(ctx context.Context) error {
			if tries++; tries == 2 {
				return nil
			}
			select {
			case <-time.After(2 * harness.EventualLimit):
				return errors.New("what was read is from before")
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil || tries != 2 {
			t.Errorf("got %v after %d tries, want no error after 2", err, tries)
		}
	})
}

func TestACheckThatIsCutShortDoesNotHideWhatWasFound(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *front) {
		t.Helper()
		reason, looks := errors.New("the balance is 3, want 4"), 0
		ctx, cancel := context.WithTimeout(t.Context(), harness.EventualLimit/2)
		defer cancel()
		err := w.Eventually(ctx, func(ctx context.Context) error {
			if looks++; looks == 2 { // the store does not answer
				<-ctx.Done()
				return fmt.Errorf("read the account: %w", ctx.Err())
			}
			return reason
		})
		if !errors.Is(err, reason) || strings.Contains(err.Error(), "read the account") || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
			t.Errorf("got %v, want what the first check found, and that the time is over", err)
		}
	})
}

func TestTheEndOfTheScenarioEndsACheck(t *testing.T) {
	t.Parallel()
	inexact(t, func(t *testing.T, w *front) {
		t.Helper()
		over := errors.New("the scenario is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		err := w.Eventually(ctx, func(context.Context) error {
			cancel(over)
			return errors.New("not yet")
		})
		if !errors.Is(err, over) || strings.Contains(err.Error(), "15s") {
			t.Errorf("got %v, want one that says %q and nothing of the limit", err, over)
		}
	})
}

func TestAWaitThatRunsOutSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *front) {
		t.Helper()
		group, stay, at := domain.GroupID(uuid.New()), domain.StayID(uuid.New()), domain.MomentOf(time.Now())
		err := w.Lag(w.groups.Stream(group), 1_000_000)
		check.Must(t, err)
		check.Must(t, w.groups.Select(t.Context(), group, []domain.StayID{stay}, at))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = w.Eventually(ctx, func(context.Context) error { t.Error("got a check, want none"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want one that ends with the context", err)
		}
		check.Contains(t, err.Error(), "is written to version 1 and handled to version 0", "lags behind", "is read to")
	})
}

// skipped checks that an error skips the scenario for a reason.
func skipped(t *testing.T, what string, err error, want string) {
	t.Helper()
	if skip, ok := errors.AsType[*gherkin.SkipError](err); !ok || !strings.Contains(skip.Reason, want) {
		t.Errorf("%s: got %v, want a skip that says %q", what, err, want)
	}
}

func TestWhatReachesIntoAReactorElsewhereIsSkipped(t *testing.T) {
	t.Parallel()
	h, _ := onPuppet(t, harness.Options{})
	w, order := stage(t, h), streamName(t, "Order-1")
	w.MoveReactorAway()
	const elsewhere = "the reactor is in another process"
	skipped(t, "exactly", w.Exactly(t.Context(), func(context.Context) error { t.Error("got a check, want none"); return nil }), elsewhere)
	skipped(t, "lag", w.Lag(order, 1), elsewhere)
	skipped(t, "refuse", w.RefuseWrites(true), elsewhere)
	check.Must(t, w.Close(t.Context()))
}

func TestAReactorWhoseWritesAreRefusedGoesOnWhenTheyAreAccepted(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, w *front) {
		t.Helper()
		group := domain.GroupID(uuid.New())
		ids := stays(t, w, 3)
		check.Must(t, w.RefuseWrites(true))
		check.Must(t, w.groups.Select(t.Context(), group, ids, at()))
		synctest.Wait() // the reactor has tried, and pauses
		if w.Calls(w.groups.Stream(group)) == 0 {
			t.Error("got no call of the handler, want one that is refused")
		}
		check.Must(t, w.Eventually(t.Context(), merged(w, group, 0)))
		check.Must(t, w.RefuseWrites(false))
		check.Must(t, w.Eventually(t.Context(), merged(w, group, 3)))
	})
}

func TestWithinFailsWhatTookLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, err := harness.Open(t.Context(), harness.Options{System: hotel.System(), Virtual: true})
		check.Must(t, err)
		defer h.Close(t.Context()) //nolint:errcheck // the bubble fails if anything is left
		w := world(t, h, false)
		group := domain.GroupID(uuid.New())
		// Each read that misses everything costs one of the reactor's pauses.
		check.Must(t, w.Lag(w.groups.Stream(group), 3))
		check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 1), at()))
		began := time.Now()
		err = w.Within(t.Context(), time.Nanosecond, merged(w, group, 1))
		took := time.Since(began)
		var failure *harness.FailureError
		if want := "it came about after " + took.String() + ", want it within 1ns"; took == 0 || !errors.As(err, &failure) || failure.Err.Error() != want {
			t.Errorf("got %v, want a failure that says %q", err, want)
		}
		if err := w.Within(t.Context(), time.Nanosecond, merged(w, group, 1)); err != nil {
			t.Errorf("got %v for what holds already, want no error", err)
		}
		if err := w.Pass(t.Context(), 24*time.Hour); err != nil || time.Since(began) < 24*time.Hour {
			t.Errorf("got %v after %v, want no error after a day", err, time.Since(began))
		}
		check.Must(t, w.Close(t.Context()))
	})
}

func TestRealTimeDoesNotPass(t *testing.T) {
	t.Parallel()
	w := world(t, open(t), false)
	skipped(t, "pass", w.Pass(t.Context(), time.Hour), "virtual time")
	skipped(t, "within", w.Within(t.Context(), time.Hour, func(context.Context) error { t.Error("got a check, want none"); return nil }), "virtual time")
}
