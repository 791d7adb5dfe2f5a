package groupcheckout

import (
	"slices"

	"example.com/groupcheckout/domain"
)

// Step is what comes next for a group checkout: [MergeStays], [Settle] or
// [Nothing].
//
//sumtype:decl
type Step interface{ isStep() }

// MergeStays is a step for the process: merge these stays, in this order. The list is
// shared and must not be changed.
type MergeStays struct{ Pending []domain.StayID }

// Settle is a step for the clerk: take the payment, if there is a balance, and
// confirm.
type Settle struct{ Balance domain.Money }

// Nothing is left to be done: the group is confirmed.
type Nothing struct{}

func (MergeStays) isStep() {}
func (Settle) isStep()     {}
func (Nothing) isStep()    {}

// Next turns the state of a group into its next step.
func Next(s State) Step {
	switch {
	case len(s.pending) > 0:
		return MergeStays{slices.Clip(s.pending)}
	case s.confirmed:
		return Nothing{}
	}
	return Settle{s.balance}
}
