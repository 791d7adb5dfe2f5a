package gueststay

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
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

			do := func(err error) {
				t.Helper()
				if err != nil {
					t.Error(err)
				}
			}
			for range 2 { // the second time changes nothing
				do(stays.CheckIn(ctx, stay, at))
				do(stays.Charge(ctx, stay, domain.ChargeID{1}, money("100.50"), at))
			}
			var unsettled *domain.BalanceError
			if err := stays.CheckOut(ctx, stay, at); !errors.As(err, &unsettled) || unsettled.Balance.String() != "100.50" {
				t.Errorf("check out: got error %v, want a balance of 100.50", err)
			}
			for range 2 {
				do(stays.Pay(ctx, stay, domain.PaymentID{1}, money("100.5"), at))
			}
			for range 2 {
				do(stays.CheckOut(ctx, stay, at))
			}
			if _, err := stays.TransferToGroup(ctx, stay, domain.GroupID{1}, at); !errors.Is(err, ErrCheckedOut) {
				t.Errorf("transfer: got error %v, want ErrCheckedOut", err)
			}

			state, err := stays.Read(ctx, stay)
			if err != nil || !state.CheckedOut() || !state.Balance().IsZero() {
				t.Errorf("got checked out %t, balance %s and error %v", state.CheckedOut(), state.Balance(), err)
			}
			stream := stays.Stream(stay)
			if stream.String() != "GuestStay-00000000000000000000000000000001" {
				t.Errorf("got the stream %s", stream)
			}
			if diff := cmp.Diff([]string{"CheckedIn", "Charged", "Paid", "CheckedOut"}, aggregatetest.Types(t, store, stream)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATransferIsTheSameWhenRepeated(t *testing.T) {
	t.Parallel()
	ctx, at, stay := t.Context(), domain.MomentOf(time.Now()), domain.StayID{1}
	store := memory.New()
	stays := NewService(store, es.Options{Cache: es.NewCache(0, 0)})
	if residual, err := stays.TransferToGroup(ctx, stay, domain.GroupID{1}, at); !errors.Is(err, ErrUnknownStay) || !residual.IsZero() {
		t.Errorf("got %s and error %v, want ErrUnknownStay", residual, err)
	}
	if err := stays.Charge(ctx, stay, domain.ChargeID{1}, money("58.50"), at); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		residual, err := stays.TransferToGroup(ctx, stay, domain.GroupID{1}, domain.MomentOf(time.Now()))
		if err != nil || residual.String() != "58.50" {
			t.Errorf("got %s and error %v, want 58.50", residual, err)
		}
	}
	var taken *TransferredError
	residual, err := stays.TransferToGroup(ctx, stay, domain.GroupID{2}, at)
	if !errors.As(err, &taken) || taken.Group != (domain.GroupID{1}) || !residual.IsZero() {
		t.Errorf("to another group: got %s and error %v, want a *TransferredError that names the first", residual, err)
	}
	if diff := cmp.Diff([]string{"Charged", "TransferredToGroup"}, aggregatetest.Types(t, store, stays.Stream(stay))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
