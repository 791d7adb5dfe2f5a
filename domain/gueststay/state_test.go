package gueststay

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es/aggregatetest"
	"example.com/groupcheckout/internal/check"
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
		{name: "a refusal", given: []Event{refusedTo(family)}, balance: "0"},
		{name: "an arrival after a refusal", given: []Event{refusedTo(family), checkedIn()}, balance: "0", known: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := Fold(State{}, test.given)
			check.Equal(t, "balance", test.balance, s.Balance().String())
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
	aggregate().Parts(t, Fold(State{}, past), past,
		[]Event{charged(minibar, "2"), paid(card, "4"), refusedTo(family)},
		[]Event{charged(3, "8"), refusedTo(colleagues), transferred(family, "8")},
	)
}

type command = aggregatetest.Command[State, Event]

// cents is a number of cents as an amount.
func cents(n int) domain.Money { return domain.MoneyOfCents(int64(n)) }

func commands() *rapid.Generator[command] {
	return rapid.Custom(func(t *rapid.T) command {
		id := rapid.ByteRange(1, 5).Draw(t, "id")
		amount := rapid.OneOf(rapid.IntRange(-2, 10), rapid.Just(5)).Draw(t, "cents")
		at := rapid.SampledFrom([]domain.Moment{noon(), later()}).Draw(t, "at")
		switch rapid.IntRange(0, 12).Draw(t, "command") {
		case 0, 1:
			return command{Name: fmt.Sprintf("check in at %s", at), Decide: checkIn(at)}
		case 2, 3, 4:
			return command{Name: fmt.Sprintf("charge %d: %s", id, cents(amount)), Decide: charge(domain.ChargeID{id}, cents(amount), at)}
		case 5, 6, 7:
			return command{Name: fmt.Sprintf("pay %d: %s", id, cents(amount)), Decide: pay(domain.PaymentID{id}, cents(amount), at)}
		case 8, 9:
			return command{Name: "check out", Decide: checkOut(at)}
		case 10, 11:
			return command{Name: fmt.Sprintf("pay out %d: %s", id, cents(amount)), Decide: payOut(domain.PaymentID{id}, cents(amount), at)}
		default:
			return command{Name: fmt.Sprintf("transfer to %d", id), Decide: func(s State) ([]Event, error) {
				_, events, err := transfer(group(id), at)(s)
				return events, err
			}}
		}
	})
}

func TestAnySequenceOfCommands(t *testing.T) {
	t.Parallel()
	aggregate().Commands(t, commands(), ended, func(t rapid.TB, state State, history []Event) {
		if got, want := state.Balance().String(), balanceOf(history).FloatString(2); money(got).Cmp(money(want)) != 0 {
			t.Fatalf("after %v the balance is %s, want %s", history, got, want)
		}
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
		case CheckedIn, CheckedOut, TransferredToGroup, TransferRefused:
		}
	}
	return sum
}

func ended(history []Event) bool {
	for _, e := range history {
		switch e.(type) {
		case CheckedOut, TransferredToGroup:
			return true
		case CheckedIn, Charged, Paid, TransferRefused:
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
			checkedIn(), charged(id, amount), paid(id, amount), checkedOut(), transferred(id, amount), refusedTo(id),
		}).Draw(t, "event")
	}), 0, 12)
}

func TestItMakesNoDifferenceHowEventsAreFolded(t *testing.T) {
	t.Parallel()
	aggregate().Folds(t, anyEvents())
}

func TestASnapshotAndWhatFollowsAreTheWhole(t *testing.T) {
	t.Parallel()
	aggregate().Snapshots(t, Snapshots(), anyEvents())
}

// The stored form: .NET reads it as a record with these properties.
func TestTheStoredFormOfASnapshot(t *testing.T) {
	t.Parallel()
	state := Fold(State{}, []Event{
		refusedTo(family), checkedIn(), charged(minibar, "12.50"), charged(breakfast, "7"), paid(cash, "1.5"), transferred(colleagues, "18.00"),
	})
	const want = `{"known":true,"checkedIn":["2026-11-23T12:00:00+00:00"],"charges":"AQAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAA=",` +
		`"payments":"AQAAAAAAAAAAAAAAAAAAAA==","balance":18.00,"checkedOut":false,` +
		`"transferred":[{"at":"2026-11-23T12:00:00+00:00","groupId":"02000000-0000-0000-0000-000000000000","residualBalance":18.00}],` +
		`"refused":["01000000-0000-0000-0000-000000000000"]}`
	data, err := Snapshots().Encode(state)
	if diff := cmp.Diff(want, string(data)); diff != "" || err != nil {
		t.Errorf("error %v, snapshot (-want +got):\n%s", err, diff)
	}
}

func TestASnapshotThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing":            `{}`,
		"a property too few": `{"known":true,"checkedIn":[],"charges":"","payments":"","balance":18.00,"checkedOut":false,"transferred":[]}`,
		"a part of an id":    `{"known":true,"checkedIn":[],"charges":"AQAA","payments":"","balance":0,"checkedOut":false,"transferred":[],"refused":[]}`,
		"no base64":          `{"known":true,"checkedIn":[],"charges":"!","payments":"","balance":0,"checkedOut":false,"transferred":[],"refused":[]}`,
		"two arrivals": `{"known":true,"checkedIn":["2026-11-23T12:00:00+00:00","2026-11-23T12:00:00+00:00"],"charges":"","payments":"","balance":0,` +
			`"checkedOut":false,"transferred":[],"refused":[]}`,
		"no JSON": `{`,
	} {
		check.Failsf(t, check.Error(Snapshots().Decode([]byte(data))), "%s", name)
	}
}
