package livingdoc

import (
	"fmt"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// said writes a comparison down: a wrong cell as wanted!found, a wrong row with its state.
func (c *comparison) said() string {
	if c == nil {
		return "nothing"
	}
	lines := []string{strings.Join(c.Head, " | ")}
	for _, row := range c.Rows {
		var cells []string
		for _, cell := range row.Cells {
			text := cell.Text
			if cell.Wrong {
				text += "!" + cell.Got
			}
			cells = append(cells, text)
		}
		lines = append(lines, strings.TrimSpace(strings.Join(cells, " | ")+" "+row.State))
	}
	return strings.Join(lines, "\n")
}

func TestWantedAndGotAreLaidSideBySide(t *testing.T) {
	t.Parallel()
	table := [][]string{{"book", "where", "fine"}, {"12", "lent", "-3.00"}, {"123", "back", ""}}
	for name, test := range map[string]struct {
		failure string
		table   [][]string
		want    string
	}{
		"a value":              {"got a fine of Ann of 1250.00, want 80.00\nat the shelf", nil, " | wanted | got\na fine of Ann | 80.00 | 1,250.00!"},
		"a sentence":           {"got book 12 lent, want it back", nil, "wanted | got\nit back | book 12 lent!"},
		"a cell":               {"got a fine of book 12 of 0, want -3.00", table, "book | where | fine\n12 | lent | -3.00!0\n123 | back | "},
		"a word in a sentence": {"got book 123 lost, want it back", table, "book | where | fine\n12 | lent | -3.00\n123 | back!book 123 lost | "},
		"a reason that names another": {
			"got book 12 lent because Ann has the card \"Blue\", want that Ann has the card \"Red\"",
			[][]string{{"book", "where", "because"}, {"12", "lent", "Ann has the card \"Red\""}},
			"book | where | because\n12 | lent | Ann has the card \"Red\"!Ann has the card \"Blue\"",
		},
		"a row that lacks":        {"got no more “book 12 lent -3.00” on the list, want it there", table, "book | where | fine\n12 | lent | -3.00 missing\n123 | back |"},
		"a row too many":          {"got “book 9 lent” on the list, want it not there", table, "book | where | fine\n12 | lent | -3.00\n123 | back | \nbook 9 lent too much"},
		"what has no place in it": {"got 3 books, want 2", table, "wanted | got\n2 | 3 books!"},
		"no such words":           {"the shelf is locked", table, "nothing"},
		"words of developers":     {"it is locked\nthe log:\n  got lost, want help", nil, "wanted | got\nhelp | lost!"},
	} {
		made := compared(test.failure, &run.Step{Table: test.table})
		if got := made.said(); strings.ReplaceAll(got, " \n", "\n") != strings.ReplaceAll(test.want, " \n", "\n") && strings.TrimSpace(got) != strings.TrimSpace(test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

func TestAccountsAreMarkedWhereStoresDiffer(t *testing.T) {
	t.Parallel()
	account := func(balance string, lines ...evidence.Line) []evidence.Statement {
		return []evidence.Statement{{Title: "Ann", Lines: lines, Balance: balance}}
	}
	loan, fine, other := evidence.Line{Text: "loan", Amount: "1.00"}, evidence.Line{Text: "fine", Amount: "2.00"}, evidence.Line{Text: "fine", Amount: "3.00"}
	list := booked(booked(booked(nil, "paper", account("3.00", loan, fine)), "stone", account("4.00", loan, other)), "wax", account("3.00", fine, loan))
	compareBooks(list)
	if len(list) != 2 {
		t.Fatalf("got %d kinds of accounts, want 2: in another order they are the same", len(list))
	}
	for _, b := range list {
		s := b.Statements[0]
		if s.Lines[0].Differs || !s.Lines[1].Differs || !s.Differs {
			t.Errorf("on %v got %+v, want the fine and the balance marked, and not the loan", b.Stores, s)
		}
	}
	alone := booked(nil, "paper", account("3.00", loan))
	if compareBooks(alone); alone[0].Statements[0].Differs || alone[0].Statements[0].Lines[0].Differs {
		t.Errorf("got %+v, want nothing marked where there is nothing else", alone)
	}
}

func TestAmountsAreWrittenInOneWay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"paid 1250.00":                  "paid 1,250.00",
		"1250.00 1300.50, -12500.00":    "1,250.00 1,300.50, -12,500.00",
		"1234567.89":                    "1,234,567.89",
		"80.00 of 999.99":               "80.00 of 999.99",
		"in 2026, room 1204, 1,250.00":  "in 2026, room 1204, 1,250.00",
		"1234567890123456789012345.678": "1234567890123456789012345.678", // which is about its digits
		"version 1.2345.67":             "version 1.2345.67",
	} {
		if got := amounts(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAHeadlineHasTheWordsOfReaders(t *testing.T) {
	t.Parallel()
	for failure, want := range map[string]string{
		"the reactor cannot handle the order of 1250.00: no van\nafter 7 attempts": "the system cannot handle the order of 1,250.00: no van",
		"The reactor's books, and the reactors":                                    "The system's books, and the reactors",
	} {
		check.Equal(t, "headline", want, headline(failure))
	}
}

func TestTheStepsOfAnOutlineAreThoseOfItsRow(t *testing.T) {
	t.Parallel()
	s := &run.Scenario{
		Header: []string{"n"},
		Steps:  []run.Step{{Keyword: "Given", Text: "<n> books", Table: [][]string{{"title"}, {"<n> tales"}}}, {Keyword: "Then", Text: "all is well"}},
	}
	row := &run.Row{Cells: []string{"7"}, Steps: []string{"7 books", "all is well"}}
	got := fmt.Sprint(markedSteps(s, row, []run.Verdict{run.Failed, run.NotRun}))
	for _, want := range []string{"7 books", "[7 tales]", "bad", "left"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
}

func TestValuesOfAStepAreStrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text           string
		values, header []string
		want           string
	}{
		{"Ann lends 3 books & 30 tales", []string{"Ann", "3", "30"}, nil, "<b>Ann</b> lends <b>3</b> books &amp; <b>30</b> tales"},
		{"<who> lends 3 books", []string{"Ann", "3"}, []string{"who"}, "<var>who</var> lends <b>3</b> books"},
		{"<b> is said", []string{"x"}, []string{"", "a"}, "&lt;b&gt; is said"},
	} {
		if got := string(stepText(test.text, test.values, test.header)); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestTitlesOfOutlinesSayTheirValues(t *testing.T) {
	t.Parallel()
	rows := func(cells ...[]string) (made []*run.Row) {
		for _, row := range cells {
			made = append(made, &run.Row{Cells: row})
		}
		return made
	}
	header := []string{"n", "m"}
	long := rows([]string{strings.Repeat("1", 40)}, []string{strings.Repeat("2", 40)})
	for _, test := range []struct {
		title string
		rows  []*run.Row
		want  string
	}{
		{"<n> books", rows([]string{"1", ""}), "1 books"},
		{"<n> books", rows([]string{"1", ""}, []string{"2", ""}, []string{"1", "x"}), "1 or 2 books"},
		{"<n> books", rows([]string{"1"}, []string{"2"}, []string{"3"}), "1, 2 or 3 books"},
		{"<n> books", rows([]string{"1"}, []string{"2"}, []string{"3"}, []string{"4"}), "1, 2 … 4 books"},
		{"<n> of <m>", rows([]string{"1", "2"}, []string{"2", "3"}), "1 of 2, and 1 more like it"},
		{"<n> books", long, long[0].Cells[0] + " books, and 1 more like it"},
		{"<n> books", long[:1], long[0].Cells[0] + " books"},
		{"plain", rows([]string{"1", "2"}), "plain"},
	} {
		scenario := &run.Scenario{Title: test.title, Header: header, Rows: test.rows}
		check.Equal(t, test.title, test.want, shown(scenario))
	}
}
