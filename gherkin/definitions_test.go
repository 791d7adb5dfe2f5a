package gherkin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// money and room stand for the types of a domain.
type money struct {
	currency string
	cents    int
}

type room string

func moneyType(r *gherkin.Registrar) {
	gherkin.Parameter(r, "money", `([A-Z]{3}) (-?\d+)\.(\d\d)`, func(groups []string) (money, error) {
		cents, err := strconv.Atoi(groups[1] + groups[2])
		if groups[0] == "XXX" {
			err = errors.New("XXX is no currency")
		}
		return money{currency: groups[0], cents: cents}, err
	})
}

func compile(t *testing.T, define func(*gherkin.Registrar)) *gherkin.Definitions {
	t.Helper()
	defs, err := gherkin.Compile(define)
	check.Must(t, err)
	return defs
}

// run gives steps to godog and returns the error of the first that fails.
func run(t *testing.T, define func(*gherkin.Registrar), steps ...string) error {
	t.Helper()
	var failure error
	status := runGodog(t.Context(), t, define, "@plain", steps, func(sc *godog.ScenarioContext) {
		sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
			failure = err
			return ctx, nil
		})
	})
	if (status == 0) != (failure == nil) {
		t.Errorf("got exit status %d with error %v", status, failure)
	}
	return failure
}

// runGodog gives godog a scenario with these tags and steps, and what a test wants
// to bind besides. It returns godog's exit status.
func runGodog(ctx context.Context, t *testing.T, define func(*gherkin.Registrar), tags string, steps []string, besides func(*godog.ScenarioContext)) int {
	t.Helper()
	defs := compile(t, define)
	contents := "Feature: f\n  " + tags + "\n  Scenario: s\n    * " + strings.Join(steps, "\n    * ")
	return godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			check.OK(t, defs.Bind(sc, define))
			besides(sc)
		},
		Options: &godog.Options{
			Format: "progress", Output: io.Discard, Strict: true, NoColors: true, DefaultContext: ctx,
			FeatureContents: []godog.Feature{{Name: "f", Contents: []byte(contents)}},
		},
	}.Run()
}

func TestArgumentsArriveTyped(t *testing.T) {
	t.Parallel()
	var got []any
	take := func(values ...any) error { //nolint:unparam // it saves each step a line
		got = append(got, values...)
		return nil
	}
	type key struct{}

	err := run(t, func(r *gherkin.Registrar) {
		moneyType(r)
		r.When("the payer {string} settles {money} within {int} second(s)", func(_ context.Context, who string, m money, n int) error { return take(who, m, n) })
		r.Given("{word} of {float}", func(w room, f float64) error { return take(w, f) })
		r.Given("small {byte} and {int}", func(b int8, u uint16) error { return take(b, u) })
		r.Step("kept", func(ctx context.Context) (context.Context, error) { return context.WithValue(ctx, key{}, "kept"), nil })
		r.Then("it is kept", func(ctx context.Context) error { return take(ctx.Value(key{})) })
		r.Then(`^(\d+) rooms? for ([A-Z]+ \d+\.\d\d)(?: by (\w+))?$`, func(n int64, m money, who string) error { return take(n, m, who) })
		r.Then("a doc", func(d *godog.DocString) error { return take(d.Content) })
		r.Then("a table", func(tb gherkin.Table) error { return take(tb.Cells()[0][0]) })
		r.Then("a table of {int}", func(n int, tb gherkin.Table) error { return take(n, tb.Cells()[0][0]) })
		r.Then("a table and a doc of {int}", func(n int, tb gherkin.Table, d *godog.DocString) error { return take(n, tb.Cells()[0][0], d.Content) })
		r.Then("a doc and a table", func(d *godog.DocString, tb gherkin.Table) error { return take(d.Content, tb.Cells()[0][0]) })
		r.Then("anything {}", func(s string) error { return take(s) })
	},
		`the payer "Bjørn \"B\" O'Neil" settles EUR 40.50 within 1 second`,
		`the payer '' settles EUR -0.50 within 2 seconds`,
		`r101 of .5`, `small -3 and 65535`, `kept`, `it is kept`,
		`1 room for EUR 2.00`, `2 rooms for EUR 2.00 by Ann`,
		"a doc\n\"\"\"\nlong\n\"\"\"", "a table\n| x |", "a table of 7\n| y |",
		"a table and a doc of 8\n| z |\n\"\"\"\nboth\n\"\"\"", "a doc and a table\n| z |\n\"\"\"\nboth\n\"\"\"", "anything goes here",
	)
	check.Must(t, err)
	want := []any{
		`Bjørn "B" O'Neil`,
		money{"EUR", 4050},
		1, "",
		money{"EUR", -50},
		2,
		room("r101"), 0.5, int8(-3), uint16(65535), "kept",
		int64(1),
		money{"EUR", 200},
		"", int64(2),
		money{"EUR", 200},
		"Ann",
		"long", "x", 7, "y", 8, "z", "both", "both", "z", "goes here",
	}
	check.Same(t, "arguments", want, got, cmp.AllowUnexported(money{}))
}

