package steps

import (
	"context"
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/gherkin"
)

// stayStates are the stays that a scenario begins with.
func stayStates(r *gherkin.Registrar, d *desk) {
	r.Given("{stays} with a balance of {money}( each)", d.staysOwing)
	r.Given("{stays} with a credit of {money}", d.staysInCredit)
	r.Given("these stays:", d.theseStays)
	r.Given("{stay} was checked out", d.stayGone)
}

func stayCommands(r *gherkin.Registrar, d *desk) {
	r.When("the clerk checks in {stay} at {time}", d.checkIn)
	r.When("{stays} arrive(s) and owe(s) {money}", d.staysOwing)
	r.When("the clerk charges {money} to {stay}", d.chargeStay)
	r.When("the clerk enters that charge again", d.chargeAgain)
	r.When("the clerk takes a payment of {money} for {stay}", d.payStay)
	r.When("the clerk enters that payment again", d.payAgain)
	r.When("the clerk pays out {money} to {stay}", d.payOutStay)
	r.When("the clerk enters that pay-out again", d.payOutAgain)
	r.When("the clerk checks out {stay}", d.checkOut)
}

func stayAttempts(r *gherkin.Registrar, d *desk) {
	r.When("the clerk tries to check in {stay} at {time}", try2(d, d.checkIn))
	r.When("the clerk tries to charge {money} to {stay}", try2(d, d.chargeStay))
	r.When("the clerk tries to take a payment of {money} for {stay}", try2(d, d.payStay))
	r.When("the clerk tries to pay out {money} to {stay}", try2(d, d.payOutStay))
	r.When("the clerk tries to check out {stay}", try1(d, d.checkOut))
}

func stayChecks(r *gherkin.Registrar, d *desk) {
	r.Then("the balance of {stay} is {money}", d.stayBalance)
	r.Then("the balance of {stay} reads {string}", d.stayBalanceReads)
	r.Then("{stay} is checked out", d.isCheckedOut)
	r.Then("{stay} is not checked out", d.isNotCheckedOut)
	r.Then("{stay} left with {group}", d.leftWith)
	r.Then("{stay} has not left with a group", d.leftWithNone)
	r.Then("{stay} is on record", d.isKnown)
	r.Then("{stay} is not on record", d.isUnknown)
}

func (d *desk) staysOwing(ctx context.Context, stays []stay, balance domain.Money) error {
	return d.beginAll(ctx, stays, balance, domain.Money{})
}

func (d *desk) staysInCredit(ctx context.Context, stays []stay, credit domain.Money) error {
	return d.beginAll(ctx, stays, domain.Money{}, credit)
}

func (d *desk) beginAll(ctx context.Context, stays []stay, charged, paid domain.Money) error {
	for _, s := range stays {
		if err := d.begin(ctx, d.idOf(s), charged, paid); err != nil {
			return err
		}
	}
	return nil
}

// stayRow is a stay as a table describes it. An amount that is left out is
// nothing.
type stayRow struct {
	Stay    stay         `col:"stay"`
	Charged domain.Money `col:"charged,optional"`
	Paid    domain.Money `col:"paid,optional"`
}

func (d *desk) theseStays(ctx context.Context, table gherkin.Table) error {
	rows, err := gherkin.Rows[stayRow](table)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := d.begin(ctx, d.idOf(row.Stay), row.Charged, row.Paid); err != nil {
			return fmt.Errorf("%s: %w", row.Stay, err)
		}
	}
	return nil
}

// begin checks a guest in, with one charge and one payment unless they are 0.
func (d *desk) begin(ctx context.Context, id domain.StayID, charged, paid domain.Money) error {
	if err := d.stayService().CheckIn(ctx, id, d.moment()); err != nil {
		return err
	}
	if !charged.IsZero() {
		if err := d.stayService().Charge(ctx, id, newCharge(), charged, d.moment()); err != nil {
			return err
		}
	}
	if paid.IsZero() {
		return nil
	}
	return d.stayService().Pay(ctx, id, newPayment(), paid, d.moment())
}

func (d *desk) stayGone(ctx context.Context, s stay) error {
	if err := d.begin(ctx, d.idOf(s), domain.Money{}, domain.Money{}); err != nil {
		return err
	}
	return d.checkOut(ctx, s)
}

func (d *desk) checkIn(ctx context.Context, s stay, at domain.Moment) error {
	return d.stayService().CheckIn(ctx, d.idOf(s), at)
}

