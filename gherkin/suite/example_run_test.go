package suite_test

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
)

// shelf is what one scenario works on.
type shelf struct{ books int }

func (s *shelf) define(r *gherkin.Registrar) {
	r.Given("{int} book(s)", func(n int) error { s.books = n; return nil })
	r.When("{int} book(s) is/are lent", s.lend)
	r.Then("{int} book(s) is/are left", s.left)
}

func (s *shelf) lend(ctx context.Context, n int) error {
	if n > s.books {
		return fmt.Errorf("only %d books are there, %d cannot be lent", s.books, n)
	}
	gherkin.Logf(ctx, "%d of %d books are lent", n, s.books)
	s.books -= n
	return nil
}

func (s *shelf) left(want int) error {
	if s.books != want {
		return fmt.Errorf("got %d books on the shelf, want %d", s.books, want)
	}
	return nil
}

// testLending is a project's TestLending: its scenarios become subtests.
func testLending(t *testing.T) {
	t.Helper()
	definitions, err := gherkin.Compile(new(shelf).define)
	if err != nil {
		t.Fatal(err) // what is wrong with the steps, each with its place
	}
	suite.Run(t, suite.Config{
		Name: "memory",
		Features: fstest.MapFS{"lending.feature": {Data: []byte(`Feature: Lending
  Scenario: A book is lent
    Given 3 books
    When 1 book is lent
    Then 2 books are left
`)}},
		Definitions: definitions,
		World: func(context.Context, *suite.Scenario) (suite.World, error) {
			s := &shelf{} // each attempt at a scenario has its own
			return suite.World{Bind: func(sc *godog.ScenarioContext) error { return definitions.Bind(sc, s.define) }}, nil
		},
	})
}

// An example has no *testing.T; go test gives one to testLending.
func ExampleRun() {
	_ = testLending
}
