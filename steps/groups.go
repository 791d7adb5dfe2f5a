package steps

import (
	"context"
	"errors"
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

func groupCommands(r *gherkin.Registrar, d *desk) {
	r.When("the clerk selects {stays} for {group}", d.selectStays)
	r.When("the clerk takes a payment of {money} for {group}", d.payGroup)
	r.When("the clerk pays out {money} to {group}", d.payOutGroup)
	r.When("the clerk confirms {group}", d.confirm)
	r.Given("{stays} was/were merged into {group}", d.mergedBefore)
	r.Given("{group} was settled with {money} and confirmed", d.settledAndConfirmed)
	r.When("the selected stays of {group} have been visited", d.visited)
}

func groupAttempts(r *gherkin.Registrar, d *desk) {
	r.When("the clerk tries to select {stays} for {group}", try2(d, d.selectStays))
	r.When("the clerk tries to take a payment of {money} for {group}", try2(d, d.payGroup))
	r.When("the clerk tries to pay out {money} to {group}", try2(d, d.payOutGroup))
	r.When("the clerk tries to confirm {group}", try1(d, d.confirm))
}

func groupChecks(r *gherkin.Registrar, d *desk) {
	r.Then("{stays} is/are merged into {group}", d.areMerged)
	r.Then("{stays} could not be merged into {group}", d.couldNotBeMerged)
	r.Then("{stays} could not be merged into {group} because {reason}", d.couldNotBeMergedBecause)
	r.Then("the stays of {group} are:", d.staysAre)
	r.Then("the balance of {group} is {money}", d.groupBalance)
	r.Then("the balance of {group} reads {string}", d.groupBalanceReads)
	r.Then("the clerk is asked to settle {money} for {group}", d.askedToSettle)
	r.Then("nothing is owed for {group}, and the clerk can confirm it", d.nothingOwed)
	r.Then("nothing is left to do for {group}", d.nothingLeft)
	r.Then("{group} is confirmed", d.isConfirmed)
	r.Then("{group} is not confirmed", d.isNotConfirmed)
	r.Then("{count} stay(s) of {group} wait(s) to be visited", d.waiting)
}

func (d *desk) selectStays(ctx context.Context, stays []stay, g group) error {
	return d.groupService().Select(ctx, d.groupID(g), d.idsOf(stays), d.moment())
}

func (d *desk) payGroup(ctx context.Context, amount domain.Money, g group) error {
	payment := newPayment()
	d.payment = func(ctx context.Context) error {
		return d.groupService().Pay(ctx, d.groupID(g), payment, amount, d.moment())
	}
	return d.payment(ctx)
}

func (d *desk) payOutGroup(ctx context.Context, amount domain.Money, g group) error {
	payment := newPayment()
	d.payOut = func(ctx context.Context) error {
		return d.groupService().PayOut(ctx, d.groupID(g), payment, amount, d.moment())
	}
	return d.payOut(ctx)
}

func (d *desk) confirm(ctx context.Context, g group) error {
	return d.groupService().Confirm(ctx, d.groupID(g), d.moment())
}

func (d *desk) mergedBefore(ctx context.Context, stays []stay, g group) error {
	if err := d.selectStays(ctx, stays, g); err != nil {
		return err
	}
	return d.areMerged(ctx, stays, g)
}

func (d *desk) settledAndConfirmed(ctx context.Context, g group, amount domain.Money) error {
	if err := d.payGroup(ctx, amount, g); err != nil {
		return err
	}
	return d.confirm(ctx, g)
}

func (d *desk) visited(ctx context.Context, g group) error {
	return d.check(ctx, g, func(_ context.Context, _ groupcheckout.State) error { return nil })
}

// check checks the state of a group once every selected stay has an outcome.
// Anything that it could say of the group before that would be said too early.
func (d *desk) check(ctx context.Context, g group, check func(context.Context, groupcheckout.State) error) error {
	id, err := d.knownGroup(g)
	if err != nil {
		return err
	}
	return d.world.Eventually(ctx, func(ctx context.Context) error {
		state, err := d.groupService().Read(ctx, id)
		if err != nil {
			return err
		}
		if pending := state.Stays(groupcheckout.Pending); len(pending) > 0 && d.reactor != down {
			return fmt.Errorf("got %s of %s without an outcome (%s), want none", plural.Of(len(pending), "stay"), g, d.namesOf(pending))
		}
		return check(ctx, state)
	})
}

func (d *desk) areMerged(ctx context.Context, stays []stay, g group) error {
	return d.outcomes(ctx, stays, g, groupcheckout.Merged)
}

func (d *desk) couldNotBeMerged(ctx context.Context, stays []stay, g group) error {
	return d.outcomes(ctx, stays, g, groupcheckout.Failed)
}

func (d *desk) outcomes(ctx context.Context, stays []stay, g group, want groupcheckout.Status) error {
	ids, err := d.knownStays(stays)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		var errs []error
		for i, id := range ids {
			if got := state.Status(id); got != want {
				errs = append(errs, fmt.Errorf("got %s %s in %s, want it %s", stays[i], outcome(got), g, outcome(want)))
			}
		}
		return errors.Join(errs...)
	})
}

