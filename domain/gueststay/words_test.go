package gueststay

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
)

// The words that the tables of the tests are written in.

type decision = func(State) ([]Event, error)

func noon() domain.Moment {
	return domain.MomentOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

func later() domain.Moment {
	return domain.MomentOf(time.Date(2026, 11, 23, 12, 0, 0, 100, time.UTC))
}

func money(text string) domain.Money {
	m, err := domain.ParseMoney(text)
	if err != nil {
		panic(err) // a mistake in a test's text
	}
	return m
}

const (
	breakfast, minibar = 1, 2 // charges
	cash, card         = 1, 2 // payments
	family, colleagues = 1, 2 // groups
)

func group(g byte) domain.GroupID { return domain.GroupID{g} }

func checkedIn() Event { return CheckedIn{noon()} }
func charged(id byte, amount string) Event {
	return Charged{money(amount), noon(), domain.ChargeID{id}}
}
func paid(id byte, amount string) Event { return Paid{money(amount), noon(), domain.PaymentID{id}} }
func checkedOut() Event                 { return CheckedOut{noon()} }
func transferred(g byte, residual string) Event {
	return TransferredToGroup{noon(), group(g), money(residual)}
}

func chargeOf(id byte, amount string) decision {
	return charge(domain.ChargeID{id}, money(amount), noon())
}

func payOf(id byte, amount string) decision {
	return pay(domain.PaymentID{id}, money(amount), noon())
}

func notAboveZero(amount string) error { return &domain.NotAboveZeroError{Amount: money(amount)} }
func unsettled(balance string) error   { return &domain.BalanceError{Balance: money(balance)} }
func takenBy(g byte) error             { return &TransferredError{group(g)} }
func tooLarge(amount, balance string) error {
	return &domain.TooLargeError{Amount: money(amount), Balance: money(balance)}
}

const largest = "79228162514264337593543950335"

// checkEvents compares events; amounts have to agree in their scale as well.
func checkEvents(t *testing.T, got, want []Event) {
	t.Helper()
	sameText := cmp.Comparer(func(a, b domain.Money) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, got, sameText); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// checkError compares errors by type and text, which holds all of their facts.
func checkError(t *testing.T, got, want error) {
	t.Helper()
	if gotText, wantText := fmt.Sprintf("%T: %v", got, got), fmt.Sprintf("%T: %v", want, want); gotText != wantText {
		t.Errorf("got the error %s, want %s", gotText, wantText)
	}
}
