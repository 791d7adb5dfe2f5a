package gueststay

import (
	"testing"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given []Event
		when  decision
		then  answer
	}{
		{"a guest checks in", given(), checkIn(noon()), writes(CheckedIn{noon()})},
		{"a guest checks in after the first charge", given(charged(breakfast, "12.50")), checkIn(noon()), writes(CheckedIn{noon()})},
		{"checking in at the same time again changes nothing", given(checkedIn()), checkIn(noon()), nothing()},
		{"checking in at another time is refused", given(checkedIn()), checkIn(later()), refuses(&CheckedInError{noon(), later()})},
		{"checking in again changes nothing after the guest left", given(checkedIn(), checkedOut()), checkIn(noon()), nothing()},
		{"checking in at another time is refused after the guest left", given(checkedIn(), checkedOut()), checkIn(later()), refuses(&CheckedInError{noon(), later()})},
		{"the first check-in is refused after the guest left", given(checkedOut()), checkIn(noon()), refuses(ErrCheckedOut)},
		{"the first check-in is refused after the transfer", given(charged(breakfast, "1"), transferred(family, "1")), checkIn(noon()), refuses(takenBy(family))},

		{"a charge is noted with its scale", given(checkedIn()), chargeOf(breakfast, "12.50"), writes(charged(breakfast, "12.50"))},
		{"a charge may come before the check-in", given(), chargeOf(breakfast, "12.50"), writes(charged(breakfast, "12.50"))},
		{"another charge is noted", given(charged(breakfast, "12.50")), chargeOf(minibar, "12.50"), writes(charged(minibar, "12.50"))},
		{"the same charge again changes nothing", given(charged(breakfast, "12.50")), chargeOf(breakfast, "12.50"), nothing()},
		{"the same charge of another amount changes nothing", given(charged(breakfast, "12.50")), chargeOf(breakfast, "13"), nothing()},
		{"a charge is not mistaken for a payment of the same number", given(paid(breakfast, "12.50")), chargeOf(breakfast, "12.50"), writes(charged(breakfast, "12.50"))},
		{"a charge of nothing is refused", given(), chargeOf(breakfast, "0.00"), refuses(notAboveZero("0.00"))},
		{"a charge below zero is refused", given(), chargeOf(breakfast, "-0.01"), refuses(notAboveZero("-0.01"))},
		{"the same charge of nothing is refused", given(charged(breakfast, "12.50")), chargeOf(breakfast, "0"), refuses(notAboveZero("0"))},
		{
			"a charge may bring the balance to the largest amount",
			given(charged(breakfast, "79228162514264337593543950334")), chargeOf(minibar, "1"), writes(charged(minibar, "1")),
		},
		{"a charge beyond the largest balance is refused", given(charged(breakfast, largest)), chargeOf(minibar, "1"), refuses(tooLarge("1", largest))},
		{
			"a charge that gives the balance too many digits is refused",
			given(charged(breakfast, "10")), chargeOf(minibar, "0.0000000000000000000000000001"), refuses(tooLarge("0.0000000000000000000000000001", "10")),
		},
		{"a charge is refused after the guest left", given(checkedIn(), checkedOut()), chargeOf(breakfast, "12.50"), refuses(ErrCheckedOut)},
		{"a charge is refused after the transfer", given(checkedIn(), transferred(family, "0")), chargeOf(breakfast, "12.50"), refuses(takenBy(family))},
		{
			"a charge is refused after the transfer whatever the balance would be",
			given(charged(breakfast, largest), transferred(family, largest)), chargeOf(minibar, "1"), refuses(takenBy(family)),
		},
		{
			"the same charge again changes nothing after the guest left",
			given(charged(breakfast, "12.50"), paid(cash, "12.50"), checkedOut()), chargeOf(breakfast, "12.50"), nothing(),
		},
		{
			"the same charge again changes nothing after the transfer",
			given(charged(breakfast, "12.50"), transferred(family, "12.50")), chargeOf(breakfast, "12.50"), nothing(),
		},

		{"a payment is noted with its scale", given(charged(breakfast, "12.5")), payOf(cash, "12.50"), writes(paid(cash, "12.50"))},
		{"a payment may come before any charge", given(), payOf(cash, "42"), writes(paid(cash, "42"))},
		{"the same payment again changes nothing", given(paid(cash, "42")), payOf(cash, "42"), nothing()},
		{"another payment of the same amount is noted", given(paid(cash, "42")), payOf(card, "42"), writes(paid(card, "42"))},
		{"a payment of nothing is refused", given(), payOf(cash, "0"), refuses(notAboveZero("0"))},
		{"a payment below zero is refused", given(), payOf(cash, "-42"), refuses(notAboveZero("-42"))},
		{"the same payment below zero is refused", given(paid(cash, "42")), payOf(cash, "-42"), refuses(notAboveZero("-42"))},
		{"a payment beyond the smallest balance is refused", given(paid(cash, largest)), payOf(card, "0.5"), refuses(tooLarge("0.5", "-"+largest))},
		{"a payment is refused after the guest left", given(checkedIn(), checkedOut()), payOf(cash, "42"), refuses(ErrCheckedOut)},
		{"a payment is refused after the transfer", given(checkedIn(), transferred(family, "0")), payOf(cash, "42"), refuses(takenBy(family))},
		{"the same payment again changes nothing after the guest left", given(charged(breakfast, "42"), paid(cash, "42"), checkedOut()), payOf(cash, "42"), nothing()},

		{"a guest without charges checks out", given(checkedIn()), checkOut(noon()), writes(CheckedOut{noon()})},
		{
			"a guest whose balance is zero at some scale checks out",
			given(checkedIn(), charged(breakfast, "12.50"), paid(cash, "12.5")), checkOut(noon()), writes(CheckedOut{noon()}),
		},
		{"a guest who was charged and never checked in checks out", given(charged(breakfast, "1"), paid(cash, "1")), checkOut(noon()), writes(CheckedOut{noon()})},
		{"checking out a stay that is not on record is refused", given(), checkOut(noon()), refuses(ErrNotOnRecord)},
		{"checking out a stay that is not on record is refused although a group asked for it", given(refusedTo(family)), checkOut(noon()), refuses(ErrNotOnRecord)},
		{"a guest checks in after a group asked in vain", given(refusedTo(family)), checkIn(noon()), writes(CheckedIn{noon()})},

		{"a credit is paid out with its scale", given(paid(cash, "42")), payOutOf(card, "42.00"), writes(paid(card, "-42.00"))},
		{"a part of a credit is paid out", given(paid(cash, "42"), charged(breakfast, "10")), payOutOf(card, "12"), writes(paid(card, "-12"))},
		{"the same pay-out again changes nothing", given(paid(cash, "42"), paid(card, "-42")), payOutOf(card, "42"), nothing()},
		{"another pay-out of the same amount is noted", given(paid(1, "84"), paid(2, "-42")), payOutOf(3, "42"), writes(paid(3, "-42"))},
		{"a pay-out beyond the credit is refused", given(paid(cash, "42")), payOutOf(card, "42.01"), refuses(noCredit("42.01", "42"))},
		{"a second pay-out beyond the credit is refused", given(paid(1, "42"), paid(2, "-42")), payOutOf(3, "1"), refuses(noCredit("1", "0"))},
		{"a pay-out to a guest who owes something is refused", given(charged(breakfast, "5")), payOutOf(card, "1"), refuses(noCredit("1", "0"))},
		{"a pay-out to a guest of whom nothing is known is refused", given(), payOutOf(card, "1"), refuses(noCredit("1", "0"))},
		{"a pay-out of nothing is refused", given(paid(cash, "42")), payOutOf(card, "0"), refuses(notAboveZero("0"))},
		{"a pay-out below zero is refused", given(paid(cash, "42")), payOutOf(card, "-1"), refuses(notAboveZero("-1"))},
		{"a pay-out too fine to be kept is refused", given(paid(cash, "42000")), payOutOf(card, "0.0000000000000000000000000001"), refuses(tooLarge("0.0000000000000000000000000001", "-42000"))},
		{"a pay-out is refused after the guest left", given(checkedIn(), checkedOut()), payOutOf(cash, "42"), refuses(ErrCheckedOut)},
		{"a pay-out is refused after the transfer", given(paid(cash, "42"), transferred(family, "-42")), payOutOf(card, "42"), refuses(takenBy(family))},
		{"the same pay-out again changes nothing after the guest left", given(paid(cash, "42"), paid(card, "-42"), checkedOut()), payOutOf(card, "42"), nothing()},
		{"checking out again changes nothing", given(checkedIn(), checkedOut()), checkOut(later()), nothing()},
		{
			"checking out with something unpaid is refused with the amount",
			given(charged(breakfast, "100.50"), paid(cash, "42")), checkOut(noon()), refuses(unsettled("58.50")),
		},
		{
			"checking out with too much paid is refused with the amount",
			given(charged(breakfast, "42"), paid(cash, "100.50")), checkOut(noon()), refuses(unsettled("-58.50")),
		},
		{
			"checking out after the transfer says which group it was, whatever was unpaid",
			given(charged(breakfast, "12.50"), transferred(family, "12.50")), checkOut(noon()), refuses(takenBy(family)),
		},
		{
			"checking out after the transfer of a settled stay says so too",
			given(checkedIn(), transferred(colleagues, "0")), checkOut(noon()), refuses(takenBy(colleagues)),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aggregate().Decides(t, test.given, test.when, test.then.events, test.then.refused)
		})
	}
}

