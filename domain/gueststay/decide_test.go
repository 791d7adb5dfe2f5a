package gueststay

import "testing"

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
			name: "a guest checks in",
			when: checkIn(noon()),
			then: []Event{CheckedIn{noon()}},
		},
		{
			name:  "a guest checks in after the first charge",
			given: []Event{charged(breakfast, "12.50")},
			when:  checkIn(noon()),
			then:  []Event{CheckedIn{noon()}},
		},
		{
			name:  "checking in at the same time again changes nothing",
			given: []Event{checkedIn()},
			when:  checkIn(noon()),
		},
		{
			name:    "checking in at another time is refused",
			given:   []Event{checkedIn()},
			when:    checkIn(later()),
			refused: &CheckedInError{noon(), later()},
		},
		{
			name:  "checking in again changes nothing after the guest left",
			given: []Event{checkedIn(), checkedOut()},
			when:  checkIn(noon()),
		},
		{
			name:    "checking in at another time is refused after the guest left",
			given:   []Event{checkedIn(), checkedOut()},
			when:    checkIn(later()),
			refused: &CheckedInError{noon(), later()},
		},
		{
			name:    "the first check-in is refused after the guest left",
			given:   []Event{checkedOut()},
			when:    checkIn(noon()),
			refused: ErrCheckedOut,
		},
		{
			name:    "the first check-in is refused after the transfer",
			given:   []Event{charged(breakfast, "1"), transferred(family, "1")},
			when:    checkIn(noon()),
			refused: takenBy(family),
		},

		{
			name:  "a charge is noted with its scale",
			given: []Event{checkedIn()},
			when:  chargeOf(breakfast, "12.50"),
			then:  []Event{charged(breakfast, "12.50")},
		},
		{
			name: "a charge may come before the check-in",
			when: chargeOf(breakfast, "12.50"),
			then: []Event{charged(breakfast, "12.50")},
		},
		{
			name:  "another charge is noted",
			given: []Event{charged(breakfast, "12.50")},
			when:  chargeOf(minibar, "12.50"),
			then:  []Event{charged(minibar, "12.50")},
		},
		{
			name:  "the same charge again changes nothing",
			given: []Event{charged(breakfast, "12.50")},
			when:  chargeOf(breakfast, "12.50"),
		},
		{
			name:  "the same charge of another amount changes nothing",
			given: []Event{charged(breakfast, "12.50")},
			when:  chargeOf(breakfast, "13"),
		},
		{
			name:  "a charge is not mistaken for a payment of the same number",
			given: []Event{paid(breakfast, "12.50")},
			when:  chargeOf(breakfast, "12.50"),
			then:  []Event{charged(breakfast, "12.50")},
		},
		{
			name:    "a charge of nothing is refused",
			when:    chargeOf(breakfast, "0.00"),
			refused: notAboveZero("0.00"),
		},
		{
			name:    "a charge below zero is refused",
			when:    chargeOf(breakfast, "-0.01"),
			refused: notAboveZero("-0.01"),
		},
		{
			name:    "the same charge of nothing is refused",
			given:   []Event{charged(breakfast, "12.50")},
			when:    chargeOf(breakfast, "0"),
			refused: notAboveZero("0"),
		},
		{
			name:  "a charge may bring the balance to the largest amount",
			given: []Event{charged(breakfast, "79228162514264337593543950334")},
			when:  chargeOf(minibar, "1"),
			then:  []Event{charged(minibar, "1")},
		},
		{
			name:    "a charge beyond the largest balance is refused",
			given:   []Event{charged(breakfast, largest)},
			when:    chargeOf(minibar, "1"),
			refused: tooLarge("1", largest),
		},
		{
			name:    "a charge that gives the balance too many digits is refused",
			given:   []Event{charged(breakfast, "10")},
			when:    chargeOf(minibar, "0.0000000000000000000000000001"),
			refused: tooLarge("0.0000000000000000000000000001", "10"),
		},
		{
			name:    "a charge is refused after the guest left",
			given:   []Event{checkedIn(), checkedOut()},
			when:    chargeOf(breakfast, "12.50"),
			refused: ErrCheckedOut,
		},
		{
			name:    "a charge is refused after the transfer",
			given:   []Event{checkedIn(), transferred(family, "0")},
			when:    chargeOf(breakfast, "12.50"),
			refused: takenBy(family),
		},
		{
			name:    "a charge is refused after the transfer whatever the balance would be",
			given:   []Event{charged(breakfast, largest), transferred(family, largest)},
			when:    chargeOf(minibar, "1"),
			refused: takenBy(family),
		},
		{
			name:  "the same charge again changes nothing after the guest left",
			given: []Event{charged(breakfast, "12.50"), paid(cash, "12.50"), checkedOut()},
			when:  chargeOf(breakfast, "12.50"),
		},
		{
			name:  "the same charge again changes nothing after the transfer",
			given: []Event{charged(breakfast, "12.50"), transferred(family, "12.50")},
			when:  chargeOf(breakfast, "12.50"),
		},

		{
			name:  "a payment is noted with its scale",
			given: []Event{charged(breakfast, "12.5")},
			when:  payOf(cash, "12.50"),
			then:  []Event{paid(cash, "12.50")},
		},
		{
			name: "a payment may come before any charge",
			when: payOf(cash, "42"),
			then: []Event{paid(cash, "42")},
		},
		{
			name:  "the same payment again changes nothing",
			given: []Event{paid(cash, "42")},
			when:  payOf(cash, "42"),
		},
		{
			name:  "another payment of the same amount is noted",
			given: []Event{paid(cash, "42")},
			when:  payOf(card, "42"),
			then:  []Event{paid(card, "42")},
		},
		{
			name:    "a payment of nothing is refused",
			when:    payOf(cash, "0"),
			refused: notAboveZero("0"),
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
			when:    payOf(card, "0.5"),
			refused: tooLarge("0.5", "-"+largest),
		},
		{
			name:    "a payment is refused after the guest left",
			given:   []Event{checkedIn(), checkedOut()},
			when:    payOf(cash, "42"),
			refused: ErrCheckedOut,
		},
		{
			name:    "a payment is refused after the transfer",
			given:   []Event{checkedIn(), transferred(family, "0")},
			when:    payOf(cash, "42"),
			refused: takenBy(family),
		},
		{
			name:  "the same payment again changes nothing after the guest left",
			given: []Event{charged(breakfast, "42"), paid(cash, "42"), checkedOut()},
			when:  payOf(cash, "42"),
		},

		{
			name:  "a guest without charges checks out",
			given: []Event{checkedIn()},
			when:  checkOut(noon()),
			then:  []Event{CheckedOut{noon()}},
		},
		{
			name:  "a guest whose balance is zero at some scale checks out",
			given: []Event{checkedIn(), charged(breakfast, "12.50"), paid(cash, "12.5")},
			when:  checkOut(noon()),
			then:  []Event{CheckedOut{noon()}},
		},
		{
			name: "a guest of whom nothing is known checks out",
			when: checkOut(noon()),
			then: []Event{CheckedOut{noon()}},
		},
		{
			name:  "checking out again changes nothing",
			given: []Event{checkedIn(), checkedOut()},
			when:  checkOut(later()),
		},
		{
			name:    "checking out with something unpaid is refused with the amount",
			given:   []Event{charged(breakfast, "100.50"), paid(cash, "42")},
			when:    checkOut(noon()),
			refused: unsettled("58.50"),
		},
		{
			name:    "checking out with too much paid is refused with the amount",
			given:   []Event{charged(breakfast, "42"), paid(cash, "100.50")},
			when:    checkOut(noon()),
			refused: unsettled("-58.50"),
		},
		{
			name:    "checking out after the transfer says which group it was, whatever was unpaid",
			given:   []Event{charged(breakfast, "12.50"), transferred(family, "12.50")},
			when:    checkOut(noon()),
			refused: takenBy(family),
		},
		{
			name:    "checking out after the transfer of a settled stay says so too",
			given:   []Event{checkedIn(), transferred(colleagues, "0")},
			when:    checkOut(noon()),
			refused: takenBy(colleagues),
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

func TestTransfers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		given   []Event
		to      byte
		yields  string
		then    []Event
		refused error
	}{
		{
			name:   "what is unpaid moves to the group",
			given:  []Event{checkedIn(), charged(breakfast, "100.50"), paid(cash, "42")},
			to:     family,
			yields: "58.50",
			then:   []Event{transferred(family, "58.50")},
		},
		{
			name:   "a stay without charges moves nothing",
			given:  []Event{checkedIn()},
			to:     family,
			yields: "0",
			then:   []Event{transferred(family, "0")},
		},
		{
			name:   "what was paid too much moves to the group",
			given:  []Event{paid(cash, "42.0")},
			to:     family,
			yields: "-42.0",
			then:   []Event{transferred(family, "-42.0")},
		},
		{
			name:   "the same group again yields the same and changes nothing",
			given:  []Event{charged(breakfast, "58.50"), transferred(family, "58.50")},
			to:     family,
			yields: "58.50",
		},
		{
			name:    "a stay that another group has is refused",
			given:   []Event{charged(breakfast, "58.50"), transferred(family, "58.50")},
			to:      colleagues,
			refused: takenBy(family),
		},
		{
			name:    "a stay that has ended is refused",
			given:   []Event{checkedIn(), checkedOut()},
			to:      family,
			refused: ErrCheckedOut,
		},
		{
			name:    "a stay that nothing is known of is refused",
			to:      family,
			refused: ErrUnknownStay,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			residual, events, err := transfer(group(test.to), noon())(Fold(State{}, test.given))
			checkEvents(t, events, test.then)
			checkError(t, err, test.refused)
			if err == nil && residual.String() != test.yields {
				t.Errorf("got the residual %s, want %s", residual, test.yields)
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
		{ErrCheckedOut, "the guest has already checked out"},
		{ErrUnknownStay, "no such stay is known"},
		{takenBy(family), "the stay was transferred to group 01000000-0000-0000-0000-000000000000"},
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
