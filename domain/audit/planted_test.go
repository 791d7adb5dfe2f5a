package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestEveryPlantedViolationIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		history history
		want    []string
	}{
		"a gap": {
			history{s1: {checkedIn(), hole{}, checkedOut()}},
			[]string{"positions: s1 lacks event 1, and goes on with event 2"},
		},
		"a wide gap at the beginning": {
			history{g1: {hole{}, hole{}, confirmed()}},
			[]string{"positions: g1 lacks events 0 to 1, and goes on with event 2"},
		},
		"two gaps": {
			history{s1: {checkedIn(), hole{}, checkedIn(), hole{}, hole{}, checkedOut()}},
			[]string{"positions: s1 lacks event 1, and goes on with event 2"},
		},
		"a body that cannot be read": {
			history{s1: {checkedIn(), raw{"Charged", `{"amount":"much"}`}, checkedOut()}},
			[]string{"body: event 1 (Charged) of s1 cannot be read: the property /at is missing"},
		},
		"a charge after the departure": {
			history{s1: {checkedIn(), checkedOut(), charged(5, 1)}},
			[]string{"closed: event 2 (Charged) of s1 follows event 1 (CheckedOut), which closed the stream"},
		},
		"two transfers": {
			history{s1: {charged(5, 1), transferred(1, 5), transferred(2, 9)}, g1: {selected(1), merged(1, 5)}, g2: {selected(1), merged(1, 9)}},
			[]string{"closed: event 2 (TransferredToGroup) of s1 follows event 1 (TransferredToGroup), which closed the stream"},
		},
		"a selection after the confirmation": {
			history{g1: {confirmed(), selected(1)}},
			[]string{"closed: event 1 (StaysSelected) of g1 follows event 0 (Confirmed), which closed the stream"},
		},
		"a group confirmed twice": {
			history{g1: {confirmed(), groupPaid(1, 1), confirmed()}},
			[]string{
				"closed: event 1 (Paid) of g1 follows event 0 (Confirmed), which closed the stream",
				"closed: event 2 (Confirmed) of g1 follows event 0 (Confirmed), which closed the stream",
			},
		},
		"a charge booked twice": {
			history{s1: {charged(5, 1), charged(5, 1)}},
			[]string{"twice: event 1 of s1 books the charge #000000000001 again, which event 0 had booked"},
		},
		"a payment booked twice": {
			history{s1: {charged(9, 1), paid(3, 2), paid(3, 2)}},
			[]string{"twice: event 2 of s1 books the payment #000000000002 again, which event 1 had booked"},
		},
		"a payment for a group booked twice": {
			history{g1: {groupPaid(5, 3), groupPaid(5, 3)}},
			[]string{"twice: event 1 of g1 books the payment #000000000003 again, which event 0 had booked"},
		},
		"a guest who left owing": {
			history{s1: {charged(5, 1), paid(3, 2), checkedOut()}},
			[]string{"balance: event 2 of s1 checks the guest out, but charges minus payments before it are 2"},
		},
		"a group confirmed owing": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5), groupPaid(4, 2), confirmed()}},
			[]string{"balance: event 3 of g1 confirms the group, but residuals minus payments before it are 1"},
		},
		"a residual that is not the balance": {
			history{s1: {charged(5, 1), transferred(1, 6)}, g1: {selected(1), merged(1, 6)}},
			[]string{"residual: event 1 of s1 moves a residual of 6 to g1, but charges minus payments before it are 5"},
		},
		"a stay selected twice": {
			history{g1: {selected(1), selected(2, 1)}},
			[]string{"outcomes: event 1 of g1 selects s1 again, which event 0 had selected"},
		},
		"a stay selected twice at once": {
			history{g1: {selected(1, 1)}},
			[]string{"outcomes: event 0 of g1 selects s1 again, which event 0 had selected"},
		},
		"a merge of a stay that was not selected": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {merged(1, 5)}},
			[]string{"outcomes: event 0 of g1 records that s1 was merged, but no event before it selects the stay"},
		},
		"a failure of a stay that was selected later": {
			history{g1: {failed(1), selected(1)}},
			[]string{"outcomes: event 0 of g1 records that s1 failed, but no event before it selects the stay"},
		},
		"a residual recorded twice": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5), merged(1, 5)}},
			[]string{"outcomes: event 2 of g1 records that s1 was merged, but event 1 had recorded already that it was merged"},
		},
		"a stay both merged and failed": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5), failed(1)}},
			[]string{"outcomes: event 2 of g1 records that s1 failed, but event 1 had recorded already that it was merged"},
		},
		"a group confirmed with pending stays": {
			history{g1: {selected(1, 2), failed(1), confirmed()}},
			[]string{"outcomes: event 2 of g1 confirms the group, but stays of it are still pending: 1"},
		},
		"a transfer to a group that did not ask": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(2)}},
			[]string{"transfer: event 1 of s1 moves 5 to g1, but that group never selected the stay"},
		},
		"a transfer to a group that is not there": {
			history{s1: {charged(5, 1), transferred(1, 5)}},
			[]string{"transfer: event 1 of s1 moves 5 to g1, but that group never selected the stay"},
		},
		"a transfer that failed": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), failed(1)}},
			[]string{"transfer: event 1 of s1 moves 5 to g1, but event 1 of that group says that the merge failed"},
		},
		"a residual of a stay that is open": {
			history{s1: {charged(5, 1)}, g1: {selected(1), merged(1, 5)}},
			[]string{"merge: event 1 of g1 records a residual of 5 for s1, but that stay was not transferred"},
		},
		"a residual of a stay that nobody knows": {
			history{g1: {selected(1), merged(1, 0)}},
			[]string{"merge: event 1 of g1 records a residual of 0 for s1, but nothing is known of that stay"},
		},
		"a residual of a guest who left": {
			history{s1: {checkedIn(), checkedOut()}, g1: {selected(1), merged(1, 0)}},
			[]string{"merge: event 1 of g1 records a residual of 0 for s1, but event 1 of that stay checked the guest out"},
		},
		"a residual in two groups": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5)}, g2: {selected(1), merged(1, 5)}},
			[]string{"merge: event 1 of g2 records a residual of 5 for s1, but event 1 of that stay moved it to g1"},
		},
		"a stay refused although it was on record": {
			history{s1: {checkedIn(), refusedTo(1)}, g1: {selected(1), failedFor(domain.NotOnRecord, 1, 0)}},
			[]string{"refusal: event 1 of s1 tells g1 that the stay is not on record, but it was"},
		},
		"a failure of a stay that is said not to be on record, and does not say so": {
			history{s1: {checkedIn()}, g1: {selected(1), failedFor(domain.NotOnRecord, 1, 0)}},
			[]string{"reason: event 1 of g1 records that s1 failed because it was not on record, but that stay does not say so"},
		},
		"a failure of a stay that nobody knows, and that refused another group only": {
			history{s1: {refusedTo(2)}, g1: {selected(1), failedFor(domain.NotOnRecord, 1, 0)}},
			[]string{"reason: event 1 of g1 records that s1 failed because it was not on record, but that stay does not say so"},
		},
		"a failure because of a guest who is still there": {
			history{s1: {checkedIn()}, g1: {selected(1), failedFor(domain.CheckedOut, 1, 0)}},
			[]string{"reason: event 1 of g1 records that s1 failed because the guest had checked out, but that stay does not say so"},
		},
		"a failure because of a guest who left with another group": {
			history{s1: {checkedIn(), transferred(2, 0)}, g1: {selected(1), failedFor(domain.CheckedOut, 1, 0)}, g2: {selected(1), merged(1, 0)}},
			[]string{"reason: event 1 of g1 records that s1 failed because the guest had checked out, but that stay does not say so"},
		},
		"a failure because of a group that does not have the stay": {
			history{s1: {checkedIn(), checkedOut()}, g1: {selected(1), failedFor(domain.OtherGroup, 1, 2)}},
			[]string{"reason: event 1 of g1 records that s1 failed because g2 had it, but that stay does not say so"},
		},
		"a pay-out beyond the credit": {
			history{s1: {charged(5, 1), paid(8, 2), paid(-4, 3)}, g1: {groupPaid(2, 1), groupPaid(-2, 2), groupPaid(-1, 3)}},
			[]string{
				"credit: event 2 of g1 pays out 1, but the credit before it is 0",
				"credit: event 2 of s1 pays out 4, but the credit before it is 3",
			},
		},
		"two amounts": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 4)}},
			[]string{"amount: event 1 of g1 records a residual of 4 for s1, but event 1 of that stay moved 5"},
		},
		"several, in order": {
			history{s2: {charged(5, 1), checkedOut(), checkedIn()}, s1: {charged(5, 1), charged(5, 1)}, g2: {confirmed(), groupPaid(1, 1)}},
			[]string{
				"closed: event 1 (Paid) of g2 follows event 0 (Confirmed), which closed the stream",
				"twice: event 1 of s1 books the charge #000000000001 again, which event 0 had booked",
				"balance: event 1 of s2 checks the guest out, but charges minus payments before it are 5",
				"closed: event 2 (CheckedIn) of s2 follows event 1 (CheckedOut), which closed the stream",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			violations := books(t, test.history).Violations()
			check.Same(t, "violations", test.want, sentences(violations))
			for _, v := range violations {
				for _, p := range v.Places {
					check.Contains(t, v.Sentence, p.Stream.String())
				}
			}
		})
	}
}

