package groupcheckout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

func TestAGroupFromSelectionToConfirmation(t *testing.T) {
	t.Parallel()
	for name, cache := range map[string]*es.Cache{"without a cache": nil, "with a cache": es.NewCache(0, 0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, at, group := t.Context(), domain.MomentOf(time.Now()), domain.GroupID{15: 1}
			anna, bert, cleo := domain.StayID{1}, domain.StayID{2}, domain.StayID{3}
			store := memory.New()
			groups := NewService(store, es.Options{Cache: cache})

			record := func(outcomes Outcomes, want Step, wantVersion es.Version) {
				t.Helper()
				step, version, err := groups.Record(ctx, group, outcomes)
				check.OK(t, err)
				if diff := cmp.Diff(want, step); diff != "" || version != wantVersion {
					t.Errorf("record: got version %d, want %d; next step (-want +got):\n%s", version, wantVersion, diff)
				}
			}

			for range 2 { // the second time changes nothing
				check.OK(t, groups.Select(ctx, group, []domain.StayID{anna, bert, cleo, anna}, at))
			}
			var processing *ProcessingError
			if err := groups.Confirm(ctx, group, at); !errors.As(err, &processing) || processing.Pending != 3 {
				t.Errorf("confirm: got error %v, want 3 pending", err)
			}
			for range 2 {
				record(Outcomes{
					Merged: []Residual{{Stay: anna, Residual: money("58.50")}},
					Failed: []Failure{{Stay: cleo, WhyNot: domain.NotOnRecord}},
				}, MergeStays{Pending: []domain.StayID{bert}}, 3)
			}
			for range 2 {
				check.OK(t, groups.Pay(ctx, group, domain.PaymentID{1}, money("60"), at))
			}
			record(Outcomes{Merged: []Residual{{Stay: bert, Residual: money("2")}}},
				Settle{Balance: money("0.50")}, 5)
			var unsettled *domain.BalanceError
			if err := groups.Confirm(ctx, group, at); !errors.As(err, &unsettled) || unsettled.Balance.String() != "0.50" {
				t.Errorf("confirm: got error %v, want a balance of 0.50", err)
			}
			check.OK(t, groups.Pay(ctx, group, domain.PaymentID{2}, money("0.7"), at))
			for range 2 {
				check.OK(t, groups.PayOut(ctx, group, domain.PaymentID{3}, money("0.2"), at))
			}
			for range 2 {
				check.OK(t, groups.Confirm(ctx, group, at))
			}
			record(Outcomes{Failed: []Failure{{Stay: bert, WhyNot: domain.CheckedOut}}}, Nothing{}, 8)
			if err := groups.Select(ctx, group, []domain.StayID{{4}}, at); !errors.Is(err, ErrConfirmed) {
				t.Errorf("select: got error %v, want ErrConfirmed", err)
			}

			state, version, err := groups.ReadVersion(ctx, group)
			if err != nil || version != 8 || !state.Confirmed() || !state.Balance().IsZero() {
				t.Errorf("got version %d, confirmed %t, balance %s and error %v", version, state.Confirmed(), state.Balance(), err)
			}
			if again, err := groups.Read(ctx, group); err != nil || again.Status(bert) != Merged {
				t.Errorf("got bert %s and error %v, want merged", again.Status(bert), err)
			}
			stream := groups.Stream(group)
			if stream.String() != "GroupCheckout-00000000000000000000000000000001" {
				t.Errorf("got the stream %s", stream)
			}
			want := []string{"StaysSelected", "StaysMerged", "MergesFailed", "Paid", "StaysMerged", "Paid", "Paid", "Confirmed"}
			check.Same(t, "events", want, aggregatetest.Types(t, store, stream))
		})
	}
}

func TestTheGroupOfAStream(t *testing.T) {
	t.Parallel()
	const n = "5b1f7e0c9f3a4d528a7b0c1d2e3f4a5b"
	id, err := IDOf(name(t, "GroupCheckout-"+n))
	if err != nil || id.N() != n {
		t.Errorf("got %s and error %v", id, err)
	}
	for _, stream := range []es.StreamName{
		{},
		name(t, "GuestStay-"+n),
		name(t, "groupcheckout-"+n),
		name(t, "GroupCheckoutX-"+n),
		name(t, "GroupCheckout-"+strings.ToUpper(n)),
		name(t, "GroupCheckout-5b1f7e0c-9f3a-4d52-8a7b-0c1d2e3f4a5b"),
		name(t, "GroupCheckout-"+n+"_0"),
		name(t, "GroupCheckout-x"),
	} {
		id, err := IDOf(stream)
		if _, ok := errors.AsType[*domain.IDError](err); !ok || !id.IsZero() {
			t.Errorf("%s: got %s and error %v, want an *IDError", stream, id, err)
		}
	}
}

func name(t *testing.T, raw string) es.StreamName {
	t.Helper()
	name, err := es.ParseStreamName(raw)
	check.Must(t, err)
	return name
}
