package checkout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
)

var _ reactor.Handler = (*checkout.Process)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHandleMergesEveryPendingStay(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := []domain.StayID{h.stay(100), h.stay(30)}
	group := h.group(stays...)
	version, err := h.handle(h.process(h.backend.Events, checkout.Config{}), group)
	check.Must(t, err)
	equal(t, "observed version", version, 2)
	equal(t, "group", h.summary(group, stays), "merged 100, merged 30, balance 130")
	for _, id := range stays {
		equal(t, "transfers of a stay", h.transfers(id), 1)
	}

	// With nothing pending there is nothing to do, and the version is told.
	version, err = h.handle(h.process(h.backend.Events, checkout.Config{}), group)
	equal(t, "observed version of a repetition", version, 2)
	equal(t, "error of a repetition", err, nil)
}

func TestHandleRecordsMergesAndThenFailuresInOneAppend(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	elsewhere := h.stay(5)
	other := h.group(elsewhere)
	check.Must(t, check.Error(h.handle(h.process(h.backend.Events, checkout.Config{}), other)))
	stays := []domain.StayID{domain.StayID(uuid.New()), h.stay(10), h.settled(), elsewhere, h.stay(20)}
	group := h.group(stays...)
	store := &disturbed{Store: h.backend.Events}
	version, err := h.handle(h.process(store, checkout.Config{}), group)
	check.Must(t, err)
	equal(t, "observed version", version, 3)
	equal(t, "group", h.summary(group, stays), "failed 0, merged 10, failed 0, failed 0, merged 20, balance 30")
	check.Same(t, "appends", []string{"StaysMerged MergesFailed "}, store.appendsTo("GroupCheckout"))
	equal(t, "transfers of the other group's stay", h.transfers(elsewhere), 1)
	for i, want := range map[int]groupcheckout.Failure{
		0: {Stay: stays[0], WhyNot: domain.NotOnRecord},
		2: {Stay: stays[2], WhyNot: domain.CheckedOut},
		3: {Stay: stays[3], WhyNot: domain.OtherGroup, Group: other},
	} {
		failure, _ := h.read(group).Failure(stays[i])
		equal(t, "failure", failure, want)
	}
}

func TestHandleMergesFiveAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		group := h.group(h.stayList(12)...)
		var mu sync.Mutex
		waiting := 0
		release := make(chan struct{})
		store := &disturbed{Store: h.backend.Events, before: func(_ context.Context, c call) error {
			if c.events != nil && c.stream.Category() == "GuestStay" {
				mu.Lock()
				waiting++
				mu.Unlock()
				<-release
			}
			return nil
		}}
		done := make(chan error)
		go func() {
			_, err := h.handle(h.process(store, checkout.Config{}), group)
			done <- err
		}()
		for _, want := range []int{5, 6, 7} { // one goes, another comes
			synctest.Wait()
			mu.Lock()
			equal(t, "transfers begun", waiting, want)
			mu.Unlock()
			release <- struct{}{}
		}
		close(release)
		equal(t, "error", <-done, nil)
	})
}

// TestHandleDecidesAllTransfersBeforeTheFirstIsAppended lets them share a transaction. With
// luck they would also without, so it takes several groups.
func TestHandleDecidesAllTransfersBeforeTheFirstIsAppended(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHotel(t)
		var decided atomic.Int64
		store := &disturbed{Store: h.backend.Events, joins: true, before: func(_ context.Context, c call) error {
			if got := decided.Load(); c.events != nil && c.stream.Category() == "GuestStay" && got != 6 {
				t.Errorf("got %d transfers decided when one was appended, want 6", got)
			}
			return nil
		}}
		p := h.process(store, checkout.Config{MergesAtOnce: 6, Now: func() time.Time {
			decided.Add(1)
			return time.Now()
		}})
		_, err := h.handle(p, h.group(h.stayList(6)...))
		check.Must(t, err)
		check.Equal(t, "transfers", 6, len(store.appendsTo("GuestStay")))
	}
}

