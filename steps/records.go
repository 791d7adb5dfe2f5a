package steps

import (
	"context"
	"errors"
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/gherkin"
)

// recordChecks are about everything that is on record of a stay or a group. A
// state can hide that something was noted twice; the record cannot.
func recordChecks(r *gherkin.Registrar, d *desk) {
	r.Then("the record of {stay} is:", d.stayRecordIs)
	r.Then("the record of {group} is:", d.groupRecordIs)
}

// The entries of a record, as tables call them.
const (
	checkIn   = "check-in"
	charge    = "charge"
	payment   = "payment"
	payOut    = "pay-out"
	checkOut  = "check-out"
	selected  = "selected"
	merged    = "merged"
	notMerged = "not merged"
	confirmed = "confirmed"
)

// entry is one thing on a record. What of it a table leaves out may be anything.
// An event that tells of several stays is an entry for each of them: in how many
// portions the reactor wrote them is another matter.
type entry struct {
	Entry  string         `col:"entry"`
	At     *domain.Moment `col:"at,optional"`
	Stay   *stay          `col:"stay,optional"`
	Amount *domain.Money  `col:"amount,optional"`
}

func (e entry) String() string {
	text := e.Entry
	if e.Stay != nil {
		text = e.Stay.String() + " " + text
	}
	if e.Amount != nil {
		text += " " + e.Amount.String()
	}
	if e.At != nil {
		text += " at " + e.At.Time().Format("15:04")
	}
	return text
}

// means tells whether a line of a table is about an entry of a record.
func (e entry) means(noted entry) bool {
	return e.Entry == noted.Entry &&
		(e.At == nil || noted.At != nil && e.At.Equal(*noted.At)) &&
		(e.Stay == nil || noted.Stay != nil && *e.Stay == *noted.Stay) &&
		(e.Amount == nil || noted.Amount != nil && e.Amount.Equal(*noted.Amount))
}

// lines reads a table of entries and wants in it what makes an entry of its kind
// clear: columns are what it has to give.
func (d *desk) lines(table gherkin.Table, kinds map[string]columns) ([]entry, error) {
	lines, err := gherkin.Rows[entry](table)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		want, known := kinds[line.Entry]
		got := columns{stay: line.Stay != nil, amount: line.Amount != nil}
		switch {
		case !known:
			var names []string
			for name := range kinds {
				names = append(names, name)
			}
			return nil, fmt.Errorf("got %q in the table, which no such record has: %s", line.Entry, gherkin.DidYouMean(line.Entry, names))
		case got != want:
			return nil, fmt.Errorf("the table says “%s”: %q %s", line, line.Entry, want)
		}
		if line.Stay != nil {
			if _, err := d.knownStay(*line.Stay); err != nil {
				return nil, err
			}
		}
	}
	return lines, nil
}

// columns are what a line of a table has to give.
type columns struct{ stay, amount bool }

func (c columns) String() string {
	stay := map[bool]string{true: "a stay", false: "no stay"}[c.stay]
	amount := map[bool]string{true: "an amount", false: "no amount"}[c.amount]
	return "comes with " + stay + " and " + amount
}

func (d *desk) stayRecordIs(ctx context.Context, s stay, table gherkin.Table) error {
	lines, err := d.lines(table, map[string]columns{
		checkIn: {}, charge: {amount: true}, payment: {amount: true}, payOut: {amount: true}, checkOut: {}, merged: {amount: true}, notMerged: {},
	})
	if err != nil {
		return err
	}
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.world.Eventually(ctx, func(ctx context.Context) error {
		events, err := d.eventsOfStay(ctx, id)
		if err != nil {
			return err
		}
		var noted []entry
		for _, event := range events {
			noted = append(noted, d.ofStay(event))
		}
		return compare(s.String(), noted, lines)
	})
}

func (d *desk) ofStay(event gueststay.Event) entry {
	switch e := event.(type) {
	case gueststay.CheckedIn:
		return entry{Entry: checkIn, At: &e.At}
	case gueststay.Charged:
		return entry{Entry: charge, Amount: &e.Amount}
	case gueststay.Paid:
		return paid(e.Amount)
	case gueststay.CheckedOut:
		return entry{Entry: checkOut}
	case gueststay.TransferredToGroup:
		return entry{Entry: merged, Amount: &e.ResidualBalance}
	case gueststay.TransferRefused:
		return entry{Entry: notMerged}
	}
	return entry{Entry: fmt.Sprintf("%T", event)}
}

// paid is a payment or, of an amount below zero, a pay-out.
func paid(amount domain.Money) entry {
	if amount.Sign() < 0 {
		out := amount.Negated()
		return entry{Entry: payOut, Amount: &out}
	}
	return entry{Entry: payment, Amount: &amount}
}

func (d *desk) groupRecordIs(ctx context.Context, g group, table gherkin.Table) error {
	lines, err := d.lines(table, map[string]columns{
		selected: {stay: true}, merged: {stay: true, amount: true}, notMerged: {stay: true}, payment: {amount: true}, payOut: {amount: true}, confirmed: {},
	})
	if err != nil {
		return err
	}
	id, err := d.knownGroup(g)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(ctx context.Context, _ groupcheckout.State) error {
		events, err := d.eventsOfGroup(ctx, id)
		if err != nil {
			return err
		}
		var noted []entry
		for _, event := range events {
			noted = append(noted, d.ofGroup(event)...)
		}
		return compare(g.String(), noted, lines)
	})
}

func (d *desk) ofGroup(event groupcheckout.Event) (entries []entry) {
	of := func(name string, ids ...domain.StayID) {
		for _, id := range ids {
			s := d.stayOf(id)
			entries = append(entries, entry{Entry: name, Stay: &s})
		}
		if len(ids) == 0 { // it is on record all the same
			entries = []entry{{Entry: name}}
		}
	}
	switch e := event.(type) {
	case groupcheckout.StaysSelected:
		of(selected, e.Stays...)
	case groupcheckout.StaysMerged:
		stays := make([]domain.StayID, len(e.Residuals))
		for i, r := range e.Residuals {
			stays[i] = r.Stay
		}
		of(merged, stays...)
		for i, r := range e.Residuals {
			entries[i].Amount = &r.Residual
		}
	case groupcheckout.MergesFailed:
		of(notMerged, e.Stays...)
	case groupcheckout.Paid:
		return []entry{paid(e.Amount)}
	case groupcheckout.Confirmed:
		return []entry{{Entry: confirmed}}
	}
	return entries
}

// compare finds each line of a table on the record of something, and nothing else
// there. The order is free: visits are made side by side.
func compare(whose string, noted, lines []entry) error {
	var errs []error
	found := make([]bool, len(noted))
	for _, line := range lines {
		at := -1
		for i := range noted {
			if !found[i] && line.means(noted[i]) {
				at = i
				break
			}
		}
		if at < 0 {
			errs = append(errs, fmt.Errorf("got no more “%s” on the record of %s, want it there", line, whose))
			continue
		}
		found[at] = true
	}
	for i, e := range noted {
		if !found[i] {
			errs = append(errs, fmt.Errorf("got “%s” on the record of %s, want it not there, or not that often", e, whose))
		}
	}
	return errors.Join(errs...)
}