// What is concluded from something missing has no meaning where the stream is
// known to be incomplete.
func TestADamagedStreamIsBlamedOnce(t *testing.T) {
	t.Parallel()
	broken := func(kind string) any { return raw{kind, `{}`} }
	for name, test := range map[string]struct {
		history history
		want    string // what every violation begins with
	}{
		"a selection": {
			history{s1: {charged(5, 1), transferred(1, 5)}, g1: {broken("StaysSelected"), merged(1, 5), confirmed()}}, "body: event 0 (StaysSelected) of g1",
		},
		"a record":              {history{s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), broken("StaysMerged"), groupPaid(5, 1), confirmed()}}, "body: event 1 (StaysMerged) of g1"},
		"all that a group says": {history{s1: {charged(5, 1), transferred(1, 5)}, g1: {broken("StaysSelected")}}, "body: event 0 (StaysSelected) of g1"},
		"a transfer":            {history{s1: {charged(5, 1), broken("TransferredToGroup")}, g1: {selected(1), merged(1, 5)}}, "body: event 1 (TransferredToGroup) of s1"},
		"a charge":              {history{s1: {broken("Charged"), transferred(1, 5)}, g1: {selected(1), merged(1, 5)}}, "body: event 0 (Charged) of s1"},
		"a payment":             {history{s1: {charged(5, 1), broken("Paid"), checkedOut()}}, "body: event 1 (Paid) of s1"},
		"a payment of a group":  {history{g1: {broken("Paid"), confirmed()}}, "body: event 0 (Paid) of g1"},
		"an event that is gone": {history{s1: {charged(5, 1), hole{}, checkedOut()}}, "positions: s1 lacks event 1"},
	} {
		got := sentences(books(t, test.history).Violations())
		if len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
			t.Errorf("%s: got %q, want one violation, that begins with %q", name, got, test.want)
		}
	}
}

