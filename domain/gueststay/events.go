package gueststay

import "example.com/groupcheckout/domain"

// Category is the category of the streams.
const Category = "GuestStay"

// Event is something that happened to a stay: [CheckedIn], [Charged], [Paid],
// [CheckedOut], [TransferredToGroup] or [TransferRefused].
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

// Paid is something that the guest paid or, below zero, that was paid out to the
// guest.
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

// TransferredToGroup closes the stay and moves what is unpaid to a group checkout.
// Nothing follows it.
//
//glossary:term merge, or merged
type TransferredToGroup struct {
	At              domain.Moment  `json:"at"`
	GroupID         domain.GroupID `json:"groupId"`
	ResidualBalance domain.Money   `json:"residualBalance"`
}

// TransferRefused is the answer to a group that asked for the stay before anything
// was on record of it. For that group the answer is final, also if the guest
// arrives later; it puts nothing on record. The .NET programs pass it over.
type TransferRefused struct {
	At      domain.Moment  `json:"at"`
	GroupID domain.GroupID `json:"groupId"`
}

func (CheckedIn) isEvent()          {}
func (Charged) isEvent()            {}
func (Paid) isEvent()               {}
func (CheckedOut) isEvent()         {}
func (TransferredToGroup) isEvent() {}
func (TransferRefused) isEvent()    {}
