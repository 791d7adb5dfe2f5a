package selftest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin/internal/cck"
	"example.com/groupcheckout/internal/check"
)

// want is what became of a scenario, in the words of each output.
type want struct {
	test     string // go test's
	junit    string // what a reader of JUnit makes of it; flaky is Surefire's
	messages string // the worst status among its steps and hooks; FLAKY if that of an attempt before the last
	summary  string
	says     string // in each output, the reason
}

func failed(says string) want    { return want{"fail", "failed", "FAILED", "failed", says} }
func skipped(says string) want   { return want{"skip", "skipped", "SKIPPED", "skipped", says} }
func undefined(says string) want { return want{"fail", "failed", "UNDEFINED", "undefined", says} }
func passed() want               { return want{"pass", "passed", "PASSED", "passed", ""} }

// scenarios is what must become of each, by its title; a title that comes again
// has a number, as go test gives it one.
func scenarios() map[string]want {
	const timeout = "the time limit of 50ms is over"
	return map[string]want{
		"It passes":                             passed(),
		"The list is sound":                     passed(),
		"A step returns an error":               failed("got 1, want 2"),
		"A step finds something else":           failed("got 2 books on the shelf, want 3"),
		"A step is undefined":                   undefined("nobody knows it"),
		"A step is pending":                     {"fail", "failed", "PENDING", "pending", "not written yet"},
		"A step is ambiguous":                   {"fail", "failed", "AMBIGUOUS", "ambiguous", "one of two"},
		"A step panics":                         failed("boom in a step"),
		"A step leaves its goroutine":           failed("the goroutine was ended by runtime.Goexit"),
		"A step lacks its table":                failed("takes a table, which the step does not have"),
		"A step skips":                          skipped("no lamp"),
		"A step skips and fails":                failed("no lamp"),
		"A skip, then a step that is undefined": skipped("no lamp"),
		"A step fails at first":                 {"skip", "flaky", "FLAKY", "flaky", "not yet"},
		"A step fails again and again":          failed("got 1, want 2"),
		"A step stays undefined":                undefined("nobody knows it"),

		"A hook fails before":         failed("no key to the shelf"),
		"A hook panics before":        failed("panic: boom before"),
		"A hook skips":                skipped("no clock"),
		"A hook fails after":          failed("the shelf is not locked"),
		"A hook panics after":         failed("boom after"),
		"A step skips, a hook panics": failed("boom after"),
		"A hook of godog panics":      failed("boom in godog"),

		"There is no world":        failed("make the world: no such shelf"),
		"The world panics":         failed("boom in a world"),
		"The world skips":          skipped("no shelf here"),
		"The steps are not bound":  failed("no steps"),
		"The world does not close": failed("close the world: the shelf is stuck"),
		"It is not supported":      skipped("no server"),

		"The list loses a line":               failed("got 3 books on the shelf, want 2"),
		"The list has a line twice":           failed("got 1 books on the shelf, want 2"),
		"The list cannot be written":          failed("the disk is full"),
		"The list cannot be read":             failed("the connection was reset"),
		"The list misses a conflict":          failed("want a conflict"),
		"The list refuses for another reason": failed("got the error the disk is full, want a conflict"),

		"Some rows/1: it fails":    failed("got 1, want 2"),
		"Some rows/2: one is lent": passed(),
		"No rows":                  failed("the scenario outline has no row of examples"),
		"Nothing to do":            failed("the scenario has no steps"),
		"The same title":           passed(),
		"The same title#01":        failed("got 1, want 2"),

		"A step stands after spaces that do not break": failed("got 1, want 2"),
		"A step has a table and a text":                failed("got a table and the text b"),

		"A step heeds the end of its time": failed(timeout),
		"A step does not heed it":          failed(timeout),
		"The list does not answer":         failed(timeout),
		"A hook does not end":              failed(timeout),
	}
}

// runs says what each broken run must say, in each output.
func runs() map[string]string {
	return map[string]string{
		"TestUnknownTag":               `the tag expression "@nobody" selects none of the 42 scenarios`,
		"TestForeignTagSyntax":         `has the word "&&": there are tags, which start with @, and, or, not, and parentheses`,
		"TestUnknownPlace":             "and no line 999",
		"TestNoFeature":                "there is no .feature file",
		"TestNoScenario":               "there is no scenario in none.feature",
		"TestNoGherkin":                "bad.feature:4:5: expected: ",
		"TestNoText":                   "no.feature:1:12: there is a NUL byte",
		"TestUTF16":                    "wide.feature:1: the file is written in UTF-16",
		"TestLatin1":                   "latin.feature:1:13: the byte 0xE9 is not UTF-8",
		"TestStepBecomesProse":         "prose.feature:3: the line looks like a step",
		"TestStepBehindALineSeparator": "separator.feature:2: a line separator (U+2028) stands within the line",
		"TestTagThatLooksLikeAnother":  "tag.feature:2: the tag @slow has a zero width space (U+200B) within",
		"TestLongLine":                 "got a text of 69632 letters",
		"TestOldLineEnds":              "got 1, want 2",
		"TestBadConfig":                "Config.Retries is -1: it must not be negative",
		"TestBeforeRunFails":           "no server answers",
		"TestBeforeRunPanics":          "boom before all",
		"TestAfterRunFails":            "the books do not balance",
		"TestReporterCannotStart":      "no room for a report",
		"TestReporterCannotWrite":      "no room for a line",
		"TestTooFlaky":                 "2 scenarios are flaky, and no more than 1 is tolerated",
	}
}

