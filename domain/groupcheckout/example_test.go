package groupcheckout_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// A clerk selects stays, the process records what became of them, and the clerk
// takes the payment. Next tells whose turn it is.
func ExampleService() {
	ctx := context.Background()
	groups := groupcheckout.NewService(memory.New(), es.Options{})
	group := domain.GroupID(uuid.New())
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))
	stays := []domain.StayID{domain.StayID(uuid.New()), domain.StayID(uuid.New())}
	show := func(what string, err error) {
		state, _ := groups.Read(ctx, group)
		switch next := groupcheckout.Next(state).(type) {
		case groupcheckout.MergeStays:
			fmt.Printf("%s (%v): %d stays to merge\n", what, err, len(next.Pending))
		case groupcheckout.Settle:
			fmt.Printf("%s (%v): %s to settle\n", what, err, next.Balance)
		case groupcheckout.Nothing:
			fmt.Printf("%s (%v): nothing to do\n", what, err)
		}
	}

	show("selected", groups.Select(ctx, group, stays, at))
	_, _, err := groups.Record(ctx, group, groupcheckout.Outcomes{
		Merged: []groupcheckout.Residual{{Stay: stays[0], Residual: domain.MoneyOf(80)}},
		Failed: []groupcheckout.Failure{{Stay: stays[1], WhyNot: domain.CheckedOut}},
	})
	show("recorded", err)
	show("confirmed", groups.Confirm(ctx, group, at))
	show("paid", groups.Pay(ctx, group, domain.PaymentID(uuid.New()), domain.MoneyOf(80), at))
	show("confirmed", groups.Confirm(ctx, group, at))
	// Output:
	// selected (<nil>): 2 stays to merge
	// recorded (<nil>): 80 to settle
	// confirmed (the balance is 80, it has to be zero): 80 to settle
	// paid (<nil>): 0 to settle
	// confirmed (<nil>): nothing to do
}