func TestHandleRecordsInChunks(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(250)
	group := h.group(stays...)
	version, err := h.handle(h.process(h.backend.Events, checkout.Config{}), group)
	check.Must(t, err)
	equal(t, "observed version", version, 4)
	var sizes []int
	for _, e := range h.events(h.groups.Stream(group))[1:] {
		var body struct{ Residuals []struct{ Stay string } }
		check.Must(t, json.Unmarshal(e.Data, &body))
		sizes = append(sizes, len(body.Residuals))
		equal(t, "first stay of a chunk", body.Residuals[0].Stay, stays[100*(len(sizes)-1)].String())
	}
	check.Same(t, "chunks", []int{100, 100, 50}, sizes)
}

// TestHandleMergesWhatIsSelectedMeanwhile has the clerk select more while the
// first stays are visited.
func TestHandleMergesWhatIsSelectedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	first, more := h.stay(1), h.stay(2)
	group := h.group(first)
	var once sync.Once
	store := &disturbed{Store: h.backend.Events, before: func(ctx context.Context, c call) (err error) {
		if c.events != nil {
			once.Do(func() { err = h.groups.Select(ctx, group, []domain.StayID{more}, opening()) })
		}
		return err
	}}
	version, err := h.handle(h.process(store, checkout.Config{}), group)
	check.Must(t, err)
	equal(t, "observed version", version, 4) // selected, selected, merged, merged
	equal(t, "group", h.summary(group, []domain.StayID{first, more}), "merged 1, merged 2, balance 3")
}

// TestHandleLeavesAStayPendingThatItCannotVisit records the others.
func TestHandleLeavesAStayPendingThatItCannotVisit(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(5)
	h.write(h.stays.Stream(stays[1]), "Charged", `{"amount":"much"}`)
	group := h.group(stays...)
	p := h.process(h.backend.Events, checkout.Config{Chunk: 2})
	for range 2 { // the repetition finds the same
		_, err := h.handle(p, group)
		if _, ok := errors.AsType[*es.DecodeError](err); !ok {
			t.Fatalf("Handle: got %v, want a DecodeError", err)
		}
		name := h.stays.Stream(stays[1]).String()
		if !strings.HasPrefix(err.Error(), name+" remains pending: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("Handle: got %q, want it to name %s and nothing else", err, name)
		}
		equal(t, "group", h.summary(group, stays), "merged 1, pending 0, merged 3, merged 4, merged 5, balance 13")
	}
	check.Same(t, "events of the group", []string{"StaysSelected", "StaysMerged", "StaysMerged", "StaysMerged"}, aggregatetest.Types(t, h.backend.Events, h.groups.Stream(group)))
}

// TestHandleSurvivesAPanic has the visit of one stay panic.
func TestHandleSurvivesAPanic(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(3)
	group := h.group(stays...)
	store := &disturbed{Store: h.backend.Events, before: func(_ context.Context, c call) error {
		if c.stream == h.stays.Stream(stays[1]) {
			panic("a mistake")
		}
		return nil
	}}
	_, err := h.handle(h.process(store, checkout.Config{}), group)
	if panicked, ok := errors.AsType[*reactor.PanicError](err); !ok || panicked.Value != "a mistake" {
		t.Errorf("Handle: got %v, want a PanicError", err)
	}
	equal(t, "group", h.summary(group, stays), "merged 1, pending 0, merged 3, balance 4")
}

// TestHandleSurvivesTheEndOfAGoroutine has the visit of one stay end its goroutine. The
// stay counts neither as merged nor as failed.
func TestHandleSurvivesTheEndOfAGoroutine(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(3)
	group := h.group(stays...)
	store := &disturbed{Store: h.backend.Events, before: func(_ context.Context, c call) error {
		if c.stream == h.stays.Stream(stays[1]) {
			runtime.Goexit()
		}
		return nil
	}}
	_, err := h.handle(h.process(store, checkout.Config{}), group)
	if err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("Handle: got %v, want that the goroutine has ended", err)
	}
	equal(t, "group", h.summary(group, stays), "merged 1, pending 0, merged 3, balance 4")
}

