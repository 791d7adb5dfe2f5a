package demo_test

import (
	"context"
	"fmt"
	"log/slog"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/stores/memory"
)

// The demo is a run of clerks and a reactor on any store, of which it proves the
// books in the end.
func ExampleRun() {
	ctx := context.Background()
	backend, err := memory.New().Backend(checkout.Categories()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	report, err := demo.Run(ctx, backend, demo.Config{Groups: 5, Stays: 4, Log: slog.New(slog.DiscardHandler)})
	fmt.Println(report.Confirmed, "of", report.Groups, "groups are confirmed", err)
	fmt.Println("every selected stay has an outcome:", report.Merged+report.FailedInAll() == 5*4)
	fmt.Println("what moved was paid:", report.Moved.Minus(report.Paid).IsZero())
	// Output:
	// 5 of 5 groups are confirmed <nil>
	// every selected stay has an outcome: true
	// what moved was paid: true
}
