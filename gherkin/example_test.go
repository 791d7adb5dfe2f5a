package gherkin_test

import (
	"fmt"
	"strconv"

	"example.com/groupcheckout/gherkin"
)

// shelf is the letter of one.
type shelf string

// lending registers steps. Editors find them there: method calls with a literal,
// in a named function.
func lending(r *gherkin.Registrar) {
	gherkin.Parameter(r, "shelf", `shelf ([A-Z])`, func(groups []string) (shelf, error) { return shelf(groups[0]), nil })
	r.Given("{int} book(s) on {shelf}", func(int, shelf) error { return nil })
	r.When("{string} borrows a book", func(string) error { return nil })
}

func ExampleCompile() {
	definitions, err := gherkin.Compile(lending)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, match := range definitions.Match("3 books on shelf A") {
		fmt.Println(match.Step.Keyword, match.Step.Expression)
		for _, arg := range match.Args {
			fmt.Printf("  {%s} is %q\n", arg.Parameter, arg.Text)
		}
	}
	// Output:
	// Given {int} book(s) on {shelf}
	//   {int} is "3"
	//   {shelf} is "shelf A"
}

func ExampleDefinitions_Suggest() {
	definitions, err := gherkin.Compile(lending)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(definitions.Suggest(gherkin.Then, "2 books are missing on shelf B", nil))
	// Output:
	// r.Then("{int} books are missing on {shelf}", func(ctx context.Context, int1 int, shelf1 shelf) error {
	// 	return gherkin.Pending("not written yet")
	// })
}

// euros is an amount in cents.
type euros int

func ExampleRows() {
	definitions, err := gherkin.Compile(func(r *gherkin.Registrar) {
		gherkin.Parameter(r, "euros", `(\d+)\.(\d\d)`, func(groups []string) (euros, error) {
			cents, err := strconv.Atoi(groups[0] + groups[1])
			return euros(cents), err
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type fine struct {
		Reader string `col:"reader"`
		Amount euros  `col:"fine"`
	}
	table := definitions.Table([][]string{{"reader", "fine"}, {"Ann", "1.50"}, {"Bo", "0.20"}})
	fines, err := gherkin.Rows[fine](table)
	fmt.Println(fines, err)
	// Output: [{Ann 150} {Bo 20}] <nil>
}

func ExampleParseTags() {
	matches, err := gherkin.ParseTags("@slow and not (@remote or @wip)")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(matches([]string{"@slow"}), matches([]string{"@slow", "@remote"}))
	_, err = gherkin.ParseTags("@slow && @remote")
	fmt.Println(err)
	// Output:
	// true false
	// the tag expression "@slow && @remote" has the word "&&": there are tags, which start with @, and, or, not, and parentheses
}
