package hotel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/steps/hotel"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// lazy is a handler that says of everything that it is done.
type lazy struct{}

func (lazy) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	return events[len(events)-1].Index + 1, nil
}

// lazySystem is the hotel with a reactor that visits nobody, so that what a test writes
// is all there is.
func lazySystem() harness.System {
	system := hotel.System()
	system.Start = func(ctx context.Context, backend *stores.Backend, config reactor.Config) (harness.Reactor, error) {
		started, err := reactor.Start(ctx, backend.Source, backend.Checkpoints, lazy{}, config)
		if err != nil {
			return nil, err
		}
		return started, nil
	}
	return system
}

// holed is a memory store of which events are missing: from the feed, and from reads.
func holed(fed, read func(es.StreamName, es.Event) bool) harness.Store {
	return harness.Store{Name: "holed", BringUp: func(_ context.Context, need harness.Need) (*harness.Server, error) {
		backend, err := memory.New().Backend(need.Categories...)
		if err != nil {
			return nil, err
		}
		backend.Source = intercept.Source(backend.Source, intercept.SourceHooks{
			AfterRead: func(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
				batch.Events = slices.DeleteFunc(slices.Clone(batch.Events), func(d feed.Delivery) bool { return fed(d.Stream, d.Event) })
				return batch, err
			},
		})
		backend.Events = intercept.Store(backend.Events, intercept.StoreHooks{
			AfterRead: func(_ context.Context, stream es.StreamName, _ es.Version, _ es.Freshness, events []es.Event, err error) ([]es.Event, error) {
				return slices.DeleteFunc(slices.Clone(events), func(e es.Event) bool { return read(stream, e) }), err
			},
		})
		return &harness.Server{
			How:   "with holes",
			Site:  func(context.Context, bool) (*harness.Site, error) { return &harness.Site{Backend: backend}, nil },
			Close: func() error { return nil },
		}, nil
	}}
}

func none(es.StreamName, es.Event) bool          { return false }
func theSecond(_ es.StreamName, e es.Event) bool { return e.Index == 1 }

// event is one with a body, and the moment that each event has.
func event(kind, body string) es.EventData {
	return es.EventData{ID: uuid.New(), Type: kind, Data: []byte(`{"at":"2024-05-01T12:00:00+00:00"` + body + `}`), Time: time.Unix(0, 0)}
}

// Each rule of the audit speaks up through the harness, of a scenario that has broken it
// and in its words.
func TestEachRuleOfTheAuditSpeaksUpThroughTheHarness(t *testing.T) {
	t.Parallel()
	const stay, group, booking = "6f5ad1f6-9b4c-4d62-8b37-2b2f3c2b7a01", "0f0c8ad5-0a3e-4a9d-9a35-6f1c2a2f9b02", "11111111-2222-4333-8444-555555555503"
	checkedIn, checkedOut := event("CheckedIn", ""), event("CheckedOut", "")
	charged := event("Charged", `,"amount":5.00,"chargeId":"`+booking+`"`)
	again := charged
	again.ID = uuid.New()
	transferred := func(amount string) es.EventData {
		return event("TransferredToGroup", `,"groupId":"`+group+`","residualBalance":`+amount)
	}
	selected := event("StaysSelected", `,"stays":["`+stay+`"]`)
	merged := func(amount string) es.EventData {
		return event("StaysMerged", `,"residuals":[{"stay":"`+stay+`","residual":`+amount+`}]`)
	}
	confirmed := event("Confirmed", "")
	for rule, c := range map[audit.Rule]struct {
		store  harness.Store
		ofStay []es.EventData
		group  []es.EventData
		says   string
	}{
		audit.Positions:  {holed(theSecond, theSecond), []es.EventData{checkedIn, charged, event("Rated", "")}, nil, "stay 101 in \"a scenario\" lacks event 1"},
		audit.Feed:       {holed(theSecond, none), nil, []es.EventData{selected, event("Rated", ""), event("Rated", "")}, "the feed passed over event 1 of the group"},
		audit.Body:       {harness.Store{}, []es.EventData{event("Charged", `,"amount":"much"`)}, nil, "event 0 (Charged) of stay 101"},
		audit.Closed:     {harness.Store{}, []es.EventData{checkedIn, checkedOut, charged}, nil, "event 2 (Charged) of stay 101"},
		audit.Twice:      {harness.Store{}, []es.EventData{charged, again}, nil, "books the charge " + booking + " again"},
		audit.Balance:    {harness.Store{}, []es.EventData{charged, checkedOut}, nil, "checks the guest out, but charges minus payments before it are 5"},
		audit.Residual:   {harness.Store{}, []es.EventData{charged, transferred("6.00")}, []es.EventData{selected, merged("6.00")}, "moves a residual of 6.00 to the group"},
		audit.Outcomes:   {harness.Store{}, nil, []es.EventData{selected, confirmed}, "confirms the group, but stays of it are still pending: 1"},
		audit.Transfer:   {harness.Store{}, []es.EventData{charged, transferred("5.00")}, nil, "but that group never selected the stay"},
		audit.Merge:      {harness.Store{}, []es.EventData{charged}, []es.EventData{selected, merged("5.00")}, "but that stay was not transferred"},
		audit.Amount:     {harness.Store{}, []es.EventData{charged, transferred("5.00")}, []es.EventData{selected, merged("4.00")}, "records a residual of 4.00 for stay 101"},
		audit.Checkpoint: {harness.Store{}, []es.EventData{charged}, []es.EventData{selected}, `lies past event 0 of the group in "a scenario", but stays that were selected by then are still pending: 1`},
	} {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			h, err := harness.Open(t.Context(), harness.Options{System: lazySystem(), Store: c.store})
			check.Must(t, err)
			w, err := h.World(t.Context(), harness.Scenario{Key: "a scenario", OwnReactor: true})
			check.Must(t, err)
			write := func(name, label string, events []es.EventData) {
				if len(events) == 0 {
					return
				}
				w.Name(stream(t, name), label)
				check.Must(t, check.Error(w.Store().Append(t.Context(), stream(t, name), 0, events)))
			}
			write("GuestStay-"+strings.ReplaceAll(stay, "-", ""), "stay 101", c.ofStay)
			write("GroupCheckout-"+strings.ReplaceAll(group, "-", ""), "the group", c.group)
			// What the reactor is to have passed, it has to be told of.
			if rule == audit.Checkpoint {
				check.Must(t, w.Eventually(t.Context(), func(context.Context) error { return nil }))
			}
			check.Must(t, w.Close(t.Context()))
			err = h.Audit(t.Context())
			if found, ok := errors.AsType[*hotel.ViolationsError](err); !ok || !slices.ContainsFunc(found.Violations, func(v audit.Violation) bool { return v.Rule == rule }) {
				t.Errorf("got %v, want a violation of the rule %s", err, rule)
			} else if !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q in it", err, c.says)
			}
			check.OK(t, h.Close(t.Context()))
		})
	}
}