func TestStepsFailWithReasons(t *testing.T) {
	t.Parallel()
	define := func(r *gherkin.Registrar) {
		moneyType(r)
		r.Step("pay {money}", func(money) error { return nil })
		r.Step("byte {int}", func(int8) error { return nil })
		r.Step("room {string}", func(bool) error { return nil })
		r.Step("plain", func() error { return nil })
		r.Step("doc", func(*godog.DocString) error { return nil })
		r.Step("both", func(gherkin.Table, *godog.DocString) error { return nil })
		r.Step("table", func(gherkin.Table) error { return nil })
		r.Step("no context", func() (context.Context, error) { return nil, nil })
		r.Step(`^(\w+) {3}$`, func(money) error { return nil })
	}
	for step, want := range map[string]string{
		"pay XXX 1.00":              "{money}, argument 1 of the step: XXX is no currency",
		"byte 300":                  "{int}, argument 1 of the step: 300 is out of the range of int8",
		`room "x"`:                  `{string}, argument 1 of the step: "x" is not a bool`,
		"plain\n| x |":              "the step has a table, which the function of",
		"plain\n\"\"\"\nx\n\"\"\"":  "the step has a doc string, which the function of",
		"doc":                       "takes a doc string, which the step does not have",
		"doc\n| x |":                "the step has a table, which the function of",
		"table":                     "takes a table, which the step does not have",
		"table\n| x |\n```\nx\n```": "the step has a doc string, which the function of",
		"doc\n```\nx\n```\n| x |":   "the step has a table, which the function of",
		"both\n| x |":               "takes a doc string, which the step does not have",
		"both\n```\nx\n```":         "takes a table, which the step does not have",
		"no context":                "returned a nil context",
		"unheard of":                "step is undefined: unheard of",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			err := run(t, define, step)
			check.Fails(t, err, want)
		})
	}
}

