package groupcheckout

import (
	"errors"
	"strings"
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
		{"stays are selected in the order they are given in", given(), selecting(bert, anna), writes(selected(bert, anna))},
		{"a stay that is given twice is selected once", given(), selecting(anna, bert, anna, anna, bert), writes(selected(anna, bert))},
		{
			"stays that are pending, merged or failed are left out",
			given(selected(anna, bert, cleo), merged(residual(bert, "1")), failed(cleo)), selecting(anna, bert, cleo, dora), writes(selected(dora)),
		},
		{"selecting the same stays again changes nothing", given(selected(anna, bert)), selecting(bert, anna), nothing()},
		{
			"selecting only stays that have an outcome changes nothing",
			given(selected(anna, bert), merged(residual(anna, "1")), failed(bert)), selecting(bert, anna), nothing(),
		},
		{"selecting no stays changes nothing", given(), selecting(), nothing()},
		{
			"more stays may be selected when all others have an outcome",
			given(selected(anna), merged(residual(anna, "1")), paid(cash, "1")), selecting(bert), writes(selected(bert)),
		},
		{"selecting is refused once the group is confirmed", given(selected(anna), merged(residual(anna, "0")), confirmed()), selecting(bert), refuses(ErrConfirmed)},
		{
			"selecting the same stays is refused too once the group is confirmed",
			given(selected(anna), merged(residual(anna, "0")), confirmed()), selecting(anna), refuses(ErrConfirmed),
		},
		{"selecting no stays is refused too once the group is confirmed", given(confirmed()), selecting(), refuses(ErrConfirmed)},

		{"a payment may come before anything else", given(), payOf(cash, "42"), writes(paid(cash, "42"))},
		{"a payment may come while merges are pending", given(selected(anna)), payOf(cash, "42"), writes(paid(cash, "42"))},
		{"a payment may come between merges", given(selected(anna, bert), merged(residual(anna, "10"))), payOf(cash, "42.00"), writes(paid(cash, "42.00"))},
		{"a payment may come after all merges", given(selected(anna, bert), merged(residual(anna, "10")), failed(bert)), payOf(cash, "10"), writes(paid(cash, "10"))},
		{"the same payment again changes nothing", given(paid(cash, "42")), payOf(cash, "42"), nothing()},
		{"the same payment of another amount changes nothing", given(paid(cash, "42")), payOf(cash, "43"), nothing()},
		{"another payment of the same amount is noted", given(paid(cash, "42")), payOf(card, "42"), writes(paid(card, "42"))},
		{"a payment of nothing is refused", given(), payOf(cash, "0.00"), refuses(notAboveZero("0.00"))},
		{"a payment below zero is refused", given(), payOf(cash, "-42"), refuses(notAboveZero("-42"))},
		{"the same payment below zero is refused", given(paid(cash, "42")), payOf(cash, "-42"), refuses(notAboveZero("-42"))},
		{
			"a payment beyond the smallest balance is refused",
			given(paid(cash, largest)), payOf(card, "1"), refuses(&domain.TooLargeError{Amount: money("1"), Balance: money("-" + largest)}),
		},
		{
			"a part payment is taken of a balance too fine to be stored",
			given(selected(anna, bert), merged(residual(anna, "0.0000000000000000000000000001"), residual(bert, "12345678901"))), payOf(cash, "12345678900"), writes(paid(cash, "12345678900")),
		},
		{
			"a part payment is taken of a balance too large to be stored",
			given(selected(anna, bert), merged(residual(anna, largest), residual(bert, largest))), payOf(cash, "1"), writes(paid(cash, "1")),
		},
		{"a payment is refused once the group is confirmed", given(confirmed()), payOf(cash, "42"), refuses(ErrConfirmed)},
		{"a payment of nothing is refused for what it is once the group is confirmed", given(confirmed()), payOf(cash, "0"), refuses(notAboveZero("0"))},
		{
			"the same payment again changes nothing once the group is confirmed",
			given(selected(anna), merged(residual(anna, "42")), paid(cash, "42"), confirmed()), payOf(cash, "42"), nothing(),
		},

		{"a credit is paid out with its scale", given(paid(cash, "42")), payOutOf(card, "42.00"), writes(paid(card, "-42.00"))},
		{"a credit that a guest brought is paid out", given(selected(anna), merged(residual(anna, "-3"))), payOutOf(cash, "2"), writes(paid(cash, "-2"))},
		{"a credit is paid out while merges are pending", given(paid(cash, "42"), selected(anna)), payOutOf(card, "42"), writes(paid(card, "-42"))},
		{"the same pay-out again changes nothing", given(paid(cash, "42"), paid(card, "-42")), payOutOf(card, "42"), nothing()},
		{"the same pay-out again changes nothing once the group is confirmed", given(paid(cash, "42"), paid(card, "-42"), confirmed()), payOutOf(card, "42"), nothing()},
		{"a pay-out beyond the credit is refused", given(paid(cash, "42"), selected(anna), merged(residual(anna, "40"))), payOutOf(card, "2.01"), refuses(noCredit("2.01", "2"))},
		{"a pay-out to a group that owes something is refused", given(selected(anna), merged(residual(anna, "40"))), payOutOf(card, "1"), refuses(noCredit("1", "0"))},
		{"a pay-out to a group of which nothing is known is refused", given(), payOutOf(card, "1"), refuses(noCredit("1", "0"))},
		{"a pay-out of nothing is refused", given(paid(cash, "42")), payOutOf(card, "0"), refuses(notAboveZero("0"))},
		{"a pay-out below zero is refused", given(paid(cash, "42")), payOutOf(card, "-1"), refuses(notAboveZero("-1"))},
		{"a pay-out is refused once the group is confirmed", given(confirmed()), payOutOf(cash, "1"), refuses(ErrConfirmed)},

		{
			"a group whose balance is zero at some scale is confirmed",
			given(selected(anna), merged(residual(anna, "58.50")), paid(cash, "58.5")), confirm(noon()), writes(confirmed()),
		},
		{"a group of failed stays is confirmed", given(selected(anna), failed(anna)), confirm(noon()), writes(confirmed())},
		{
			"a group whose residuals cancel each other out is confirmed",
			given(selected(anna, bert), merged(residual(anna, "58.50"), residual(bert, "-58.50"))), confirm(noon()), writes(confirmed()),
		},
		{"a group of no stays is confirmed", given(), confirm(noon()), writes(confirmed())},
		{"confirming again changes nothing", given(selected(anna), failed(anna), confirmed()), confirm(later()), nothing()},
		{"confirming is refused while merges are pending", given(selected(anna, bert, cleo), merged(residual(anna, "0"))), confirm(noon()), refuses(processing(2))},
		{
			"confirming is refused for the pending merges ahead of the balance",
			given(selected(anna, bert), merged(residual(anna, "58.50"))), confirm(noon()), refuses(processing(1)),
		},
		{
			"confirming is refused with the amount that is unpaid",
			given(selected(anna, bert), merged(residual(anna, "58.50"), residual(bert, "0.05")), paid(cash, "8")), confirm(noon()), refuses(unsettled("50.55")),
		},
		{
			"confirming is refused with the amount that was overpaid",
			given(selected(anna), merged(residual(anna, "58.50")), paid(cash, "60")), confirm(noon()), refuses(unsettled("-1.50")),
		},
		{"confirming is refused when a guest had paid too much", given(selected(anna), merged(residual(anna, "-3"))), confirm(noon()), refuses(unsettled("-3"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aggregate().Decides(t, test.given, test.when, test.then.events, test.then.refused)
		})
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		given    []Event
		outcomes Outcomes
		then     answer
		next     Step
	}{
		{"none", given(), Outcomes{}, nothing(), Settle{money("0")}},
		{
			"merges come ahead of failures", given(selected(anna, bert, cleo)),
			Outcomes{Merged: []Residual{residual(cleo, "58.50"), residual(anna, "0")}, Failed: gone(bert)},
			writes(merged(residual(cleo, "58.50"), residual(anna, "0")), failed(bert)),
			Settle{money("58.50")},
		},
		{
			"only merges", given(selected(anna, bert)),
			Outcomes{Merged: []Residual{residual(anna, "58.50")}},
			writes(merged(residual(anna, "58.50"))),
			MergeStays{stays(bert)},
		},
		{
			"only failures", given(selected(anna, bert, cleo), paid(cash, "3")),
			Outcomes{Failed: gone(bert)},
			writes(failed(bert)),
			MergeStays{stays(anna, cleo)},
		},
		{
			"those that were noted already change nothing", given(selected(anna, bert), merged(residual(anna, "58.50")), failed(bert)),
			Outcomes{Merged: []Residual{residual(anna, "7")}, Failed: gone(bert, anna)},
			nothing(),
			Settle{money("58.50")},
		},
		{
			"a merge corrects a failure", given(selected(anna, bert), merged(residual(anna, "58.50")), failed(bert)),
			Outcomes{Merged: []Residual{residual(bert, "7"), residual(bert, "7")}},
			writes(merged(residual(bert, "7"))),
			Settle{money("65.50")},
		},
		{
			"those of stays that were never selected change nothing", given(selected(anna)),
			Outcomes{Merged: []Residual{residual(bert, "58.50")}, Failed: gone(cleo)},
			nothing(),
			MergeStays{stays(anna)},
		},
		{
			"of several for one stay the first counts", given(selected(anna, bert)),
			Outcomes{Merged: []Residual{residual(anna, "58.50"), residual(anna, "7")}, Failed: gone(anna, bert, bert)},
			writes(merged(residual(anna, "58.50")), failed(bert)),
			Settle{money("58.50")},
		},
		{
			"after the group is confirmed", given(selected(anna), merged(residual(anna, "0")), confirmed()),
			Outcomes{Merged: []Residual{residual(anna, "0")}},
			nothing(),
			Nothing{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aggregate().Decides(t, test.given, recordOutcomes(test.outcomes), test.then.events, nil)
			after := Fold(Fold(State{}, test.given), test.then.events)
			check.Same(t, "next step", test.next, Next(after))
		})
	}
}

