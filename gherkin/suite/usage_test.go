package suite

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// lending has a definition of each kind: used, unused, one of two.
func lending(r *gherkin.Registrar) {
	gherkin.Parameter(r, "shelf", `shelf [A-Z]`, func(groups []string) (string, error) { return groups[0], nil })
	r.Given("{int} book(s) on {shelf}", func(int, string) error { return nil })
	r.When("the shelf is painted", func() error { return nil })
	r.Then("one of two", func() error { return nil })
	r.Then("one of {word}", func(string) error { return nil })
}

func usage(t *testing.T) Usage {
	t.Helper()
	definitions, err := gherkin.Compile(lending)
	check.Must(t, err)
	u, err := NewUsage(fstest.MapFS{"f.feature": {Data: []byte(lent)}, "g.feature": {Data: []byte("Feature: G\nScenario: S\nGiven 1 book on shelf A\n")}}, definitions)
	check.Must(t, err)
	return u
}

const lent = `Feature: F
  Background:
    Given 3 books on shelf A
  Scenario: A
    When 2 books are lent from shelf B
    Then one of two
  Scenario Outline: B
    Given <n> books on shelf C
    Examples:
      | n |
      | 1 |
      | 2 |
`

func TestTheTableOfSteps(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	check.Must(t, usage(t).WriteText(&text))
	want := `4 steps, 1 unused; 2 steps of features are undefined or ambiguous
   3  Given  {int} book(s) on {shelf}  suite/usage_test.go:N
        f.feature:3,8
        g.feature:3
   !  When   the shelf is painted      suite/usage_test.go:N  unused
   1  Then   one of two                suite/usage_test.go:N
        f.feature:6
   1  Then   one of {word}             suite/usage_test.go:N
        f.feature:6
   ?  f.feature:5: undefined step: 2 books are lent from shelf B
        r.When("{int} books are lent from {shelf}", func(ctx context.Context, int1 int, shelf string) error {
        	return gherkin.Pending("not written yet")
        })
   ?  f.feature:6: ambiguous step: one of two: suite/usage_test.go:N and suite/usage_test.go:N match it
`
	got := regexp.MustCompile(`_test\.go:\d+`).ReplaceAllString(text.String(), "_test.go:N")
	check.Same(t, "the result", want, got)
}

func TestAPlaceIsInAsManyScenariosAsHaveTheStep(t *testing.T) {
	t.Parallel()
	got := usage(t).Steps[0].Places
	want := []Place{{"f.feature", 3, 3}, {"f.feature", 8, 2}, {"g.feature", 3, 1}}
	check.Same(t, "the result", want, got)
}

func TestUnusedUndefinedAndAmbiguousStepsAreErrors(t *testing.T) {
	t.Parallel()
	err := usage(t).Err()
	for _, want := range []string{
		"f.feature:5: undefined step: 2 books are lent from shelf B; this would define it:\nr.When(\"{int} books are lent from {shelf}\"",
		"f.feature:6: ambiguous step: one of two: suite/usage_test.go:",
		`: no feature uses the step "the shelf is painted"`,
	} {
		check.Fails(t, err, want)
	}
	if err != nil && strings.Count(err.Error(), "no feature uses") != 1 {
		t.Errorf("got %v, want one unused step", err)
	}
	if err := (Usage{Steps: usage(t).Steps[:1]}).Err(); err != nil {
		t.Errorf("got %v for a step that is used, want no error", err)
	}
	if _, err := NewUsage(fstest.MapFS{}, nil); err == nil {
		t.Error("got no error without definitions")
	}
}

func TestKeywordsSayWhatTheirDefinitionsDo(t *testing.T) {
	t.Parallel()
	definitions, err := gherkin.Compile(func(r *gherkin.Registrar) {
		nothing := func() error { return nil }
		r.Given("a state", nothing)
		r.When("an action", nothing)
		r.Then("a check", nothing)
		r.Step("either", nothing)
	})
	check.Must(t, err)
	files := fstest.MapFS{"f.feature": {Data: []byte(`Feature: F
  Background:
    Given a check
  Scenario: Sound
    Given an action
    When a state
    And either
    Then a check
    * a state
    * a check
  Scenario: An action as a check
    Then an action
    And a state
    But a check
  Scenario: A check as an action
    And a check
    When a check
    Then either
  Scenario: Nothing is checked
    * a check
    * an action
  Scenario Outline: Nothing is checked in <n> rows
    When an action
    And <n>
    Examples:
      | n       |
      | a state |
      | a state |
`)}}
	u, err := NewUsage(files, definitions)
	check.Must(t, err)
	var got []string
	for _, issue := range u.Unlike {
		message, _, _ := strings.Cut(issue.String(), " (suite/usage_test.go:")
		got = append(got, message)
	}
	want := []string{
		`f.feature:3: "Given a check" is a check, since its definition`,
		`f.feature:12: "Then an action" is a Then that checks nothing, since its definition`,
		`f.feature:13: "And a state" is a Then that checks nothing, since its definition`,
		`f.feature:16: "And a check" is a check, since its definition`,
		`f.feature:17: "When a check" is a check, since its definition`,
		`f.feature:21: the scenario "Nothing is checked" ends with "* an action", so nothing checks what came of it: let it end with a Then; its definition`,
	}
	check.Same(t, "the result", want, got)
	for _, want := range want {
		check.Fails(t, u.Err(), want)
	}
	var text strings.Builder
	if err := u.WriteText(&text); err != nil || !strings.Contains(text.String(), "   ?  "+want[0]) {
		t.Errorf("got %v and:\n%s\nwant in it: %s", err, text.String(), want[0])
	}
	issues, err := Lint(files)
	check.Must(t, err)
	if len(issues) != 1 || issues[0].String() != `f.feature:24: the scenario "Nothing is checked in <n> rows" ends with "And <n>", so nothing checks what came of it: let it end with a Then` {
		t.Errorf("got the issues %v, want the one of the outline", issues)
	}
}
