package gueststay

import (
	"slices"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// State is what the decisions about a stay depend on. It is not changed once
// it was made. The zero value is a stay that nothing is known of.
type State struct {
	known       bool
	checkedIn   *domain.Moment
	charges     es.Map[domain.ChargeID, struct{}]
	payments    es.Map[domain.PaymentID, struct{}]
	balance     domain.Money
	checkedOut  bool
	transferred *TransferredToGroup
	refused     []domain.GroupID // that asked before anything was on record
}

// Balance is what was charged minus what was paid.
func (s State) Balance() domain.Money { return s.balance }

// Known tells whether anything is on record of the stay. That a group was refused
// is not.
func (s State) Known() bool { return s.known }

// CheckedOut tells whether the guest left with the account settled.
func (s State) CheckedOut() bool { return s.checkedOut }

// Group is the group that the stay was transferred to; ok is false if it was
// not.
func (s State) Group() (id domain.GroupID, ok bool) {
	if s.transferred == nil {
		return id, false
	}
	return s.transferred.GroupID, true
}

// Fold is the state after events.
func Fold(s State, events []Event) State {
	var charges map[domain.ChargeID]struct{} // most folds are of an event that needs neither
	var payments map[domain.PaymentID]struct{}
	s.refused = slices.Clip(s.refused) // appending copies
	for _, event := range events {
		switch e := event.(type) {
		case CheckedIn:
			s.checkedIn = &e.At
		case Charged:
			s.balance = s.balance.Plus(e.Amount)
			charges = added(charges, e.ChargeID)
		case Paid:
			s.balance = s.balance.Minus(e.Amount)
			payments = added(payments, e.PaymentID)
		case CheckedOut:
			s.checkedOut = true
		case TransferredToGroup:
			s.transferred = &e
		case TransferRefused:
			s.refused = append(s.refused, e.GroupID)
			continue
		}
		s.known = true
	}
	s.charges, s.payments = s.charges.With(charges), s.payments.With(payments)
	return s
}

// added is a set with one more, made if there is none.
func added[K comparable](set map[K]struct{}, id K) map[K]struct{} {
	if set == nil {
		set = map[K]struct{}{}
	}
	set[id] = struct{}{}
	return set
}
