package groupcheckout

import "example.com/groupcheckout/domain"

// Step is what comes next for a group checkout: [MergeStays], [Settle] or
// [Nothing].
//
//sumtype:decl
type Step interface{ isStep() }

// MergeStays is a step for the process: merge the pending stays.
type MergeStays struct{ group State }

// Len is the number of pending stays.
func (m MergeStays) Len() int { return m.group.pending }

// Pending yields the pending stays in the order of selection.
func (m MergeStays) Pending(yield func(domain.StayID) bool) {
	m.group.from(m.group.visited, Pending)(yield)
}

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
	case s.pending > 0:
		return MergeStays{s}
	case s.confirmed:
		return Nothing{}
	}
	return Settle{s.balance}
}
