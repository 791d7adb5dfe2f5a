package groupcheckout

import (
	"maps"
	"slices"

	"example.com/groupcheckout/domain"
)

// State is what the decisions about a group checkout depend on. It is not
// changed once it was made. The zero value is a group of no stays.
type State struct {
	selected  []domain.StayID // in the order of selection
	outcomes  map[domain.StayID]outcome
	payments  map[domain.PaymentID]struct{}
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
func (s State) Status(stay domain.StayID) Status { return s.outcomes[stay].status }

// Residual is what moved to the group with a merged stay, and 0 for any other.
func (s State) Residual(stay domain.StayID) domain.Money { return s.outcomes[stay].residual }

// Failure is why a stay could not be merged; ok is false if it did not fail, or if
// the record does not say why.
func (s State) Failure(stay domain.StayID) (f Failure, ok bool) {
	f = s.outcomes[stay].failure
	return f, f.WhyNot != ""
}

// Stays lists the stays with the given status in the order of selection. The
// slice is the caller's.
func (s State) Stays(status Status) []domain.StayID {
	var found []domain.StayID
	for _, stay := range s.selected {
		if s.outcomes[stay].status == status {
			found = append(found, stay)
		}
	}
	return found
}

// Fold is the state after events.
func Fold(s State, events []Event) State {
	s.selected = slices.Clip(s.selected) // appending copies
	s.outcomes, s.payments = maps.Clone(s.outcomes), maps.Clone(s.payments)
	if s.outcomes == nil {
		s.outcomes, s.payments = map[domain.StayID]outcome{}, map[domain.PaymentID]struct{}{}
	}
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
			for _, stay := range e.Stays {
				s.note(stay, outcome{status: Failed})
			}
			for _, f := range e.Reasons {
				if s.outcomes[f.Stay].status == Failed {
					s.note(f.Stay, outcome{status: Failed, failure: f})
				}
			}
		case Paid:
			s.balance = s.balance.Minus(e.Amount)
			s.payments[e.PaymentID] = struct{}{}
		case Confirmed:
			s.confirmed = true
		}
	}
	return s
}

// note keeps the outcome of a stay in a state that Fold owns.
func (s *State) note(stay domain.StayID, o outcome) {
	if _, known := s.outcomes[stay]; !known {
		s.selected = append(s.selected, stay)
	}
	s.outcomes[stay] = o
}