// couldNotBeMergedBecause also wants the group's record to say why.
func (d *desk) couldNotBeMergedBecause(ctx context.Context, stays []stay, g group, because reason) error {
	if err := d.couldNotBeMerged(ctx, stays, g); err != nil {
		return err
	}
	ids, err := d.knownStays(stays)
	if err != nil {
		return err
	}
	want, err := d.failure(because)
	if err != nil {
		return err
	}
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		var errs []error
		for i, id := range ids {
			got, _ := state.Failure(id)
			want.Stay = got.Stay
			errs = append(errs, unless(got == want, "got %s not merged into %s because %s, want that %s", stays[i], g, d.why(got), d.why(want)))
		}
		return errors.Join(errs...)
	})
}

// failure is a reason as a group records it.
func (d *desk) failure(because reason) (f groupcheckout.Failure, err error) {
	f.WhyNot = because.why
	if because.why == domain.OtherGroup {
		f.Group, err = d.knownGroup(because.group)
	}
	return f, err
}

// why says a reason as scenarios do.
func (d *desk) why(f groupcheckout.Failure) string {
	switch f.WhyNot {
	case domain.OtherGroup:
		return "the guest had left with " + d.nameOfGroup(f.Group)
	case "":
		return "of nothing that is on record"
	case domain.CheckedOut, domain.NotOnRecord: // it says all
	}
	return f.WhyNot.String()
}

// outcomeRow is what became of a selected stay, as a table describes it.
type outcomeRow struct {
	Stay     stay                 `col:"stay"`
	Outcome  groupcheckout.Status `col:"outcome"`
	Residual *domain.Money        `col:"amount,optional"`  // none for a stay that was not merged
	Because  *reason              `col:"because,optional"` // none for a merged stay, nor where it does not matter
}

// staysAre compares all stays of a group, in any order.
func (d *desk) staysAre(ctx context.Context, g group, table gherkin.Table) error {
	rows, err := gherkin.Rows[outcomeRow](table)
	if err != nil {
		return err
	}
	ids := make([]domain.StayID, len(rows))
	for i, row := range rows {
		if ids[i], err = d.knownStay(row.Stay); err != nil {
			return err
		}
		if merged := row.Outcome == groupcheckout.Merged; merged != (row.Residual != nil) {
			return fmt.Errorf("the table says of %s that it is %s: an amount belongs to each merged stay, and to no other", row.Stay, outcome(row.Outcome))
		} else if merged && row.Because != nil {
			return fmt.Errorf("the table says why %s is merged: only what is not merged has a reason", row.Stay)
		}
	}
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		listed := map[domain.StayID]struct{}{}
		var errs []error
		for i, row := range rows {
			listed[ids[i]] = struct{}{}
			errs = append(errs, row.check(d, state, ids[i]))
		}
		for _, status := range []groupcheckout.Status{groupcheckout.Pending, groupcheckout.Merged, groupcheckout.Failed} {
			for _, id := range state.Stays(status) {
				if _, known := listed[id]; !known {
					errs = append(errs, fmt.Errorf("got %s %s, want it not in %s", d.nameOf(id), outcome(status), g))
				}
			}
		}
		return errors.Join(errs...)
	})
}

