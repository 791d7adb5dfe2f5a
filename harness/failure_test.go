package harness_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

func TestAFailureSaysWhatWasWantedAndThenWhatIsKnown(t *testing.T) {
	t.Parallel()
	h, p := onPuppet(t, harness.Options{})
	w, order := stage(t, h), streamName(t, "Order-1")
	p.status = reactor.Status{
		Tranches: []reactor.TrancheStatus{{Tranche: "all", Read: 8, Completed: 7, Error: "the line is dead"}},
		Troubled: []reactor.TroubleStatus{{Stream: order, Attempts: 3, Cause: "no van"}},
	}
	w.Name(order, "the order")
	appendTo(t, w.Store(), streamName(t, "Note-1"), 0, "Written")
	appendTo(t, w.Store(), order, 0, "Placed", "Packed", "Weighed", "Sent", "Delivered", "Paid")
	p.observer.Observe(reactor.Called{Stream: order, Events: 6})
	p.observer.Observe(reactor.Retired{Stream: order, UpTo: 5})

	reason := errors.New("got 1 order paid, want 2")
	err := w.Check(t.Context(), func(context.Context) error { return reason })
	if _, ok := errors.AsType[*harness.FailureError](err); !ok || !errors.Is(err, reason) {
		t.Fatalf("got %v, want a failure for that reason", err)
	}
	want := strings.TrimPrefix(`
got 1 order paid, want 2
the order, Order-1, handled to version 5 in 1 call:
  … 2 events before
    2 Weighed              scenario {"n":1}
    3 Sent                 scenario {"n":1}
    4 Delivered            scenario {"n":1}
    5 Paid                 scenario {"n":1}
Note-1:
    0 Written              scenario {"n":1}
the reactor runs; Order-1 has failed 3 times: no van; tranche all is read to 8 and completed to 7, and reading fails: the line is dead`, "\n")
	check.Same(t, "the error", want, err.Error())
	check.Must(t, w.Close(t.Context()))
}

// Where the reactor is in another process nobody here sees it write, so a failure
// reads it back from the store.
func TestAFailureShowsWhatAnotherProcessWrote(t *testing.T) {
	t.Parallel()
	h, _ := onPuppet(t, harness.Options{})
	w, order := stage(t, h), streamName(t, "Order-1")
	appendTo(t, w.Store(), order, 0, "Placed")
	w.MoveReactorAway()
	appendTo(t, h.Raw(), order, 1, "Sent")
	appendTo(t, w.Store(), order, 2, "Paid")

	err := w.Check(t.Context(), func(context.Context) error { return errors.New("no") })
	want := `
Order-1:
    0 Placed               scenario {"n":1}
    1 Sent                 reactor  {"n":1}
    2 Paid                 scenario {"n":1}
`
	if err == nil || !strings.Contains("\n"+err.Error(), want) {
		t.Errorf("got\n%v\nwant it to hold%s", err, want)
	}
	check.Must(t, w.Close(t.Context()))
}

// Of many streams a slow store shows some in time, and a failure shows those.
func TestAFailureShowsWhatCouldBeReadBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, p := onPuppet(t, harness.Options{})
		w, order, stuck := stage(t, h), streamName(t, "Order-1"), streamName(t, "Order-2")
		appendTo(t, w.Store(), order, 0, "Placed")
		appendTo(t, w.Store(), stuck, 0, "Placed")
		w.MoveReactorAway()
		appendTo(t, h.Raw(), order, 1, "Sent")
		h.HoldUpReads(stuck)
		p.status = reactor.Status{Tranches: []reactor.TrancheStatus{{Tranche: "all", Read: 8, Completed: 7}}}

		began := time.Now()
		err := w.Check(t.Context(), func(context.Context) error { return errors.New("no") })
		for _, want := range []string{
			"what the reactor wrote could not be read: context deadline exceeded",
			"    1 Sent                 reactor  {\"n\":1}\n",
			"tranche all is read to 8 and completed to 7",
		} {
			check.Fails(t, err, want)
		}
		if took := time.Since(began); took > harness.ExplainLimit {
			t.Errorf("took %v of the bubble's time, want at most %v", took, harness.ExplainLimit)
		}
		check.Must(t, w.Close(t.Context()))
	})
}

// The step of a scenario whose time is over may go on while its world is closed.
func TestAStepThatWasLeftBehindGetsAnError(t *testing.T) {
	t.Parallel()
	h, _ := onPuppet(t, harness.Options{})
	w, no := stage(t, h), errors.New("no")
	appendTo(t, w.Store(), streamName(t, "Note-1"), 0, "Written")
	err := w.Eventually(t.Context(), func(ctx context.Context) error {
		check.OK(t, w.Close(ctx))
		return no
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v, want %v", err, no)
	}
}

func TestAFailureShowsTheFaultsOfItsOwnScenarioOnly(t *testing.T) {
	t.Parallel()
	slow, err := faults.Parse("slow=1:1ms")
	check.Must(t, err)
	h, _ := onPuppet(t, harness.Options{Faults: slow, Seed: 1})
	for _, c := range []struct {
		key, stream string
		writes      bool
	}{{"an outline | 10", "Order-10", true}, {"an outline | 1", "Order-1", false}} {
		w, err := h.World(t.Context(), harness.Scenario{Key: c.key})
		check.Must(t, err)
		w.Name(streamName(t, c.stream), "the order")
		if c.writes {
			appendTo(t, w.Store(), streamName(t, c.stream), 0, "Placed")
		}
		failure := w.Check(t.Context(), func(context.Context) error { return errors.New("no") })
		if shown := strings.Contains(failure.Error(), "injected: slow at append 0 of "); shown != c.writes {
			t.Errorf("%s: a fault is shown: %t, want %t, in\n%v", c.key, shown, c.writes, failure)
		}
		check.Must(t, w.Close(t.Context()))
	}
}
