package gueststay

import (
	"errors"
	"fmt"

	"example.com/groupcheckout/domain"
)

// ErrCheckedOut refuses what cannot be done once the guest has left.
var ErrCheckedOut = errors.New("the guest has already checked out")

// ErrUnknownStay refuses to transfer a stay that nothing is known of.
var ErrUnknownStay = errors.New("no such stay is known")

// TransferredError refuses what cannot be done once a group has taken the stay
// over.
type TransferredError struct{ Group domain.GroupID }

func (e *TransferredError) Error() string {
	return fmt.Sprintf("the stay was transferred to group %s", e.Group)
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
		_, again := s.charges[id]
		return book(s, again, amount, s.balance.Plus(amount), Charged{amount, at, id})
	}
}

// pay takes from what the guest owes, and may take more than that. The same
// payment again changes nothing, as for a charge.
func pay(id domain.PaymentID, amount domain.Money, at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		_, again := s.payments[id]
		return book(s, again, amount, s.balance.Minus(amount), Paid{amount, at, id})
	}
}

// checkOut ends a stay whose balance is zero; again it changes nothing.
func checkOut(at domain.Moment) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		switch {
		case s.checkedOut:
			return nil, nil
		case s.transferred == nil && !s.balance.IsZero():
			return nil, &domain.BalanceError{Balance: s.balance}
		}
		return open(s, CheckedOut{at})
	}
}

// transfer hands the stay to a group and yields the residual. The same group
// again yields the same residual and changes nothing. It fails with
// [ErrUnknownStay], [ErrCheckedOut] or a [*TransferredError].
func transfer(group domain.GroupID, at domain.Moment) func(State) (domain.Money, []Event, error) {
	return func(s State) (domain.Money, []Event, error) {
		switch {
		case !s.known:
			return domain.Money{}, nil, ErrUnknownStay
		case s.transferred != nil && s.transferred.GroupID == group:
			return s.transferred.ResidualBalance, nil, nil
		}
		events, err := open(s, TransferredToGroup{at, group, s.balance})
		return s.balance, events, err
	}
}

// book yields the event of a charge or a payment that brings the balance to
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
