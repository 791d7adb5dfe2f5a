package harness_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"groupcheckout/domain"
	"groupcheckout/domain/es"
	"groupcheckout/domain/groupcheckout"
	"groupcheckout/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is when everything happens.
func at() domain.Moment { return domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)) }

// open brings up a harness on memory and takes it down with the test.
func open(t testing.TB) *harness.Harness {
	t.Helper()
	h, err := harness.Open(t.Context(), harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// world makes the hotel of one test.
func world(t testing.TB, h *harness.Harness, own bool) *harness.World {
	t.Helper()
	w, err := h.World(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// stays checks guests in and charges each with 10.
func stays(t testing.TB, w *harness.World, n int) []domain.StayID {
	t.Helper()
	ids := make([]domain.StayID, n)
	for i := range ids {
		ids[i] = domain.StayID(uuid.New())
		if err := w.Stays().CheckIn(t.Context(), ids[i], at()); err != nil {
			t.Fatal(err)
		}
		if err := w.Stays().Charge(t.Context(), ids[i], domain.ChargeID(uuid.New()), domain.MoneyOf(10), at()); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// merged checks that a group has taken over so many stays.
func merged(w *harness.World, group domain.GroupID, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		state, err := w.Groups().Read(ctx, group)
		if err != nil {
			return err
		}
		if got := len(state.Stays(groupcheckout.Merged)); got != want {
			return fmt.Errorf("got %d stays merged, want %d", got, want)
		}
		return nil
	}
}

func TestEventuallyEndsExactlyWhenEverythingIsHandled(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 200 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			w, group := world(t, h, false), domain.GroupID(uuid.New())
			ids := stays(t, w, 6)
			if err := w.Groups().Select(t.Context(), group, ids[:3], at()); err != nil {
				t.Fatal(err)
			}
			if err := w.Eventually(t.Context(), merged(w, group, 3)); err != nil {
				t.Fatal(err)
			}
			if err := w.Groups().Select(t.Context(), group, ids, at()); err != nil {
				t.Fatal(err)
			}
			if err := w.Eventually(t.Context(), merged(w, group, 6)); err != nil {
				t.Fatal(err)
			}
			if got := w.Reactor().Calls(w.Groups().Stream(group)); got != 2 {
				t.Errorf("got %d handler calls, want 2", got)
			}
		})
	}
}

func TestAFalseCheckFailsAtOnceOnMemory(t *testing.T) {
	t.Parallel()
	w := world(t, open(t), false)
	calls, boom := 0, errors.New("boom")
	err := w.Eventually(t.Context(), func(context.Context) error { calls++; return boom })
	if !errors.Is(err, boom) || calls != 1 {
		t.Errorf("got %v after %d calls, want %v after 1", err, calls, boom)
	}
}

func TestAReactorThatLagsIsCalledAgain(t *testing.T) {
	t.Parallel()
	w, group := world(t, open(t), false), domain.GroupID(uuid.New())
	stream := w.Groups().Stream(group)
	w.Reactor().Lag(stream, 1)
	if err := w.Groups().Select(t.Context(), group, stays(t, w, 2), at()); err != nil {
		t.Fatal(err)
	}
	if err := w.Eventually(t.Context(), merged(w, group, 2)); err != nil {
		t.Fatal(err)
	}
	if got := w.Reactor().Calls(stream); got != 2 {
		t.Errorf("got %d handler calls, want 2", got)
	}
}

func TestAReactorThatBreaksDownGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	h := open(t)
	for n := 1; n <= 8; n++ { // 7 stays and one record of outcomes
		t.Run(fmt.Sprintf("after %d writes", n), func(t *testing.T) {
			t.Parallel()
			w, group := world(t, h, true), domain.GroupID(uuid.New())
			ids := stays(t, w, 7)
			if err := w.Reactor().BreakAfter(n); err != nil {
				t.Fatal(err)
			}
			if err := w.Groups().Select(t.Context(), group, ids, at()); err != nil {
				t.Fatal(err)
			}
			if err := w.Reactor().AwaitBroken(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := 0
			if n == 8 {
				want = 7
			}
			if err := w.Eventually(t.Context(), merged(w, group, want)); err != nil {
				t.Fatal(err)
			}
			if err := w.Reactor().Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.Eventually(t.Context(), merged(w, group, 7)); err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				events, err := w.Store().Read(t.Context(), w.Stays().Stream(id), 0, es.FromLeader)
				if err != nil || len(events) != 3 {
					t.Errorf("got %d events of a stay and %v, want 3: checked in, charged, transferred", len(events), err)
				}
			}
		})
	}
}

func TestAStoppedReactorGoesOnWhenStarted(t *testing.T) {
	t.Parallel()
	w, group := world(t, open(t), true), domain.GroupID(uuid.New())
	if err := w.Reactor().Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Groups().Select(t.Context(), group, stays(t, w, 3), at()); err != nil {
		t.Fatal(err)
	}
	if err := w.Eventually(t.Context(), merged(w, group, 0)); err != nil {
		t.Fatal(err)
	}
	if err := w.Reactor().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Eventually(t.Context(), merged(w, group, 3)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsDeliveredAgainIsDropped(t *testing.T) {
	t.Parallel()
	w, group := world(t, open(t), false), domain.GroupID(uuid.New())
	if err := w.Groups().Select(t.Context(), group, stays(t, w, 2), at()); err != nil {
		t.Fatal(err)
	}
	stream := w.Groups().Stream(group)
	for range 3 {
		if err := w.Reactor().DeliverAgain(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Reactor().Calls(stream); got != 1 {
		t.Errorf("got %d handler calls, want 1", got)
	}
	events, err := w.Store().Read(t.Context(), stream, 0, es.FromLeader)
	if err != nil || len(events) != 2 {
		t.Errorf("got %d events and %v, want 2", len(events), err)
	}
}

func TestASharedReactorCannotBeStopped(t *testing.T) {
	t.Parallel()
	w := world(t, open(t), false)
	for name, err := range map[string]error{
		"stop":        w.Reactor().Stop(t.Context()),
		"start":       w.Reactor().Start(t.Context()),
		"break after": w.Reactor().BreakAfter(1),
	} {
		if err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}
