package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// The streams of these tests. They are written s1, s2, g1 and g2.
const (
	s1 = "GuestStay-00000000000000000000000000000001"
	s2 = "GuestStay-00000000000000000000000000000002"
	g1 = "GroupCheckout-000000000000000000000000000000a1"
	g2 = "GroupCheckout-000000000000000000000000000000a2"
)

func stayID(n byte) domain.StayID   { return domain.StayID{15: n} }
func groupID(n byte) domain.GroupID { return domain.GroupID{15: 0xa0 + n} }

func opening() domain.Moment { return domain.MomentOf(time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)) }

// The events, by what the tests want to say of them.
func checkedIn() gueststay.Event  { return gueststay.CheckedIn{At: opening()} }
func checkedOut() gueststay.Event { return gueststay.CheckedOut{At: opening()} }

func charged(amount int64, id byte) gueststay.Event {
	return gueststay.Charged{Amount: domain.MoneyOf(amount), At: opening(), ChargeID: domain.ChargeID{15: id}}
}

func paid(amount int64, id byte) gueststay.Event {
	return gueststay.Paid{Amount: domain.MoneyOf(amount), At: opening(), PaymentID: domain.PaymentID{15: id}}
}

func transferred(group byte, residual int64) gueststay.Event {
	return gueststay.TransferredToGroup{At: opening(), GroupID: groupID(group), ResidualBalance: domain.MoneyOf(residual)}
}

func selected(stays ...byte) groupcheckout.Event {
	return groupcheckout.StaysSelected{At: opening(), Stays: stayIDs(stays)}
}

func merged(stay byte, residual int64) groupcheckout.Event {
	return groupcheckout.StaysMerged{Residuals: []groupcheckout.Residual{{Stay: stayID(stay), Residual: domain.MoneyOf(residual)}}}
}

func failed(stays ...byte) groupcheckout.Event {
	return groupcheckout.MergesFailed{Stays: stayIDs(stays)}
}

func refusedTo(group byte) gueststay.Event {
	return gueststay.TransferRefused{At: opening(), GroupID: groupID(group)}
}

// failedFor is failed, with the reason.
func failedFor(why domain.WhyNot, stay, other byte) groupcheckout.Event {
	f := groupcheckout.Failure{Stay: stayID(stay), WhyNot: why}
	if other > 0 {
		f.Group = groupID(other)
	}
	return groupcheckout.MergesFailed{Stays: stayIDs([]byte{stay}), Reasons: []groupcheckout.Failure{f}}
}

func groupPaid(amount int64, id byte) groupcheckout.Event {
	return groupcheckout.Paid{Amount: domain.MoneyOf(amount), At: opening(), PaymentID: domain.PaymentID{15: id}}
}

func confirmed() groupcheckout.Event { return groupcheckout.Confirmed{At: opening()} }

func stayIDs(stays []byte) []domain.StayID {
	ids := make([]domain.StayID, len(stays))
	for i, n := range stays {
		ids[i] = stayID(n)
	}
	return ids
}

// raw is an event that no codec wrote; hole is one that is not there.
type raw struct{ kind, body string }

type hole struct{}

// history is what some streams hold.
type history map[string][]any

// stored are the events of a stream, as a store returns them.
func stored(t testing.TB, events []any) []es.Event {
	t.Helper()
	var all []es.Event
	for i, event := range events {
		var kind string
		var body []byte
		var err error
		switch e := event.(type) {
		case hole:
			continue
		case raw:
			kind, body = e.kind, []byte(e.body)
		case gueststay.Event:
			kind, body, err = gueststay.Codec().Encode(e)
		case groupcheckout.Event:
			kind, body, err = groupcheckout.Codec().Encode(e)
		default:
			t.Fatalf("%T is no event", event)
		}
		check.Must(t, err)
		all = append(all, es.Event{Index: es.Version(i), EventData: es.EventData{ID: uuid.New(), Type: kind, Data: body, Time: opening().Time()}})
	}
	return all
}

// books are those of a history.
func books(t testing.TB, h history) *audit.Books {
	t.Helper()
	b := audit.NewBooks()
	for name, events := range h {
		for _, e := range stored(t, events) {
			b.Add(stream(t, name), e)
		}
	}
	return b
}

func stream(t testing.TB, name string) es.StreamName {
	t.Helper()
	parsed, err := es.ParseStreamName(name)
	check.Must(t, err)
	return parsed
}

// sentences are violations in short: the streams are called as in the tests.
func sentences(violations []audit.Violation) []string {
	short := strings.NewReplacer(s1, "s1", s2, "s2", g1, "g1", g2, "g2", "00000000-0000-0000-0000-", "#")
	var list []string
	for _, v := range violations {
		list = append(list, short.Replace(v.String()))
	}
	return list
}
