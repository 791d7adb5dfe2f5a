package checkout_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// TestAGroupIsReadOnlyOverAGap tells a process of a group that it has never heard of, and
// then of what follows. Whatever it was told, the group ends as it should.
func TestAGroupIsReadOnlyOverAGap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		told  func(selected []es.Event) []es.Event // of three selections
		reads int
	}{
		"of everything":                 {func(s []es.Event) []es.Event { return s }, 0},
		"of each twice":                 {func(s []es.Event) []es.Event { return []es.Event{s[0], s[0], s[1], s[1], s[2], s[2]} }, 0},
		"of all but the first":          {func(s []es.Event) []es.Event { return s[1:] }, 1},
		"of all but one in between":     {func(s []es.Event) []es.Event { return []es.Event{s[0], s[2]} }, 1},
		"that there is something":       {bare, 1},
		"what all but the last one say": {func(s []es.Event) []es.Event { return append(s[:2:2], bare(s[2:])...) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHotel(t)
			stays, group := h.stayList(4), domain.GroupID(uuid.New())
			for _, stay := range stays[:3] {
				h.must(h.groups.Select(t.Context(), group, []domain.StayID{stay}, opening()))
			}
			store, stream := &disturbed{Store: h.backend.Events}, h.groups.Stream(group)
			p := h.process(store, checkout.Config{})
			version, err := p.Handle(t.Context(), stream, c.told(h.events(stream)))
			h.must(err)
			equal(t, "observed version", version, 4)
			equal(t, "group", h.summary(group, stays[:3]), "merged 1, merged 2, merged 3, balance 6")
			equal(t, "reads of the group", store.readsOf(stream), c.reads)

			h.must(h.groups.Select(t.Context(), group, stays[3:], opening()))
			version, err = p.Handle(t.Context(), stream, h.events(stream)[3:])
			h.must(err)
			equal(t, "observed version in the end", version, 6)
			equal(t, "group in the end", h.summary(group, stays), "merged 1, merged 2, merged 3, merged 4, balance 10")
			equal(t, "reads of the group in the end", store.readsOf(stream), c.reads)
		})
	}
}

// TestAGroupIsReadIfThatIsAskedFor tells a process of everything, which is not to use it.
func TestAGroupIsReadIfThatIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	group := h.group(h.stay(1))
	store, stream := &disturbed{Store: h.backend.Events}, h.groups.Stream(group)
	_, err := h.process(store, checkout.Config{ReadGroups: true}).Handle(t.Context(), stream, h.events(stream))
	h.must(err)
	equal(t, "reads of the group", store.readsOf(stream), 1)
}

// TestStaysAreReadTogetherInPortions has a group of five with room for three outcomes in
// an append. Where the joint read fails, each stay is read by itself.
func TestStaysAreReadTogetherInPortions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails    func() error
		atOnce   int
		alone    int // reads of each stay
		together []int
	}{
		"as it should be":                    {nil, 0, 0, []int{3, 2}},
		"where the joint read fails":         {func() error { return errBoom }, 0, 1, []int{3, 2}},
		"where it panics":                    {func() error { panic("a mistake") }, 0, 1, []int{3, 2}},
		"where each is to be read by itself": {nil, 1, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHotel(t)
			stays := h.stayList(5)
			group := h.group(stays...)
			store := &disturbed{Store: h.backend.Events, joins: true, beforeMany: c.fails}
			_, err := h.handle(h.process(store, checkout.Config{Chunk: 3, ReadAtOnce: c.atOnce}), group)
			h.must(err)
			equal(t, "group", h.summary(group, stays), "merged 1, merged 2, merged 3, merged 4, merged 5, balance 15")
			check.Same(t, "stays read together", c.together, store.together)
			for i, stay := range stays {
				equal(t, fmt.Sprint("reads of stay ", i), store.readsOf(h.stays.Stream(stay)), c.alone)
			}
		})
	}
}

// TestAStayThatWasReadTogetherIsDecidedOnTheLeader has a charge come between the joint
// read and the visits: what was read is too old to merge, and it shows.
func TestAStayThatWasReadTogetherIsDecidedOnTheLeader(t *testing.T) {
	t.Parallel()
	h := newHotel(t)
	stays := h.stayList(2)
	group := h.group(stays...)
	store := &disturbed{Store: h.backend.Events, joins: true, before: func(ctx context.Context, c call) error {
		if c.n == 2 { // after the read of the group
			h.must(h.stays.Charge(ctx, stays[0], domain.ChargeID(uuid.New()), domain.MoneyOf(100), opening()))
			h.must(h.stays.Pay(ctx, stays[1], domain.PaymentID(uuid.New()), domain.MoneyOf(2), opening()))
			h.must(h.stays.CheckOut(ctx, stays[1], opening()))
		}
		return nil
	}}
	_, err := h.handle(h.process(store, checkout.Config{MergesAtOnce: 1}), group)
	h.must(err)
	equal(t, "group", h.summary(group, stays), "merged 101, failed 0, balance 101")
	if !slices.Equal(store.together, []int{2}) {
		t.Errorf("stays read together: got %v, want two", store.together)
	}
}
