package steps

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestARefusalHasToBeChecked(t *testing.T) {
	t.Parallel()
	refusal := &domain.BalanceError{Balance: domain.MoneyOf(80)}
	for name, c := range map[string]struct {
		use  func(*desk) error
		want string // part of the error, empty for none
	}{
		"a scenario may end without an attempt": {func(d *desk) error { return d.checkedEverything() }, ""},
		"a checked refusal is done with": {func(d *desk) error {
			return errors.Join(d.try(refusal), d.refusedBalance(domain.MoneyOf(80)), d.checkedEverything())
		}, ""},
		"the amount counts, not its scale":     {func(d *desk) error { return errors.Join(d.try(refusal), d.refusedBalance(money(t, "80.00"))) }, ""},
		"another amount is wrong":              {func(d *desk) error { return errors.Join(d.try(refusal), d.refusedBalance(domain.MoneyOf(79))) }, "got a balance in the refusal of 80, want 79"},
		"another reason is wrong":              {func(d *desk) error { return errors.Join(d.try(refusal), d.refusedConfirmed()) }, "want “the group checkout is already confirmed”"},
		"another type of reason is wrong":      {func(d *desk) error { return errors.Join(d.try(refusal), d.refusedProcessing(2)) }, "want a *groupcheckout.ProcessingError"},
		"a reason without an attempt is wrong": {func(d *desk) error { return d.refusedConfirmed() }, "got no attempt"},
		"a refusal is checked only once": {func(d *desk) error {
			return errors.Join(d.try(refusal), d.refusedBalance(domain.MoneyOf(80)), d.refusedBalance(domain.MoneyOf(80)))
		}, "got no attempt"},
		"an attempt that succeeds is not refused": {func(d *desk) error { return errors.Join(d.try(nil), d.refusedConfirmed()) }, "got a command that was carried out"},
		"an unchecked refusal fails the end":      {func(d *desk) error { return errors.Join(d.try(refusal), d.checkedEverything()) }, "no step checked the refusal"},
		"an unchecked success fails the end":      {func(d *desk) error { return errors.Join(d.try(nil), d.checkedEverything()) }, "was carried out, and no step checked that"},
		"an unchecked refusal fails the next try": {func(d *desk) error { return errors.Join(d.try(refusal), d.try(refusal)) }, "no step checked the refusal"},
		"a failure is not a refusal":              {func(d *desk) error { return d.try(errors.New("the disk is full")) }, "the disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.use(newDesk(nil))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got the error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestEveryRefusalOfTheDomainIsOne(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		gueststay.ErrCheckedOut, gueststay.ErrNotOnRecord, &domain.CreditError{}, &gueststay.TransferredError{}, &gueststay.CheckedInError{},
		groupcheckout.ErrConfirmed, &groupcheckout.ProcessingError{},
		&domain.NotAboveZeroError{}, &domain.TooLargeError{}, &domain.BalanceError{},
	} {
		if !isRefusal(err) {
			t.Errorf("got no refusal in %T, want one", err)
		}
	}
}

func TestListsOfStays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]stay{
		"101":                 {"101"},
		"101 and 102":         {"101", "102"},
		"101, 102 and 101":    {"101", "102", "101"},
		"101 to 103":          {"101", "102", "103"},
		"99 to 100 and 7":     {"99", "100", "7"},
		"101, 103 to 104, 99": {"101", "103", "104", "99"},
	} {
		if got, err := parseStays([]string{text}); err != nil || !cmp.Equal(got, want) {
			t.Errorf("got %q and %v for %q, want %q", got, err, text, want)
		}
	}
	for _, text := range []string{"103 to 101", "101 to 101", "1 to 99999", "1 to 99999999999999999999"} {
		if got, err := parseStays([]string{text}); err == nil {
			t.Errorf("got %d stays for %q, want an error", len(got), text)
		}
	}
}

// register is a world that only notes what streams are called.
type register struct {
	World
	labels map[string]int
}

func (*register) Store() es.Store                                  { return nil }
func (*register) Options() es.Options                              { return es.Options{} }
func (*register) As(ctx context.Context, _ string) context.Context { return ctx }
func (r *register) Name(_ es.StreamName, label string)             { r.labels[label]++ }

func TestADeskKeepsWhatNamesStandFor(t *testing.T) {
	t.Parallel()
	world := &register{labels: map[string]int{}}
	d := newDesk(world)
	first, other, again := d.idOf("101"), d.idOf("102"), d.idOf("101")
	if first != again || first == other {
		t.Errorf("got the ids %s, %s and %s for the stays 101, 102 and 101", first, other, again)
	}
	unnamed, named, same := d.groupID(""), d.groupID("Hansen wedding"), d.groupID("")
	if unnamed != same || unnamed == named {
		t.Errorf("got the ids %s, %s and %s for the group, another one, and the group", unnamed, named, same)
	}
	if got, want := d.namesOf([]domain.StayID{d.idOf("102"), d.idOf("101")}), "stay 102, stay 101"; got != want {
		t.Errorf("got the names %q, want %q", got, want)
	}
	d.tour = make([]domain.StayID, 12)
	for i := range d.tour {
		d.tour[i] = newStay()
	}
	if got, want := d.namesOf(d.tour), "stay 10 of the coach tour, and 2 more"; !strings.HasSuffix(got, want) {
		t.Errorf("got the names %q, want %q at their end", got, want)
	}
	if got, want := d.nameOfGroup(d.groupID("Hansen wedding")), `the group "Hansen wedding"`; got != want {
		t.Errorf("got the name %q, want %q", got, want)
	}
	want := map[string]int{"stay 101": 1, "stay 102": 1, "the group": 1, `the group "Hansen wedding"`: 1}
	check.Same(t, "the world was told other names of streams", want, world.labels)
}

func TestEveryCommandHasATimeOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	first, second := d.moment(), d.moment()
	check.Equal(t, "between two commands", time.Minute, second.Time().Sub(first.Time()))
}

func money(t *testing.T, text string) domain.Money {
	t.Helper()
	amount, err := domain.ParseMoney(text)
	check.Must(t, err)
	return amount
}
