package steps

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/internal/check"
)

func compiled(t *testing.T) *gherkin.Definitions {
	t.Helper()
	definitions, err := Definitions()
	check.Must(t, err)
	return definitions
}

func TestLengthsOfTime(t *testing.T) {
	t.Parallel()
	pattern := ""
	for _, p := range compiled(t).Parameters() {
		if p.Name == "duration" {
			pattern = "^(" + p.Pattern + ")$"
		}
	}
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"30 days":                      30 * day,
		"1 day":                        day,
		"1 hour and 30 minutes":        90 * time.Minute,
		"5 seconds":                    5 * time.Second,
		"2 weeks":                      14 * day,
		"0 seconds":                    0,
		"1 week, 2 days and 3 seconds": 9*day + 3*time.Second,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%q does not match the pattern %s", text, pattern)
		}
		if got, err := parseDuration([]string{text}); err != nil || got != want {
			t.Errorf("%q: got %s and error %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"30 minutes and 1 hour":          `write weeks, days, hours, minutes and seconds, each at most once and in this order, such as "1 hour and 30 minutes"`,
		"1 day and 1 day":                "each at most once",
		"2 fortnights":                   "write weeks, days, hours, minutes and seconds",
		"x days":                         "x is not a number of days",
		"99999999999999999999 days":      "is not a number of days",
		"9223372036854775807 weeks":      "is longer than a length of time can be",
		"15250 weeks and 365 days":       "is longer than a length of time can be",
		"9223372036 seconds and 1 weeks": "write weeks",
	} {
		if got, err := parseDuration([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %s and error %v, want an error with %q", text, got, err, want)
		}
	}
}

// TestAnUndefinedStepIsSuggestedWithOwnTypes sees that the patterns do not take
// each other's texts.
func TestAnUndefinedStepIsSuggestedWithOwnTypes(t *testing.T) {
	t.Parallel()
	definitions := compiled(t)
	for text, want := range map[string]string{
		`1 hour and 30 minutes pass`:                             `r.When("{duration} pass", func(ctx context.Context, duration time.Duration) error {`,
		`the clerk forgives the group "Hansen wedding" the debt`: `r.When("the clerk forgives {group} the debt", func(ctx context.Context, group1 group) error {`,
	} {
		if got := definitions.Suggest(gherkin.When, text, nil); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got:\n%s\nwant at its start: %s", text, got, want)
		}
	}
}

// TestAMistakeInAnExpressionIsPointedAt is what a developer sees at the start.
func TestAMistakeInAnExpressionIsPointedAt(t *testing.T) {
	t.Parallel()
	_, err := gherkin.Compile(func(r *gherkin.Registrar) {
		Register(r, nil)
		r.When("{duraton} pass(es)", func(time.Duration) error { return nil })
	})
	for _, want := range []string{"steps/parameters_test.go:", "{duraton} pass(es)\n    ^-------^\n", "Undefined parameter type 'duraton'"} {
		check.Fails(t, err, want)
	}
}
