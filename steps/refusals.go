package steps

import (
	"errors"
	"fmt"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/plural"
)

func refusals(r *gherkin.Registrar, d *desk) {
	r.Then("it is refused because an amount has to be above zero, and {money} is not", d.refusedAmount)
	r.Then("it is refused because the balance is {money}", d.refusedBalance)
	r.Then("it is refused because {money} would make the balance of {money} too large to be kept", d.refusedTooLarge)
	r.Then("it is refused because the guest had checked in at {time}", d.refusedCheckedIn)
	r.Then("it is refused because the guest has checked out", d.refusedCheckedOut)
	r.Then("it is refused because the guest has left with {group}", d.refusedTransferred)
	r.Then("it is refused because the stay is not on record", d.refusedNotOnRecord)
	r.Then("it is refused because {money} is more than the credit of {money}", d.refusedCredit)
	r.Then("it is refused because {count} stay(s) still wait(s) to be visited", d.refusedProcessing)
	r.Then("it is refused because the group is confirmed", d.refusedConfirmed)
}

// isRefusal tells a command that the domain refused from one that failed.
func isRefusal(err error) bool {
	return errors.Is(err, gueststay.ErrCheckedOut) || errors.Is(err, gueststay.ErrNotOnRecord) ||
		errors.Is(err, groupcheckout.ErrConfirmed) ||
		isA[*domain.NotAboveZeroError](err) || isA[*domain.TooLargeError](err) || isA[*domain.BalanceError](err) || isA[*domain.CreditError](err) ||
		isA[*gueststay.TransferredError](err) || isA[*gueststay.CheckedInError](err) ||
		isA[*groupcheckout.ProcessingError](err)
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// refusedAs hands over the last refusal, which has to be of a certain type.
func refusedAs[E error](d *desk) (E, error) {
	var refusal E
	err, unclear := d.refused()
	if unclear != nil {
		return refusal, unclear
	}
	if !errors.As(err, &refusal) {
		return refusal, fmt.Errorf("got a refusal of the type %T (%w), want a %T", err, err, refusal)
	}
	return refusal, nil
}

// refusedWith checks that the last refusal was a certain one.
func (d *desk) refusedWith(want error) error {
	got, err := d.refused()
	if err == nil && !errors.Is(got, want) {
		err = fmt.Errorf("got the refusal “%w”, want “%w”", got, want)
	}
	return err
}

func (d *desk) refusedAmount(want domain.Money) error {
	refusal, err := refusedAs[*domain.NotAboveZeroError](d)
	if err != nil {
		return err
	}
	return same("refused amount", refusal.Amount, want)
}

func (d *desk) refusedBalance(want domain.Money) error {
	refusal, err := refusedAs[*domain.BalanceError](d)
	if err != nil {
		return err
	}
	return same("balance in the refusal", refusal.Balance, want)
}

func (d *desk) refusedTooLarge(amount, balance domain.Money) error {
	refusal, err := refusedAs[*domain.TooLargeError](d)
	if err != nil {
		return err
	}
	return errors.Join(
		same("refused amount", refusal.Amount, amount),
		same("balance in the refusal", refusal.Balance, balance))
}

func (d *desk) refusedCheckedIn(want domain.Moment) error {
	refusal, err := refusedAs[*gueststay.CheckedInError](d)
	if err == nil && !refusal.Before.Equal(want) {
		err = fmt.Errorf("got a refusal that says the guest checked in at %s, want %s", refusal.Before, want)
	}
	return err
}

func (d *desk) refusedCheckedOut() error { return d.refusedWith(gueststay.ErrCheckedOut) }

func (d *desk) refusedNotOnRecord() error { return d.refusedWith(gueststay.ErrNotOnRecord) }

func (d *desk) refusedCredit(amount, credit domain.Money) error {
	refusal, err := refusedAs[*domain.CreditError](d)
	if err != nil {
		return err
	}
	return errors.Join(
		same("refused amount", refusal.Amount, amount),
		same("credit in the refusal", refusal.Credit, credit))
}

func (d *desk) refusedTransferred(want group) error {
	id, err := d.knownGroup(want)
	if err != nil {
		return err
	}
	refusal, err := refusedAs[*gueststay.TransferredError](d)
	if err == nil && refusal.Group != id {
		err = fmt.Errorf("got a refusal that names %s, want %s", d.nameOfGroup(refusal.Group), want)
	}
	return err
}

func (d *desk) refusedProcessing(want count) error {
	refusal, err := refusedAs[*groupcheckout.ProcessingError](d)
	if err == nil && refusal.Pending != int(want) {
		err = fmt.Errorf("got a refusal that speaks of %s that still %s to be visited, want %d", plural.Of(refusal.Pending, "stay"), plural.Word(refusal.Pending, "waits", "wait"), want)
	}
	return err
}

func (d *desk) refusedConfirmed() error { return d.refusedWith(groupcheckout.ErrConfirmed) }
