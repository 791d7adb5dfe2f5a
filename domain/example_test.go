package domain_test

import (
	"fmt"
	"time"

	"example.com/groupcheckout/domain"
)

// An amount keeps the scale that it was written with, and zero is zero at any
// scale.
func ExampleParseMoney() {
	charged, err := domain.ParseMoney("100.50")
	if err != nil {
		fmt.Println(err)
		return
	}
	balance := charged.Minus(domain.MoneyOf(42))
	fmt.Println("owed:", balance)
	settled := balance.Minus(balance)
	fmt.Println("settled:", settled, settled.IsZero())

	_, err = domain.ParseMoney("58,50")
	fmt.Println(err)
	// Output:
	// owed: 58.50
	// settled: 0.00 true
	// "58,50" is not an amount: it has to be a number such as 100.50
}

// A moment is in UTC and has no more digits than .NET's clock.
func ExampleMomentOf() {
	cet := time.FixedZone("CET", 60*60)
	fmt.Println(domain.MomentOf(time.Date(2026, 11, 23, 12, 35, 27, 687_685_099, cet)))
	// Output: 2026-11-23T11:35:27.687685+00:00
}
