package gueststay

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
)

func TestTheStateTellsWhatHappened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name              string
		given             []Event
		balance           string
		known, checkedOut bool
		group             byte // 0 for none
	}{
		{name: "nothing", balance: "0"},
		{name: "an arrival", given: []Event{checkedIn()}, balance: "0", known: true},
		{name: "a charge and no arrival", given: []Event{charged(breakfast, "12.50")}, balance: "12.50", known: true},
		{
			name:    "charges and payments",
			given:   []Event{charged(breakfast, "12.50"), paid(cash, "50"), charged(minibar, "7.505")},
			balance: "-29.995", known: true,
		},
		{name: "a departure", given: []Event{checkedIn(), checkedOut()}, balance: "0", known: true, checkedOut: true},
		{
			name:    "a transfer",
			given:   []Event{charged(breakfast, "12.50"), transferred(colleagues, "12.50")},
			balance: "12.50", known: true, group: colleagues,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := Fold(State{}, test.given)
			if got := s.Balance().String(); got != test.balance {
				t.Errorf("got the balance %s, want %s", got, test.balance)
			}
			if s.Known() != test.known || s.CheckedOut() != test.checkedOut {
				t.Errorf("got known %t and checked out %t, want %t and %t", s.Known(), s.CheckedOut(), test.known, test.checkedOut)
			}
			if id, ok := s.Group(); ok != (test.group != 0) || id != group(test.group) {
				t.Errorf("got the group %s and %t, want %s", id, ok, group(test.group))
			}
		})
	}
}

// TestFoldLeavesItsInputAlone folds two futures onto one state, as two callers
// with the same cached state do.
func TestFoldLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	past := []Event{checkedIn(), charged(breakfast, "1"), paid(cash, "1")}
	shared := Fold(State{}, past)
	one := Fold(shared, []Event{charged(minibar, "2"), paid(card, "4")})
	other := Fold(shared, []Event{charged(3, "8"), transferred(family, "8")})

	checkState(t, shared, Fold(State{}, past))
	checkState(t, one, Fold(State{}, append(past[:3:3], charged(minibar, "2"), paid(card, "4"))))
	checkState(t, other, Fold(State{}, append(past[:3:3], charged(3, "8"), transferred(family, "8"))))
}

// command is a decision with its name.
type command struct {
	name   string
	decide decision
}

func (c command) String() string { return c.name }

// cents is a number of cents as an amount.
func cents(n int) domain.Money {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return money(fmt.Sprintf("%s%d.%02d", sign, n/100, n%100))
}

func commands() *rapid.Generator[command] {
	return rapid.Custom(func(t *rapid.T) command {
		id := rapid.ByteRange(1, 5).Draw(t, "id")
		amount := rapid.OneOf(rapid.IntRange(-2, 10), rapid.Just(5)).Draw(t, "cents")
		at := rapid.SampledFrom([]domain.Moment{noon(), later()}).Draw(t, "at")
		switch rapid.IntRange(0, 10).Draw(t, "command") {
		case 0, 1:
			return command{fmt.Sprintf("check in at %s", at), checkIn(at)}
		case 2, 3, 4:
			return command{fmt.Sprintf("charge %d: %s", id, cents(amount)), charge(domain.ChargeID{id}, cents(amount), at)}
		case 5, 6, 7:
			return command{fmt.Sprintf("pay %d: %s", id, cents(amount)), pay(domain.PaymentID{id}, cents(amount), at)}
		case 8, 9:
			return command{"check out", checkOut(at)}
		default:
			return command{fmt.Sprintf("transfer to %d", id), func(s State) ([]Event, error) {
				_, events, err := transfer(group(id), at)(s)
				return events, err
			}}
		}
	})
}

// TestAnySequenceOfCommands carries out commands at random and checks what
// holds after each.
func TestAnySequenceOfCommands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var history []Event
		var accepted []command
		var state State
		for _, c := range rapid.SliceOfN(commands(), 0, 20).Draw(t, "commands") {
			events, err := c.decide(state)
			if err != nil && len(events) > 0 {
				t.Fatalf("%s was refused with %v and yet yields %v", c, err, events)
			}
			if len(events) > 0 && ended(history) {
				t.Fatalf("%s yields %v after the stay has ended", c, events)
			}
			if err == nil {
				accepted = append(accepted, c)
			}
			history = append(history, events...)
			state = Fold(state, events)

			again, errAgain := c.decide(state)
			if len(again) > 0 || fmt.Sprint(errAgain) != fmt.Sprint(err) {
				t.Fatalf("%s again yields %v and %v, the first time it was %v and %v", c, again, errAgain, events, err)
			}
			if got, want := state.Balance().String(), balanceOf(history).FloatString(2); money(got).Cmp(money(want)) != 0 {
				t.Fatalf("after %v the balance is %s, want %s", history, got, want)
			}
		}
		for _, c := range accepted {
			if events, _ := c.decide(state); len(events) > 0 {
				t.Fatalf("%s once more, after everything else, yields %v", c, events)
			}
		}
		checkState(t, Fold(State{}, history), state)
	})
}

// balanceOf adds up a history by another way than Fold does.
func balanceOf(history []Event) *big.Rat {
	rational := func(m domain.Money) *big.Rat {
		r, _ := new(big.Rat).SetString(m.String())
		return r
	}
	sum := new(big.Rat)
	for _, e := range history {
		switch e := e.(type) {
		case Charged:
			sum.Add(sum, rational(e.Amount))
		case Paid:
			sum.Sub(sum, rational(e.Amount))
		case CheckedIn, CheckedOut, TransferredToGroup:
		}
	}
	return sum
}

func ended(history []Event) bool {
	for _, e := range history {
		switch e.(type) {
		case CheckedOut, TransferredToGroup:
			return true
		case CheckedIn, Charged, Paid:
		}
	}
	return false
}

// anyEvents gives events in any order, also such as no decision would yield.
func anyEvents() *rapid.Generator[[]Event] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
		id := rapid.ByteRange(1, 5).Draw(t, "id")
		amount := cents(rapid.IntRange(-1000, 1000).Draw(t, "cents")).String()
		return rapid.SampledFrom([]Event{
			checkedIn(), charged(id, amount), paid(id, amount), checkedOut(), transferred(id, amount),
		}).Draw(t, "event")
	}), 0, 12)
}

func TestItMakesNoDifferenceHowEventsAreFolded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents().Draw(t, "events")
		whole := Fold(State{}, events)
		var single State
		for _, e := range events {
			single = Fold(single, []Event{e})
		}
		checkState(t, single, whole)

		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		first := Fold(State{}, events[:cut])
		checkState(t, Fold(first, events[cut:]), whole)
		Fold(first, anyEvents().Draw(t, "another future"))
		checkState(t, first, Fold(State{}, events[:cut]))
		checkState(t, Fold(first, events[cut:]), whole)
	})
}

func checkState(t rapid.TB, got, want State) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(State{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}
