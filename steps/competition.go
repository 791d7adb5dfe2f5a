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

// competition is what several clerks do at the same moment.
func competition(r *gherkin.Registrar, d *desk) {
	r.When("at the same moment one clerk selects {stays} for {group} and another for {group}", d.selectForBoth)
	r.When("at the same moment one clerk selects {stays} and another {stays} for {group}", d.selectBoth)
	r.When("two clerks at the same moment take payments of {money} and {money} for {group}", d.payBoth)
	r.When("two clerks at the same moment enter the same payment of {money} for {group}", d.paySameTwice)
	r.When("two clerks at the same moment charge {money} and {money} to {stay}", d.chargeBoth)
	r.When("two clerks at the same moment confirm {group}", d.confirmBoth)
	r.When("at the same moment one clerk charges {money} to {stay} and another selects it for {group}", d.chargeAndSelect)
	r.When("at the same moment one clerk checks out {stay} and another selects it for {group}", d.checkOutAndSelect)
	r.When("at the same moment one clerk confirms {group} and another selects {stay} for it", d.confirmAndSelect)
	r.When("two clerks at the same moment try to pay out {money} each to {group}", d.payOutBoth)
}

func competitionChecks(r *gherkin.Registrar, d *desk) {
	r.Then("(each of ){stays} is merged into either {group} or {group}, and not into both", d.mergedIntoOne)
	r.Then("the balances of {group} and {group} come to {money} together", d.balancesTogether)
	r.Then("{stay} brought {group} its {money} and the charge, unless that was refused", d.residualKeepsCharges)
	r.Then("{stay} either is checked out or left with {group}, and not both", d.leftOrMerged)
	r.Then("one of them is refused because {money} is more than the credit of {money}", d.oneIsRefused)
	r.Then("either {group} is confirmed without {stay}, or that stay is merged into it and keeps it open", d.confirmedOrJoined)
}

func (d *desk) selection(stays []stay, g group) func(context.Context) error {
	at := d.moment()
	return func(ctx context.Context) error {
		return d.groupService().Select(ctx, d.groupID(g), d.idsOf(stays), at)
	}
}

func (d *desk) groupPayment(payment domain.PaymentID, amount domain.Money, g group) func(context.Context) error {
	at := d.moment()
	return func(ctx context.Context) error {
		return d.groupService().Pay(ctx, d.groupID(g), payment, amount, at)
	}
}

func (d *desk) stayCharge(amount domain.Money, s stay) func(context.Context) error {
	at, charge := d.moment(), newCharge()
	return func(ctx context.Context) error {
		return d.stayService().Charge(ctx, d.idOf(s), charge, amount, at)
	}
}

func (d *desk) selectForBoth(ctx context.Context, stays []stay, one, other group) error {
	return errors.Join(d.together(ctx, d.selection(stays, one), d.selection(stays, other))...)
}

func (d *desk) selectBoth(ctx context.Context, some, others []stay, g group) error {
	return errors.Join(d.together(ctx, d.selection(some, g), d.selection(others, g))...)
}

func (d *desk) payBoth(ctx context.Context, one, other domain.Money, g group) error {
	return errors.Join(d.together(ctx, d.groupPayment(newPayment(), one, g), d.groupPayment(newPayment(), other, g))...)
}

func (d *desk) paySameTwice(ctx context.Context, amount domain.Money, g group) error {
	payment := newPayment()
	return errors.Join(d.together(ctx, d.groupPayment(payment, amount, g), d.groupPayment(payment, amount, g))...)
}

func (d *desk) chargeBoth(ctx context.Context, one, other domain.Money, s stay) error {
	return errors.Join(d.together(ctx, d.stayCharge(one, s), d.stayCharge(other, s))...)
}

func (d *desk) confirmBoth(ctx context.Context, g group) error {
	at := d.moment()
	confirm := func(ctx context.Context) error { return d.groupService().Confirm(ctx, d.groupID(g), at) }
	return errors.Join(d.together(ctx, confirm, confirm)...)
}

// chargeAndSelect lets the charge be refused: the reactor may have been first.
func (d *desk) chargeAndSelect(ctx context.Context, amount domain.Money, s stay, g group) error {
	errs := d.together(ctx, d.stayCharge(amount, s), d.selection([]stay{s}, g))
	if errs[0] == nil {
		d.counted = amount
	}
	if isA[*gueststay.TransferredError](errs[0]) {
		errs[0] = nil
	}
	return errors.Join(errs...)
}

// checkOutAndSelect lets the check-out be refused, as above.
func (d *desk) checkOutAndSelect(ctx context.Context, s stay, g group) error {
	at := d.moment()
	errs := d.together(ctx,
		func(ctx context.Context) error { return d.stayService().CheckOut(ctx, d.idOf(s), at) },
		d.selection([]stay{s}, g))
	if isA[*gueststay.TransferredError](errs[0]) {
		errs[0] = nil
	}
	return errors.Join(errs...)
}