func (d *desk) chargeStay(ctx context.Context, amount domain.Money, s stay) error {
	charge := newCharge()
	d.charge = func(ctx context.Context) error {
		return d.stayService().Charge(ctx, d.idOf(s), charge, amount, d.moment())
	}
	return d.charge(ctx)
}

func (d *desk) chargeAgain(ctx context.Context) error {
	if d.charge == nil {
		return fmt.Errorf("no charge was entered before in this scenario")
	}
	return d.charge(ctx)
}

func (d *desk) payStay(ctx context.Context, amount domain.Money, s stay) error {
	payment := newPayment()
	d.payment = func(ctx context.Context) error {
		return d.stayService().Pay(ctx, d.idOf(s), payment, amount, d.moment())
	}
	return d.payment(ctx)
}

func (d *desk) payAgain(ctx context.Context) error {
	if d.payment == nil {
		return fmt.Errorf("no payment was entered before in this scenario")
	}
	return d.payment(ctx)
}

func (d *desk) payOutStay(ctx context.Context, amount domain.Money, s stay) error {
	payment := newPayment()
	d.payOut = func(ctx context.Context) error {
		return d.stayService().PayOut(ctx, d.idOf(s), payment, amount, d.moment())
	}
	return d.payOut(ctx)
}

func (d *desk) payOutAgain(ctx context.Context) error {
	if d.payOut == nil {
		return fmt.Errorf("nothing was paid out before in this scenario")
	}
	return d.payOut(ctx)
}

func (d *desk) checkOut(ctx context.Context, s stay) error {
	return d.stayService().CheckOut(ctx, d.idOf(s), d.moment())
}

// checkStay checks what depends on the clerks alone.
func (d *desk) checkStay(ctx context.Context, s stay, check func(gueststay.State) error) error {
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.world.Check(ctx, func(ctx context.Context) error {
		state, err := d.stayService().Read(ctx, id)
		if err != nil {
			return err
		}
		return check(state)
	})
}

func (d *desk) stayBalance(ctx context.Context, s stay, want domain.Money) error {
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return same("balance of "+s.String(), state.Balance(), want)
	})
}

func (d *desk) stayBalanceReads(ctx context.Context, s stay, want string) error {
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return reads("balance of "+s.String(), state.Balance(), want)
	})
}

// same compares amounts, whatever their scale.
func same(what string, got, want domain.Money) error {
	return unless(got.Equal(want), "got a %s of %s, want %s", what, got.ForReaders(), want.ForReaders())
}

// reads compares an amount to the last digit, zeros included.
func reads(what string, got domain.Money, want string) error {
	return unless(got.String() == want, "got a %s that reads %q, want %q", what, got, want)
}

func (d *desk) isCheckedOut(ctx context.Context, s stay) error {
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return unless(state.CheckedOut(), "got %s not checked out (balance %s), want it checked out", s, state.Balance())
	})
}

func (d *desk) isNotCheckedOut(ctx context.Context, s stay) error {
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return unless(!state.CheckedOut(), "got %s checked out, want it not checked out", s)
	})
}

func (d *desk) leftWith(ctx context.Context, s stay, want group) error {
	if _, err := d.knownGroup(want); err != nil {
		return err
	}
	return d.ownedBy(ctx, s, want.String())
}

func (d *desk) leftWithNone(ctx context.Context, s stay) error { return d.ownedBy(ctx, s, noGroup) }

func (d *desk) ownedBy(ctx context.Context, s stay, want string) error {
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.world.Eventually(ctx, func(ctx context.Context) error {
		got, err := d.owner(ctx, id)
		if err == nil && got != want {
			err = fmt.Errorf("got %s left with %s, want it left with %s", s, got, want)
		}
		return err
	})
}

const noGroup = "no group"

// owner names the group that the guest of a stay left with.
func (d *desk) owner(ctx context.Context, id domain.StayID) (string, error) {
	state, err := d.stayService().Read(ctx, id)
	if err != nil {
		return "", err
	}
	if taker, transferred := state.Group(); transferred {
		return d.nameOfGroup(taker), nil
	}
	return noGroup, nil
}

func (d *desk) isKnown(ctx context.Context, s stay) error {
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return unless(state.Known(), "got no record of %s, want one", s)
	})
}

// isUnknown may speak of a stay that was never mentioned: nobody can have put that
// on record.
func (d *desk) isUnknown(ctx context.Context, s stay) error {
	if _, err := d.knownStay(s); err != nil {
		return nil //nolint:nilerr // that is what the step says
	}
	return d.checkStay(ctx, s, func(state gueststay.State) error {
		return unless(!state.Known(), "got a record of %s (balance %s), want none", s, state.Balance())
	})
}
