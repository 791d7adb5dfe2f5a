package checkout_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// Everything here is made inside a synctest bubble, where synctest.Wait waits
// until the reactor has nothing left to do.

// skips is an observer that keeps the events that were skipped.
type skips struct {
	mu   sync.Mutex
	seen []reactor.EventSkipped
}

func (s *skips) Observe(o reactor.Occurrence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if skipped, ok := o.(reactor.EventSkipped); ok {
		s.seen = append(s.seen, skipped)
	}
}

func (s *skips) all() []reactor.EventSkipped {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func TestAnEventOfAnUnknownTypeIsSkippedAndTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, seen := newHotel(t), &skips{}
		started := h.start(checkout.Config{Reactor: reactor.Config{Observer: seen}})
		id := h.stay(7)
		h.write(h.stays.Stream(id), "Upgraded", `{"to":"suite"}`)
		h.expectBalance(h.group(id), 7)
		want := []reactor.EventSkipped{{Stream: h.stays.Stream(id), Index: 2, Type: "Upgraded"}}
		if got := seen.all(); !slices.Equal(got, want) {
			t.Errorf("skipped: got %+v, want %+v", got, want)
		}
		if status, err := started.Status(t.Context()); err != nil || len(status.Troubled) > 0 {
			t.Errorf("status: got %+v and %v, want no stream in trouble", status.Troubled, err)
		}
	})
}

func TestAnEventOfAnUnknownTypeNeedsNoObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		h.start(checkout.Config{})
		id := h.stay(7)
		h.write(h.stays.Stream(id), "Upgraded", `{}`)
		h.expectBalance(h.group(id), 7)
	})
}

func TestABrokenGroupIsNamedAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		started := h.start(checkout.Config{})
		broken := h.groups.Stream(domain.GroupID(uuid.New()))
		h.write(broken, "StaysSelected", `{"at":"2024-05-01T12:00:00+00:00","stays":null}`)
		h.expectBalance(h.group(h.stay(3), h.stay(4)), 7)

		status, err := started.Status(t.Context())
		h.must(err)
		if len(status.Troubled) != 1 || status.Troubled[0].Stream != broken {
			t.Fatalf("troubled: got %+v, want %s alone", status.Troubled, broken)
		}
		if got, want := status.Troubled[0].Cause, "event 0 (StaysSelected) of "+broken.String()+" cannot be read: "; !strings.HasPrefix(got, want) || !strings.Contains(got, "stays") {
			t.Errorf("cause: got %q, want %q and the property", got, want)
		}
		tranche := status.Tranches[0]
		if tranche.Completed != 0 || tranche.Read == 0 {
			t.Errorf("tranche: got %+v, want that it is read on and completed up to 0", tranche)
		}
	})
}

func TestAReactorOfTheSameNameGoesOnFromThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		nightShift := checkout.Config{Reactor: reactor.Config{Group: "night shift"}}
		started := h.start(nightShift)
		group := h.group(h.stay(5))
		h.expectBalance(group, 5)
		status, err := started.Status(t.Context())
		h.must(err)
		if status.Group != "night shift" || status.Tranches[0].Completed == 0 {
			t.Errorf("status: got %+v, want the group night shift and something completed", status)
		}
		started.Stop()
		h.must(started.Wait(t.Context()))

		status, err = h.start(nightShift).Status(t.Context())
		h.must(err)
		if tranche := status.Tranches[0]; tranche.Saved != tranche.Completed || tranche.Saved <= 0 {
			t.Errorf("tranche at the next start: got %+v, want it at the checkpoint", tranche)
		}
		h.expectBalance(group, 5)
	})
}

func TestAReactorEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		ctx, cancel := context.WithCancel(t.Context())
		started, err := checkout.Start(ctx, h.backend, checkout.Config{Reactor: reactor.Config{Group: "test"}})
		h.must(err)
		synctest.Wait()
		cancel()
		h.must(started.Wait(t.Context()))
	})
}

func TestAConfigurationThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	for _, config := range []reactor.Config{{}, {Group: "test", MaxWriters: -1}} {
		started, err := checkout.Start(t.Context(), h.backend, checkout.Config{Reactor: config})
		if _, ok := errors.AsType[*reactor.ConfigError](err); !ok || started != nil {
			t.Errorf("Start with %+v: got %v and %v, want a ConfigError", config, started, err)
		}
	}
}

func TestTheProcessWritesToTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		var out bytes.Buffer // the handler writes one line at a time
		h.start(checkout.Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
		stray, err := es.NewStreamName(groupcheckout.Category, "nobody")
		h.must(err)
		h.write(stray, "Confirmed", `{}`)
		synctest.Wait()
		if !strings.Contains(out.String(), "stream=GroupCheckout-nobody") {
			t.Errorf("log: got %q, want the stream that is no group's", out.String())
		}
	})
}

// TestTheStoreChoosesHowManyStaysAreMergedAtOnce counts the stays that are being appended
// to at the same time, each of which waits until all that there may be are.
func TestTheStoreChoosesHowManyStaysAreMergedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ chosen, configured, want int }{
		"as the store says":         {chosen: 7, want: 7},
		"as the operator says":      {chosen: 7, configured: 3, want: 3},
		"where nobody says a thing": {want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHotel(t)
				group := h.group(h.stayList(20)...)
				var mu sync.Mutex
				now, most := 0, 0
				events := h.backend.Events
				h.backend.CallsAtOnce = c.chosen
				h.backend.Events = &disturbed{Store: events, before: func(_ context.Context, call call) error {
					if call.events == nil || call.stream.Category() == groupcheckout.Category {
						return nil
					}
					mu.Lock()
					now++
					most = max(most, now)
					mu.Unlock()
					time.Sleep(time.Second) // of the bubble
					mu.Lock()
					now--
					mu.Unlock()
					return nil
				}}
				h.start(checkout.Config{MergesAtOnce: c.configured})
				time.Sleep(time.Minute)
				h.backend.Events = events
				h.expectBalance(group, 210)
				equal(t, "stays appended to at once", most, c.want)
			})
		})
	}
}
