package gherkin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

type line struct {
	Room    room          `col:"room"`
	Balance money         `col:"balance"`
	Nights  *uint8        `col:"nights,optional"`
	Paid    bool          `col:"paid,optional"`
	After   time.Duration `col:"after,optional"`
	When    time.Time     `col:"when,optional"` // by UnmarshalText
	Note    string
}

func TestRows(t *testing.T) {
	t.Parallel()
	defs := compile(t, moneyType)
	got, err := gherkin.Rows[line](defs.Table([][]string{
		{"balance", "room", "nights", "paid", "after", "when"},
		{"EUR 1.50", "101", "3", "true", "1h30m", "2026-01-02T03:04:05Z"},
		{"USD -1.50", "", "", "", "", ""},
	}))
	check.Must(t, err)
	nights := uint8(3)
	want := []line{
		{Room: "101", Balance: money{"EUR", 150}, Nights: &nights, Paid: true, After: 90 * time.Minute, When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Balance: money{"USD", -150}},
	}
	check.Same(t, "rows", want, got, cmp.AllowUnexported(line{}, money{}))

	none, err := gherkin.Rows[line](defs.Table([][]string{{"room", "balance"}}))
	if err != nil || len(none) != 0 {
		t.Errorf("got %v, %v for a table with a header only", none, err)
	}
}

func TestTableErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	defs := compile(t, moneyType)
	type untagged struct{ A int }
	type hidden struct {
		a int `col:"a"` //nolint:unused // the mistake that is tested
	}
	type twice struct {
		A int `col:"a"`
		B int `col:"a"`
	}
	type unknownOption struct {
		A int `col:"a,optonal"`
	}
	type unreadable struct {
		A []int `col:"a"`
	}
	rows := func(cells ...[]string) error { _, err := gherkin.Rows[line](defs.Table(cells)); return err }
	as := func(read func(gherkin.Table) error) error { return read(defs.Table([][]string{{"a"}, {"1"}})) }

	for want, err := range map[string]error{
		"the table is empty": rows(),
		`unknown column "rom": there are "room", "balance", "nights"`:           rows([]string{"rom", "balance"}),
		`the column "room" is missing: the table has "balance"`:                 rows([]string{"balance"}),
		`the column "room" is there twice`:                                      rows([]string{"room", "room", "balance"}),
		`row 1, column "balance": "1.50" is not a {money}, which is like ([A-Z`: rows([]string{"room", "balance"}, []string{"1", "1.50"}),
		`row 1, column "balance": "XXX 1.50" is not a {money}: XXX is no curr`:  rows([]string{"room", "balance"}, []string{"1", "XXX 1.50"}),
		`row 1, column "nights": 300 is out of the range of uint8`:              rows([]string{"room", "balance", "nights"}, []string{"1", "EUR 1.50", "300"}),
		`row 1, column "when": "noon" is not a time.Time`:                       rows([]string{"room", "balance", "when"}, []string{"1", "EUR 1.50", "noon"}),
		`row 1, column "paid": "maybe" is not a bool`:                           rows([]string{"room", "balance", "paid"}, []string{"1", "EUR 1.00", "maybe"}),
		"a table can be read into a struct, not into int":                       as(func(t gherkin.Table) error { _, err := gherkin.Rows[int](t); return err }),
		"untagged has no field with a col tag":                                  as(func(t gherkin.Table) error { _, err := gherkin.Rows[untagged](t); return err }),
		"hidden.a has a col tag, but is not exported":                           as(func(t gherkin.Table) error { _, err := gherkin.Rows[hidden](t); return err }),
		`twice has two fields for the column "a"`:                               as(func(t gherkin.Table) error { _, err := gherkin.Rows[twice](t); return err }),
		`unknown option "optonal"`:                                              as(func(t gherkin.Table) error { _, err := gherkin.Rows[unknownOption](t); return err }),
		"text cannot be turned into a []int: register a parameter type":         as(func(t gherkin.Table) error { _, err := gherkin.Rows[unreadable](t); return err }),
	} {
		check.Fails(t, err, want)
	}
}

func TestATablesCellsAreCopies(t *testing.T) {
	t.Parallel()
	table := compile(t, moneyType).Table([][]string{{"a"}})
	table.Cells()[0][0] = "b"
	if got := table.Cells()[0][0]; got != "a" {
		t.Errorf("got %q, want a", got)
	}
}