func TestTransfers(t *testing.T) {
	t.Parallel()
	notOnRecord, left := Answer{WhyNot: domain.NotOnRecord}, Answer{WhyNot: domain.CheckedOut}
	withFamily := Answer{WhyNot: domain.OtherGroup, Group: group(family)}
	residual := func(amount string) Answer { return Answer{Residual: money(amount)} }
	for _, test := range []struct {
		name   string
		given  []Event
		to     byte
		answer Answer
		then   answer
	}{
		{"what is unpaid moves to the group", given(checkedIn(), charged(breakfast, "100.50"), paid(cash, "42")), family, residual("58.50"), writes(transferred(family, "58.50"))},
		{"a stay without charges moves nothing", given(checkedIn()), family, residual("0"), writes(transferred(family, "0"))},
		{"what was paid too much moves to the group", given(paid(cash, "42.0")), family, residual("-42.0"), writes(transferred(family, "-42.0"))},
		{"the same group again gets the same answer and changes nothing", given(charged(breakfast, "58.50"), transferred(family, "58.50")), family, residual("58.50"), nothing()},
		{"another group has the stay", given(charged(breakfast, "58.50"), transferred(family, "58.50")), colleagues, withFamily, nothing()},
		{"the guest has left", given(checkedIn(), checkedOut()), family, left, nothing()},
		{"a stay that is not on record says so for good", given(), family, notOnRecord, writes(refusedTo(family))},
		{"the same group again is told the same", given(refusedTo(family)), family, notOnRecord, nothing()},
		{"another group that asks for a stay that is not on record is told so too", given(refusedTo(family)), colleagues, notOnRecord, writes(refusedTo(colleagues))},
		{"it is told the same once the guest has arrived", given(refusedTo(family), checkedIn(), charged(breakfast, "5")), family, notOnRecord, nothing()},
		{"it is told the same once the guest has left", given(refusedTo(family), checkedIn(), checkedOut()), family, notOnRecord, nothing()},
		{"it is told the same once another group has the stay", given(refusedTo(colleagues), checkedIn(), transferred(family, "0")), colleagues, notOnRecord, nothing()},
		{"another group takes the stay once the guest has arrived", given(refusedTo(family), charged(breakfast, "5")), colleagues, residual("5"), writes(transferred(colleagues, "5"))},
		{"a transfer that another program made in spite of the refusal counts", given(refusedTo(family), transferred(family, "0")), family, residual("0"), nothing()},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got Answer
			aggregate().Decides(t, test.given, func(s State) (events []Event, err error) {
				got, events, err = transfer(group(test.to), noon())(s)
				return events, err
			}, test.then.events, test.then.refused)
			check.Same(t, "answer", test.answer, got, sameText())
		})
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{ErrCheckedOut, "the guest has already checked out"},
		{ErrNotOnRecord, "the stay is not on record"},
		{noCredit("2", "1.50"), "an amount of 2 cannot be paid out, the credit is 1.50"},
		{takenBy(family), "the guest has left with group 01000000-0000-0000-0000-000000000000"},
		{
			&CheckedInError{noon(), later()},
			"the guest checked in at 2026-11-23T12:00:00+00:00 already, not at 2026-11-23T12:00:00.0000001+00:00",
		},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