// TestHandleNamesTenStaysThatItCannotVisit keeps the error short when the whole
// store is out of reach.
func TestHandleNamesTenStaysThatItCannotVisit(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(25)
	group := h.group(stays...)
	store := &disturbed{Store: h.backend.Events, before: func(_ context.Context, c call) error {
		if c.stream.Category() == "GuestStay" {
			return errBoom
		}
		return nil
	}}
	_, err := h.handle(h.process(store, checkout.Config{}), group)
	if !errors.Is(err, errBoom) {
		t.Fatalf("Handle: got %v, want boom", err)
	}
	lines := strings.Split(err.Error(), "\n")
	equal(t, "lines", len(lines), 11)
	for i, line := range lines[:10] {
		if want := h.stays.Stream(stays[i]).String() + " remains pending: "; !strings.HasPrefix(line, want) {
			t.Errorf("line %d: got %q, want it to begin with %q", i, line, want)
		}
	}
	equal(t, "last line", lines[10], "15 more stays remain pending")
}

func TestHandlePassesOverAStreamOfNoGroup(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	name, err := es.NewStreamName("GroupCheckout", "not a group")
	check.Must(t, err)
	var log bytes.Buffer
	p := h.process(h.backend.Events, checkout.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	version, err := p.Handle(t.Context(), name, []es.Event{{Index: 3}, {Index: 7}})
	equal(t, "error", err, nil)
	equal(t, "observed version", version, 8)
	check.Contains(t, log.String(), "level=WARN", `stream="GroupCheckout-not a group"`, "reason=")
}

func TestHandleStopsWithItsContext(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(6)
	group := h.group(stays...)
	ctx, cancel := context.WithCancelCause(t.Context())
	calls := 0
	store := &disturbed{Store: h.backend.Events, after: func(c call) error {
		if c.events != nil && c.stream.Category() == "GroupCheckout" {
			calls = c.n
			cancel(errBoom) // the first chunk is recorded
		}
		return nil
	}}
	p := h.process(store, checkout.Config{Chunk: 2})
	name := h.groups.Stream(group)
	_, err := p.Handle(ctx, name, h.events(name))
	if !errors.Is(err, errBoom) {
		t.Fatalf("Handle: got %v, want the cause of the context's end", err)
	}
	equal(t, "error", err.Error(), "4 stays remain pending: boom")
	equal(t, "calls of the store", store.calls(), calls)
	equal(t, "group", h.summary(group, stays), "merged 1, merged 2, pending 0, pending 0, pending 0, pending 0, balance 3")

	check.Must(t, check.Error(h.handle(p, group)))
	equal(t, "group after the next call", h.summary(group, stays), "merged 1, merged 2, merged 3, merged 4, merged 5, merged 6, balance 21")
}

// TestHandleReturnsWhatKeepsItFromTheGroup has the group's own stream fail.
func TestHandleReturnsWhatKeepsItFromTheGroup(t *testing.T) {
	t.Parallel()
	for name, appends := range map[string]bool{"read": false, "append": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHotel(t)
			group := h.group(h.stay(1))
			store := &disturbed{Store: h.backend.Events, before: func(_ context.Context, c call) error {
				if c.stream.Category() == "GroupCheckout" && (c.events != nil) == appends {
					return errBoom
				}
				return nil
			}}
			_, err := h.handle(h.process(store, checkout.Config{}), group)
			if !errors.Is(err, errBoom) {
				t.Errorf("Handle: got %v, want boom", err)
			}
		})
	}
}

// lagging is a store whose replica misses the last event of each group.
type lagging struct{ es.Store }

func (l lagging) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	events, err := l.Store.Read(ctx, stream, from, freshness)
	if freshness == es.FromReplica && stream.Category() == groupcheckout.Category && len(events) > 0 {
		events = events[:len(events)-1]
	}
	return events, err
}

