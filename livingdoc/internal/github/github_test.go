package github

import (
	"fmt"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/golden"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// mixed is a report with one of everything.
func mixed() Report {
	passed, notRun := run.Result{Verdict: run.Passed}, run.Result{Verdict: run.NotRun}
	failed := run.Result{Verdict: run.Failed, Failure: "got 80.00, want 0.00: <nil>\n\n100% sure\r\n"}
	flaky := run.Result{Verdict: run.Flaky, Failure: "attempt 1: too slow"}
	skipped := run.Result{Verdict: run.Skipped, Reason: "needs a clock"}
	return Report{
		Title:  "Checking out a group",
		Stores: []Store{{Name: "memory", How: "in memory"}, {Name: "messagedb", How: "PostgreSQL_17"}, {Name: "dynamodb"}},
		Features: []*run.Feature{
			feature("Stays", "features/1-stays/1-a,b.feature", rule("", scenario("A guest arrives", 3, passed, passed, passed))),
			feature(
				"Groups | <b>", "features/2.feature",
				rule("A *group* pays", scenario("One | pays, `row` 1", 12, passed, failed, failed), scenario("Two pay", 20, passed, flaky, passed)),
				rule("Nobody waits", scenario("In vain", 30, skipped, notRun, notRun)),
			),
		},
	}
}

func feature(title, path string, rules ...*run.Rule) *run.Feature {
	return &run.Feature{Title: title, Path: path, Rules: rules}
}

func rule(title string, scenarios ...*run.Scenario) *run.Rule {
	return &run.Rule{Title: title, Scenarios: scenarios}
}

func scenario(title string, line int, results ...run.Result) *run.Scenario {
	return &run.Scenario{Title: title, Rows: []*run.Row{{Number: 1, Title: title, Line: line, Results: results}}}
}

func TestAReport(t *testing.T) {
	t.Parallel()
	green := mixed()
	green.Features = green.Features[:1]
	faulty := mixed()
	faulty.Features = green.Features
	faulty.Stores[1].Faults = []string{"The audit found <nothing>: 100% *gone*\nat the shelf", "The run failed."}
	for name, got := range map[string]string{
		"mixed.md": Summary(mixed()), "mixed.txt": Annotations(mixed()),
		"faulty.md": Summary(faulty), "faulty.txt": Annotations(faulty),
		"green.md": Summary(green), "green.txt": Annotations(green), "empty.md": Summary(Report{Title: "Nothing"}),
	} {
		golden.Compare(t, name, got)
	}
}

// TestTheSummaryIsSoundMarkdown of the kind that GitHub reads: what a scenario is
// called changes nothing but the text.
func TestTheSummaryIsSoundMarkdown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	check.Must(t, markdown.Convert([]byte(Summary(mixed())), &out))
	for want, n := range map[string]int{
		"<table>": 3, "<details>": 5, "</details>": 5, "<pre>": 3, "</pre>": 3, "One | pays, `row` 1": 2, "<td>A *group* pays</td>": 1,
		"Groups | &lt;b&gt;": 4, "<em>": 0, "<code>": 0,
	} {
		if got := strings.Count(out.String(), want); got != n {
			t.Errorf("got %d of %q, want %d", got, want, n)
		}
	}
}

// large has a number of scenarios, all of which fail for a long reason.
func large(scenarios int) Report {
	report := Report{Title: "Large", Stores: []Store{{Name: "memory"}}}
	for i := range scenarios {
		failed := run.Result{Verdict: run.Failed, Failure: strings.Repeat("é", 10_000)}
		report.Features = append(report.Features, feature(fmt.Sprintf("Feature %d", i), "f.feature", rule("Rule", scenario(fmt.Sprintf("Scenario %d", i), i, failed))))
	}
	return report
}

func TestALargeSummarySaysWhatItLacks(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{noticeSize, 1000, 10_000, 50_000, Limit} {
		got := summary(large(1000), limit)
		if len(got) > limit {
			t.Errorf("got %d bytes, want at most %d", len(got), limit)
		}
		if !strings.Contains(got, "**This summary is not whole: ") {
			t.Errorf("of %d bytes: got no word of what is left out", limit)
		}
		if limit == Limit && !strings.Contains(got, "| Rule | ❌ 1 |") {
			t.Error("the failures leave no room for the grid")
		}
		if strings.Count(got, "<details>") != strings.Count(got, "</details>") {
			t.Errorf("of %d bytes: got a part that is not whole", limit)
		}
	}
	if got := Summary(large(10)); strings.Contains(got, "not whole") || !strings.Contains(got, "… and 15912 bytes more") {
		t.Error("a small summary is not whole, or shows all of a long reason")
	}
}

func TestNoMoreAnnotationsThanGitHubShows(t *testing.T) {
	t.Parallel()
	for scenarios, want := range map[int]int{0: 0, 9: 9, 10: 10, 11: 10, 1000: 10} {
		got := Annotations(large(scenarios))
		if n := strings.Count(got, "\n"); n != want {
			t.Errorf("of %d failures got %d lines, want %d", scenarios, n, want)
		}
		if more := strings.Contains(got, "more scenarios fail"); more != (scenarios > 10) {
			t.Errorf("of %d failures: got more=%v", scenarios, more)
		}
	}
	if got := Annotations(large(11)); !strings.Contains(got, "::error title=2 more scenarios fail::") {
		t.Errorf("of 11 failures got %s, want the last line for 2", got)
	}
}

// FuzzAnAnnotationIsOneCommand whatever the texts.
func FuzzAnAnnotationIsOneCommand(f *testing.F) {
	f.Add("a,line=1::x", "title\n::error::y", "why\r\n::set-output name=x::y")
	f.Fuzz(func(t *testing.T, path, title, why string) {
		failed := run.Result{Verdict: run.Failed, Failure: why}
		got := Annotations(Report{Stores: []Store{{Name: title}}, Features: []*run.Feature{feature("", path, rule(title, scenario(title, 0, failed)))}})
		line, rest, _ := strings.Cut(got, "\n")
		if rest != "" || strings.Contains(line, "\r") {
			t.Fatalf("got more than a line: %q", got)
		}
		properties, _, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
		if n := strings.Count(properties, ","); n != 2 {
			t.Errorf("got %d properties, want 3: %q", n+1, properties)
		}
	})
}