func TestAMergeBehindTheConfirmationIsNamed(t *testing.T) {
	t.Parallel()
	given := Fold(State{}, []Event{selected(anna, bert), failed(anna, bert), confirmed()})
	events, err := recordOutcomes(Outcomes{Merged: []Residual{residual(anna, "7"), residual(bert, "9")}})(given)
	if _, ok := errors.AsType[*LateMergeError](err); len(events) > 0 || !ok || !strings.Contains(err.Error(), "balance of 7") || !strings.Contains(err.Error(), "balance of 9") {
		t.Errorf("got %v and %v, want no event, and an error that names each stay and its amount", events, err)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given []Event
		want  Step
	}{
		{"a group of which nothing is known is settled", given(), Settle{money("0")}},
		{"pending stays are merged in the order of selection", []Event{selected(cleo, anna), paid(cash, "1"), selected(bert)}, MergeStays{stays(cleo, anna, bert)}},
		{"what has an outcome is not merged again", []Event{selected(cleo, anna, bert), failed(cleo), merged(residual(bert, "1"))}, MergeStays{stays(anna)}},
		{"what is unpaid is settled", []Event{selected(anna), merged(residual(anna, "58.50")), paid(cash, "8")}, Settle{money("50.50")}},
		{"a group that paid is confirmed by the clerk", []Event{selected(anna), merged(residual(anna, "8")), paid(cash, "8")}, Settle{money("0")}},
		{"nothing is left to a confirmed group", []Event{selected(anna), failed(anna), confirmed()}, Nothing{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check.Same(t, "next step", test.want, Next(Fold(State{}, test.given)))
		})
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{ErrConfirmed, "the group checkout is already confirmed"},
		{processing(2), "selected stays still wait to be visited: 2"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
