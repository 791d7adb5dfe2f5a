package gueststay

import (
	"errors"
	"fmt"
	"slices"

	"example.com/groupcheckout/domain"
)

// ErrCheckedOut refuses what cannot be done once the guest has left.
var ErrCheckedOut = errors.New("the guest has already checked out")

// ErrNotOnRecord refuses to check out a stay of which nothing is on record.
var ErrNotOnRecord = errors.New("the stay is not on record")

// TransferredError refuses what cannot be done once a group has taken the stay
// over.
type TransferredError struct{ Group domain.GroupID }

func (e *TransferredError) Error() string {
	return fmt.Sprintf("the guest has left with group %s", e.Group)
}

// CheckedInError refuses to check a guest in at another time than before.
type CheckedInError struct{ Before, Now domain.Moment }

func (e *CheckedInError) Error() string {
	return fmt.Sprintf("the guest checked in at %s already, not at %s", e.Before, e.Now)
}

// checkIn happens once. The same time again changes nothing; another time is a
// [*CheckedInError].
func checkIn(at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		switch {
		case s.checkedIn != nil && s.checkedIn.Equal(at):
			return nil, nil
		case s.checkedIn != nil:
			return nil, &CheckedInError{*s.checkedIn, at}
		}
		return open(s, CheckedIn{at})
	}
}

// charge adds to what the guest owes. The same charge again changes nothing,
// also after the stay has ended: the clerk may have missed the first answer.
func charge(id domain.ChargeID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.charges.Get(id)
		return book(s, again, amount, s.balance.Plus(amount), Charged{amount, at, id})
	}
}

// pay takes from what the guest owes, and may take more than that. The same
// payment again changes nothing, as for a charge.
func pay(id domain.PaymentID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.payments.Get(id)
		return book(s, again, amount, s.balance.Minus(amount), Paid{amount, at, id})
	}
}

// payOut gives back what the guest has paid too much, in full or in part. It is
// stored as a payment below zero, which the .NET programs add up rightly. The same
// pay-out again changes nothing, as for a charge.
func payOut(id domain.PaymentID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.payments.Get(id)
		events, err := book(s, again, amount, s.balance.Plus(amount), Paid{amount.Negated(), at, id})
		if credit := s.balance.Credit(); len(events) > 0 && amount.Cmp(credit) > 0 {
			return nil, &domain.CreditError{Amount: amount, Credit: credit}
		}
		return events, err
	}
}

// checkOut ends a stay that is on record and whose balance is zero; again it
// changes nothing.
func checkOut(at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		switch {
		case s.checkedOut:
			return nil, nil
		case !s.known:
			return nil, ErrNotOnRecord
		case s.transferred == nil && !s.balance.IsZero():
			return nil, &domain.BalanceError{Balance: s.balance}
		}
		return open(s, CheckedOut{at})
	}
}

// Answer is what a stay says to a group that asks for it. It is the same for
// whoever asks again on behalf of that group.
type Answer struct {
	Residual domain.Money   // what was unpaid moves to the group, if WhyNot is empty
	WhyNot   domain.WhyNot  // why the stay cannot be merged; empty if it is
	Group    domain.GroupID // the one that has the stay, for [domain.OtherGroup]
}

// transfer answers a group that asks for the stay, and hands it over if it is open
// and on record. The answer depends on what is on record when the group asks for
// the first time: whatever ends a stay is final, and where nothing is on record the
// refusal is.
func transfer(group domain.GroupID, at domain.Moment) func(State) (Answer, []Event, error) {
	return func(s State) (Answer, []Event, error) {
		switch {
		case s.transferred != nil && s.transferred.GroupID == group:
			return Answer{Residual: s.transferred.ResidualBalance}, nil, nil
		case slices.Contains(s.refused, group):
			return Answer{WhyNot: domain.NotOnRecord}, nil, nil
		case s.transferred != nil:
			return Answer{WhyNot: domain.OtherGroup, Group: s.transferred.GroupID}, nil, nil
		case s.checkedOut:
			return Answer{WhyNot: domain.CheckedOut}, nil, nil
		case !s.known:
			return Answer{WhyNot: domain.NotOnRecord}, []Event{TransferRefused{at, group}}, nil
		}
		return Answer{Residual: s.balance}, []Event{TransferredToGroup{at, group, s.balance}}, nil
	}
}

// book yields the event of a charge, a payment or a pay-out that brings the balance to
// after, unless the same was booked before.
func book(s State, again bool, amount, after domain.Money, event Event) ([]Event, error) {
	switch {
	case amount.Sign() <= 0:
		return nil, &domain.NotAboveZeroError{Amount: amount}
	case again:
		return nil, nil
	}
	events, err := open(s, event)
	if err == nil && !after.Storable() {
		return nil, &domain.TooLargeError{Amount: amount, Balance: s.balance}
	}
	return events, err
}

// open yields the event if the stay has not ended.
func open(s State, event Event) ([]Event, error) {
	switch {
	case s.transferred != nil:
		return nil, &TransferredError{s.transferred.GroupID}
	case s.checkedOut:
		return nil, ErrCheckedOut
	}
	return []Event{event}, nil
}
