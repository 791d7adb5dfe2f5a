package domain_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
)

// The largest amount that .NET's decimal holds, 2^96 - 1, and one above.
const (
	largest  = "79228162514264337593543950335"
	tooLarge = "79228162514264337593543950336"
)

func money(t testing.TB, text string) domain.Money {
	t.Helper()
	m, err := domain.ParseMoney(text)
	check.Must(t, err)
	return m
}

func TestParseMoneyAccepts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"0", "0"},
		{"0.00", "0.00"},
		{"-0", "0"},
		{"-0.0", "0.0"},
		{"42", "42"},
		{"100.50", "100.50"},
		{"-58.50", "-58.50"},
		{"0.05", "0.05"},
		{"1e2", "100"},
		{"1E+2", "100"},
		{"-1e2", "-100"},
		{"1.5e1", "15"},
		{"1.50e1", "15.0"},
		{"1e-2", "0.01"},
		{"12e-1", "1.2"},
		{"1e28", "10000000000000000000000000000"},
		{"1e-28", "0.0000000000000000000000000001"},
		{"0e28", "0"},
		{"0.0000000000000000000000000000", "0.0000000000000000000000000000"},
		{"9999999999999999999999999999", "9999999999999999999999999999"},
		{"0.9999999999999999999999999999", "0.9999999999999999999999999999"},
		{largest, largest},
		{"-" + largest, "-" + largest},
		{"7.9228162514264337593543950335", "7.9228162514264337593543950335"},
	} {
		got, err := domain.ParseMoney(test.text)
		if err != nil {
			t.Errorf("parse %q: %v", test.text, err)
			continue
		}
		if got.String() != test.want {
			t.Errorf("parse %q: got %s, want %s", test.text, got, test.want)
		}
		if !got.Storable() {
			t.Errorf("parse %q: got an amount that cannot be stored", test.text)
		}
	}
}

func TestParseMoneyRefuses(t *testing.T) {
	t.Parallel()
	const (
		notANumber = "has to be a number"
		digits     = "too many digits"
		exponent   = "exponent is out of range"
		length     = "characters are too many"
	)
	for _, test := range []struct{ text, reason string }{
		{"", notANumber},
		{"-", notANumber},
		{"--1", notANumber},
		{"+1", notANumber},
		{"-+1", notANumber},
		{"\u22121", notANumber}, // the minus sign of typesetters
		{"\u0661", notANumber},  // an Arabic one
		{".5", notANumber},
		{"1.", notANumber},
		{"1.e2", notANumber},
		{"01", notANumber},
		{"-01.5", notANumber},
		{"1.2.3", notANumber},
		{"1e", notANumber},
		{"1e+", notANumber},
		{"1e2e3", notANumber},
		{"1e1.5", notANumber},
		{"0x10", notANumber},
		{"1_000", notANumber},
		{"1,50", notANumber},
		{" 1", notANumber},
		{"1 ", notANumber},
		{"1\n", notANumber},
		{"NaN", notANumber},
		{"Infinity", notANumber},
		{"twelve", notANumber},
		{"null", notANumber},
		{`"12"`, notANumber},
		{tooLarge, digits},
		{"-" + tooLarge, digits},
		{"8e28", digits},
		{"10e28", digits},
		{"7.9228162514264337593543950336", digits},
		{"0.00000000000000000000000000001", digits}, // 29 places
		{"1e-29", digits},
		{strings.Repeat("9", 40), digits},
		{"1e29", exponent},
		{"1e400", exponent},
		{"1e999999999", exponent},
		{"1e2147483648", exponent},
		{"1e99999999999999999999", exponent},
		{"0e400", exponent},
		{"1e-999999999", exponent},
		{"1.5e-2147483648", exponent},
		{strings.Repeat("9", 65), length},
		{"1e" + strings.Repeat("9", 1_000_000), length},
	} {
		got, err := domain.ParseMoney(test.text)
		var refused *domain.AmountError
		if !errors.As(err, &refused) {
			t.Errorf("parse %.80q: got %s and error %v, want an *AmountError", test.text, got, err)
			continue
		}
		if refused.Value != test.text || !strings.Contains(refused.Reason, test.reason) {
			t.Errorf("parse %.80q: got %v, want one that names the text and says %q", test.text, err, test.reason)
		}
		if len(err.Error()) > 300 {
			t.Errorf("parse %.80q: the error has %d characters", test.text, len(err.Error()))
		}
		if !got.IsZero() {
			t.Errorf("parse %.80q: got %s beside the error, want 0", test.text, got)
		}
	}
}

