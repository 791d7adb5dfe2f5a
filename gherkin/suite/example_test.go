package suite_test

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

const lendingFeature = `Feature: Lending
  Scenario: A book is lent
    Given 3 books
    When one is lent
    Then 2 books are left

  @slow
  Scenario Outline: <n> books are lent
    Given 3 books
    When <n> are lent

    Examples:
      | n |
      | 2 |
      | 3 |
`

func lendingFiles() fstest.MapFS {
	return fstest.MapFS{"lending.feature": {Data: []byte(lendingFeature)}}
}

func ExampleSelect() {
	features, err := suite.Load(lendingFiles())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, places := range [][]string{nil, {"lending.feature:15"}} {
		selected, err := suite.Select(features, "@slow", places...)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, scenario := range selected {
			fmt.Println(scenario.Location(), scenario.Name)
		}
	}
	// Output:
	// lending.feature:14 2 books are lent
	// lending.feature:15 3 books are lent
	// lending.feature:15 3 books are lent
}

func ExampleNewUsage() {
	definitions, err := gherkin.Compile(func(r *gherkin.Registrar) {
		r.Given("{int} book(s)", func(int) error { return nil })
		r.When("one is lent", func() error { return nil })
		r.When("{int} are lent", func(int) error { return nil })
		r.Then("the shelf is dusted", func() error { return nil })
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	usage, err := suite.NewUsage(lendingFiles(), definitions)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := usage.WriteText(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 4 steps, 1 unused; 1 steps of features are undefined or ambiguous
	//    2  Given  {int} book(s)        suite/example_test.go:58
	//         lending.feature:3,9
	//    1  When   one is lent          suite/example_test.go:59
	//         lending.feature:4
	//    1  When   {int} are lent       suite/example_test.go:60
	//         lending.feature:10
	//    !  Then   the shelf is dusted  suite/example_test.go:61  unused
	//    ?  lending.feature:5: undefined step: 2 books are left
	//         r.Then("{int} books are left", func(ctx context.Context, int1 int) error {
	//         	return gherkin.Pending("not written yet")
	//         })
}

// TestTheExampleRuns keeps the example of Run true.
func TestTheExampleRuns(t *testing.T) {
	t.Parallel()
	testLending(t)
}
