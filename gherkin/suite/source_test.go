package suite

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"example.com/groupcheckout/internal/check"
)

const plain = "Feature: F\n\n  Scenario: S\n    Given a\n    Then b\n"

// inUTF16 is a text as Windows' Notepad once saved it.
func inUTF16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// TestWhatIsNoTextIsRefusedWithItsPlace also has what looks like a step or a title and
// would be lost.
func TestWhatIsNoTextIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		inUTF16(plain):                                 "f.feature:1: the file is written in UTF-16: save it as UTF-8",
		"\xff\xfe\x00\x00":                             "f.feature:1: the file is written in UTF-32: save it as UTF-8",
		strings.Replace(plain, "a", "a\x00", 1):        "f.feature:1:4: there is a NUL byte",
		strings.Replace(plain, "b", "\xe9t", 1):        "f.feature:5:10: the byte 0xE9 is not UTF-8",
		strings.Replace(plain, "b", "\ufffd", 1):       "",
		strings.TrimPrefix(inUTF16(plain), "\xff\xfe"): "there is a NUL byte",

		strings.Replace(plain, "Given a", "Given\u00a0a", 1):                                       `f.feature:4: the line looks like a step, "Given", and is prose: it has a no-break space (U+00A0) in it where "Given " is to stand`,
		strings.Replace(plain, "Given a", "Given\ta", 1):                                           `f.feature:4: the line looks like a step, "Given", and is prose: it has a tab (U+0009)`,
		strings.Replace(plain, "Given a", "Gi\u00adven a", 1):                                      `f.feature:4: the line looks like a step, "Given", and is prose: it has a soft hyphen (U+00AD)`,
		strings.Replace(plain, "Given a", "*\u2003a", 1):                                           `f.feature:4: the line looks like a step, "*", and is prose: it has the character U+2003`,
		strings.Replace(plain, "Then b", "Then\u00a0b", 1):                                         `f.feature:5:5: expected: `,
		strings.Replace(plain, "Scenario:", "Scenario\u200b:", 1):                                  `f.feature:3: the line looks like "Scenario:", and is prose: it has a zero width space (U+200B)`,
		strings.Replace(plain, "Scenario:", "Scenario :", 1):                                       `f.feature:3: the line looks like "Scenario:", and is prose: it has a space (U+0020)`,
		strings.Replace(plain, "Scenario:", "Scenario：", 1):                                        `f.feature:3: the line looks like "Scenario:", and is prose: it has a full-width colon`,
		strings.Replace(plain, "Feature:", "Feature :", 1):                                         `f.feature:1:1: expected: `,
		strings.Replace(plain, "S\n", "S\u2028    When c\n", 1):                                    `f.feature:3: a line separator (U+2028) stands within the line`,
		strings.Replace(plain, "Given a", "Given a\u0085Then c", 1):                                `f.feature:4: the character U+0085 stands within the line`,
		strings.Replace(plain, "  Scenario", "@sl\u00adow\nScenario", 1):                           `f.feature:3: the tag @slow has a soft hyphen (U+00AD) within`,
		strings.Replace(plain, "  Scenario", "@éé\u200bé\nScenario", 1):                            `f.feature:3: the tag @ééé has a zero width space (U+200B) within`,
		"# language: fr\nFonctionnalité: F\n  Scénario: S\n    E\u0301tant donné a\n    Alors b\n": `f.feature:4: the line looks like a step, "Étant donné", and is prose: it does not have "Étant donné " letter by letter`,
	} {
		_, err := Load(fstest.MapFS{"f.feature": {Data: []byte(source)}})
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\ngot the error %v\nwant %q", source, err, want)
		}
	}
	_, err := Load(fstest.MapFS{"f.feature": {Data: []byte(strings.Replace(plain, "Then b", "Then\u00a0b", 1))}})
	check.Fails(t, err, "it has a no-break space")
}

func TestTheSourceIsPlainText(t *testing.T) {
	t.Parallel()
	loaded, err := Load(fstest.MapFS{"f.feature": {Data: []byte("\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"))}})
	check.Must(t, err)
	check.Equal(t, "source", plain, string(loaded[0].Source))
}

func TestAFileOfAnyCaseOfItsEndingIsLoaded(t *testing.T) {
	t.Parallel()
	loaded, err := Load(fstest.MapFS{"A.FEATURE": {Data: []byte(plain)}})
	if err != nil || len(loaded) != 1 {
		t.Errorf("got %d features and the error %v, want 1 and none", len(loaded), err)
	}
}

