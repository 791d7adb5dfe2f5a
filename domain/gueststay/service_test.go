package gueststay

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

func TestAStayFromArrivalToDeparture(t *testing.T) {
	t.Parallel()
	for name, cache := range map[string]*es.Cache{"without a cache": nil, "with a cache": es.NewCache(0, 0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, at, stay := t.Context(), domain.MomentOf(time.Now()), domain.StayID{15: 1}
			store := memory.New()
			stays := NewService(store, es.Options{Cache: cache})

			for range 2 { // the second time changes nothing
				check.OK(t, stays.CheckIn(ctx, stay, at))
				check.OK(t, stays.Charge(ctx, stay, domain.ChargeID{1}, money("100.50"), at))
			}
			var unsettled *domain.BalanceError
			if err := stays.CheckOut(ctx, stay, at); !errors.As(err, &unsettled) || unsettled.Balance.String() != "100.50" {
				t.Errorf("check out: got error %v, want a balance of 100.50", err)
			}
			for range 2 {
				check.OK(t, stays.Pay(ctx, stay, domain.PaymentID{1}, money("100.5"), at))
			}
			for range 2 {
				check.OK(t, stays.CheckOut(ctx, stay, at))
			}
			if answer, err := stays.TransferToGroup(ctx, stay, domain.GroupID{1}, at); err != nil || answer.WhyNot != domain.CheckedOut {
				t.Errorf("transfer: got %v and error %v, want that the guest has checked out", answer, err)
			}

			state, err := stays.Read(ctx, stay)
			if err != nil || !state.CheckedOut() || !state.Balance().IsZero() {
				t.Errorf("got checked out %t, balance %s and error %v", state.CheckedOut(), state.Balance(), err)
			}
			stream := stays.Stream(stay)
			if stream.String() != "GuestStay-00000000000000000000000000000001" {
				t.Errorf("got the stream %s", stream)
			}
			check.Same(t, "events", []string{"CheckedIn", "Charged", "Paid", "CheckedOut"}, aggregatetest.Types(t, store, stream))
		})
	}
}

func TestATransferIsTheSameWhenRepeated(t *testing.T) {
	t.Parallel()
	ctx, at, stay := t.Context(), domain.MomentOf(time.Now()), domain.StayID{1}
	store := memory.New()
	first, second := NewService(store, es.Options{Cache: es.NewCache(0, 0)}), NewService(store, es.Options{Cache: es.NewCache(0, 0)})
	asks := func(group byte, want Answer) {
		t.Helper()
		for _, stays := range []*Service{first, second, first} { // whoever asks
			answer, err := stays.TransferToGroup(ctx, stay, domain.GroupID{group}, domain.MomentOf(time.Now()))
			check.Must(t, err)
			check.Same(t, fmt.Sprintf("group %d: answer", group), want, answer, sameText())
		}
	}
	asks(1, Answer{WhyNot: domain.NotOnRecord})
	check.Must(t, second.Charge(ctx, stay, domain.ChargeID{1}, money("58.50"), at))
	check.Must(t, second.Pay(ctx, stay, domain.PaymentID{1}, money("60"), at))
	for range 2 {
		check.Must(t, first.PayOut(ctx, stay, domain.PaymentID{2}, money("1"), at))
	}
	asks(1, Answer{WhyNot: domain.NotOnRecord})
	asks(2, Answer{Residual: money("-0.50")})
	asks(1, Answer{WhyNot: domain.NotOnRecord})
	asks(3, Answer{WhyNot: domain.OtherGroup, Group: domain.GroupID{2}})
	check.Same(t, "events", []string{"TransferRefused", "Charged", "Paid", "Paid", "TransferredToGroup"}, aggregatetest.Types(t, store, first.Stream(stay)))
}

// together is a store that notes which streams were read together.
type together struct {
	*memory.Store

	read []string
}

func (s *together) ReadSnapshots(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
	for _, stream := range streams {
		if len(streams) > 1 {
			s.read = append(s.read, stream.String())
		}
	}
	return s.Store.ReadSnapshots(ctx, streams, snapshotType, freshness)
}

func TestStaysAreReadTogether(t *testing.T) {
	t.Parallel()
	store, at := &together{Store: memory.New()}, domain.MomentOf(time.Now())
	stays := NewService(store, es.Options{Cache: es.NewCache(0, 0)})
	ids := []domain.StayID{{15: 1}, {15: 2}}
	clerk := NewService(store, es.Options{})
	for _, id := range ids {
		check.Must(t, clerk.CheckIn(t.Context(), id, at))
	}
	stays.Load(t.Context(), ids)
	stays.Load(t.Context(), ids) // they are at hand
	want := []string{"GuestStay-00000000000000000000000000000001", "GuestStay-00000000000000000000000000000002"}
	check.Same(t, "read together", want, store.read)
	if answer, err := stays.TransferToGroup(t.Context(), ids[0], domain.GroupID{1}, at); err != nil || answer.WhyNot != "" {
		t.Errorf("transfer: got %+v and error %v, want it done", answer, err)
	}
}
