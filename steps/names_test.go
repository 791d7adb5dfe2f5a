package steps_test

import (
	"regexp"
	"strings"
	"testing"

	"example.com/groupcheckout/gherkin"
)

const mentioned = `Given stays 101 and 102 with a balance of 80.00
And a coach tour of 2 stays with a charge of 12.50 each
And stay 101 was merged into the group "Hansen wedding"
And the clerk selects stay 102 for the group "Football club"
And the system is stopped`

// names are for each kind of name one that the scenario has mentioned, one that it
// has not, and what the error of a check suggests.
func names() map[string][3]string {
	return map[string][3]string{
		"stay":  {"stay 101", "stay 110", "did you mean stay 101?"},
		"stays": {"stays 101 and 102", "stays 101 to 103", "did you mean stay 101?"},
		"group": {`the group "Hansen wedding"`, `the group "Footbal club"`, `did you mean the group "Football club"?`},
	}
}

// samples are other parameters.
func samples() map[string]string {
	return map[string]string{"money": "80.00", "count": "2", "string": `"80.00"`, "duration": "30 seconds", "time": "14:00", "reason": "the guest had checked out"}
}

// tables are what follows a check that has one, by its expression.
func tables() map[string]string {
	return map[string]string{
		"the stays of {group} are:": "\n  | stay | outcome | amount |\n  | 101 | merged | 80.00 |",
		"the record of {stay} is:":  "\n  | entry |\n  | check-in |",
		"the record of {group} is:": "\n  | entry | stay |\n  | selected | 101 |",
	}
}

var (
	optional    = regexp.MustCompile(`\([^)]*\)`)
	alternative = regexp.MustCompile(`(\w+)(/\w+)+`)
	parameter   = regexp.MustCompile(`\{(\w*)\}`)
)

// sentences are what a check says with each of its names misspelled, one at a time,
// and what that is to be answered.
func sentences(t *testing.T, expression string) map[string]string {
	t.Helper()
	plain := alternative.ReplaceAllString(optional.ReplaceAllString(expression, ""), "$1")
	found := map[string]string{}
	for wrong, at := range parameter.FindAllStringSubmatch(plain, -1) {
		name, misspelled := names()[at[1]]
		if !misspelled {
			continue
		}
		i := -1
		text := parameter.ReplaceAllStringFunc(plain, func(p string) string {
			i++
			kind := strings.Trim(p, "{}")
			if n, isName := names()[kind]; isName {
				return map[bool]string{true: n[1], false: n[0]}[i == wrong]
			}
			sample, known := samples()[kind]
			if !known {
				t.Errorf("%s: give a sample of {%s}, and say whether it is a name", expression, kind)
			}
			return sample
		})
		found[text+tables()[expression]] = name[2]
	}
	return found
}

// TestAMisspelledNameFailsEachCheck goes through all checks that there are: of a name
// that nobody has heard of, nearly everything is true that says no, none or 0.00.
func TestAMisspelledNameFailsEachCheck(t *testing.T) {
	t.Parallel()
	const free = "{stay} is not on record" // the one that may speak of such a stay
	seen := 0
	for _, step := range definitions(t).Steps() {
		if step.Keyword != gherkin.Then || step.Expression == free {
			continue
		}
		for text, suggestion := range sentences(t, step.Expression) {
			seen++
			t.Run(strings.ReplaceAll(text, "\n", " "), func(t *testing.T) {
				t.Parallel()
				sentence, _, _ := strings.Cut(text, "\n")
				if matches := definitions(t).Match(sentence); len(matches) != 1 || matches[0].Step.Expression != step.Expression {
					t.Fatalf("got %d steps for %q, want just %s", len(matches), sentence, step.Expression)
				}
				wantLastRefused(t, play(t, mentioned, "Then "+text), suggestion)
			})
		}
	}
	if seen < 20 {
		t.Errorf("got %d sentences with a misspelled name, want some for each check", seen)
	}
}

func TestOtherNamesThatWereNotMentioned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, last, says string }{
		"in a table of outcomes":     {mentioned, "Then the stays of the group \"Hansen wedding\" are:\n  | stay | outcome |\n  | 110 | not merged |", "did you mean stay 101?"},
		"in a record":                {mentioned, "Then the record of the group \"Hansen wedding\" is:\n  | entry | stay |\n  | selected | 110 |", "did you mean stay 101?"},
		"the group without a name":   {mentioned, "Then the balance of the group is 0.00", `got the group, which no command before this check has mentioned: known are the group "Football club", the group "Hansen wedding"`},
		"nothing like it":            {mentioned, "Then stay 999 has not left with a group", "known are stay 101, stay 102"},
		"in another case":            {mentioned, `Then the group "hansen Wedding" is not confirmed`, `did you mean the group "Hansen wedding"?`},
		"no group at all":            {"Given stay 101 was checked out", "Then the group is not confirmed", "no command before this check has mentioned any group"},
		"no stay at all":             {"Given the clerk confirms the group", "Then stay 101 has not left with a group", "no command before this check has mentioned any stay"},
		"a tour that is not there":   {"Given the clerk confirms the group", "Then all 0 stays of the coach tour are merged into the group", "no step before this one has mentioned a coach tour"},
		"a tour that is selected":    {"Given stay 101 was checked out", "When the clerk selects the whole coach tour for the group", "no step before this one has mentioned a coach tour"},
		"a group that is delivered":  {mentioned, `When the feed delivers the group "Footbal club" again`, `did you mean the group "Football club"?`},
		"a group that is waited for": {mentioned, `When the selected stays of the group "Footbal club" have been visited`, `did you mean the group "Football club"?`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantLastRefused(t, play(t, c.given, c.last), c.says)
		})
	}
}

// TestARefusedCommandMentionsNames also shows what may be said of a stay that is not
// on record.
func TestARefusedCommandMentionsNames(t *testing.T) {
	t.Parallel()
	result := play(t, `When the clerk tries to charge 0.00 to stay 999
Then it is refused because an amount has to be above zero, and 0.00 is not
And stay 999 is not on record
And stay 999 has not left with a group
And stay 998 is not on record
When the clerk tries to check out stay 997
Then it is refused because the stay is not on record`)
	if result.Status.String() != "passed" {
		t.Errorf("got %v, %s", result.Status, result.Reason)
	}
}
