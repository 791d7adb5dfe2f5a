package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/internal/check"
)

// intricate has everything that a mask could trip over.
const intricate = `# a comment before all
@feature
# between tags
@more
Feature: Intricate
  A description
  # with a comment within
  of several lines.

  Background:
    Given a table
      | a | # |
      # a comment in a table
      | b | c |
    And a doc
      """
      Feature: not one
        Scenario: nor this
        # nor a comment
      """

  # a comment of the next
  @plain
  Scenario: Plain
    When plain
      ` + "```" + `json
      @no-tag
      Examples:
      ` + "```" + `

  Scenario Outline: Outlined <a>
    When outlined <a>
      | <b> |

    @few
    Examples: A few
      Some words.
      | a | b |
      | 1 | 2 |
      # between rows
      | 3 | 4 |

    @others @yet
    Examples:
      | b | a |
      | 5 | 6 |

  Scenario: Empty

  @rule
  Rule: First
    Words on the rule.

    Background:
      Given a ruled background

    Example: In the rule
      Then ruled

    @last
    Scenario Outline: Ruled <a>
      Then ruled <a>
      Examples:
        | a |
        | 7 |

  Rule: Second
    Scenario: In the second rule
      Then the end
`

// TestWhatRunsIsWhatWasLoaded compares what godog runs with what was loaded.
func TestWhatRunsIsWhatWasLoaded(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"as it is":           intricate,
		"CRLF":               strings.ReplaceAll(intricate, "\n", "\r\n"),
		"CR":                 strings.ReplaceAll(intricate, "\n", "\r"),
		"a byte order mark":  "\ufeff" + intricate,
		"no final EOL":       strings.TrimRight(intricate, "\n"),
		"no-break spaces":    strings.ReplaceAll(intricate, "  ", "\u00a0\u00a0"),
		"ideographic spaces": strings.ReplaceAll(intricate, "    ", "\u3000\t"),
		"nothing to be seen": strings.ReplaceAll(intricate, "    ", " \u200b\u00ad\ufeff"),
		"long lines":         strings.ReplaceAll(strings.ReplaceAll(intricate, "nor this", long()), "| b | c |", "| "+long()+" | c |"),
		"German": "# language: de\nFunktionalität: F\n  Szenario: S\n    Angenommen a\n  Szenariogrundriss: O\n    Wenn <x>\n" +
			"    Beispiele:\n      | x |\n      | 1 |\n      | 2 |\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenarios := load(t, source)
			if name != "German" {
				if diff := cmp.Diff(places(load(t, intricate)), places(scenarios)); diff != "" {
					t.Fatalf("the scenarios (-as it is +here):\n%s", diff)
				}
			}
			for _, s := range scenarios {
				ran, err := playAll(t, s)
				check.Mustf(t, err, "%s", s.Name)
				if len(s.Pickle.Steps) == 0 {
					continue
				}
				ids := cmpopts.IgnoreFields(messages.Pickle{}, "Id", "AstNodeIds")
				stepIDs := cmpopts.IgnoreFields(messages.PickleStep{}, "Id", "AstNodeIds")
				if diff := cmp.Diff(s.Pickle, ran, ids, stepIDs); diff != "" {
					t.Errorf("%s (-loaded +run):\n%s", s.Name, diff)
				}
			}
		})
	}
}

// long is more than the buffer of a bufio.Scanner takes.
func long() string { return strings.Repeat("1234567 ", 68*128)[:68*1024-1] }

// places are the names and lines of scenarios and steps.
func places(scenarios []*Scenario) []string {
	var list []string
	for _, s := range scenarios {
		list = append(list, fmt.Sprint(s.Name, linesOf(s)))
	}
	return list
}

// playAll runs a scenario with a definition for whatever step, and returns it as godog
// knows it, with the steps that ran.
func playAll(t *testing.T, s *Scenario) (*godog.Scenario, error) {
	t.Helper()
	if s.empty != "" {
		return nil, nil
	}
	var known *godog.Scenario
	var ran []*godog.Step
	world := World{Bind: func(sc *godog.ScenarioContext) error {
		sc.Before(func(ctx context.Context, given *godog.Scenario) (context.Context, error) {
			known = given
			return ctx, nil
		})
		sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
			ran = append(ran, step)
			return ctx, nil
		})
		sc.Step(`^(?s:.*)$`, func() error { return nil })
		return nil
	}}
	rec := newRecorder(s, nil)
	err := runGodog(t.Context(), world, s, rec)
	if err == nil && (rec.ended != len(ran) || len(ran) != len(s.Pickle.Steps)) {
		err = fmt.Errorf("got %d steps that ran, want %d", len(ran), len(s.Pickle.Steps))
	}
	if known != nil {
		copied := *known
		copied.Steps = ran
		known = &copied
	}
	return known, err
}

func linesOf(s *Scenario) []int64 {
	lines := []int64{int64(s.Line)}
	for _, step := range s.steps {
		lines = append(lines, step.Location.Line)
	}
	return lines
}

func TestLoadReadsWhatAScenarioIs(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range load(t, intricate) {
		got = append(got, fmt.Sprintf("%d %q rule %q row %d%q %s", s.Line, s.Name, s.Rule, s.Row, s.Cells, strings.Join(s.Tags, "")))
	}
	want := []string{
		`24 "Plain" rule "" row 0[] @feature@more@plain`,
		`39 "Outlined 1" rule "" row 1["1" "2"] @feature@more@few`,
		`41 "Outlined 3" rule "" row 2["3" "4"] @feature@more@few`,
		`46 "Outlined 6" rule "" row 3["5" "6"] @feature@more@others@yet`,
		`48 "Empty" rule "" row 0[] @feature@more`,
		`57 "In the rule" rule "First" row 0[] @feature@more@rule`,
		`65 "Ruled 7" rule "First" row 1["7"] @feature@more@rule@last`,
		`68 "In the second rule" rule "Second" row 0[] @feature@more`,
	}
	check.Same(t, "scenarios", want, got)
}