// confirmAndSelect lets each be refused: the other may have been first, and a group
// that waits for a visit, or owes what it brought, is not confirmed.
func (d *desk) confirmAndSelect(ctx context.Context, g group, s stay) error {
	at := d.moment()
	errs := d.together(ctx,
		func(ctx context.Context) error { return d.groupService().Confirm(ctx, d.groupID(g), at) },
		d.selection([]stay{s}, g))
	if isA[*groupcheckout.ProcessingError](errs[0]) || isA[*domain.BalanceError](errs[0]) {
		errs[0] = nil
	}
	if errors.Is(errs[1], groupcheckout.ErrConfirmed) {
		errs[1] = nil
	}
	return errors.Join(errs...)
}

// payOutBoth is an attempt of the two that is refused to one of them, since what the
// other was paid is gone.
func (d *desk) payOutBoth(ctx context.Context, amount domain.Money, g group) error {
	at := d.moment()
	out := func(payment domain.PaymentID) func(context.Context) error {
		return func(ctx context.Context) error {
			return d.groupService().PayOut(ctx, d.groupID(g), payment, amount, at)
		}
	}
	errs := d.together(ctx, out(newPayment()), out(newPayment()))
	if errs[0] != nil && errs[1] != nil {
		return fmt.Errorf("got both refused, want one of them carried out: %w", errors.Join(errs...))
	}
	return d.try(errors.Join(errs...))
}

// mergedIntoOne checks both groups, and that each stay knows the one it is in.
func (d *desk) mergedIntoOne(ctx context.Context, stays []stay, one, other group) error {
	ids, err := d.knownStays(stays)
	if err != nil {
		return err
	}
	return d.checkBoth(ctx, one, other, func(ctx context.Context, first, second groupcheckout.State) error {
		var errs []error
		for i, s := range stays {
			id := ids[i]
			owner := one
			if second.Status(id) == groupcheckout.Merged {
				owner = other
			}
			statuses := [2]groupcheckout.Status{first.Status(id), second.Status(id)}
			if statuses != [2]groupcheckout.Status{groupcheckout.Merged, groupcheckout.Failed} &&
				statuses != [2]groupcheckout.Status{groupcheckout.Failed, groupcheckout.Merged} {
				errs = append(errs, fmt.Errorf("got %s %s in %s and %s in %s, want it merged in one and not merged in the other",
					s, outcome(statuses[0]), one, outcome(statuses[1]), other))
				continue
			}
			got, err := d.owner(ctx, id)
			if err == nil && got != owner.String() {
				err = fmt.Errorf("got %s left with %s, want it left with %s, which recorded it as merged", s, got, owner)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

func (d *desk) balancesTogether(ctx context.Context, one, other group, want domain.Money) error {
	return d.checkBoth(ctx, one, other, func(_ context.Context, first, second groupcheckout.State) error {
		return same(fmt.Sprintf("balance of %s and %s together", one, other), first.Balance().Plus(second.Balance()), want)
	})
}

func (d *desk) checkBoth(ctx context.Context, one, other group, check func(ctx context.Context, first, second groupcheckout.State) error) error {
	id, err := d.knownGroup(other)
	if err != nil {
		return err
	}
	return d.check(ctx, one, func(ctx context.Context, first groupcheckout.State) error {
		second, err := d.groupService().Read(ctx, id)
		if err != nil {
			return err
		}
		return check(ctx, first, second)
	})
}

// residualKeepsCharges checks that nothing that was entered is lost.
func (d *desk) residualKeepsCharges(ctx context.Context, s stay, g group, before domain.Money) error {
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		if got := state.Status(id); got != groupcheckout.Merged {
			return fmt.Errorf("got %s %s in %s, want it merged", s, outcome(got), g)
		}
		return same("balance moved from "+s.String(), state.Residual(id), before.Plus(d.counted))
	})
}

func (d *desk) leftOrMerged(ctx context.Context, s stay, g group) error {
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(ctx context.Context, state groupcheckout.State) error {
		left, err := d.stayService().Read(ctx, id)
		if err != nil {
			return err
		}
		merged := state.Status(id) == groupcheckout.Merged
		return unless(left.CheckedOut() != merged, "got %s checked out: %t, and merged into %s: %t; want one of both", s, left.CheckedOut(), g, merged)
	})
}

// confirmedOrJoined checks that whoever was first has had its way.
func (d *desk) confirmedOrJoined(ctx context.Context, g group, s stay) error {
	id, err := d.knownStay(s)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(ctx context.Context, state groupcheckout.State) error {
		owner, err := d.owner(ctx, id)
		if err != nil {
			return err
		}
		status := state.Status(id)
		without := state.Confirmed() && status == groupcheckout.Unselected && owner == noGroup
		joined := !state.Confirmed() && status == groupcheckout.Merged && owner == g.String()
		return unless(without || joined, "got %s confirmed: %t, and %s %s, which left with %s; want one of both", g, state.Confirmed(), s, outcome(status), owner)
	})
}

// oneIsRefused checks the refusal of one of two attempts.
func (d *desk) oneIsRefused(amount, credit domain.Money) error {
	return d.refusedCredit(amount, credit)
}
