package groupcheckout

import (
	"errors"
	"fmt"

	"example.com/groupcheckout/domain"
)

// ErrConfirmed refuses what cannot be done once the group is confirmed.
var ErrConfirmed = errors.New("the group checkout is already confirmed")

// ProcessingError refuses to confirm a group while merges are pending.
type ProcessingError struct{ Pending int }

func (e *ProcessingError) Error() string {
	return fmt.Sprintf("selected stays still wait to be visited: %d", e.Pending)
}

// selectStays puts those stays on the list that are not on it yet, each once.
func selectStays(stays []domain.StayID, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		if s.confirmed {
			return nil, ErrConfirmed
		}
		var fresh []domain.StayID
		first := firstTime()
		for _, stay := range stays {
			if s.Status(stay) == Unselected && first(stay) {
				fresh = append(fresh, stay)
			}
		}
		if len(fresh) == 0 {
			return nil, nil
		}
		return []Event{StaysSelected{at, fresh}}, nil
	}
}

// Outcomes is what became of some of the pending stays.
type Outcomes struct {
	Merged []Residual
	Failed []Failure
}

// firstTime returns a function that tells whether it is asked about a stay for
// the first time.
func firstTime() func(domain.StayID) bool {
	asked := map[domain.StayID]struct{}{}
	return func(stay domain.StayID) bool {
		_, again := asked[stay]
		asked[stay] = struct{}{}
		return !again
	}
}

// LateMergeError says that a stay has been handed over to a group that was
// confirmed without it. Nobody will settle the residual unless a person does.
type LateMergeError struct{ Residual Residual }

func (e *LateMergeError) Error() string {
	return fmt.Sprintf("stay %s was handed over with a balance of %s, but the group had been confirmed without it: settle it by hand",
		e.Residual.Stay, e.Residual.Residual)
}

// recordOutcomes notes the outcomes of stays that are still pending, the first
// of each. Those of others were noted already, by another run of the process.
//
// A stay gives every run of the process the same answer, so a run that finds
// another outcome on record than its own has met another program: the .NET reactor
// passes over the refusal of a stay that was not on record, and may take the stay
// over. A merge therefore corrects a failure. Only a group that was confirmed
// meanwhile cannot take the residual: that is a [*LateMergeError], one for each
// such stay, joined.
func recordOutcomes(outcomes Outcomes) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		var events []Event
		first, waits := firstTime(), s.pending
		var merged []Residual
		var late []error
		for _, r := range outcomes.Merged {
			status := Pending
			if len(waits) > 0 && waits[0] == r.Stay { // most often the next one
				waits = waits[1:]
			} else {
				status = s.Status(r.Stay)
			}
			switch {
			case status == Failed && s.confirmed:
				late = append(late, &LateMergeError{r})
			case (status == Pending || status == Failed) && first(r.Stay):
				merged = append(merged, r)
			}
		}
		if len(late) > 0 {
			return nil, errors.Join(late...)
		}
		if len(merged) > 0 {
			events = append(events, StaysMerged{merged})
		}
		var failed MergesFailed
		for _, f := range outcomes.Failed {
			if s.Status(f.Stay) == Pending && first(f.Stay) {
				failed.Stays = append(failed.Stays, f.Stay)
				failed.Reasons = append(failed.Reasons, f)
			}
		}
		if len(failed.Stays) > 0 {
			events = append(events, failed)
		}
		return events, nil
	}
}

// pay takes from what the group owes; it may come before the merges, between
// and after them. The same payment again changes nothing, also once the group
// is confirmed: the clerk may have missed the first answer. A payment that brings
// the balance nearer to zero is always taken, however large or fine it is: the
// balance of a group is never stored.
func pay(id domain.PaymentID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.payments.Get(id)
		switch {
		case amount.Sign() <= 0:
			return nil, &domain.NotAboveZeroError{Amount: amount}
		case again:
			return nil, nil
		case s.confirmed:
			return nil, ErrConfirmed
		case s.balance.Minus(amount).Sign() < 0 && !s.balance.Minus(amount).InRange():
			return nil, &domain.TooLargeError{Amount: amount, Balance: s.balance} // a .NET program could not add it up
		}
		return []Event{Paid{amount, at, id}}, nil
	}
}

// payOut gives back what was paid too much for the group, in full or in part, at any
// time before it is confirmed. It is stored as a payment below zero, which the .NET
// programs add up rightly. The same pay-out again changes nothing.
func payOut(id domain.PaymentID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.payments.Get(id)
		credit := s.balance.Credit()
		switch {
		case amount.Sign() <= 0:
			return nil, &domain.NotAboveZeroError{Amount: amount}
		case again:
			return nil, nil
		case s.confirmed:
			return nil, ErrConfirmed
		case amount.Cmp(credit) > 0:
			return nil, &domain.CreditError{Amount: amount, Credit: credit}
		}
		return []Event{Paid{amount.Negated(), at, id}}, nil
	}
}

// confirm ends a group whose merges all have an outcome and whose balance is
// zero; again it changes nothing.
func confirm(at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		switch {
		case s.confirmed:
			return nil, nil
		case len(s.pending) > 0:
			return nil, &ProcessingError{len(s.pending)}
		case !s.balance.IsZero():
			return nil, &domain.BalanceError{Balance: s.balance}
		}
		return []Event{Confirmed{at}}, nil
	}
}
