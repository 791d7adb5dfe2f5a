package suite

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

// placed has something to select at every kind of line.
const placed = `Feature: F
  Background:
    Given x

  @a
  Scenario: One
    When x

  Scenario Outline: Two <n>
    When <n>

    Examples: Few
      | n |
      | 1 |
      | 2 |

    Examples: More
      | n |
      | 3 |

  Rule: R
    Words.

    Background:
      Given x

    Scenario: Three
      When x
    @a
    Scenario: Four
      When x
  Rule: Empty
`

func TestSelectAtPlaces(t *testing.T) {
	t.Parallel()
	features, err := Load(fstest.MapFS{
		"dir/one.feature":   {Data: []byte(placed)},
		"dir/two.feature":   {Data: []byte("Feature: G\n  Scenario: Five\n    * x\n")},
		"other/two.feature": {Data: []byte("Feature: H\n  Scenario: Six\n    * x\n")},
		"none.feature":      {Data: []byte("# nothing\n")},
	})
	check.Must(t, err)
	const all = "One, Two 1, Two 2, Two 3, Three, Four"
	for place, want := range map[string]string{
		"dir/one.feature":                     all,
		"dir/one.feature:1":                   all,
		"dir/one.feature:3":                   all, // the background of all
		"dir/one.feature:5":                   "One",
		"dir/one.feature:6":                   "One",
		"dir/one.feature:7":                   "One",
		"dir/one.feature:9":                   "Two 1, Two 2, Two 3",
		"dir/one.feature:10":                  "Two 1, Two 2, Two 3",
		"dir/one.feature:12":                  "Two 1, Two 2",
		"dir/one.feature:14":                  "Two 1",
		"dir/one.feature:15":                  "Two 2",
		"dir/one.feature:19":                  "Two 3",
		"dir/one.feature:21":                  "Three, Four",
		"dir/one.feature:25":                  "Three, Four", // the background of the rule
		"dir/one.feature:28":                  "Three",
		"dir/one.feature:7:15":                "One, Two 2",
		"one.feature:15":                      "Two 2",
		"./features/dir/one.feature:15":       "Two 2",
		"/home/me/features/dir/one.feature:6": "One",
		"other/two.feature dir/one.feature:6": "One, Six",
		"@a dir/one.feature:21":               "Four",
		"@a dir/one.feature":                  "One, Four",

		"two.feature":             `error: "two.feature" may be any of these feature files: dir/two.feature, other/two.feature`,
		"three.feature:1":         `error: "three.feature" is none of the feature files, which are: dir/one.feature, dir/two.feature, none.feature, other/two.feature`,
		"dir/one.feature:0":       "error: dir/one.feature has 32 lines, and no line 0",
		"dir/one.feature:33":      "error: dir/one.feature has 32 lines, and no line 33",
		"dir/one.feature:32":      "error: dir/one.feature:32 belongs to no scenario",
		"none.feature:1":          "error: none.feature:1 belongs to no scenario",
		"@a dir/one.feature:28":   `error: the tag expression "@a" selects none of the 1 scenario at dir/one.feature:28`,
		"@no none.feature":        `error: the tag expression "@no" selects none of the 0 scenarios at none.feature`,
		"dir/one.feature:6:three": `error: "dir/one.feature:6:three" is none of the feature files`,
	} {
		tags, places := "", strings.Fields(place)
		if strings.HasPrefix(place, "@") {
			tags, places = places[0], places[1:]
		}
		wantSelected(t, features, tags, places, want)
	}
}

