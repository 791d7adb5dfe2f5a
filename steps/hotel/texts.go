package hotel

import (
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
)

// texts says in the words of the front desk what happened.
type texts struct {
	stays  *es.Codec[gueststay.Event]
	groups *es.Codec[groupcheckout.Event]
}

func newTexts() *texts { return &texts{gueststay.Codec(), groupcheckout.Codec()} }

// of is what an event says; empty for one that is not the hotel's.
func (t *texts) of(stream es.StreamName, event es.EventData) string {
	switch stream.Category() {
	case gueststay.Category:
		if e, known, err := t.stays.Decode(event.Type, event.Data); known && err == nil {
			return ofStay(e)
		}
	case groupcheckout.Category:
		if e, known, err := t.groups.Decode(event.Type, event.Data); known && err == nil {
			return ofGroup(e)
		}
	}
	return ""
}

func ofStay(event gueststay.Event) string {
	switch e := event.(type) {
	case gueststay.CheckedIn:
		return "checked in"
	case gueststay.Charged:
		return "charged " + e.Amount.String()
	case gueststay.Paid:
		return paid(e.Amount)
	case gueststay.CheckedOut:
		return "checked out"
	case gueststay.TransferredToGroup:
		return "merged, " + e.ResidualBalance.ForReaders() + " unpaid"
	case gueststay.TransferRefused:
		return "not merged: not on record"
	}
	return ""
}

func ofGroup(event groupcheckout.Event) string {
	switch e := event.(type) {
	case groupcheckout.StaysSelected:
		return stays(len(e.Stays)) + " selected"
	case groupcheckout.StaysMerged:
		sum := domain.MoneyOf(0)
		for _, r := range e.Residuals {
			sum = sum.Plus(r.Residual)
		}
		return fmt.Sprintf("%s merged, %s unpaid", stays(len(e.Residuals)), sum.ForReaders())
	case groupcheckout.MergesFailed:
		return stays(len(e.Stays)) + " not merged"
	case groupcheckout.Paid:
		return paid(e.Amount)
	case groupcheckout.Confirmed:
		return "confirmed"
	}
	return ""
}

func stays(n int) string { return plural.Thousands(n) + " " + plural.Word(n, "stay") }

func paid(amount domain.Money) string {
	if amount.Sign() < 0 {
		return "paid out " + amount.Negated().String()
	}
	return "paid " + amount.String()
}
