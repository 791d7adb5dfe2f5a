package groupcheckout

import (
	"iter"

	"github.com/benbjohnson/immutable"

	"example.com/groupcheckout/domain"
)

// State is what the decisions about a group checkout depend on. It is not
// changed once it was made. The zero value is a group of no stays.
type State struct {
	selected  *immutable.List[domain.StayID] // in the order of selection; nil for none
	visited   int                            // how many of these come before the first that is pending
	pending   int                            // how many are
	outcomes  domain.Table[domain.StayID, outcome]
	payments  domain.Table[domain.PaymentID, struct{}]
	balance   domain.Money
	confirmed bool
}

// outcome is what became of a selected stay.
type outcome struct {
	status   Status
	residual domain.Money // of a merged stay
	failure  Failure      // of a failed stay; zero if the record does not say why
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
func (s State) Status(stay domain.StayID) Status {
	o, _ := s.outcomes.Get(stay)
	return o.status
}

// Residual is what moved to the group with a merged stay, and 0 for any other.
func (s State) Residual(stay domain.StayID) domain.Money {
	o, _ := s.outcomes.Get(stay)
	return o.residual
}

// Failure is why a stay could not be merged; ok is false if it did not fail, or if
// the record does not say why.
func (s State) Failure(stay domain.StayID) (f Failure, ok bool) {
	o, _ := s.outcomes.Get(stay)
	return o.failure, o.failure.WhyNot != ""
}

// Stays lists the stays with the given status in the order of selection. The
// slice is the caller's.
func (s State) Stays(status Status) []domain.StayID {
	var found []domain.StayID
	for stay := range s.from(0, status) {
		found = append(found, stay)
	}
	return found
}

// from yields the stays with a status, from a place in the order of selection on.
func (s State) from(first int, status Status) iter.Seq[domain.StayID] {
	return func(yield func(domain.StayID) bool) {
		if s.selected == nil || first == s.selected.Len() {
			return
		}
		stays := s.selected.Iterator()
		for stays.Seek(first); !stays.Done(); {
			if _, stay := stays.Next(); s.Status(stay) == status && !yield(stay) {
				return
			}
		}
	}
}

// Fold is the state after events. It costs what they cost, and next to nothing for
// what the group holds.
func Fold(s State, events []Event) State {
	for _, event := range events {
		switch e := event.(type) {
		case StaysSelected:
			for _, stay := range e.Stays {
				s.note(stay, outcome{status: Pending})
			}
		case StaysMerged:
			for _, r := range e.Residuals {
				s.note(r.Stay, outcome{status: Merged, residual: r.Residual})
				s.balance = s.balance.Plus(r.Residual)
			}
		case MergesFailed:
			s.fail(e)
		case Paid:
			s.balance = s.balance.Minus(e.Amount)
			s.payments = s.payments.With(e.PaymentID, struct{}{})
		case Confirmed:
			s.confirmed = true
		}
	}
	if s.selected != nil {
		for s.visited < s.selected.Len() && s.Status(s.selected.Get(s.visited)) != Pending {
			s.visited++
		}
	}
	return s
}

// fail notes the failures of an event, with the reasons that it gives.
func (s *State) fail(e MergesFailed) {
	why := make(map[domain.StayID]Failure, len(e.Reasons))
	for _, f := range e.Reasons {
		why[f.Stay] = f
	}
	for _, stay := range e.Stays {
		s.note(stay, outcome{status: Failed, failure: why[stay]})
	}
}

// note keeps the outcome of a stay.
func (s *State) note(stay domain.StayID, o outcome) {
	before, known := s.outcomes.Get(stay)
	if !known {
		if s.selected == nil {
			s.selected = immutable.NewList[domain.StayID]()
		}
		s.selected = s.selected.Append(stay)
	}
	s.outcomes = s.outcomes.With(stay, o)
	switch {
	case o.status == Pending && before.status != Pending:
		s.pending++
		if known { // it has had an outcome, and is pending once more
			s.visited = 0
		}
	case o.status != Pending && before.status == Pending:
		s.pending--
	}
}