// Work that the reactor has not got to is pending, and no violation.
func TestWhatWasNotHandledYetIsNoViolation(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, err := harness.Open(ctx, harness.Options{System: lazySystem()})
	check.Must(t, err)
	w, err := h.World(ctx, harness.Scenario{Key: "a scenario", OwnReactor: true})
	check.Must(t, err)
	check.Must(t, w.StopReactor(ctx))
	selected := event("StaysSelected", fmt.Sprintf(`,"stays":[%q]`, uuid.NewString()))
	_, err = w.Store().Append(ctx, stream(t, "GroupCheckout-"+strings.ReplaceAll(uuid.NewString(), "-", "")), 0, []es.EventData{selected})
	check.Must(t, err)
	check.OK(t, errors.Join(w.Close(ctx), h.Audit(ctx), h.Close(ctx)))
}

func TestTheAuditNamesAResidualThatNobodyHandedOver(t *testing.T) {
	t.Parallel()
	store, group, stay := memory.New(), domain.GroupID(uuid.New()), domain.StayID(uuid.New())
	service := groupcheckout.NewService(store, es.Options{})
	check.Must(t, service.Select(t.Context(), group, []domain.StayID{stay}, domain.MomentOf(time.Now())))
	audit := func() error {
		return hotel.System().Audit(t.Context(), harness.Left{Reader: store, Streams: []es.StreamName{service.Stream(group)}})
	}
	if err := audit(); err != nil {
		t.Fatalf("got %v for books that balance, want no error", err)
	}
	outcomes := groupcheckout.Outcomes{Merged: []groupcheckout.Residual{{Stay: stay, Residual: domain.MoneyOf(80)}}}
	if _, _, err := service.Record(t.Context(), group, outcomes); err != nil {
		t.Fatal(err)
	}
	err := audit()
	if _, ok := errors.AsType[*hotel.ViolationsError](err); !ok || !strings.Contains(err.Error(), "records a residual of 80") {
		t.Errorf("got %v, want one that names the residual", err)
	}
}

func TestEventsAreToldInTheWordsOfTheFrontDesk(t *testing.T) {
	t.Parallel()
	stay, group := stream(t, "GuestStay-1"), stream(t, "GroupCheckout-1")
	id := uuid.NewString()
	for _, c := range []struct {
		stream      es.StreamName
		event, body string
		want        string
	}{
		{stay, "CheckedIn", `{"at":"2026-06-01T09:00:00Z"}`, "checked in"},
		{stay, "Charged", `{"amount":80.00,"at":"2026-06-01T09:00:00Z","chargeId":"` + id + `"}`, "charged 80.00"},
		{stay, "TransferredToGroup", `{"at":"2026-06-01T09:00:00Z","groupId":"` + id + `","residualBalance":12.50}`, "merged, 12.50 unpaid"},
		{group, "StaysSelected", `{"at":"2026-06-01T09:00:00Z","stays":["` + id + `"]}`, "1 stay selected"},
		{group, "StaysSelected", `{"at":"2026-06-01T09:00:00Z","stays":["` + strings.Repeat(id+`","`, 999) + id + `"]}`, "1,000 stays selected"},
		{group, "StaysMerged", `{"residuals":[{"stay":"` + id + `","residual":80.00},{"stay":"` + id + `","residual":-30.00}]}`, "2 stays merged, 50.00 unpaid"},
		{stay, "Paid", `{"amount":-12.50,"at":"2026-06-01T09:00:00Z","paymentId":"` + id + `"}`, "paid out 12.50"},
		{stay, "TransferRefused", `{"at":"2026-06-01T09:00:00Z","groupId":"` + id + `"}`, "not merged: not on record"},
		{group, "Paid", `{"amount":12.50,"at":"2026-06-01T09:00:00Z","paymentId":"` + id + `"}`, "paid 12.50"},
		{group, "BusParked", `{}`, ""},
		{stay, "Charged", `{`, ""},
		{stream(t, "Other-1"), "Charged", `{}`, ""},
	} {
		check.Equal(t, c.event, c.want, hotel.System().Text(c.stream, es.EventData{Type: c.event, Data: []byte(c.body)}))
	}
}

func stream(t *testing.T, text string) es.StreamName {
	t.Helper()
	name, err := es.ParseStreamName(text)
	check.Must(t, err)
	return name
}
