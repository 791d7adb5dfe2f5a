package groupcheckout

import (
	"slices"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
)

// State is what the decisions about a group checkout depend on. It is not
// changed once it was made. The zero value is a group of no stays.
type State struct {
	selected  []domain.StayID // in the order of selection
	pending   []domain.StayID // those of them that have no outcome, in the same order
	outcomes  es.Map[domain.StayID, outcome]
	payments  es.Map[domain.PaymentID, struct{}]
	balance   domain.Money
	confirmed bool
}

// outcome is what became of a selected stay.
type outcome struct {
	status   Status
	residual domain.Money // of a merged stay
	failure  Failure      // of a failed stay; zero if the record does not say why
}

// Equal compares amounts as such, whatever their scale.
func (o outcome) Equal(other outcome) bool {
	return o.status == other.status && o.residual.Equal(other.residual) && o.failure == other.failure
}

// Status is how far the merge of a stay is.
type Status int

const (
	// Unselected is a stay that the group knows nothing of.
	Unselected Status = iota
	// Pending is a stay that was selected and has no outcome yet.
	Pending
	// Merged is a stay whose residual is part of the group's balance.
	Merged
	// Failed is a stay that could not be merged.
	Failed
)

func (s Status) String() string {
	switch s {
	case Unselected:
		return "unselected"
	case Pending:
		return "pending"
	case Merged:
		return "merged"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// Balance is the residuals of the merged stays minus what was paid.
func (s State) Balance() domain.Money { return s.balance }

// Confirmed tells whether the group checkout has ended.
func (s State) Confirmed() bool { return s.confirmed }

// Status tells how far the merge of a stay is.
func (s State) Status(stay domain.StayID) Status { return s.outcome(stay).status }

func (s State) outcome(stay domain.StayID) outcome {
	o, _ := s.outcomes.Get(stay)
	return o
}

// Residual is what moved to the group with a merged stay, and 0 for any other.
func (s State) Residual(stay domain.StayID) domain.Money { return s.outcome(stay).residual }

// Failure is why a stay could not be merged; ok is false if it did not fail, or if
// the record does not say why.
func (s State) Failure(stay domain.StayID) (f Failure, ok bool) {
	f = s.outcome(stay).failure
	return f, f.WhyNot != ""
}

// Stays lists the stays with the given status in the order of selection. The
// slice is the caller's.
func (s State) Stays(status Status) []domain.StayID {
	if status == Pending {
		return slices.Clone(s.pending)
	}
	var found []domain.StayID
	for _, stay := range s.selected {
		if s.Status(stay) == status {
			found = append(found, stay)
		}
	}
	return found
}

// Fold is the state after events.
func Fold(s State, events []Event) State {
	f := folding{State: s, outcomes: map[domain.StayID]outcome{}, payments: map[domain.PaymentID]struct{}{}}
	f.selected, f.pending = slices.Clip(s.selected), slices.Clip(s.pending) // appending copies
	for _, event := range events {
		switch e := event.(type) {
		case StaysSelected:
			for _, stay := range e.Stays {
				f.note(stay, outcome{status: Pending})
			}
		case StaysMerged:
			for _, r := range e.Residuals {
				f.note(r.Stay, outcome{status: Merged, residual: r.Residual})
				f.balance = f.balance.Plus(r.Residual)
			}
		case MergesFailed:
			for _, stay := range e.Stays {
				f.note(stay, outcome{status: Failed})
			}
			for _, failure := range e.Reasons {
				if f.outcome(failure.Stay).status == Failed {
					f.note(failure.Stay, outcome{status: Failed, failure: failure})
				}
			}
		case Paid:
			f.balance = f.balance.Minus(e.Amount)
			f.payments[e.PaymentID] = struct{}{}
		case Confirmed:
			f.confirmed = true
		}
	}
	return f.done()
}

// folding is a state to which events are added. What they change is kept apart, so that
// it costs what they are, and not what the state holds.
type folding struct {
	State

	outcomes map[domain.StayID]outcome
	payments map[domain.PaymentID]struct{}
	decided  int  // stays that were pending and have an outcome now
	again    bool // one that had an outcome is pending
}

func (f *folding) outcome(stay domain.StayID) outcome {
	if o, changed := f.outcomes[stay]; changed {
		return o
	}
	if waits := f.pending[min(f.decided, len(f.pending)):]; len(waits) > 0 && waits[0] == stay { // most often the next one
		return outcome{status: Pending}
	}
	return f.State.outcome(stay)
}

// note keeps the outcome of a stay.
func (f *folding) note(stay domain.StayID, o outcome) {
	before := f.outcome(stay).status
	if before == Unselected {
		f.selected = append(f.selected, stay)
	}
	switch {
	case o.status != Pending && before == Pending:
		f.decided++
	case o.status == Pending && before == Unselected:
		f.pending = append(f.pending, stay)
	case o.status == Pending && before != Pending:
		f.again = true
	}
	f.outcomes[stay] = o
}

// done is the state with what has changed.
func (f *folding) done() State {
	s := f.State
	s.outcomes, s.payments = s.outcomes.With(f.outcomes), s.payments.With(f.payments)
	for ; f.decided > 0 && !f.again && s.Status(s.pending[0]) != Pending; f.decided-- { // by far the most often those in front
		s.pending = s.pending[1:]
	}
	if f.decided > 0 || f.again {
		s.pending = slices.DeleteFunc(slices.Clone(s.selected), func(stay domain.StayID) bool { return s.Status(stay) != Pending })
	}
	return s
}

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
