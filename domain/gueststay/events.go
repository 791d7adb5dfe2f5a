package gueststay

import "example.com/groupcheckout/domain"

// Category is the category of the streams.
const Category = "GuestStay"

// Event is something that happened to a stay: [CheckedIn], [Charged], [Paid],
// [CheckedOut] or [TransferredToGroup].
//
//sumtype:decl
type Event interface{ isEvent() }

// CheckedIn is the guest's arrival.
//
//glossary:term check-in, or checked in
type CheckedIn struct {
	At domain.Moment `json:"at"`
}

// Charged is something that the guest owes.
type Charged struct {
	Amount   domain.Money    `json:"amount"`
	At       domain.Moment   `json:"at"`
	ChargeID domain.ChargeID `json:"chargeId"`
}

// Paid is something that the guest paid.
type Paid struct {
	Amount    domain.Money     `json:"amount"`
	At        domain.Moment    `json:"at"`
	PaymentID domain.PaymentID `json:"paymentId"`
}

// CheckedOut is the guest's departure with the account settled. Nothing follows
// it.
//
//glossary:term check-out, or checked out
type CheckedOut struct {
	At domain.Moment `json:"at"`
}

// TransferredToGroup hands the stay, with what is unpaid, to a group checkout.
// Nothing follows it.
//
//glossary:term transfer, or transferred
type TransferredToGroup struct {
	At              domain.Moment  `json:"at"`
	GroupID         domain.GroupID `json:"groupId"`
	ResidualBalance domain.Money   `json:"residualBalance"`
}

func (CheckedIn) isEvent()          {}
func (Charged) isEvent()            {}
func (Paid) isEvent()               {}
func (CheckedOut) isEvent()         {}
func (TransferredToGroup) isEvent() {}
