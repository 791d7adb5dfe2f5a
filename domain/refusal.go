package domain

import "fmt"

// NotAboveZeroError refuses a charge or a payment of nothing or less.
type NotAboveZeroError struct{ Amount Money }

func (e *NotAboveZeroError) Error() string {
	return fmt.Sprintf("the amount has to be above zero, it is %s", e.Amount)
}

// TooLargeError refuses an amount that would give a balance more digits than
// can be stored.
type TooLargeError struct{ Amount, Balance Money }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("an amount of %s would give the balance of %s more digits than can be stored, 28 are the limit", e.Amount, e.Balance)
}

// BalanceError refuses to close an account that is not settled. A negative
// balance is owed to the guests.
type BalanceError struct{ Balance Money }

func (e *BalanceError) Error() string {
	return fmt.Sprintf("the balance is %s, it has to be zero", e.Balance)
}
