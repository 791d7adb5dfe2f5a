package harness_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is when everything happens.
func at() domain.Moment { return domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)) }

// open brings up a harness on memory and takes it down with the test.
func open(t testing.TB) *harness.Harness {
	t.Helper()
	h, err := harness.Open(t.Context(), harness.Options{System: hotel.System()})
	return opened(t, h, err)
}

// opened takes a harness down with the test.
func opened(t testing.TB, h *harness.Harness, err error) *harness.Harness {
	t.Helper()
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, h.Close(context.Background())) })
	return h
}

// world makes the hotel of one test.
func world(t testing.TB, h *harness.Harness, own bool) *front {
	t.Helper()
	w, err := h.World(t.Context(), harness.Scenario{Key: t.Name(), OwnReactor: own})
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, w.Close(context.Background())) })
	return &front{w, gueststay.NewService(w.Store(), w.Options()), groupcheckout.NewService(w.Store(), w.Options())}
}

// front is a world with the services that clerks work with.
type front struct {
	*harness.World
	stays  *gueststay.Service
	groups *groupcheckout.Service
}

// stays checks guests in and charges each with 10.
func stays(t testing.TB, w *front, n int) []domain.StayID {
	t.Helper()
	ids := make([]domain.StayID, n)
	for i := range ids {
		ids[i] = domain.StayID(uuid.New())
		check.Must(t, w.stays.CheckIn(t.Context(), ids[i], at()))
		check.Must(t, w.stays.Charge(t.Context(), ids[i], domain.ChargeID(uuid.New()), domain.MoneyOf(10), at()))
	}
	return ids
}

// merged checks that a group has taken over so many stays.
func merged(w *front, group domain.GroupID, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		state, err := w.groups.Read(ctx, group)
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
			check.Must(t, w.groups.Select(t.Context(), group, ids[:3], at()))
			check.Must(t, w.Eventually(t.Context(), merged(w, group, 3)))
			check.Must(t, w.groups.Select(t.Context(), group, ids, at()))
			check.Must(t, w.Eventually(t.Context(), merged(w, group, 6)))
			check.Equal(t, "handler calls", 2, w.Calls(w.groups.Stream(group)))
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
	stream := w.groups.Stream(group)
	check.Must(t, w.Lag(stream, 1))
	check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
	check.Must(t, w.Eventually(t.Context(), merged(w, group, 2)))
	check.Equal(t, "handler calls", 2, w.Calls(stream))
}

func TestAReactorThatBreaksDownGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	h := open(t)
	for n := 1; n <= 8; n++ { // 7 stays and one record of outcomes
		t.Run(fmt.Sprintf("after %d writes", n), func(t *testing.T) {
			t.Parallel()
			breaksDown(t, h, n)
		})
	}
}

// breaksDown has a reactor break down after exactly so many writes, while it merges
// seven stays, and start again.
func breaksDown(t *testing.T, h *harness.Harness, n int) {
	t.Helper()
	w, group := world(t, h, true), domain.GroupID(uuid.New())
	ids := stays(t, w, 7)
	check.Must(t, w.BreakReactorAfter(t.Context(), n))
	check.Must(t, w.groups.Select(t.Context(), group, ids, at()))
	check.Must(t, w.AwaitBroken(provisiontest.Within(t)))
	transfers, recorded := 0, 0
	for _, id := range ids {
		transfers += count(t, w, w.stays.Stream(id), "TransferredToGroup")
	}
	check.Equal(t, "transfers when it broke down", min(n, 7), transfers)
	if n == 8 {
		recorded = 7
	}
	check.Must(t, w.Eventually(t.Context(), merged(w, group, recorded)))
	check.Must(t, w.StartReactor(t.Context()))
	mergedOnce(t, w, group, ids)
}

// mergedOnce waits until a group has taken over its stays, and makes sure that each
// was transferred once and recorded once.
func mergedOnce(t *testing.T, w *front, group domain.GroupID, ids []domain.StayID) {
	t.Helper()
	check.Must(t, w.Eventually(t.Context(), merged(w, group, len(ids))))
	recorded := map[domain.StayID]int{}
	for _, e := range read(t, w, w.groups.Stream(group)) {
		event, _, err := groupcheckout.Codec().Decode(e.Type, e.Data)
		check.Must(t, err)
		if outcome, ok := event.(groupcheckout.StaysMerged); ok {
			for _, r := range outcome.Residuals {
				recorded[r.Stay]++
			}
		}
	}
	for _, id := range ids {
		if transfers := count(t, w, w.stays.Stream(id), "TransferredToGroup"); transfers != 1 || recorded[id] != 1 {
			t.Errorf("stay %s: got %d transfers and %d records of them, want one of each", id, transfers, recorded[id])
		}
	}
}

func read(t *testing.T, w *front, stream es.StreamName) []es.Event {
	t.Helper()
	events, err := w.Store().Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	return events
}

// count counts the events of a type.
func count(t *testing.T, w *front, stream es.StreamName, eventType string) int {
	t.Helper()
	events := slices.DeleteFunc(read(t, w, stream), func(e es.Event) bool { return e.Type != eventType })
	return len(events)
}

func TestAStoppedReactorGoesOnWhenStarted(t *testing.T) {
	t.Parallel()
	w, group := world(t, open(t), true), domain.GroupID(uuid.New())
	check.Must(t, w.StopReactor(t.Context()))
	check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 3), at()))
	check.Must(t, w.Eventually(t.Context(), merged(w, group, 0)))
	check.Must(t, w.StartReactor(t.Context()))
	check.Must(t, w.Eventually(t.Context(), merged(w, group, 3)))
}

func TestWhatIsDeliveredAgainIsDropped(t *testing.T) {
	t.Parallel()
	w, group := world(t, open(t), false), domain.GroupID(uuid.New())
	check.Must(t, w.groups.Select(t.Context(), group, stays(t, w, 2), at()))
	stream := w.groups.Stream(group)
	for range 3 {
		check.Must(t, w.DeliverAgain(t.Context(), stream))
	}
	check.Equal(t, "handler calls", 1, w.Calls(stream))
	if events := read(t, w, stream); len(events) != 2 {
		t.Errorf("got %d events, want 2", len(events))
	}
}

func TestASharedReactorCannotBeStopped(t *testing.T) {
	t.Parallel()
	w := world(t, open(t), false)
	for name, err := range map[string]error{
		"stop":        w.StopReactor(t.Context()),
		"start":       w.StartReactor(t.Context()),
		"break after": w.BreakReactorAfter(t.Context(), 1),
	} {
		check.Failsf(t, err, "%s", name)
	}
}

func TestAWorldThatWasClosedSaysSo(t *testing.T) {
	t.Parallel()
	h := open(t)
	w, err := h.World(t.Context(), harness.Scenario{Key: t.Name()})
	check.Must(t, err)
	check.Must(t, w.Close(t.Context()))
	holds := func(context.Context) error { return nil }
	for name, err := range map[string]error{
		"eventually": w.Eventually(t.Context(), holds),
		"exactly":    w.Exactly(t.Context(), holds),
		"check":      w.Check(t.Context(), holds),
	} {
		if err == nil {
			t.Errorf("%s: got no error, want one that says that the scenario is over", name)
		}
	}
}
