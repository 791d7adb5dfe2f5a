package groupcheckout

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
	anna, bert, cleo, dora = 1, 2, 3, 4 // stays
	cash, card             = 1, 2       // payments
)

func stays(ids ...byte) []domain.StayID {
	var stays []domain.StayID
	for _, id := range ids {
		stays = append(stays, domain.StayID{id})
	}
	return stays
}

// gone are failures of stays whose guests have checked out.
func gone(ids ...byte) []Failure {
	var failures []Failure
	for _, id := range ids {
		failures = append(failures, Failure{Stay: domain.StayID{id}, WhyNot: domain.CheckedOut})
	}
	return failures
}

func residual(id byte, amount string) Residual { return Residual{domain.StayID{id}, money(amount)} }

func selected(ids ...byte) Event     { return StaysSelected{noon(), stays(ids...)} }
func merged(rs ...Residual) Event    { return StaysMerged{rs} }
func failed(ids ...byte) Event       { return MergesFailed{stays(ids...), gone(ids...)} }
func failedBefore(ids ...byte) Event { return MergesFailed{Stays: stays(ids...)} }
func paid(id byte, a string) Event   { return Paid{money(a), noon(), domain.PaymentID{id}} }
func confirmed() Event               { return Confirmed{noon()} }
func selecting(ids ...byte) decision { return selectStays(stays(ids...), noon()) }
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
func processing(pending int) error     { return &ProcessingError{pending} }

const largest = "79228162514264337593543950335"

// aggregate is the fold of this package. Amounts of events have to agree in their
// scale as well.
func aggregate() aggregatetest.Aggregate[State, Event] {
	return aggregatetest.Aggregate[State, Event]{
		Fold: Fold, States: cmp.Options{cmp.AllowUnexported(State{}, outcome{}), cmpopts.EquateEmpty()}, Events: sameText(),
	}
}

// sameText compares amounts with their scale.
func sameText() cmp.Options {
	return cmp.Options{cmp.Comparer(func(a, b domain.Money) bool { return a.String() == b.String() })}
}