// before says what is found before any run, which go test alone tells.
func before() map[string][]string {
	return map[string][]string{
		"TestDefinitions": {"red/red_test.go:", "{int} books on {shlef}\n", "^-----^\n", "Undefined parameter type 'shlef'"},
		"TestUnusedStep":  {`no feature uses the step "it panics"`},
		"TestUnlike": {
			`vain.feature:11: "Then a book is lent" is a Then that checks nothing`,
			`vain.feature:15: "Given 0 books are left" is a check`,
			`vain.feature:19: the scenario "A star hides an action" ends with "* a book is lent"`,
		},
		"TestLint": {
			`the scenario at line 162 has the same title, "The same title"`,
			`the examples of "No rows" have no row`, `the scenario "Nothing to do" has no steps`,
			`vain.feature:7: the scenario "It ends with an action" ends with "When a book is lent"`,
			`vain.feature:3: the line looks like a step, "When", and is prose of the feature`,
			`vain.feature:14: the line looks like a step and is prose: write "Given "`,
		},
	}
}

// keepsToTheSchema looks at what the runs wrote, and at what no verdict needs.
func keepsToTheSchema(t *testing.T, folder string) {
	t.Helper()
	schema, err := cck.Schema(t.Context())
	check.Must(t, err)
	for _, run := range append(slices.Collect(maps.Keys(runs())), "TestScenarios", "TestDeadline") {
		check.OKf(t, cck.Validate(schema, filepath.Join(folder, run+".ndjson")), "%s", run)
	}
	content, err := os.ReadFile(filepath.Join(folder, "TestScenarios.ndjson"))
	for _, want := range []string{
		`"protocolVersion":"` + cck.ProtocolVersion + `"`, `"body":"said by the world"`, `"name":"the harness"`,
	} {
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("the messages of TestScenarios lack %s (%v)", want, err)
		}
	}
}

func TestWhatIsBrokenIsRedEverywhere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	status, tests := goTest(t, folder)
	check.Equal(t, "exit status of go test", 1, status)

	keepsToTheSchema(t, folder)
	got := map[string]want{}
	texts := map[string][]string{} // of each output
	for _, run := range []string{"TestScenarios", "TestDeadline"} {
		read(t, folder, run, tests, got, texts)
	}
	expected := scenarios()
	for title, w := range expected {
		for i, text := range texts[title] {
			if !strings.Contains(text, w.says) {
				t.Errorf("%s: %s says:\n%s\nwant in it: %s", title, outputs()[i], text, w.says)
			}
		}
		w.says = ""
		expected[title] = w
	}
	check.Same(t, "what became of the scenarios", expected, got, cmp.AllowUnexported(want{}))

	for name, says := range runs() {
		text := func(extension string) string {
			content, err := os.ReadFile(filepath.Join(folder, name+extension))
			check.OK(t, err)
			return string(content)
		}
		if test := tests[name]; test.verdict != "fail" {
			t.Errorf("%s: got %q of go test, want fail", name, test.verdict)
		}
		report, ok := readMessages(t, filepath.Join(folder, name+".ndjson"))
		if ok || !strings.Contains(report.text, says) {
			t.Errorf("%s: got success %t of the messages, and:\n%s\nwant false, and in it: %s", name, ok, report.text, says)
		}
		if cases := readJUnit(t, filepath.Join(folder, name+".xml")); !slices.ContainsFunc(cases, func(c junitCase) bool {
			return c.verdict() == "failed" && strings.Contains(c.text(), says)
		}) {
			t.Errorf("%s: no testcase of JUnit has failed with %q:\n%s", name, says, text(".xml"))
		}
		if summary := text(".txt"); !strings.Contains(summary, "  failed    ") || !strings.Contains(summary, says) {
			t.Errorf("%s: got the summary:\n%s\nwant a failure, and in it: %s", name, summary, says)
		}
		if !strings.Contains(tests.output(name), says) {
			t.Errorf("%s: go test says:\n%s\nwant in it: %s", name, tests.output(name), says)
		}
	}
	for name, says := range before() {
		for _, part := range says {
			if tests[name].verdict != "fail" || !strings.Contains(tests[name].output, part) {
				t.Errorf("%s: got %q of go test and:\n%s\nwant fail, and in it: %s", name, tests[name].verdict, tests[name].output, part)
			}
		}
	}

	var known []string
	for name := range tests {
		if !strings.Contains(name, "/") {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	named := slices.Sorted(maps.Keys(runs()))
	named = slices.Sorted(slices.Values(append(append(named, slices.Collect(maps.Keys(before()))...), "TestDeadline", "TestScenarios")))
	if diff := cmp.Diff(named, known); diff != "" {
		t.Errorf("tests of testdata/red (-named here +run):\n%s", diff)
	}
	t.Logf("%d scenarios and %d runs were broken, and %d things before any run", len(expected), len(runs()), len(before()))
}
