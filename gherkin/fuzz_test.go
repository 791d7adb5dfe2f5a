package gherkin

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"

	"example.com/groupcheckout/internal/check"
)

// FuzzTags has tag lines of features: each tag that the parser finds can be selected.
// The same text is read as an expression too, which must not panic.
func FuzzTags(f *testing.F) {
	for _, line := range []string{
		"@a", "@a1,b2 @R&D @jira~1", `@Case(1) @Case\(1\) @\ @(`, "@and @or @not", "@a@b", "@a #b", "@a#b", "@é\u00a0x",
		"@a and not (@b or @c)", "@a && @b", "~@a", "not", "(", `\`, "@a,@b", "@",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if matches, err := ParseTags(line); err == nil {
			matches([]string{"@a"})
		}
		if !utf8.ValidString(line) {
			return // no file is loaded that has it
		}
		source := line + "\nFeature: F\nScenario: S\n* x\n"
		document, err := parser.ParseGherkinDocument(strings.NewReader(source), (&messages.Incrementing{}).NewId)
		if err != nil || document == nil || document.Feature == nil {
			return
		}
		for _, tag := range document.Feature.Tags {
			matches, err := ParseTags(TagExpression(tag.Name))
			check.Mustf(t, err, "the tag %q cannot be selected", tag.Name)
			if !matches([]string{tag.Name}) || matches([]string{tag.Name + "x", "@"}) {
				t.Fatalf("%q does not select just the tag %q", TagExpression(tag.Name), tag.Name)
			}
		}
	})
}

// FuzzRows has the cell of a table. Whatever is in it, it becomes a value that reads
// the same again, or an error that names its place.
func FuzzRows(f *testing.F) {
	for _, cell := range []string{"", "1", "-1", "1e400", "NaN", "EUR 1.00", "1h", "true", "\u00a01", "99999999999999999999", "\xff", "\x00"} {
		f.Add(cell)
	}
	type row struct {
		Text   string        `col:"text"`
		Whole  int8          `col:"whole,optional"`
		Count  *uint         `col:"count,optional"`
		Part   float32       `col:"part,optional"`
		Truth  bool          `col:"truth,optional"`
		Period time.Duration `col:"period,optional"`
		Money  money         `col:"money,optional"`
	}
	definitions, err := Compile(func(r *Registrar) {
		Parameter(r, "money", `[A-Z]{3} -?\d+\.\d\d`, func(groups []string) (money, error) { return money(groups[0]), nil })
	})
	check.Must(f, err)
	f.Fuzz(func(t *testing.T, cell string) {
		for _, column := range []string{"text", "whole", "count", "part", "truth", "period", "money"} {
			header, values := []string{column}, []string{cell}
			if column != "text" {
				header, values = append(header, "text"), append(values, "t")
			}
			table := definitions.Table([][]string{header, values})
			rows, err := Rows[row](table)
			if err != nil {
				if !strings.HasPrefix(err.Error(), `row 1, column "`+column+`": `) {
					t.Fatalf("%s: got the error %v, want its place in it", column, err)
				}
				continue
			}
			if column == "text" && rows[0].Text != cell {
				t.Fatalf("got the text %q, want %q", rows[0].Text, cell)
			}
			again, err := Rows[row](table)
			if err != nil || len(again) != 1 || !reflect.DeepEqual(rows, again) && rows[0].Part == rows[0].Part {
				t.Fatalf("%s: got %v and then %v (%v)", column, rows, again, err)
			}
		}
		if got := definitions.Table([][]string{{"text"}, {cell}}).Cells(); !slices.Equal(got[1], []string{cell}) {
			t.Fatalf("got the cells %q, want %q", got, cell)
		}
	})
}

// money is a text of the form EUR 1.00.
type money string

func TestCapturesKeepTheirNesting(t *testing.T) {
	t.Parallel()
	groups, err := captures(`^(a(b(c))(d)) (?:e(f)) [(] (\(g)$`)
	check.Must(t, err)
	var got []string
	for _, g := range groups {
		got = append(got, fmt.Sprint(g))
	}
	want := []string{"{1 [{2 [{3 []}]} {4 []}]}", "{5 []}", "{6 []}"}
	check.Same(t, "groups", want, got)
}

func FuzzExpression(f *testing.F) {
	f.Add(`^a(b)[^](]\Q(\E$`)
	f.Add("the payer {string} settles {money} in {int} second(s)/minute(s)")
	f.Add("a \\{ b {")
	f.Fuzz(func(_ *testing.T, expression string) {
		// It must return an error for whatever it does not understand.
		_, _ = Compile(func(r *Registrar) {
			r.Step(expression, func() error { return nil })
			r.Step(expression+" ", func(string) error { return nil })
		})
	})
}
