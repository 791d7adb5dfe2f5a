package groupcheckout

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
)

func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		given   []Event
		when    decision
		then    []Event // none: nothing is written
		refused error
	}{
		{
			name: "stays are selected in the order they are given in",
			when: selecting(bert, anna),
			then: []Event{selected(bert, anna)},
		},
		{
			name: "a stay that is given twice is selected once",
			when: selecting(anna, bert, anna, anna, bert),
			then: []Event{selected(anna, bert)},
		},
		{
			name:  "stays that are pending, merged or failed are left out",
			given: []Event{selected(anna, bert, cleo), merged(residual(bert, "1")), failed(cleo)},
			when:  selecting(anna, bert, cleo, dora),
			then:  []Event{selected(dora)},
		},
		{
			name:  "selecting the same stays again changes nothing",
			given: []Event{selected(anna, bert)},
			when:  selecting(bert, anna),
		},
		{
			name:  "selecting only stays that have an outcome changes nothing",
			given: []Event{selected(anna, bert), merged(residual(anna, "1")), failed(bert)},
			when:  selecting(bert, anna),
		},
		{
			name: "selecting no stays changes nothing",
			when: selecting(),
		},
		{
			name:  "more stays may be selected when all others have an outcome",
			given: []Event{selected(anna), merged(residual(anna, "1")), paid(cash, "1")},
			when:  selecting(bert),
			then:  []Event{selected(bert)},
		},
		{
			name:    "selecting is refused once the group is confirmed",
			given:   []Event{selected(anna), merged(residual(anna, "0")), confirmed()},
			when:    selecting(bert),
			refused: ErrConfirmed,
		},
		{
			name:    "selecting the same stays is refused too once the group is confirmed",
			given:   []Event{selected(anna), merged(residual(anna, "0")), confirmed()},
			when:    selecting(anna),
			refused: ErrConfirmed,
		},
		{
			name:    "selecting no stays is refused too once the group is confirmed",
			given:   []Event{confirmed()},
			when:    selecting(),
			refused: ErrConfirmed,
		},

		{
			name: "a payment may come before anything else",
			when: payOf(cash, "42"),
			then: []Event{paid(cash, "42")},
		},
		{
			name:  "a payment may come while merges are pending",
			given: []Event{selected(anna)},
			when:  payOf(cash, "42"),
			then:  []Event{paid(cash, "42")},
		},
		{
			name:  "a payment may come between merges",
			given: []Event{selected(anna, bert), merged(residual(anna, "10"))},
			when:  payOf(cash, "42.00"),
			then:  []Event{paid(cash, "42.00")},
		},
		{
			name:  "a payment may come after all merges",
			given: []Event{selected(anna, bert), merged(residual(anna, "10")), failed(bert)},
			when:  payOf(cash, "10"),
			then:  []Event{paid(cash, "10")},
		},
		{
			name:  "the same payment again changes nothing",
			given: []Event{paid(cash, "42")},
			when:  payOf(cash, "42"),
		},
		{
			name:  "the same payment of another amount changes nothing",
			given: []Event{paid(cash, "42")},
			when:  payOf(cash, "43"),
		},
		{
			name:  "another payment of the same amount is noted",
			given: []Event{paid(cash, "42")},
			when:  payOf(card, "42"),
			then:  []Event{paid(card, "42")},
		},
		{
			name:    "a payment of nothing is refused",
			when:    payOf(cash, "0.00"),
			refused: notAboveZero("0.00"),
		},
		{
			name:    "a payment below zero is refused",
			when:    payOf(cash, "-42"),
			refused: notAboveZero("-42"),
		},
		{
			name:    "the same payment below zero is refused",
			given:   []Event{paid(cash, "42")},
			when:    payOf(cash, "-42"),
			refused: notAboveZero("-42"),
		},
		{
			name:    "a payment beyond the smallest balance is refused",
			given:   []Event{paid(cash, largest)},
			when:    payOf(card, "1"),
			refused: &domain.TooLargeError{Amount: money("1"), Balance: money("-" + largest)},
		},
		{
			name:  "a part payment is taken of a balance too fine to be stored",
			given: []Event{selected(anna, bert), merged(residual(anna, "0.0000000000000000000000000001"), residual(bert, "12345678901"))},
			when:  payOf(cash, "12345678900"),
			then:  []Event{paid(cash, "12345678900")},
		},
		{
			name:  "a part payment is taken of a balance too large to be stored",
			given: []Event{selected(anna, bert), merged(residual(anna, largest), residual(bert, largest))},
			when:  payOf(cash, "1"),
			then:  []Event{paid(cash, "1")},
		},
		{
			name:    "a payment is refused once the group is confirmed",
			given:   []Event{confirmed()},
			when:    payOf(cash, "42"),
			refused: ErrConfirmed,
		},
		{
			name:    "a payment of nothing is refused for what it is once the group is confirmed",
			given:   []Event{confirmed()},
			when:    payOf(cash, "0"),
			refused: notAboveZero("0"),
		},
		{
			name:  "the same payment again changes nothing once the group is confirmed",
			given: []Event{selected(anna), merged(residual(anna, "42")), paid(cash, "42"), confirmed()},
			when:  payOf(cash, "42"),
		},

		{
			name:  "a group whose balance is zero at some scale is confirmed",
			given: []Event{selected(anna), merged(residual(anna, "58.50")), paid(cash, "58.5")},
			when:  confirm(noon()),
			then:  []Event{confirmed()},
		},
		{
			name:  "a group of failed stays is confirmed",
			given: []Event{selected(anna), failed(anna)},
			when:  confirm(noon()),
			then:  []Event{confirmed()},
		},
		{
			name:  "a group whose residuals cancel each other out is confirmed",
			given: []Event{selected(anna, bert), merged(residual(anna, "58.50"), residual(bert, "-58.50"))},
			when:  confirm(noon()),
			then:  []Event{confirmed()},
		},
		{
			name: "a group of no stays is confirmed",
			when: confirm(noon()),
			then: []Event{confirmed()},
		},
		{
			name:  "confirming again changes nothing",
			given: []Event{selected(anna), failed(anna), confirmed()},
			when:  confirm(later()),
		},
		{
			name:    "confirming is refused while merges are pending",
			given:   []Event{selected(anna, bert, cleo), merged(residual(anna, "0"))},
			when:    confirm(noon()),
			refused: processing(2),
		},
		{
			name:    "confirming is refused for the pending merges ahead of the balance",
			given:   []Event{selected(anna, bert), merged(residual(anna, "58.50"))},
			when:    confirm(noon()),
			refused: processing(1),
		},
		{
			name:    "confirming is refused with the amount that is unpaid",
			given:   []Event{selected(anna, bert), merged(residual(anna, "58.50"), residual(bert, "0.05")), paid(cash, "8")},
			when:    confirm(noon()),
			refused: unsettled("50.55"),
		},
		{
			name:    "confirming is refused with the amount that was overpaid",
			given:   []Event{selected(anna), merged(residual(anna, "58.50")), paid(cash, "60")},
			when:    confirm(noon()),
			refused: unsettled("-1.50"),
		},
		{
			name:    "confirming is refused when a guest had paid too much",
			given:   []Event{selected(anna), merged(residual(anna, "-3"))},
			when:    confirm(noon()),
			refused: unsettled("-3"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			events, err := test.when(Fold(State{}, test.given))
			checkEvents(t, events, test.then)
			checkError(t, err, test.refused)
		})
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		given  []Event
		merged []Residual
		failed []domain.StayID
		then   []Event
		next   Step
	}{
		{
			name: "none",
			next: Settle{money("0")},
		},
		{
			name:   "merges come ahead of failures",
			given:  []Event{selected(anna, bert, cleo)},
			merged: []Residual{residual(cleo, "58.50"), residual(anna, "0")},
			failed: stays(bert),
			then:   []Event{merged(residual(cleo, "58.50"), residual(anna, "0")), failed(bert)},
			next:   Settle{money("58.50")},
		},
		{
			name:   "only merges",
			given:  []Event{selected(anna, bert)},
			merged: []Residual{residual(anna, "58.50")},
			then:   []Event{merged(residual(anna, "58.50"))},
			next:   MergeStays{stays(bert)},
		},
		{
			name:   "only failures",
			given:  []Event{selected(anna, bert, cleo), paid(cash, "3")},
			failed: stays(bert),
			then:   []Event{failed(bert)},
			next:   MergeStays{stays(anna, cleo)},
		},
		{
			name:   "those that were noted already change nothing",
			given:  []Event{selected(anna, bert), merged(residual(anna, "58.50")), failed(bert)},
			merged: []Residual{residual(anna, "7")},
			failed: stays(bert, anna),
			next:   Settle{money("58.50")},
		},
		{
			name:   "a merge corrects a failure",
			given:  []Event{selected(anna, bert), merged(residual(anna, "58.50")), failed(bert)},
			merged: []Residual{residual(bert, "7"), residual(bert, "7")},
			then:   []Event{merged(residual(bert, "7"))},
			next:   Settle{money("65.50")},
		},
		{
			name:   "those of stays that were never selected change nothing",
			given:  []Event{selected(anna)},
			merged: []Residual{residual(bert, "58.50")},
			failed: stays(cleo),
			next:   MergeStays{stays(anna)},
		},
		{
			name:   "of several for one stay the first counts",
			given:  []Event{selected(anna, bert)},
			merged: []Residual{residual(anna, "58.50"), residual(anna, "7")},
			failed: stays(anna, bert, bert),
			then:   []Event{merged(residual(anna, "58.50")), failed(bert)},
			next:   Settle{money("58.50")},
		},
		{
			name:   "after the group is confirmed",
			given:  []Event{selected(anna), merged(residual(anna, "0")), confirmed()},
			merged: []Residual{residual(anna, "0")},
			next:   Nothing{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			step, events, err := recordOutcomes(Outcomes{test.merged, test.failed})(Fold(State{}, test.given))
			checkEvents(t, events, test.then)
			checkError(t, err, nil)
			if diff := cmp.Diff(test.next, step); diff != "" {
				t.Errorf("next step (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMergeBehindTheConfirmationIsNamed(t *testing.T) {
	t.Parallel()
	given := Fold(State{}, []Event{selected(anna, bert), failed(anna, bert), confirmed()})
	_, events, err := recordOutcomes(Outcomes{Merged: []Residual{residual(anna, "7"), residual(bert, "9")}})(given)
	checkEvents(t, events, nil)
	var late *LateMergeError
	if !errors.As(err, &late) || !strings.Contains(err.Error(), "balance of 7") || !strings.Contains(err.Error(), "balance of 9") {
		t.Errorf("got %v, want one that names each stay and its amount", err)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given []Event
		want  Step
	}{
		{"a group of which nothing is known is settled", nil, Settle{money("0")}},
		{"pending stays are merged in the order of selection", []Event{selected(cleo, anna), paid(cash, "1"), selected(bert)}, MergeStays{stays(cleo, anna, bert)}},
		{"what has an outcome is not merged again", []Event{selected(cleo, anna, bert), failed(cleo), merged(residual(bert, "1"))}, MergeStays{stays(anna)}},
		{"what is unpaid is settled", []Event{selected(anna), merged(residual(anna, "58.50")), paid(cash, "8")}, Settle{money("50.50")}},
		{"a group that paid is confirmed by the clerk", []Event{selected(anna), merged(residual(anna, "8")), paid(cash, "8")}, Settle{money("0")}},
		{"nothing is left to a confirmed group", []Event{selected(anna), failed(anna), confirmed()}, Nothing{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, Next(Fold(State{}, test.given))); diff != "" {
				t.Errorf("next step (-want +got):\n%s", diff)
			}
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
		{processing(2), "still processing: 2 of the selected stays have no outcome yet"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
