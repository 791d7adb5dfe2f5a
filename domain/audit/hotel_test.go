package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// hotel is a store that keeps its history, with a front desk and a process
// whose appends fail now and then.
type hotel struct {
	store   *memory.Store
	stays   *gueststay.Service
	groups  *groupcheckout.Service
	process *checkout.Process
	mu      sync.Mutex
	written []entry // in the order in which it was
	luck    []fate  // of the next appends of the process
}

type entry struct {
	stream es.StreamName
	event  es.Event
}

// fate is how an append ends.
type fate int

const (
	done fate = iota
	refused
	lost // done, but its reply is lost
)

var errInjected = errors.New("injected by the test")

func newHotel() *hotel {
	h := &hotel{store: memory.New()}
	desk := intercept.Store(h.store, intercept.StoreHooks{AfterAppend: h.note})
	machine := intercept.Store(h.store, intercept.StoreHooks{
		BeforeAppend: func(context.Context, es.StreamName, es.Version, []es.EventData) error {
			if h.next() == refused {
				return errInjected
			}
			return nil
		},
		AfterAppend: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, after es.Version, err error) (es.Version, error) {
			if after, err = h.note(ctx, stream, expected, events, after, err); err == nil && h.next() == lost {
				return 0, errInjected
			}
			return after, err
		},
	})
	h.stays, h.groups = gueststay.NewService(desk, es.Options{}), groupcheckout.NewService(desk, es.Options{})
	h.process = checkout.NewProcess(groupcheckout.NewService(machine, es.Options{}), gueststay.NewService(machine, es.Options{}),
		checkout.Config{Log: slog.New(slog.DiscardHandler), MergesAtOnce: 1, Chunk: 2})
	return h
}

// note keeps what was written.
func (h *hotel) note(_ context.Context, stream es.StreamName, expected es.Version, events []es.EventData, after es.Version, err error) (es.Version, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		for i, e := range events {
			h.written = append(h.written, entry{stream, es.Event{EventData: e, Index: expected + es.Version(i)}})
		}
	}
	return after, err
}

// next is the fate of a call, success once the injected ones are used up.
func (h *hotel) next() fate {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.luck) == 0 {
		return done
	}
	f := h.luck[0]
	h.luck = h.luck[1:]
	return f
}

const stayCount, groupCount = 5, 3

// work lets clerks and the process do something, in any order. Whatever the
// hotel refuses it refuses.
func (h *hotel) work(t *rapid.T) {
	ctx := context.Background()
	stay := rapid.Custom(func(t *rapid.T) domain.StayID { return stayID(rapid.ByteRange(1, stayCount).Draw(t, "stay")) })
	group := rapid.Custom(func(t *rapid.T) domain.GroupID { return groupID(rapid.ByteRange(1, groupCount).Draw(t, "group")) })
	amount := rapid.Custom(func(t *rapid.T) domain.Money { return domain.MoneyOf(rapid.Int64Range(1, 9).Draw(t, "amount")) })
	id := rapid.Byte()
	actions := []func(){
		func() { _ = h.stays.CheckIn(ctx, stay.Draw(t, "stay"), opening()) },
		func() {
			_ = h.stays.Charge(ctx, stay.Draw(t, "stay"), domain.ChargeID{15: id.Draw(t, "id")}, amount.Draw(t, "amount"), opening())
		},
		func() {
			_ = h.stays.Pay(ctx, stay.Draw(t, "stay"), domain.PaymentID{15: id.Draw(t, "id")}, amount.Draw(t, "amount"), opening())
		},
		func() { _ = h.stays.CheckOut(ctx, stay.Draw(t, "stay"), opening()) },
		func() {
			_ = h.groups.Select(ctx, group.Draw(t, "group"), rapid.SliceOfN(stay, 1, 4).Draw(t, "stays"), opening())
		},
		func() {
			state, err := h.groups.Read(ctx, group.Draw(t, "group"))
			if err == nil && state.Balance().Sign() > 0 {
				_ = h.groups.Pay(ctx, group.Draw(t, "group"), domain.PaymentID{15: id.Draw(t, "id")}, state.Balance(), opening())
			}
		},
		func() { _ = h.groups.Confirm(ctx, group.Draw(t, "group"), opening()) },
		func() {
			h.luck = rapid.SliceOfN(rapid.SampledFrom([]fate{done, done, refused, lost}), 0, 6).Draw(t, "luck")
			_, _ = h.process.Handle(ctx, h.groups.Stream(group.Draw(t, "group")), []es.Event{{}})
		},
	}
	for range rapid.IntRange(1, 60).Draw(t, "actions") {
		rapid.SampledFrom(actions).Draw(t, "action")()
	}
}