func TestLoadReportsMistakesWithTheirPlace(t *testing.T) {
	t.Parallel()
	_, err := Load(fstest.MapFS{
		"a/one.feature": {Data: []byte("Feature: F\n  Scenario: S\n    Given a\n    Nor b\n")},
		"two.feature":   {Data: []byte("Featur: F\n")},
		"fine.feature":  {Data: []byte("Feature: F\n")},
		"no.txt":        {Data: []byte("no")},
	})
	for _, want := range []string{"a/one.feature:4:5: expected: ", "two.feature:1:1: expected: "} {
		check.Fails(t, err, want)
	}
	if _, err := Load(fstest.MapFS{}); err == nil || err.Error() != "there is no .feature file" {
		t.Errorf("got %v for no file", err)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	issues, err := Lint(fstest.MapFS{
		"a.feature": {Data: []byte(`Feature: F
  Scenario: Same
    * x
  Scenario: Same
    * x
  Scenario:
    * x
  Scenario: Nothing
  Scenario Outline: Rowless
    * x
    Examples:
      | a |
  Rule: R
    Scenario: Same
      * x
  Rule: R
    Scenario: Twice
      * x
    Scenario: Twice
      * x
  Rule:
`)},
		"b.feature": {Data: []byte("Feature: F\n")},
		"c.feature": {Data: []byte("Feature:\n  Scenario: S\n    * x\n")},
		"d.feature": {Data: []byte("# nothing\n")},
		"e.feature": {Data: []byte("Feature: E\nScenario Outline: O <b>\n* <a> and <c>\n| <d> |\nExamples:\n|a|b|d|\n|1|2|3|\nExamples:\n|a|d|e|\n|1|2|3|\nExamples:\n|a|b|\n|1|2|\n")},
	})
	check.Must(t, err)
	var got []string
	for _, issue := range issues {
		got = append(got, issue.String())
	}
	want := []string{
		`a.feature:4: the scenario at line 2 has the same title, "Same"`,
		`a.feature:6: the scenario has no title`,
		`a.feature:8: the scenario "Nothing" has no steps`,
		`a.feature:11: the examples of "Rowless" have no row`,
		`a.feature:16: the rule at line 13 has the same title, "R"`,
		`a.feature:19: the scenario at line 17 has the same title, "Twice"`,
		`a.feature:21: the rule has no title`,
		`a.feature:21: the rule "" has no scenario`,
		`b.feature:1: the file has no scenario`,
		`b.feature:1: a.feature has the same title, "F"`,
		`c.feature:1: the feature has no title`,
		`d.feature:1: the file has no scenario`,
		`e.feature:8: the examples at line 8 lack the column "b", which the outline "O <b>" uses at line 2`,
		`e.feature:11: the examples at line 11 lack the column "d", which the outline "O <b>" uses at line 4`,
	}
	check.Same(t, "issues", want, got)
}

// TestAStepCannotChangeWhatWasLoaded has a step that writes into what it was given, as a
// second attempt and the reports must not notice.
func TestAStepCannotChangeWhatWasLoaded(t *testing.T) {
	t.Parallel()
	s := load(t, "Feature: F\n@a\nScenario: S\n* x\n| a |\n\"\"\"\nb\n\"\"\"\n")[0]
	for range 2 {
		got := ""
		world := World{Bind: func(sc *godog.ScenarioContext) error {
			sc.StepContext().Before(func(ctx context.Context, step *godog.Step) (context.Context, error) {
				cell, doc := step.Argument.DataTable.Rows[0].Cells[0], step.Argument.DocString
				got = cell.Value + doc.Content
				cell.Value, doc.Content, step.Text = "changed", "changed", "changed"
				return ctx, nil
			})
			sc.Before(func(ctx context.Context, given *godog.Scenario) (context.Context, error) {
				got += given.Tags[0].Name
				given.Tags[0].Name, given.Name = "changed", "changed"
				return ctx, nil
			})
			sc.Step(`^changed$`, func() error { return nil })
			return nil
		}}
		if err := runGodog(t.Context(), world, s, newRecorder(s, nil)); err != nil || got != "ab" {
			t.Errorf("got %q and the error %v, want ab and none", got, err)
		}
	}
	if s.Name != "S" || s.Pickle.Tags[0].Name != "@a" || s.Pickle.Steps[0].Text != "x" {
		t.Errorf("got %+v, want what was loaded", s.Pickle)
	}
}

func TestTextsShowTheTableAndTheDocStringOfAStep(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"| a |\n\"\"\"json\nb\n\"\"\"\n": "| a |\n\"\"\"json\nb\n\"\"\"",
		"```\nb\n```\n| a |\n":           "\"\"\"\nb\n\"\"\"\n| a |",
		"| a |\n":                        "| a |",
		"```\nb\n```\n":                  "\"\"\"\nb\n\"\"\"",
		"":                               "",
	} {
		s := load(t, "Feature: F\nScenario: S\n* x\n"+source)[0]
		if got := strings.Join(argumentLines(s.Pickle.Steps[0].Argument), "\n"); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}
}