func TestSumsAreExactAndKeepTheLargerScale(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ a, b, plus, minus string }{
		{"0", "0", "0", "0"},
		{"0.1", "0.2", "0.3", "-0.1"},
		{"100.50", "42", "142.50", "58.50"},
		{"42", "100.50", "142.50", "-58.50"},
		{"100.50", "100.50", "201.00", "0.00"},
		{"1.0", "0.00", "1.00", "1.00"},
		{"-1", "-2.5", "-3.5", "1.5"},
		{largest, "-" + largest, "0", "158456325028528675187087900670"},
		{
			largest, "0.0000000000000000000000000001", largest + ".0000000000000000000000000001",
			"79228162514264337593543950334.9999999999999999999999999999",
		},
	} {
		a, b := money(t, test.a), money(t, test.b)
		if got := a.Plus(b).String(); got != test.plus {
			t.Errorf("%s + %s: got %s, want %s", test.a, test.b, got, test.plus)
		}
		if got := a.Minus(b).String(); got != test.minus {
			t.Errorf("%s - %s: got %s, want %s", test.a, test.b, got, test.minus)
		}
		if a.String() != test.a || b.String() != test.b {
			t.Errorf("%s and %s became %s and %s by adding them", test.a, test.b, a, b)
		}
	}
}

func TestMoneyCompares(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b      string
		cmp, sign int // of a
	}{
		{"0", "0.00", 0, 0},
		{"-0.0", "0", 0, 0},
		{"1.5", "1.50", 0, 1},
		{"1.49", "1.5", -1, 1},
		{"-1", "0.5", -1, -1},
		{"2", "1.999", 1, 1},
		{largest, "-" + largest, 1, 1},
	} {
		a, b := money(t, test.a), money(t, test.b)
		if got := a.Cmp(b); got != test.cmp {
			t.Errorf("compare %s with %s: got %d, want %d", a, b, got, test.cmp)
		}
		if got := a.Equal(b); got != (test.cmp == 0) {
			t.Errorf("%s equals %s: got %t", a, b, got)
		}
		if a.Sign() != test.sign || a.IsZero() != (test.sign == 0) {
			t.Errorf("%s: got sign %d and zero %t, want sign %d", a, a.Sign(), a.IsZero(), test.sign)
		}
	}
}

func TestMoneyOfWholesAndCents(t *testing.T) {
	t.Parallel()
	var zero domain.Money
	if !zero.IsZero() || !zero.Storable() || zero.String() != "0" || !zero.Equal(domain.MoneyOf(0)) {
		t.Errorf("got %s, want a storable 0", zero)
	}
	if got := domain.MoneyOfCents(-5).String() + domain.MoneyOfCents(12300).String(); got != "-0.05123.00" {
		t.Errorf("-5 and 12300 cents: got %s", got)
	}
	if got := zero.Plus(domain.MoneyOf(-42)).String(); got != "-42" {
		t.Errorf("0 + -42: got %s", got)
	}
}

func TestOnlyAStorableSumIsMarshalled(t *testing.T) {
	t.Parallel()
	one := domain.MoneyOf(1)
	for _, test := range []struct {
		sum      domain.Money
		storable bool
	}{
		{money(t, "79228162514264337593543950334").Plus(one), true},
		{money(t, largest).Plus(one), false},
		{money(t, "-79228162514264337593543950334").Minus(one), true},
		{money(t, "-"+largest).Minus(one), false},
		{money(t, "10").Plus(money(t, "1e-28")), false}, // 30 digits
		{money(t, "7").Plus(money(t, "1e-28")), true},
	} {
		if got := test.sum.Storable(); got != test.storable {
			t.Errorf("%s is storable: got %t", test.sum, got)
		}
		body, err := test.sum.MarshalJSON()
		var refused *domain.AmountError
		switch {
		case test.storable && (err != nil || string(body) != test.sum.String()):
			t.Errorf("marshal %s: got %s and error %v", test.sum, body, err)
		case !test.storable && (body != nil || !errors.As(err, &refused)):
			t.Errorf("marshal %s: got %s and error %v, want an *AmountError", test.sum, body, err)
		}
	}
}

func TestMoneyIsABareNumberInJSON(t *testing.T) {
	t.Parallel()
	var amounts []domain.Money
	check.Must(t, json.Unmarshal([]byte(`[100.50, 1e2, -0.00]`), &amounts))
	body, err := json.Marshal(amounts)
	if want := `[100.50,100,0.00]`; err != nil || string(body) != want {
		t.Errorf("got %s and error %v, want %s", body, err, want)
	}
	for _, text := range []string{`"100.50"`, `null`, `true`, `{}`, `[]`, tooLarge} {
		amount := domain.MoneyOf(7)
		var refused *domain.AmountError
		if err := amount.UnmarshalJSON([]byte(text)); !errors.As(err, &refused) {
			t.Errorf("unmarshal %s: got %s and error %v, want an *AmountError", text, amount, err)
		}
		if !amount.Equal(domain.MoneyOf(7)) {
			t.Errorf("unmarshal %s changed the amount to %s", text, amount)
		}
	}
}

