package groupcheckout_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
)

// store is the smallest [es.Store] that keeps the contract.
type store struct {
	mu      sync.Mutex
	streams map[es.StreamName][]es.Event
}

func (s *store) Read(_ context.Context, stream es.StreamName, from es.Version, _ es.Freshness) ([]es.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.streams[stream]
	return slices.Clone(events[min(int(from), len(events)):]), nil
}

func (s *store) Append(_ context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if actual := es.Version(len(s.streams[stream])); actual != expected {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: actual}
	}
	for _, e := range events {
		s.streams[stream] = append(s.streams[stream], es.Event{EventData: e, Index: expected})
		expected++
	}
	return expected, nil
}

// types are those of a stream's events.
func (s *store) types(stream es.StreamName) []string {
	var types []string
	for _, e := range s.streams[stream] {
		types = append(types, e.Type)
	}
	return types
}

func TestAGroupFromSelectionToConfirmation(t *testing.T) {
	t.Parallel()
	for name, cache := range map[string]*es.Cache{"without a cache": nil, "with a cache": es.NewCache(0, 0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, at, group := t.Context(), domain.MomentOf(time.Now()), domain.GroupID{15: 1}
			anna, bert, cleo := domain.StayID{1}, domain.StayID{2}, domain.StayID{3}
			store := &store{streams: map[es.StreamName][]es.Event{}}
			groups := groupcheckout.NewService(store, es.Options{Cache: cache})

			do := func(err error) {
				t.Helper()
				if err != nil {
					t.Error(err)
				}
			}
			record := func(outcomes groupcheckout.Outcomes, want groupcheckout.Step, wantVersion es.Version) {
				t.Helper()
				step, version, err := groups.Record(ctx, group, outcomes)
				do(err)
				if diff := cmp.Diff(want, step); diff != "" || version != wantVersion {
					t.Errorf("record: got version %d, want %d; next step (-want +got):\n%s", version, wantVersion, diff)
				}
			}

			for range 2 { // the second time changes nothing
				do(groups.Select(ctx, group, []domain.StayID{anna, bert, cleo, anna}, at))
			}
			var processing *groupcheckout.ProcessingError
			if err := groups.Confirm(ctx, group, at); !errors.As(err, &processing) || processing.Pending != 3 {
				t.Errorf("confirm: got error %v, want 3 pending", err)
			}
			for range 2 {
				record(groupcheckout.Outcomes{
					Merged: []groupcheckout.Residual{{Stay: anna, Residual: money("58.50")}},
					Failed: []domain.StayID{cleo},
				}, groupcheckout.MergeStays{Pending: []domain.StayID{bert}}, 3)
			}
			for range 2 {
				do(groups.Pay(ctx, group, domain.PaymentID{1}, money("60"), at))
			}
			record(groupcheckout.Outcomes{Merged: []groupcheckout.Residual{{Stay: bert, Residual: money("2")}}},
				groupcheckout.Settle{Balance: money("0.50")}, 5)
			var unsettled *domain.BalanceError
			if err := groups.Confirm(ctx, group, at); !errors.As(err, &unsettled) || unsettled.Balance.String() != "0.50" {
				t.Errorf("confirm: got error %v, want a balance of 0.50", err)
			}
			do(groups.Pay(ctx, group, domain.PaymentID{2}, money("0.5"), at))
			for range 2 {
				do(groups.Confirm(ctx, group, at))
			}
			record(groupcheckout.Outcomes{Failed: []domain.StayID{bert}}, groupcheckout.Nothing{}, 7)
			if err := groups.Select(ctx, group, []domain.StayID{{4}}, at); !errors.Is(err, groupcheckout.ErrConfirmed) {
				t.Errorf("select: got error %v, want ErrConfirmed", err)
			}

			state, version, err := groups.ReadVersion(ctx, group)
			if err != nil || version != 7 || !state.Confirmed() || !state.Balance().IsZero() {
				t.Errorf("got version %d, confirmed %t, balance %s and error %v", version, state.Confirmed(), state.Balance(), err)
			}
			if again, err := groups.Read(ctx, group); err != nil || again.Status(bert) != groupcheckout.Merged {
				t.Errorf("got bert %s and error %v, want merged", again.Status(bert), err)
			}
			stream := groups.Stream(group)
			if stream.String() != "GroupCheckout-00000000000000000000000000000001" {
				t.Errorf("got the stream %s", stream)
			}
			want := []string{"StaysSelected", "StaysMerged", "MergesFailed", "Paid", "StaysMerged", "Paid", "Confirmed"}
			if diff := cmp.Diff(want, store.types(stream)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheGroupOfAStream(t *testing.T) {
	t.Parallel()
	const n = "5b1f7e0c9f3a4d528a7b0c1d2e3f4a5b"
	id, err := groupcheckout.IDOf(name(t, "GroupCheckout-"+n))
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
		id, err := groupcheckout.IDOf(stream)
		var refused *domain.IDError
		if !errors.As(err, &refused) || !id.IsZero() {
			t.Errorf("%s: got %s and error %v, want an *IDError", stream, id, err)
		}
	}
}

func name(t *testing.T, raw string) es.StreamName {
	t.Helper()
	name, err := es.ParseStreamName(raw)
	if err != nil {
		t.Fatal(err)
	}
	return name
}