func TestCompileReportsEveryMistakeWithItsPlace(t *testing.T) {
	t.Parallel()
	ok := func(context.Context) error { return nil }
	for name, test := range map[string]struct {
		define func(r *gherkin.Registrar)
		want   []string
	}{
		"unknown parameter type, with a caret": {
			func(r *gherkin.Registrar) { r.Given("a stay in {romo}", ok) },
			[]string{"column 11", "a stay in {romo}\n              ^----^", "Undefined parameter type 'romo'"},
		},
		"the same expression twice": {
			func(r *gherkin.Registrar) { r.Given("a stay", ok); r.When("a stay", ok) },
			[]string{`"a stay" is already defined at gherkin/definitions_test.go:`},
		},
		"too few arguments": {
			func(r *gherkin.Registrar) { r.Given("a {int} of {string}", func(int) error { return nil }) },
			[]string{"func(int) error, takes 1 values from the text, but the expression gives 2: {int}, {string}"},
		},
		"too many arguments": {
			func(r *gherkin.Registrar) { r.Given("a stay", func(int) error { return nil }) },
			[]string{"takes 1 values from the text, but the expression gives 0"},
		},
		"a wrong type of ours": {
			func(r *gherkin.Registrar) { moneyType(r); r.Given("{money}", func(string) error { return nil }) },
			[]string{"argument 1 is string, but {money} gives gherkin_test.money"},
		},
		"a wrong built-in type": {
			func(r *gherkin.Registrar) { r.Given("{int} {float}", func(string, int) error { return nil }) },
			[]string{"argument 1 is string, but {int} gives a whole number"},
		},
		"a type that text cannot become": {
			func(r *gherkin.Registrar) { r.Given("{word}", func([]string) error { return nil }) },
			[]string{"argument 1 is []string, which no parameter type gives and text cannot be turned into"},
		},
		"two tables": {
			func(r *gherkin.Registrar) {
				r.Given("a", func(gherkin.Table, *godog.DocString, gherkin.Table) error { return nil })
			},
			[]string{"takes gherkin.Table twice, and a step has one at the most"},
		},
		"results":      {func(r *gherkin.Registrar) { r.Given("a", func() {}) }, []string{"must return error, or (context.Context, error)"}},
		"no function":  {func(r *gherkin.Registrar) { r.Given("a", nil); r.Given("b", 7) }, []string{`"a" needs a function`, `"b" needs a function`}},
		"variadic":     {func(r *gherkin.Registrar) { r.Given("{int}", func(...int) error { return nil }) }, []string{"is variadic"}},
		"empty":        {func(r *gherkin.Registrar) { r.Given(" ", ok) }, []string{"the expression is empty"}},
		"bad regexp":   {func(r *gherkin.Registrar) { r.Given("^a($", ok) }, []string{`"^a($" is not a regular expression: error parsing`}},
		"open regexp":  {func(r *gherkin.Registrar) { r.Given("^a", ok) }, []string{"must start with ^ and end with $"}},
		"split regexp": {func(r *gherkin.Registrar) { r.Given("^a|b$", ok) }, []string{"must start with ^ and end with $"}},
		"parameters": {
			func(r *gherkin.Registrar) {
				gherkin.Parameter(r, "", "a", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter(r, "open", "(", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter(r, "flags", "(?i)a", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter(r, "star", "a*", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter[int](r, "nothing", "a", nil)
				gherkin.Parameter(r, "int", "a", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter(r, "twice", "a", func([]string) (int, error) { return 0, nil })
				gherkin.Parameter(r, "twice", "b", func([]string) (int, error) { return 0, nil })
				r.Given("{open} is not reported again", func(int) error { return nil })
			},
			[]string{
				"{}: it needs a name", "{open}: its pattern is not a regular expression", "{flags}: ParameterType Regexps can't use flags",
				`{star}: its pattern "a*" matches the empty text`, "{nothing}: its parse function is nil", "already a parameter type with name int", "{twice} is already defined at",
			},
		},
		"a nil world": {
			func(r *gherkin.Registrar) { r.Given("a", nobody().Do) },
			[]string{"the define function panicked", "it must not use the world"},
		},
		"no function at all": {nil, []string{"the define function is nil"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gherkin.Compile(test.define)
			if err == nil {
				t.Fatal("got no error")
			}
			places := strings.Count(err.Error(), "gherkin/definitions_test.go:")
			if test.define != nil && places < len(test.want) && name != "unknown parameter type, with a caret" && name != "a nil world" {
				t.Errorf("got %d places, want one for each of %d mistakes:\n%v", places, len(test.want), err)
			}
			check.Contains(t, err.Error(), test.want...)
		})
	}
}

// nobody is the world that a careless define function would use.
func nobody() (world interface{ Do() error }) { return nil }

func TestBindNoticesThatDefineChanged(t *testing.T) {
	t.Parallel()
	ok := func() error { return nil }
	after := new(notes).after
	both := func(r *gherkin.Registrar) { r.Given("a", ok); r.Given("b", ok) }
	defs := compile(t, func(r *gherkin.Registrar) { both(r); r.After(gherkin.Hook{}, after) })
	for want, define := range map[string]func(*gherkin.Registrar){
		`registration 1 is "b", but it was "a"`: func(r *gherkin.Registrar) { r.Given("b", ok); r.Given("a", ok) },
		"define registered 1 steps, but 2":      func(r *gherkin.Registrar) { r.Given("a", ok) },
		"define registered 3 steps, but 2":      func(r *gherkin.Registrar) { both(r); r.Given("c", ok) },
		"has a function of type func(int) error": func(r *gherkin.Registrar) {
			r.Given("a", ok)
			r.Given("b", func(int) error { return nil })
		},
		`the function of "a" is nil`:      func(r *gherkin.Registrar) { r.Given("a", (func() error)(nil)); r.Given("b", ok) },
		"has a function of type <nil>":    func(r *gherkin.Registrar) { r.Given("a", nil); r.Given("b", ok) },
		"the define function panicked: x": func(*gherkin.Registrar) { panic("x") },

		"define registered 0 hooks, but 1": both,
		`hook 1 is "after scenario: x", but it was "after scenario"`: func(r *gherkin.Registrar) {
			both(r)
			r.After(gherkin.Hook{Name: "x"}, after)
		},
		`the function of the hook "after scenario" is nil`: func(r *gherkin.Registrar) { both(r); r.After(gherkin.Hook{}, nil) },
	} {
		err := defs.Bind(nil, define) // it must not get as far as the scenario
		check.Fails(t, err, want)
	}
}

func TestStepsAndMatches(t *testing.T) {
	t.Parallel()
	defs := compile(t, func(r *gherkin.Registrar) {
		r.Given("a {int}", func(int) error { return nil })
		r.Then("b", func() error { return nil })
	})
	list := defs.Steps()
	if list[0].Keyword != gherkin.Given || list[0].Expression != "a {int}" || list[1].Keyword != gherkin.Then || list[1].Expression != "b" {
		t.Errorf("got %+v", list)
	}
	if !strings.HasSuffix(list[0].Location.File, "definitions_test.go") || list[1].Location.Line != list[0].Location.Line+1 {
		t.Errorf("got locations %s and %s", list[0].Location, list[1].Location)
	}
	match := defs.Match("a 12")
	if len(match) != 1 || !cmp.Equal(match[0].Args, []gherkin.Arg{{Parameter: "int", Group: gherkin.Group{Text: "12", Start: 2, End: 4}}}) {
		t.Errorf("got %+v", match)
	}
	if match := defs.Match("c"); match != nil {
		t.Errorf("got %+v for an undefined step", match)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	defs := compile(t, func(r *gherkin.Registrar) {
		moneyType(r)
		gherkin.Parameter(r, "coins", `coins of [A-Z]{3} \d+`, func([]string) ([]money, error) { return nil, nil })
		gherkin.Parameter(r, "time-limit", `\d+ ms`, func([]string) (time.Duration, error) { return 0, nil })
		gherkin.Parameter(r, "location", `\w+\.go:\d+`, func([]string) (*gherkin.Location, error) { return nil, nil })
		r.Given("a step", func() error { return nil })
	})
	for text, want := range map[string]string{
		`the payer "Ann" settles EUR 40.50 for "Bo" (at once) in 2 rooms`: "r.Then(`the payer {string} settles {money} for {string} \\(at once) in {int} rooms`, " +
			"func(ctx context.Context, string1 string, money1 money, string2 string, int1 int) error {",
		// What is written can be pasted: the types of the package go by their names.
		`the payer finds coins of EUR 40 within 20 ms`: `r.Then("the payer finds {coins} within {time-limit}", ` +
			"func(ctx context.Context, coins []money, arg time.Duration) error {",
		`it is defined at a_test.go:12`: `r.Then("it is defined at {location}", func(ctx context.Context, location *gherkin.Location) error {`,
	} {
		want += "\n\treturn gherkin.Pending(\"not written yet\")\n})"
		if got := defs.Suggest(gherkin.Then, text, nil); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}
}

func TestSuggestTakesWhatTheStepHas(t *testing.T) {
	t.Parallel()
	defs := compile(t, func(r *gherkin.Registrar) { r.Given("a step", func() error { return nil }) })
	table, doc := &messages.PickleTable{ArgumentIndex: 1}, &messages.PickleDocString{ArgumentIndex: 2}
	first := &messages.PickleDocString{}
	for want, argument := range map[string]*messages.PickleStepArgument{
		"(ctx context.Context) error":                                            {},
		"(ctx context.Context, table gherkin.Table) error":                       {DataTable: table},
		"(ctx context.Context, doc *godog.DocString) error":                      {DocString: doc},
		"(ctx context.Context, table gherkin.Table, doc *godog.DocString) error": {DataTable: table, DocString: doc},
		"(ctx context.Context, doc *godog.DocString, table gherkin.Table) error": {DataTable: table, DocString: first},
	} {
		check.Contains(t, defs.Suggest(gherkin.When, "it is read", argument), want)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	list := compile(t, moneyType).Parameters()
	if len(list) != 1 || list[0].Name != "money" || list[0].Type.String() != "gherkin_test.money" || list[0].Location.Line == 0 {
		t.Errorf("got %+v", list)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	if err := gherkin.Skip("no %s", "clock"); !errors.Is(err, godog.ErrSkip) || err.Error() != "skipped: no clock" {
		t.Errorf("got %v", err)
	}
	if err := gherkin.Pending("soon"); !errors.Is(err, godog.ErrPending) {
		t.Errorf("got %v", err)
	}
}

func TestAMisspelledNameGetsTheNearest(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("T%02d", i))
	}
	for _, c := range []struct{ name, mentioned, want string }{
		{"T9", "T1 T2", "did you mean T1?"},
		{"Olso", "Bergen Oslo Oslofjord", "did you mean Oslo?"},
		{"oslo", "Oslo Bergen", "did you mean Oslo?"},
		{"Bergn", "Bergen", "did you mean Bergen?"},
		{"Tromsö", "Tromsø Oslo", "did you mean Tromsø?"},
		{"harbour", "Oslo Bergen Bergen", "known are Bergen, Oslo"},
		{"", "Oslo", "known are Oslo"},
		{"T1", "", "none was mentioned"},
		{"Hamar", strings.Join(many, " "), "known are T00, T01, T02, T03, T04, T05, T06, T07, T08, T09, and 2 more"},
	} {
		if got := gherkin.DidYouMean(c.name, strings.Fields(c.mentioned)); got != c.want {
			t.Errorf("%q of %q: got %q, want %q", c.name, c.mentioned, got, c.want)
		}
	}
}
