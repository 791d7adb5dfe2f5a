package suite_test

import (
	"fmt"
	"testing"
	"testing/fstest"

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

// TestTheExampleRuns keeps the example of Run true.
func TestTheExampleRuns(t *testing.T) {
	t.Parallel()
	testLending(t)
}
