package suite

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	parser "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

func TestMaskedKeepsOneScenarioInItsPlace(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"as it is":     intricate,
		"CRLF":         strings.ReplaceAll(intricate, "\n", "\r\n"),
		"no final EOL": strings.TrimRight(intricate, "\n"),
		"German": "# language: de\nFunktionalität: F\n  Szenario: S\n    Angenommen a\n  Szenariogrundriss: O\n    Wenn <x>\n" +
			"    Beispiele:\n      | x |\n      | 1 |\n      | 2 |\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range load(t, source) {
				masked := s.masked()
				feature, err := parse("f.feature", masked, (&messages.Incrementing{}).NewId)
				if err != nil {
					t.Fatalf("%s: %v in:\n%s", s.Name, err, masked)
				}
				if len(feature.Scenarios) != 1 {
					t.Fatalf("%s: got %d scenarios, want 1, in:\n%s", s.Name, len(feature.Scenarios), masked)
				}
				got := feature.Scenarios[0]
				ids := cmpopts.IgnoreFields(messages.Pickle{}, "Id", "AstNodeIds")
				stepIDs := cmpopts.IgnoreFields(messages.PickleStep{}, "Id", "AstNodeIds")
				tagIDs := cmpopts.IgnoreFields(messages.PickleTag{}, "AstNodeId")
				if diff := cmp.Diff(s.Pickle, got.Pickle, ids, stepIDs, tagIDs); diff != "" {
					t.Errorf("%s (-whole +masked):\n%s", s.Name, diff)
				}
				if diff := cmp.Diff(linesOf(s), linesOf(got)); diff != "" {
					t.Errorf("%s: lines (-whole +masked):\n%s", s.Name, diff)
				}
				if s.Rule != got.Rule || s.Outline != got.Outline || got.Row > 1 {
					t.Errorf("%s: got rule %q, outline %q, row %d", s.Name, got.Rule, got.Outline, got.Row)
				}
			}
		})
	}
}

func linesOf(s *Scenario) []int64 {
	lines := []int64{int64(s.Line)}
	for _, step := range s.steps {
		lines = append(lines, step.Location.Line)
	}
	return lines
}

var loneAt = regexp.MustCompile(`(?m)^\s*@(\s|@|#|$)`)

func FuzzMasked(f *testing.F) {
	f.Add([]byte(intricate))
	f.Fuzz(func(t *testing.T, source []byte) {
		feature, err := parse("f", source, (&messages.Incrementing{}).NewId)
		if err != nil || loneAt.Match(source) {
			return // a tag line without a tag leaves no trace in the document; godog's parser then fails the scenario
		}
		for _, s := range feature.Scenarios {
			ids := (&messages.Incrementing{}).NewId
			document, err := parser.ParseGherkinDocument(strings.NewReader(string(s.masked())), ids)
			if err != nil {
				t.Fatalf("%v in:\n%s", err, s.masked())
			}
			want := 1
			if len(s.Pickle.Steps) == 0 && len(s.scenarioNode.Examples) > 0 && s.Row == 0 {
				want = 0 // an outline without rows
			}
			if got := len(parser.Pickles(*document, "f", ids)); got > 1 || want == 1 && got == 0 {
				t.Fatalf("got %d pickles, want %d, in:\n%s", got, want, s.masked())
			}
		}
	})
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
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scenarios (-want +got):\n%s", diff)
	}
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
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
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
	})
	if err != nil {
		t.Fatal(err)
	}
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
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}
