package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/steps/hotel"
)

func TestAFailureSaysWhatWasWantedAndThenWhatIsKnown(t *testing.T) {
	t.Parallel()
	h, p := onPuppet(t, harness.Options{})
	w, order := stage(t, h), streamName(t, "Order-1")
	p.status = reactor.Status{
		Tranches: []reactor.TrancheStatus{{Tranche: "all", Read: 8, Completed: 7, Error: "the line is dead"}},
		Troubled: []reactor.TroubleStatus{{Stream: order, Attempts: 3, Cause: "no van for Order-1."}, {Stream: streamName(t, "Order-12"), Attempts: 9, Cause: "no road"}},
	}
	w.Name(order, "the order")
	appendTo(t, w.Store(), streamName(t, "Note-1"), 0, "Written")
	appendTo(t, w.Store(), order, 0, "Placed", "Packed", "Weighed", "Sent", "Delivered", "Paid")
	p.observer.Observe(reactor.Called{Stream: order, Events: 6})
	p.observer.Observe(reactor.Retired{Stream: order, UpTo: 5})

	reason := errors.New("got Order-1 paid, want Order-12 paid too")
	err := w.Check(t.Context(), func(context.Context) error { return reason })
	if _, ok := errors.AsType[*harness.FailureError](err); !ok || !errors.Is(err, reason) {
		t.Fatalf("got %v, want a failure for that reason", err)
	}
	want := strings.TrimPrefix(`
got the order paid, want Order-12 paid too
the order, Order-1, handled to version 5 in 1 call:
  … 2 events before
    2 Weighed              scenario {"n":1}
    3 Sent                 scenario {"n":1}
    4 Delivered            scenario {"n":1}
    5 Paid                 scenario {"n":1}
Note-1:
    0 Written              scenario {"n":1}
the reactor runs; the order has failed 3 times: no van for the order.; 1 stream of other scenarios fails too; tranche all is read to 8 and completed to 7, and reading fails: the line is dead`, "\n")
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

// attachments keeps what is attached to a report.
type attachments struct {
	gherkin.Recorder

	list []gherkin.Attachment
}

// Attach implements gherkin.Recorder.
func (a *attachments) Attach(attachment gherkin.Attachment) { a.list = append(a.list, attachment) }

// A charge that is on the bill twice, although it was made once, is in no history.
func TestAScenarioFailsWhoseHistoryCannotHaveBeenSo(t *testing.T) {
	t.Parallel()
	system := hotel.System()
	system.Audit = nil // it would find this as well
	h, err := harness.Open(t.Context(), harness.Options{System: system})
	opened(t, h, err)
	w, err := h.World(t.Context(), harness.Scenario{Key: t.Name()})
	check.Must(t, err)
	services := gueststay.NewService(w.Store(), w.Options())
	id := domain.StayID(uuid.New())
	stream := services.Stream(id)
	w.Name(stream, "Ann's stay")
	check.Must(t, services.Charge(w.As(t.Context(), "clerk 1"), id, domain.ChargeID(uuid.New()), domain.MoneyOf(30), at()))
	events, err := h.Raw().Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	again := events[0].EventData
	again.ID = uuid.New()
	_, err = h.Raw().Append(t.Context(), stream, 1, []es.EventData{again})
	check.Must(t, err)

	report := &attachments{}
	err = w.Close(gherkin.WithRecorder(t.Context(), report))
	var wrong *harness.HistoryError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v, want an error about the history", err)
	}
	check.Contains(t, err.Error(),
		"the answers about Ann's stay cannot have been given one after the other: event 1 (Charged ",
		"is stored, and nobody was told so: it was written twice, or somebody was told that it was not written\nthe picture of it is ",
		"charge by clerk 1: done, version 1, Charged ",
	)
	page, err := os.ReadFile(wrong.Picture)
	if err != nil || !strings.Contains(string(page), "charge by clerk 1") {
		t.Errorf("got a picture of %d bytes and the error %v, want one that shows what was asked", len(page), err)
	}
	if want := filepath.Join("build", "histories", "ann-s-stay-"); !strings.Contains(wrong.Picture, want) {
		t.Errorf("got the picture %s, want it in %s", wrong.Picture, want)
	}
	if len(report.list) != 1 || report.list[0].MediaType != "text/html" || report.list[0].Text != string(page) {
		t.Errorf("got %d attachments, want the picture", len(report.list))
	}
}

// What somebody else writes, who is not recorded, has a place in any history.
func TestWhatAnotherProcessWritesIsNoFault(t *testing.T) {
	t.Parallel()
	h, _ := onPuppet(t, harness.Options{})
	w := stage(t, h)
	for i := range 3 {
		stream := streamName(t, fmt.Sprintf("Order-%d", i))
		appendTo(t, w.Store(), stream, 0, "Placed")
		appendTo(t, h.Raw(), stream, 1, "Sent")
	}
	check.OK(t, w.Close(context.WithoutCancel(t.Context())))
}
