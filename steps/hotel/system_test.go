package hotel_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/steps/hotel"
	"example.com/groupcheckout/stores/memory"
)

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
