package domain

import "fmt"

// NotAboveZeroError refuses a charge, a payment or a pay-out of nothing or less.
type NotAboveZeroError struct{ Amount Money }

func (e *NotAboveZeroError) Error() string {
	return fmt.Sprintf("the amount has to be above zero, it is %s", e.Amount)
}

// CreditError refuses to pay out more than a guest or a group has to its credit.
type CreditError struct{ Amount, Credit Money }

func (e *CreditError) Error() string {
	return fmt.Sprintf("an amount of %s cannot be paid out, the credit is %s", e.Amount, e.Credit.ForReaders())
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

// WhyNot is why a stay could not be merged into a group. The texts are stored.
type WhyNot string

const (
	// CheckedOut says that the guest had left with the account settled.
	CheckedOut WhyNot = "checkedOut"
	// OtherGroup says that the guest had left with another group.
	OtherGroup WhyNot = "otherGroup"
	// NotOnRecord says that nothing was on record of the stay when the group asked
	// for it.
	NotOnRecord WhyNot = "notOnRecord"
)

// WhyNots are all reasons, in the order in which to show them.
func WhyNots() []WhyNot { return []WhyNot{CheckedOut, OtherGroup, NotOnRecord} }

// String says the reason in words.
func (w WhyNot) String() string {
	switch w {
	case CheckedOut:
		return "the guest had checked out"
	case OtherGroup:
		return "the guest had left with another group"
	case NotOnRecord:
		return "the stay was not on record"
	}
	return string(w)
}
