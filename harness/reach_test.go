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
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

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
