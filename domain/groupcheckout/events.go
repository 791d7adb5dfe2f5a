package groupcheckout

import "example.com/groupcheckout/domain"

// Category is the category of the streams.
const Category = "GroupCheckout"

// Event is something that happened to a group checkout: [StaysSelected],
// [StaysMerged], [MergesFailed], [Paid] or [Confirmed].
//
//sumtype:decl
type Event interface{ isEvent() }

// StaysSelected puts stays on the group's list.
type StaysSelected struct {
	At    domain.Moment   `json:"at"`
	Stays []domain.StayID `json:"stays"`
}

// StaysMerged records the stays that the group took over.
type StaysMerged struct {
	Residuals []Residual `json:"residuals"`
}

// Residual is the unpaid balance of a stay, which moved to the group.
type Residual struct {
	Stay     domain.StayID `json:"stay"`
	Residual domain.Money  `json:"residual"`
}

// MergesFailed records the stays that could not be merged. The .NET programs
// neither write the reasons nor mind them.
type MergesFailed struct {
	Stays   []domain.StayID `json:"stays"`
	Reasons []Failure       `json:"reasons,omitzero"` // one for each stay, unless another program wrote the event
}

// Failure is why a stay could not be merged.
type Failure struct {
	Stay   domain.StayID  `json:"stay"`
	WhyNot domain.WhyNot  `json:"whyNot"`           // one of domain's, unless a newer program wrote it
	Group  domain.GroupID `json:"groupId,omitzero"` // the one that had the stay, for [domain.OtherGroup]
}

// Paid is something that was paid for the group or, below zero, that was paid out
// to it.
type Paid struct {
	Amount    domain.Money     `json:"amount"`
	At        domain.Moment    `json:"at"`
	PaymentID domain.PaymentID `json:"paymentId"`
}

// Confirmed ends the group checkout. Nothing follows it.
type Confirmed struct {
	At domain.Moment `json:"at"`
}

func (StaysSelected) isEvent() {}
func (StaysMerged) isEvent()   {}
func (MergesFailed) isEvent()  {}
func (Paid) isEvent()          {}
func (Confirmed) isEvent()     {}