// shuffled is a history with its streams in another interleaving.
func shuffled(t *rapid.T, history []entry) []entry {
	places := rapid.Permutation(history).Draw(t, "interleaving")
	next := map[es.StreamName]int{}
	mixed := make([]entry, 0, len(history))
	for _, place := range places {
		i := next[place.stream]
		for history[i].stream != place.stream {
			i++
		}
		mixed = append(mixed, history[i])
		next[place.stream] = i + 1
	}
	return mixed
}

func TestHonestBooksBalanceAtEveryMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHotel()
		h.work(t)
		for cut := range len(h.written) + 1 {
			b := audit.NewBooks()
			for _, e := range h.written[:cut] {
				b.Add(e.stream, e.event)
			}
			if got := sentences(b.Violations()); len(got) > 0 {
				t.Fatalf("after %d events: got %q, want no violation", cut, got)
			}
		}
		b := audit.NewBooks()
		for _, e := range shuffled(t, h.written) {
			b.Add(e.stream, e.event)
		}
		if got := sentences(b.Violations()); len(got) > 0 {
			t.Fatalf("in another order: got %q, want no violation", got)
		}
	})
}

// Each stream is read at another moment, as a reader of a busy store does.
func TestSettledBooksBalanceWhateverWasReadWhen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHotel()
		h.work(t)
		b, until := audit.NewBooks(), map[es.StreamName]int{}
		for i, e := range h.written {
			cut, known := until[e.stream]
			if !known {
				cut = rapid.IntRange(0, len(h.written)).Draw(t, "read at")
				until[e.stream] = cut
			}
			if i < cut {
				b.Add(e.stream, e.event)
			}
		}
		check.Must(t, b.Settle(context.Background(), h.store))
		if got := sentences(b.Violations()); len(got) > 0 {
			t.Fatalf("got %q, want no violation", got)
		}
	})
}

// Any event that says too much is found, wherever it stands.
func TestNoResidualCanBeChangedUnnoticed(t *testing.T) {
	t.Parallel()
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		h := newHotel()
		h.work(t)
		var records []int
		for i, e := range h.written {
			if e.event.Type == "StaysMerged" || e.event.Type == "TransferredToGroup" {
				records = append(records, i)
			}
		}
		if len(records) == 0 {
			return
		}
		changed++
		at := rapid.SampledFrom(records).Draw(t, "changed")
		b := audit.NewBooks()
		for i, e := range h.written {
			if i == at {
				e.event.Data = another(e.event.Data)
			}
			b.Add(e.stream, e.event)
		}
		if len(b.Violations()) == 0 {
			t.Fatalf("event %d (%s) was changed: got no violation, want one", at, h.written[at].event.Type)
		}
	})
	if changed == 0 {
		t.Error("got no history with a transfer in it, want some")
	}
}

// residual is what stands before the first residual of a body, and its sign.
var residual = regexp.MustCompile(`"residual(Balance)?":-?`)

// another is the body of an event that moves money, with another digit in front of
// the first amount.
func another(body []byte) []byte {
	at := residual.FindIndex(body)[1]
	return slices.Concat(body[:at], []byte("1"), body[at:])
}
