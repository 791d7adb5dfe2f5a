package audit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

// Somebody records that a stay was merged which never handed anything over.
func ExampleBooks() {
	ctx, store := context.Background(), memory.New()
	groups := groupcheckout.NewService(store, es.Options{})
	group := domain.GroupID(uuid.MustParse("0f8fad5b-d9cb-469f-a165-70867728950e"))
	stay := domain.StayID(uuid.MustParse("7c9e6679-7425-40de-944b-e07fc1f90ae7"))
	at := domain.MomentOf(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC))
	if err := groups.Select(ctx, group, []domain.StayID{stay}, at); err != nil {
		fmt.Println(err)
	}
	merged := []groupcheckout.Residual{{Stay: stay, Residual: domain.MoneyOf(80)}}
	if _, _, err := groups.Record(ctx, group, groupcheckout.Outcomes{Merged: merged}); err != nil {
		fmt.Println(err)
	}

	books := audit.NewBooks()
	if err := books.Load(ctx, store, groups.Stream(group)); err != nil {
		fmt.Println(err)
	}
	for _, violation := range books.Violations() {
		fmt.Println(violation)
	}
	// Output: merge: event 1 of GroupCheckout-0f8fad5bd9cb469fa16570867728950e records a residual of 80 for GuestStay-7c9e6679742540de944be07fc1f90ae7, but nothing is known of that stay
}
