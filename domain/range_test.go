package domain_test

import (
	"testing"

	"example.com/groupcheckout/domain"
)

func TestInRangeLooksAtTheWholeAmountOnly(t *testing.T) {
	t.Parallel()
	parse := func(text string) domain.Money {
		amount, err := domain.ParseMoney(text)
		if err != nil {
			t.Fatal(err)
		}
		return amount
	}
	largest, finest := parse("79228162514264337593543950335"), parse("0.0000000000000000000000000001")
	for name, test := range map[string]struct {
		amount domain.Money
		want   bool
	}{
		"zero":                         {domain.Money{}, true},
		"the largest":                  {largest, true},
		"the smallest":                 {domain.Money{}.Minus(largest), true},
		"one above the largest":        {largest.Plus(parse("1")), false},
		"one below the smallest":       {domain.Money{}.Minus(largest).Minus(parse("1")), false},
		"too fine to be stored":        {largest.Minus(finest), true},
		"the largest and a fine rest":  {largest.Plus(finest), true},
		"the largest twice, and finer": {largest.Plus(largest).Plus(finest), false},
	} {
		if got := test.amount.InRange(); got != test.want {
			t.Errorf("%s: got %t, want %t", name, got, test.want)
		}
	}
}