func (r outcomeRow) check(d *desk, state groupcheckout.State, id domain.StayID) error {
	switch got := state.Status(id); {
	case got != r.Outcome:
		return fmt.Errorf("got %s %s, want it %s", r.Stay, outcome(got), outcome(r.Outcome))
	case got == groupcheckout.Merged:
		return same("balance moved from "+r.Stay.String(), state.Residual(id), *r.Residual)
	case r.Because != nil:
		want, err := d.failure(*r.Because)
		if err != nil {
			return err
		}
		got, _ := state.Failure(id)
		want.Stay = got.Stay
		return unless(got == want, "got %s not merged because %s, want that %s", r.Stay, d.why(got), d.why(want))
	}
	return nil
}

func (d *desk) groupBalance(ctx context.Context, g group, want domain.Money) error {
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		return same("balance of "+g.String(), state.Balance(), want)
	})
}

func (d *desk) groupBalanceReads(ctx context.Context, g group, want string) error {
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		return reads("balance of "+g.String(), state.Balance(), want)
	})
}

func (d *desk) askedToSettle(ctx context.Context, want domain.Money, g group) error {
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		step, settle := groupcheckout.Next(state).(groupcheckout.Settle)
		if !settle {
			return fmt.Errorf("got %T as the next step of %s, want one to settle %s", groupcheckout.Next(state), g, want)
		}
		return same("balance to settle for "+g.String(), step.Balance, want)
	})
}

func (d *desk) nothingOwed(ctx context.Context, g group) error {
	return d.askedToSettle(ctx, domain.Money{}, g)
}

func (d *desk) nothingLeft(ctx context.Context, g group) error {
	return d.check(ctx, g, func(_ context.Context, state groupcheckout.State) error {
		step, nothing := groupcheckout.Next(state).(groupcheckout.Nothing)
		return unless(nothing, "got %T as the next step of %s, want nothing left to do", step, g)
	})
}

func (d *desk) isConfirmed(ctx context.Context, g group) error {
	return d.checkNow(ctx, g, func(state groupcheckout.State) error {
		return unless(state.Confirmed(), "got %s not confirmed (balance %s), want it confirmed", g, state.Balance())
	})
}

func (d *desk) isNotConfirmed(ctx context.Context, g group) error {
	return d.checkNow(ctx, g, func(state groupcheckout.State) error {
		return unless(!state.Confirmed(), "got %s confirmed, want it not confirmed", g)
	})
}

// waiting is checked at once: it says something only while the reactor is down.
func (d *desk) waiting(ctx context.Context, want count, g group) error {
	if d.reactor != down {
		return errors.New("how many stays wait is certain only while the reactor is down: stop it in a step before")
	}
	return d.checkNow(ctx, g, func(state groupcheckout.State) error {
		pending := state.Stays(groupcheckout.Pending)
		return unless(len(pending) == int(want), "got %s of %s waiting (%s), want %d", plural.Of(len(pending), "stay"), g, d.namesOf(pending), want)
	})
}

// checkNow checks what the reactor has no part in, or has none in while it is
// down.
func (d *desk) checkNow(ctx context.Context, g group, check func(groupcheckout.State) error) error {
	id, err := d.knownGroup(g)
	if err != nil {
		return err
	}
	return d.world.Check(ctx, func(ctx context.Context) error {
		state, err := d.groupService().Read(ctx, id)
		if err != nil {
			return err
		}
		return check(state)
	})
}
