package gueststay

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es/aggregatetest"
)

// The words that the tables of the tests are written in.

type decision = aggregatetest.Decision[State, Event]

// answer is what becomes of a decision.
type answer struct {
	events  []Event
	refused error
}

func given(events ...Event) []Event { return events }
func writes(events ...Event) answer { return answer{events: events} }
func refuses(err error) answer      { return answer{refused: err} }
func nothing() answer               { return answer{} }

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

func refusedTo(g byte) Event { return TransferRefused{noon(), group(g)} }

func chargeOf(id byte, amount string) decision {
	return charge(domain.ChargeID{id}, money(amount), noon())
}

func payOf(id byte, amount string) decision {
	return pay(domain.PaymentID{id}, money(amount), noon())
}

func payOutOf(id byte, amount string) decision {
	return payOut(domain.PaymentID{id}, money(amount), noon())
}

func noCredit(amount, credit string) error {
	return &domain.CreditError{Amount: money(amount), Credit: money(credit)}
}
func notAboveZero(amount string) error { return &domain.NotAboveZeroError{Amount: money(amount)} }
func unsettled(balance string) error   { return &domain.BalanceError{Balance: money(balance)} }
func takenBy(g byte) error             { return &TransferredError{group(g)} }
func tooLarge(amount, balance string) error {
	return &domain.TooLargeError{Amount: money(amount), Balance: money(balance)}
}

const largest = "79228162514264337593543950335"

// aggregate is the fold of this package. Amounts of events have to agree in their
// scale as well.
func aggregate() aggregatetest.Aggregate[State, Event] {
	return aggregatetest.Aggregate[State, Event]{
		Fold: Fold, States: cmp.Options{cmp.AllowUnexported(State{}), cmpopts.EquateEmpty()}, Events: sameText(),
	}
}

// sameText compares amounts with their scale.
func sameText() cmp.Options {
	return cmp.Options{cmp.Comparer(func(a, b domain.Money) bool { return a.String() == b.String() })}
}
