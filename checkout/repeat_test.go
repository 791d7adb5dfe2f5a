package checkout_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// TestHandleMayBreakDownAnywhere fails the k-th call of the store, for every k:
// before it is made, or after, so that what was written is not known; alone, or
// with everything that follows. However it broke down, another run leaves the
// hotel as if nothing had happened.
func TestHandleMayBreakDownAnywhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		afterwards, dead bool
	}{
		{"before the call", false, false},
		{"after the call", true, false},
		{"before the call, for good", false, true},
		{"after the call, for good", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			broken := 0
			for k := 1; ; k++ {
				if !breakDown(t, k, c.afterwards, c.dead) {
					break
				}
				broken++
			}
			// Two chunks: the group is read and recorded, and each stay of
			// the three visited, with at least one call.
			if broken < 8 {
				t.Errorf("calls of the store that failed: got %d, want at least 8", broken)
			}
		})
	}
}

// breakDown breaks down at the k-th call and runs again. It is false if there
// were fewer calls than that.
func breakDown(t *testing.T, k int, afterwards, dead bool) bool {
	t.Helper()
	h := newHotel(t)
	stays := []domain.StayID{h.stay(10), h.settled(), h.stay(30), domain.StayID(uuid.New()), h.stay(50)}
	group := h.group(stays...)

	fails := func(c call) error {
		if c.n == k || (dead && c.n > k) {
			if c.events != nil && afterwards {
				return &es.UncertainError{Stream: c.stream, Err: errBoom}
			}
			return errBoom
		}
		return nil
	}
	store := &disturbed{Store: h.backend.Events}
	if afterwards {
		store.after = fails
		store.before = func(_ context.Context, c call) error {
			if dead && c.n > k {
				return errBoom
			}
			return nil
		}
	} else {
		store.before = func(_ context.Context, c call) error { return fails(c) }
	}
	config := checkout.Config{Chunk: 3, MergesAtOnce: 1}
	_, err := h.handle(h.process(store, config), group)
	if store.calls() < k {
		if err != nil {
			t.Fatalf("Handle without a failure: got %v, want nil", err)
		}
		return false
	}
	if err == nil {
		t.Fatalf("k=%d: Handle gave no error, although a call of the store failed", k)
	}

	version, err := h.handle(h.process(h.backend.Events, config), group)
	check.Mustf(t, err, "k=%d, the next run", k)
	equal(t, fmt.Sprintf("k=%d, observed version", k), int(version), len(h.events(h.groups.Stream(group))))
	equal(t, fmt.Sprintf("k=%d, group", k), h.summary(group, stays), "merged 10, failed 0, merged 30, failed 0, merged 50, balance 90")
	for i, id := range stays {
		want := []int{1, 0, 1, 0, 1}[i]
		equal(t, fmt.Sprintf("k=%d, transfers of stay %d", k, i), h.transfers(id), want)
	}
	return true
}

// TestHandleOfCompetingGroups has two groups select the same stays, and handles
// both at once, each also twice over as two reactors might.
func TestHandleOfCompetingGroups(t *testing.T) {
	t.Parallel()
	for range 100 {
		h := newHotel(t)
		stays := h.stayList(6)
		groups := []domain.GroupID{h.group(stays...), h.group(stays...)}
		// Separate processes: they share no cache.
		var runs sync.WaitGroup
		for _, group := range groups {
			for range 2 {
				p := h.process(h.backend.Events, checkout.Config{})
				name := h.groups.Stream(group)
				events := h.events(name)
				runs.Go(func() {
					for range 100 { // a conflict with the other run is no surprise
						if _, err := p.Handle(t.Context(), name, events); err == nil {
							return
						}
					}
					t.Errorf("%s: a hundred calls failed", name)
				})
			}
		}
		runs.Wait()
		total := domain.Money{}
		for _, group := range groups {
			total = total.Plus(h.read(group).Balance())
		}
		equal(t, "balance of both groups", total.String(), "21")
		for i, id := range stays {
			state, err := h.stays.Read(t.Context(), id)
			h.must(err)
			winner, _ := state.Group()
			for _, group := range groups {
				want := groupcheckout.Failed
				if group == winner {
					want = groupcheckout.Merged
				}
				equal(t, fmt.Sprint("status of stay ", i), h.read(group).Status(id), want)
			}
			equal(t, fmt.Sprint("transfers of stay ", i), h.transfers(id), 1)
		}
	}
}