// TestEveryTagCanBeSelected has tags as other projects write them.
func TestEveryTagCanBeSelected(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	source.WriteString("Feature: F\n")
	tags := []string{"@a1,b2", "@R&D", "@jira~1", "@a|b", "@Case(1)", `@a\b`, `@a\\`, "@and", "@#1", "@é-ö", "@a=b;c", `@"q"`, "@<x>", "@(", "@✓"}
	for _, tag := range tags {
		fmt.Fprintf(&source, "%s\nScenario: %s\n* x\n", tag, tag)
	}
	features, err := Load(fstest.MapFS{"f.feature": {Data: []byte(source.String())}})
	check.Must(t, err)
	for _, tag := range tags {
		wantSelected(t, features, gherkin.TagExpression(tag), nil, tag)
		wantSelected(t, features, gherkin.TagExpression(tag)+" and not @other", nil, tag)
	}
	wantSelected(t, features, `@Case\(1\) or @R&D`, nil, "@R&D, @Case(1)")
	wantSelected(t, features, "@other", nil, `error: the tag expression "@other" selects none of the 15 scenarios; their tags are: `)
	check.Fails(t, check.Error(Select(features, "@other")), ` @Case\(1\) `)
}

func TestSelectByTags(t *testing.T) {
	t.Parallel()
	features, err := Load(fstest.MapFS{"f.feature": {Data: []byte(
		"Feature: F\n@a\nScenario: A\n* x\n@b\nScenario: B\n* x\n@a @b\nScenario: AB\n* x\nScenario: none\n* x\n",
	)}})
	check.Must(t, err)
	for tags, want := range map[string]string{
		"":                     "A, B, AB, none",
		"@a":                   "A, AB",
		"@a and not @b":        "A",
		"@a or @b":             "A, B, AB",
		"not (@a or @b)":       "none",
		"(@a or @b)and not @a": "B",

		"@c and @a": `error: the tag expression "@c and @a" selects none of the 4 scenarios; their tags are: @a @b`,
		"not slow":  `error: the tag expression "not slow" has the word "slow"`,
		"@a && @b":  `error: the tag expression "@a && @b" has the word "&&"`,
		"@a,@b":     `error: the tag expression "@a,@b" has "@a,@b", and no tag has a second @: write and, or, not`,
		"@":         `error: the tag expression "@" has an @ without a name`,
		"~@a":       `error: the tag expression "~@a" has the word "~@a"`,
		"@a and":    `error: the tag expression "@a and" is incomplete`,
		"(@a":       `error: Tag expression "(@a" could not be parsed`,
		"@a)":       `error: Tag expression "@a)" could not be parsed`,
		"@a @b":     `error: Tag expression "@a @b" could not be parsed`,
		"()":        `error: Tag expression "()" could not be parsed`,
		"not":       `error: the tag expression "not" is incomplete`,
		`@a\`:       `error: the tag expression "@a\\" ends in a backslash`,
	} {
		wantSelected(t, features, tags, nil, want)
	}
	empty := []*Feature{{URI: "a"}, {URI: "b"}, {URI: "c"}, {URI: "d"}, {URI: "e"}}
	for want, features := range map[string][]*Feature{
		"there is no feature, and so no scenario":     nil,
		"there is no scenario in a":                   empty[:1],
		"there is no scenario in a, b, c, and 2 more": empty,
	} {
		if _, err := Select(features, ""); err == nil || err.Error() != want {
			t.Errorf("got the error %v, want %q", err, want)
		}
	}
}

// wantSelected compares the names of what is selected, or the start of the error.
func wantSelected(t *testing.T, features []*Feature, tags string, places []string, want string) {
	t.Helper()
	selected, err := Select(features, tags, places...)
	var got []string
	for _, s := range selected {
		got = append(got, s.Name)
	}
	text := strings.Join(got, ", ")
	if err != nil {
		text = "error: " + err.Error()
	}
	if text != want && (err == nil || !strings.HasPrefix(text, want)) {
		t.Errorf("%q %s: got %s, want %s", tags, places, text, want)
	}
}

func TestSelectLeavesTheFeaturesAsTheyAre(t *testing.T) {
	t.Parallel()
	features, err := Load(fstest.MapFS{"one.feature": {Data: []byte(placed)}})
	check.Must(t, err)
	before := len(features[0].Scenarios)
	check.Must(t, check.Error(Select(features, "@a", "one.feature:6")))
	for i, s := range features[0].Scenarios {
		if s == nil || len(features[0].Scenarios) != before {
			t.Errorf("scenario %d of %d is gone", i+1, before)
		}
	}
}