func TestWhatIsNoViolation(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]history{
		"nothing":                               {},
		"a group that waits":                    {s1: {charged(5, 1)}, g1: {selected(1)}},
		"a transfer in flight":                  {s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1)}},
		"a settled transfer":                    {s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5), groupPaid(5, 1), confirmed()}},
		"the loser of two groups":               {s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), merged(1, 5)}, g2: {selected(1), failed(1)}},
		"a guest who arrived too late":          {s1: {checkedIn(), charged(5, 1)}, g1: {selected(1), failed(1), confirmed()}},
		"a failure that a merge corrects":       {s1: {charged(5, 1), transferred(1, 5)}, g1: {selected(1), failed(1), merged(1, 5), groupPaid(5, 1), confirmed()}},
		"a guest who arrived after the refusal": {s1: {refusedTo(1), checkedIn(), charged(5, 1), transferred(2, 5)}, g1: {selected(1), failedFor(domain.NotOnRecord, 1, 0), confirmed()}, g2: {selected(1), merged(1, 5)}},
		"a refusal in flight":                   {s1: {refusedTo(1)}, g1: {selected(1)}},
		"a transfer in spite of the refusal":    {s1: {refusedTo(1), transferred(1, 0)}, g1: {selected(1), failedFor(domain.NotOnRecord, 1, 0), merged(1, 0)}},
		"failures that say why":                 {s1: {checkedIn(), checkedOut()}, s2: {checkedIn(), transferred(2, 0)}, g1: {selected(1, 2), failedFor(domain.CheckedOut, 1, 0), failedFor(domain.OtherGroup, 2, 2)}, g2: {selected(2), merged(2, 0)}},
		"a reason of a later version":           {g1: {selected(1), failedFor("onStrike", 1, 0)}},
		"a credit that is paid out":             {s1: {charged(5, 1), paid(8, 2), paid(-3, 3), checkedOut()}, g1: {groupPaid(2, 1), groupPaid(-2, 2), confirmed()}},
		"a guest who paid too much":             {s1: {charged(5, 1), paid(8, 2), transferred(1, -3)}, g1: {selected(1), merged(1, -3)}},
		"a charge and a payment of one id":      {s1: {charged(5, 1), paid(5, 1), checkedOut()}},
		"types of a later version":              {s1: {raw{"Upgraded", ""}, checkedIn(), raw{"Rated", `{"stars":5}`}, checkedOut(), raw{"Archived", ""}}},
		"a body with more than is asked for":    {s1: {raw{"CheckedIn", `{"at":"2024-05-01T12:00:00+00:00","desk":2}`}}},
		"amounts of two scales":                 {s1: {raw{"Charged", `{"amount":5.00,"at":"2024-05-01T12:00:00+00:00","chargeId":"00000000-0000-0000-0000-000000000001"}`}, transferred(1, 5)}, g1: {selected(1), merged(1, 5)}},
		"a stay that is no stay and no group":   {"GuestStay-7": {raw{"Charged", "{}"}}, "GroupCheckout-G": {confirmed()}, "Other-1": {raw{"Paid", "{}"}}},
		"a stay selected and then checked out":  {s1: {charged(5, 1), paid(5, 2), checkedOut()}, g1: {selected(1)}},
	} {
		if got := sentences(books(t, h).Violations()); len(got) > 0 {
			t.Errorf("%s: got %q, want no violation", name, got)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	b := books(t, history{
		s1:        {charged(5, 1), transferred(1, 5), raw{"Archived", ""}},
		s2:        {charged(7, 1), transferred(1, 7)},
		g1:        {selected(1, 2), merged(1, 5), groupPaid(5, 1)},
		g2:        {selected(1, 3), failed(1), failed(3), confirmed()},
		"Other-1": {raw{"Paid", "{}"}},
	})
	want := audit.Summary{
		Stays: 2, Groups: 2, Confirmed: 1, Events: 12, Unknown: 1, Foreign: 1,
		Merged: 1, Failed: 2, Pending: 1, InFlight: 1,
		Moved: domain.MoneyOf(5), MovedInFlight: domain.MoneyOf(7), Paid: domain.MoneyOf(5),
	}
	check.Same(t, "summary", want, b.Summary(), cmp.Comparer(domain.Money.Equal))
	if got := b.Unfinished(); len(got) != 1 || got[0].String() != g1 {
		t.Errorf("got %v unfinished, want g1", got)
	}
}

func TestDeliveredAgain(t *testing.T) {
	t.Parallel()
	b := audit.NewBooks()
	events := stored(t, []any{charged(5, 1), paid(5, 2), checkedOut()})
	for _, from := range []int{0, 1, 0} {
		for _, e := range events[from:] {
			b.Add(stream(t, s1), e)
		}
	}
	if got := b.Summary().Events; len(b.Violations()) > 0 || got != 3 || b.Version(stream(t, s1)) != 3 {
		t.Errorf("got %d events, version %d and %v, want 3, 3 and no violation", got, b.Version(stream(t, s1)), b.Violations())
	}
}

func TestACheckpointAheadOfUnfinishedWork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		below es.Version
		want  []string
	}{
		{0, nil},
		{1, []string{`checkpoint: the checkpoint of the consumer group "night" lies past event 0 of g1, but stays that were selected by then are still pending: 1`}},
		{2, []string{`checkpoint: the checkpoint of the consumer group "night" lies past event 0 of g1, but stays that were selected by then are still pending: 1`}},
		{3, []string{`checkpoint: the checkpoint of the consumer group "night" lies past event 2 of g1, but stays that were selected by then are still pending: 3`}},
	} {
		b := books(t, history{g1: {selected(1, 2), failed(2), selected(3, 4)}, g2: {selected(2), failed(2)}})
		b.Passed("night", stream(t, g1), test.below)
		b.Passed("night", stream(t, g1), 0) // the higher one counts
		b.Passed("day", stream(t, g1), 0)
		b.Passed("night", stream(t, g2), test.below)
		b.Passed("night", stream(t, s1), test.below)
		check.Same(t, fmt.Sprintf("passed below %d: violations", test.below), test.want, sentences(b.Violations()))
	}
	b := books(t, history{g1: {selected(1, 2), selected(3)}, g2: {selected(1), raw{"StaysMerged", "{}"}}})
	b.Passed("night", stream(t, g1), 2)
	b.Passed("night", stream(t, g2), 2)
	for _, v := range b.Violations() {
		if v.Rule != audit.Checkpoint {
			continue
		}
		want := []audit.Place{{Stream: stream(t, g1), Events: []es.Version{0, 1}}}
		check.Same(t, "places", want, v.Places, cmp.Comparer(func(a, b es.StreamName) bool { return a == b }))
	}
}

func TestAnUnbalancedErrorStaysReadable(t *testing.T) {
	t.Parallel()
	var e audit.UnbalancedError
	for range 12 {
		e.Violations = append(e.Violations, audit.Violation{Rule: audit.Body, Sentence: "x"})
	}
	if got := e.Error(); !strings.Contains(got, "violations: 12): body: x; ") || !strings.HasSuffix(got, "body: x; and 2 more") {
		t.Errorf("got %q, want the first ten and how many more", got)
	}
}
