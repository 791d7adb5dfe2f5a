package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/memory"
)

// handled hears of streams whose changes were handled.
type handled chan es.StreamName

// Observe implements reactor.Observer.
func (h handled) Observe(o reactor.Occurrence) {
	if retired, ok := o.(reactor.Retired); ok {
		h <- retired.Stream
	}
}

// The reactor merges what a clerk selects, in this process or in another.
func ExampleStart() {
	ctx := context.Background()
	backend, err := memory.New().Backend(checkout.Categories()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	handled := make(handled, 10)
	running, err := checkout.Start(ctx, backend, checkout.Config{Reactor: reactor.Config{Group: "Checkout", Observer: handled}})
	if err != nil {
		fmt.Println(err)
		return
	}

	stays, groups := gueststay.NewService(backend.Events, es.Options{}), groupcheckout.NewService(backend.Events, es.Options{})
	stay, group := domain.StayID(uuid.New()), domain.GroupID(uuid.New())
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))
	err = errors.Join(
		stays.CheckIn(ctx, stay, at),
		stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOf(80), at),
		groups.Select(ctx, group, []domain.StayID{stay}, at),
	)
	if err != nil {
		fmt.Println(err)
	}

	fmt.Println("handled:", <-handled == groups.Stream(group))
	state, err := groups.Read(ctx, group)
	fmt.Println(state.Status(stay), "with", state.Balance(), err)
	running.Stop()
	fmt.Println("stopped:", running.Wait(ctx))
	// Output:
	// handled: true
	// merged with 80 <nil>
	// stopped: <nil>
}

// The process is told that a group has changed, and does whatever is pending.
// Being told again is harmless.
func ExampleProcess() {
	ctx, store := context.Background(), memory.New()
	stays, groups := gueststay.NewService(store, es.Options{}), groupcheckout.NewService(store, es.Options{})
	process := checkout.NewProcess(groups, stays, checkout.Config{})
	stay, group := domain.StayID(uuid.New()), domain.GroupID(uuid.New())
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))
	err := errors.Join(
		stays.CheckIn(ctx, stay, at),
		stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOf(80), at),
		groups.Select(ctx, group, []domain.StayID{stay}, at),
	)
	if err != nil {
		fmt.Println(err)
	}

	selected, err := store.Read(ctx, groups.Stream(group), 0, es.FromLeader)
	if err != nil {
		fmt.Println(err)
	}
	for range 2 {
		version, err := process.Handle(ctx, groups.Stream(group), selected)
		fmt.Println("nothing is pending at version", version, err)
	}
	state, err := groups.Read(ctx, group)
	fmt.Println("the group owes", state.Balance(), err)
	// Output:
	// nothing is pending at version 2 <nil>
	// nothing is pending at version 2 <nil>
	// the group owes 80 <nil>
}
