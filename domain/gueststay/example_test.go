package gueststay_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// What a guest owes moves to a group, once. Then the stay is over for the guest.
func ExampleService() {
	ctx := context.Background()
	stays := gueststay.NewService(memory.New(), es.Options{})
	stay, group := domain.StayID(uuid.New()), domain.GroupID(uuid.New())
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))

	err := errors.Join(
		stays.CheckIn(ctx, stay, at),
		stays.Charge(ctx, stay, domain.ChargeID(uuid.New()), domain.MoneyOf(80), at),
		stays.Pay(ctx, stay, domain.PaymentID(uuid.New()), domain.MoneyOf(30), at),
	)
	if err != nil {
		fmt.Println(err)
	}
	for range 2 {
		answer, err := stays.TransferToGroup(ctx, stay, group, at)
		fmt.Println("moved to the group:", answer.Residual, err)
	}
	err = stays.CheckOut(ctx, stay, at)
	var transferred *gueststay.TransferredError
	fmt.Println("transferred already:", errors.As(err, &transferred))
	// Output:
	// moved to the group: 50 <nil>
	// moved to the group: 50 <nil>
	// transferred already: true
}