// TestHandleDoesNotVisitAStayAgain calls a process once more for a group of which a stay
// could not be merged. Another visit would hear the same, and cost what a visit costs.
func TestHandleDoesNotVisitAStayAgain(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(h *hotel, p, other *checkout.Process, group domain.GroupID) error{
		"told of something else": func(h *hotel, p, _ *checkout.Process, group domain.GroupID) error {
			h.must(h.groups.Pay(h.t.Context(), group, domain.PaymentID(uuid.New()), domain.MoneyOf(10), opening()))
			return h.deliver(p, group, 2)
		},
		"told of everything again": func(h *hotel, p, _ *checkout.Process, group domain.GroupID) error { return h.deliver(p, group, 0) },
		"told after a start": func(h *hotel, _, other *checkout.Process, group domain.GroupID) error {
			return h.deliver(other, group, 1)
		},
		"told everything after a start": func(h *hotel, _, other *checkout.Process, group domain.GroupID) error {
			return h.deliver(other, group, 0)
		},
		"told of another stay": anotherStay,
		"told of what it cannot read yet": func(h *hotel, _, _ *checkout.Process, group domain.GroupID) error {
			return h.deliver(h.process(h.disturbed(lagging{h.backend.Events}), checkout.Config{}), group, 0)
		},
	} {
		for _, silent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, silently: %t", name, silent), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := newHotel(t)
					h.silent = silent
					stay := domain.StayID(uuid.New())
					group := h.group(stay)
					store := h.disturbed(h.backend.Events)
					p := h.process(store, checkout.Config{})
					h.must(h.deliver(p, group, 0))
					visited := h.visits(stay)
					h.must(again(h, p, h.process(store, checkout.Config{}), group))
					time.Sleep(30 * 24 * time.Hour) // of the bubble
					equal(t, "calls of the store for the stay", h.visits(stay), visited)
					equal(t, "status of the stay", h.read(group).Status(stay), groupcheckout.Failed)
				})
			})
		}
	}
}

func anotherStay(h *hotel, p, _ *checkout.Process, group domain.GroupID) error {
	h.must(h.groups.Select(h.t.Context(), group, []domain.StayID{h.stay(5)}, opening()))
	return h.deliver(p, group, 2)
}

// TestTwoProcessesAgreeOnAStayThatWasNotOnRecord has one process ask for a stay before
// the guest arrives, and another one ask again after that, before the first has
// recorded what it was told.
func TestTwoProcessesAgreeOnAStayThatWasNotOnRecord(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stay := domain.StayID(uuid.New())
	group := h.group(stay)
	other := h.process(h.backend.Events, checkout.Config{})
	arrived := false
	store := &disturbed{Store: h.backend.Events, before: func(ctx context.Context, c call) error {
		if c.events == nil || c.stream.Category() != groupcheckout.Category || arrived {
			return nil
		}
		arrived = true
		h.must(h.stays.CheckIn(ctx, stay, opening()))
		h.must(h.stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOf(50), opening()))
		_, err := h.handle(other, group)
		return err
	}}
	check.Must(t, check.Error(h.handle(h.process(store, checkout.Config{}), group)))
	equal(t, "group", h.summary(group, []domain.StayID{stay}), "failed 0, balance 0")
	equal(t, "transfers of the stay", h.transfers(stay), 0)
	failure, _ := h.read(group).Failure(stay)
	equal(t, "why the stay failed", failure.WhyNot, domain.NotOnRecord)

	elsewhere := h.group(stay)
	check.Must(t, check.Error(h.handle(other, elsewhere)))
	equal(t, "another group, once the guest has arrived", h.summary(elsewhere, []domain.StayID{stay}), "merged 50, balance 50")
}

// TestAMergeBehindTheConfirmationIsSetAside has another program refuse a stay, and the
// clerk confirm the group without it, after the stay was handed over and before that is
// recorded. Nothing is pending then, so a next call would not meet it again.
func TestAMergeBehindTheConfirmationIsSetAside(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stay := h.stay(50)
	group := h.group(stay)
	met := false
	store := &disturbed{Store: h.backend.Events, before: func(ctx context.Context, c call) error {
		if c.events == nil || c.stream.Category() != groupcheckout.Category || met {
			return nil
		}
		met = true
		_, _, err := h.groups.Record(ctx, group, groupcheckout.Outcomes{Failed: []groupcheckout.Failure{{Stay: stay, WhyNot: domain.NotOnRecord}}})
		h.must(err)
		h.must(h.groups.Confirm(ctx, group, opening()))
		return nil
	}}
	_, err := h.handle(h.process(store, checkout.Config{}), group)
	_, asks := errors.AsType[*reactor.SetAsideError](err)
	_, late := errors.AsType[*groupcheckout.LateMergeError](err)
	if !asks || !late || !es.NeedsPerson(err) {
		t.Errorf("got %v, want a late merge for a person, to be set aside", err)
	}
}
