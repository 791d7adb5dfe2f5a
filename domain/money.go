package domain

import (
	"fmt"
	"math/big"
	"regexp"

	"github.com/shopspring/decimal"
)

// Money is an exact decimal amount, of either sign. It keeps its scale: 100.50
// stays 100.50. Sums keep the larger scale of the two. The zero value is 0.
//
// The amounts that can be stored are those of .NET's decimal: a mantissa of 96
// bits and at most 28 decimal places. Every number of up to 28 digits is among
// them. Sums are exact beyond that; [Money.Storable] tells.
//
// Compare with Equal or Cmp, never with ==, which compares pointers.
type Money struct {
	amount decimal.Decimal // its exponent is never above 0
}

// What a stored amount can have at the most: decimal places, and bits of the
// mantissa.
const (
	maxScale = 28
	maxBits  = 96
)

// maxTextLength is more than the longest amount needs that can be stored. It
// bounds the work that a hostile text can cause.
const maxTextLength = 64

// AmountError says that a text is not an amount of money, and why.
type AmountError struct {
	Value  string
	Reason string
}

func (e *AmountError) Error() string {
	return fmt.Sprintf("%.80q is not an amount: %s", e.Value, e.Reason)
}

// ParseMoney reads a decimal number as JSON writes it: an optional minus,
// digits, an optional fraction, an optional exponent. It returns an
// [*AmountError] for anything else and for a number that cannot be stored.
func ParseMoney(text string) (Money, error) {
	switch {
	case len(text) > maxTextLength:
		return Money{}, &AmountError{text, fmt.Sprintf("%d characters are too many, 28 digits are the limit", len(text))}
	case !number.MatchString(text):
		return Money{}, &AmountError{text, "it has to be a number such as 100.50"}
	}
	amount, err := decimal.NewFromString(text)
	if err != nil || amount.Exponent() > maxScale {
		return Money{}, &AmountError{text, "its exponent is out of range, 28 digits are the limit"}
	}
	if amount.Exponent() > 0 {
		amount = decimal.NewFromBigInt(amount.BigInt(), 0) // 1e2 is 100
	}
	money := Money{amount}
	if !money.Storable() {
		return Money{}, &AmountError{text, "it has too many digits, 28 are the limit"}
	}
	return money, nil
}

// number is the grammar of JSON.
var number = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)

// MoneyOf is a whole amount.
func MoneyOf(amount int64) Money { return Money{decimal.NewFromInt(amount)} }

// MoneyOfCents is an amount with two decimal places.
func MoneyOfCents(cents int64) Money { return Money{decimal.New(cents, -2)} }

// Storable tells whether the amount fits what stored events can hold. Only a
// sum can fail to.
func (m Money) Storable() bool {
	return m.scale() <= maxScale && m.amount.Coefficient().BitLen() <= maxBits
}

// InRange tells whether the amount, rounded to a whole one, fits what stored
// events can hold. It is less than Storable asks for.
func (m Money) InRange() bool {
	return new(big.Int).Quo(m.amount.Coefficient(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.scale())), nil)).BitLen() <= maxBits
}

// Plus is the exact sum.
func (m Money) Plus(other Money) Money { return Money{m.amount.Add(other.amount)} }

// Minus is the exact difference.
func (m Money) Minus(other Money) Money { return Money{m.amount.Sub(other.amount)} }

// Negated is the amount with the other sign.
func (m Money) Negated() Money { return Money{m.amount.Neg()} }

// Credit is what a balance below zero is owed; of any other it is 0.
func (m Money) Credit() Money {
	if m.Sign() < 0 {
		return m.Negated()
	}
	return MoneyOf(0)
}

// Cmp is -1, 0 or 1 as m is below, equal to or above other.
func (m Money) Cmp(other Money) int { return m.amount.Cmp(other.amount) }

// Equal tells whether both are the same amount, whatever their scale.
func (m Money) Equal(other Money) bool { return m.Cmp(other) == 0 }

// Sign is -1, 0 or 1 as the amount is below, equal to or above zero.
func (m Money) Sign() int { return m.amount.Sign() }

// IsZero tells whether the amount is zero, at any scale.
func (m Money) IsZero() bool { return m.amount.IsZero() }

// String is the amount with its scale and without an exponent: 100.50.
func (m Money) String() string { return m.amount.StringFixed(m.scale()) }

// ForReaders is the amount as it stands in accounts: as String says it, but a zero to which
// nothing has given a scale is 0.00, like the amounts around it.
func (m Money) ForReaders() string {
	if m.IsZero() && m.scale() == 0 {
		return "0.00"
	}
	return m.String()
}

func (m Money) scale() int32 { return -m.amount.Exponent() }

// MarshalJSON writes a bare number with its scale, never an exponent. It
// returns an [*AmountError] for a sum that cannot be stored.
func (m Money) MarshalJSON() ([]byte, error) {
	if !m.Storable() {
		return nil, &AmountError{m.String(), "it has too many digits to be stored, 28 are the limit"}
	}
	return []byte(m.String()), nil
}

// UnmarshalJSON reads a bare number; a quoted one is an error.
func (m *Money) UnmarshalJSON(text []byte) error {
	parsed, err := ParseMoney(string(text))
	if err == nil {
		*m = parsed
	}
	return err
}