func TestInRangeLooksAtTheWholeAmountOnly(t *testing.T) {
	t.Parallel()
	largest, finest, one := money(t, largest), money(t, "0.0000000000000000000000000001"), domain.MoneyOf(1)
	for name, test := range map[string]struct {
		amount domain.Money
		want   bool
	}{
		"zero":                         {domain.Money{}, true},
		"the largest":                  {largest, true},
		"the smallest":                 {domain.Money{}.Minus(largest), true},
		"one above the largest":        {largest.Plus(one), false},
		"one below the smallest":       {domain.Money{}.Minus(largest).Minus(one), false},
		"too fine to be stored":        {largest.Minus(finest), true},
		"the largest and a fine rest":  {largest.Plus(finest), true},
		"the largest twice, and finer": {largest.Plus(largest).Plus(finest), false},
	} {
		check.Equal(t, name, test.want, test.amount.InRange())
	}
}

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

// drawMoney gives amounts of up to 28 digits, and the text that each came from.
func drawMoney(t *rapid.T, label string) (domain.Money, string) {
	text := rapid.StringMatching(`(0|-?[1-9][0-9]{0,13})(\.[0-9]{1,14})?`).Draw(t, label)
	m, err := domain.ParseMoney(text)
	check.Must(t, err)
	return m, text
}

func rational(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text)
	return r
}

// TestMoneyAgreesWithRationals checks sums and comparisons against numbers that
// are exact by another way.
func TestMoneyAgreesWithRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, aText := drawMoney(t, "a")
		b, bText := drawMoney(t, "b")
		if a.String() != aText {
			t.Fatalf("got %s, want %s: the scale is lost", a, aText)
		}
		ra, rb := rational(aText), rational(bText)
		if got, want := rational(a.Plus(b).String()), new(big.Rat).Add(ra, rb); got.Cmp(want) != 0 {
			t.Fatalf("%s + %s: got %s, want %s", a, b, got, want)
		}
		if got, want := rational(a.Minus(b).String()), new(big.Rat).Sub(ra, rb); got.Cmp(want) != 0 {
			t.Fatalf("%s - %s: got %s, want %s", a, b, got, want)
		}
		if got, want := a.Cmp(b), ra.Cmp(rb); got != want {
			t.Fatalf("compare %s with %s: got %d, want %d", a, b, got, want)
		}
		if back := a.Plus(b).Minus(b); !back.Equal(a) {
			t.Fatalf("%s + %s - %s: got %s", a, b, b, back)
		}
	})
}

func FuzzParseMoney(f *testing.F) {
	for _, text := range []string{"0", "-0.0", "100.50", "1e2", "1e-28", "1e400", "0e400", largest, tooLarge, "01", "NaN", "\u22121"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := domain.ParseMoney(text)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%q was accepted as %s and is not JSON", text, m)
		}
		if rational(text).Cmp(rational(m.String())) != 0 {
			t.Errorf("%q became %s", text, m)
		}
		body, err := m.MarshalJSON()
		check.Mustf(t, err, "%q was accepted and cannot be stored", text)
		if again := money(t, string(body)); again.String() != m.String() || strings.ContainsAny(m.String(), "eE") {
			t.Errorf("%q became %s, then %s", text, m, again)
		}
	})
}

func TestCredit(t *testing.T) {
	t.Parallel()
	for balance, want := range map[string]string{"-42.50": "42.50", "0.00": "0", "42.50": "0", "-0.1": "0.1"} {
		m, err := domain.ParseMoney(balance)
		check.Must(t, err)
		if got := m.Credit().String(); got != want {
			t.Errorf("got a credit of %s for a balance of %s, want %s", got, balance, want)
		}
		if got := m.Negated().Negated().String(); got != balance {
			t.Errorf("got %s, negated twice, want %s", got, balance)
		}
	}
}

func TestReasonsAreSaidInWords(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, why := range domain.WhyNots() {
		if text := why.String(); text == string(why) || said[text] {
			t.Errorf("got %q for %q, want words of its own", text, string(why))
		}
		said[why.String()] = true
	}
	check.Equal(t, "for a reason of a newer program", "onStrike", domain.WhyNot("onStrike").String())
}

func TestZeroInAnAccountLooksLikeOtherAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"0": "0.00", "-0": "0.00", "0.0": "0.0", "0.000": "0.000", "80": "80", "1.50": "1.50"} {
		check.Equal(t, text, want, money(t, text).ForReaders())
	}
}
