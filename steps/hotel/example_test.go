package hotel_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/steps/hotel"
)

// The hotel is one system that a harness can run. In the end its books are proved.
func ExampleSystem() {
	ctx := context.Background()
	h, err := harness.Open(ctx, harness.Options{System: hotel.System()})
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := h.World(ctx, harness.Scenario{Key: "a guest arrives"})
	if err != nil {
		fmt.Println(err)
		return
	}
	stays := gueststay.NewService(world.Store(), world.Options())
	stay, at := domain.StayID(uuid.New()), domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))
	err = errors.Join(
		stays.CheckIn(ctx, stay, at),
		stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOf(80), at),
		world.Close(ctx),
	)
	fmt.Println("scenario:", err)
	fmt.Println("books:", h.Audit(ctx))
	fmt.Println("closed:", h.Close(ctx))
	// Output:
	// scenario: <nil>
	// books: <nil>
	// closed: <nil>
}
