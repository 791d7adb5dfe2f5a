package domain_test

import (
	"testing"

	"example.com/groupcheckout/domain"
)

func TestRefusalsNameTheAmounts(t *testing.T) {
	t.Parallel()
	amount, balance := money(t, "-0.50"), money(t, "58.50")
	for _, test := range []struct {
		err  error
		want string
	}{
		{&domain.NotAboveZeroError{Amount: amount}, "the amount has to be above zero, it is -0.50"},
		{&domain.BalanceError{Balance: balance}, "the balance is 58.50, it has to be zero"},
		{
			&domain.TooLargeError{Amount: amount, Balance: balance},
			"an amount of -0.50 would give the balance of 58.50 more digits than can be stored, 28 are the limit",
		},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
