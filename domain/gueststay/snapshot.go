package gueststay

import (
	"errors"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// Snapshots reads and writes the snapshots of stays. They need another name when a state
// comes to hold more, or when Fold makes something else of the same events.
func Snapshots() *es.SnapshotCodec[State] {
	return es.SnapshotAs("Snapshotted.1", toSnapshot, fromSnapshot)
}

// snapshot is a state as it is stored.
type snapshot struct {
	Known       bool                 `json:"known"`
	CheckedIn   []domain.Moment      `json:"checkedIn"` // one at the most
	Charges     domain.ChargeIDs     `json:"charges"`
	Payments    domain.PaymentIDs    `json:"payments"`
	Balance     domain.Money         `json:"balance"`
	CheckedOut  bool                 `json:"checkedOut"`
	Transferred []TransferredToGroup `json:"transferred"` // one at the most
	Refused     []domain.GroupID     `json:"refused"`
}

func toSnapshot(s State) snapshot {
	kept := snapshot{
		Known: s.known, Balance: s.balance, CheckedOut: s.checkedOut, Refused: s.refused,
		Charges: domain.SortedIDs(s.charges.All()), Payments: domain.SortedIDs(s.payments.All()),
	}
	if s.checkedIn != nil {
		kept.CheckedIn = []domain.Moment{*s.checkedIn}
	}
	if s.transferred != nil {
		kept.Transferred = []TransferredToGroup{*s.transferred}
	}
	return kept
}

func fromSnapshot(kept snapshot) (State, error) {
	s := State{known: kept.Known, balance: kept.Balance, checkedOut: kept.CheckedOut, refused: kept.Refused}
	s.charges, s.payments = s.charges.With(kept.Charges.Set()), s.payments.With(kept.Payments.Set())
	if len(kept.CheckedIn) > 1 || len(kept.Transferred) > 1 {
		return State{}, errors.New("a stay has one check-in and one transfer at the most")
	}
	for i := range kept.CheckedIn {
		s.checkedIn = &kept.CheckedIn[i]
	}
	for i := range kept.Transferred {
		s.transferred = &kept.Transferred[i]
	}
	return s, nil
}