func TestProseThatLooksLikeMore(t *testing.T) {
	t.Parallel()
	issues, err := Lint(fstest.MapFS{"f.feature": {Data: []byte(`Feature: F
  As a reader
  And as a writer
  When I read, I see:
  * a list
  And no step
  scenario: not one
  ` + "```" + `
  Given an example
  ` + "```" + `

  Background:
    given a shelf
    Given a shelf

  Scenario: A
    GIVEN a book
    When: it is lent
    Whenever it rains, it pours.
    **Given** is bold.
    *no blank
    Then
    Background:
    Then it is gone

  Scenario Outline: B
    Then <a>
    Examples:
      Then nothing
      And nothing
      | a |
      | 1 | 2
      | 3 | # a note
      | 4 \||
`)}})
	check.Must(t, err)
	var got []string
	for _, issue := range issues {
		message, _, _ := strings.Cut(issue.Message, ": put")
		message, _, _ = strings.Cut(message, ", or begin")
		got = append(got, fmt.Sprintf("%d %s", issue.Line, message))
	}
	want := []string{
		`4 the line looks like a step, "When", and is prose of the feature`,
		`7 the line looks like "Scenario:", and is prose: write the keyword so`,
		`13 the line looks like a step and is prose: write "Given "`,
		`17 the line looks like a step and is prose: write "Given "`,
		`18 the line looks like a step and is prose: write "When "`,
		`21 the line looks like a step and is prose: write "* "`,
		`22 the line looks like a step and is prose: write "Then "`,
		`23 the line looks like "Background:", and is prose of the scenario, in which none can stand`,
		`29 the line looks like a step, "Then", and is prose of the examples`,
		`30 the line looks like a step, "And", and is prose of the examples`,
		`32 "2" is no cell, and lost, since no | follows it`,
	}
	check.Same(t, "the result", want, got)
}

// TestARowCostsAsMuchWithManyOthers counts what there is to parse when all rows are run,
// which once grew with the square of the rows. [BenchmarkRows] has the time.
func TestARowCostsAsMuchWithManyOthers(t *testing.T) {
	t.Parallel()
	parsed := func(rows int) int {
		bytes := 0
		for _, s := range load(t, rowsFile(rows)) {
			bytes += len(s.bare())
		}
		return bytes
	}
	few, lots := parsed(40), parsed(4000)
	if lots != 100*few {
		t.Errorf("got %d bytes for godog to parse of 40 rows and %d of 4,000, want 100 times as many", few, lots)
	}
}

// rowsFile is an outline with so many rows.
func rowsFile(rows int) string {
	var b strings.Builder
	b.WriteString("Feature: F\n  Background:\n    Given a shelf\n  Scenario Outline: O <a>\n    When <a>\n    Then <b>\n    Examples:\n      | a | b |\n")
	for i := range rows {
		fmt.Fprintf(&b, "      | %06d | x |\n", i)
	}
	return b.String()
}

// BenchmarkRows has a figure for each row, which has to be the same however many there are.
func BenchmarkRows(b *testing.B) {
	for _, rows := range []int{400, 4000, 40000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			source := []byte(rowsFile(rows))
			for b.Loop() {
				features, err := Load(fstest.MapFS{"f.feature": {Data: source}})
				check.Must(b, err)
				for _, s := range features[0].Scenarios {
					s.bare()
				}
				grow(features[0].Scenarios)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}

// FuzzFeature is for -fuzzminimizetime=10x: one of its seeds is long, and to shorten it takes all the time.
func FuzzFeature(f *testing.F) {
	for _, source := range []string{
		intricate, plain, inUTF16(plain), "\ufeff" + intricate,
		strings.ReplaceAll(intricate, "\n", "\r\n"), strings.ReplaceAll(intricate, "\n", "\r"),
		strings.ReplaceAll(intricate, "  ", "\u00a0"), "Feature: F\nScenario: S\nGiven a\n\"\"\"\n" + long() + "\n\"\"\"\nThen b\n",
		"Feature: F\n@\nScenario: S\n* x\n", "Feature: F\n@a1,b2 @R&D @jira~1 @Case(1) @a\\b\nScenario: S\n* x\n",
		"Feature: F\nScenario: S\ngiven a\nGiven\u00a0b\nThen c\n", "Feature: F\nScenario: S\nGiven a\n|a|\n\"\"\"\nGiven b\n\"\"\"\nThen c\n",
		"# language: zh-CN\n功能: F\n场景: S\n假如a\n那么b\n", "# language: em\n📚: F\n📕: S\n😐a\n🙏b\n",
		"Feature: F\nScenario Outline: O\nThen <a>\nExamples:\n|a|\n|1|\nExamples:\n|b|\n|2|\n", rowsFile(3),
	} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		check.Must(t, check.Error(account(t, "f.feature", source)))
	})
}
