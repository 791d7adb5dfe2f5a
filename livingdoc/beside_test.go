package livingdoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/fetch"
	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/internal/fixture"
	"example.com/groupcheckout/livingdoc/internal/github"
	"example.com/groupcheckout/livingdoc/internal/run"
)

func TestGitHubIsToldWhatThePagesSay(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper", How: "by hand"}, fixture.Run{Store: "stone", Outcome: outcomes})
	config.Stores = map[string]string{"stone": "Granite"}
	report, err := livingdoc.Build(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	passed := github.Result{State: run.Passed}
	want := github.Feature{Title: "Taking books home", Path: "features/1-lending/1-out.feature", Rules: []github.Rule{
		{Title: "A book is lent once", Scenarios: []github.Scenario{
			{Title: "Two readers want one book", Line: 9, Results: []github.Result{passed, {State: run.Failed, Detail: "got <b>2</b> readers, want 1\nat the shelf"}}},
			{Title: "1 books are enough (1, one)", Line: 23, Results: []github.Result{passed, passed}},
			{Title: "2 books are enough (2, more)", Line: 24, Results: []github.Result{passed, {State: run.Flaky, Detail: "too late"}}},
		}},
		{Title: "A book comes back", Scenarios: []github.Scenario{
			{Title: "It comes back", Line: 28, Results: []github.Result{passed, {State: run.Skipped, Detail: "no shelf here"}}},
		}},
	}}
	for _, feature := range report.GitHub().Features {
		if feature.Path == want.Path {
			if diff := cmp.Diff(want, feature); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if feature.Title == "Loose" && feature.Rules[0].Title != "" {
			t.Errorf("a scenario without a rule has the rule %q", feature.Rules[0].Title)
		}
	}
	if summary := report.Summary(); !strings.Contains(summary, "# The library\n") || !strings.Contains(summary, "got &lt;b&gt;2&lt;/b&gt; readers") {
		t.Errorf("the summary lacks the title or the failure:\n%s", summary)
	}
	if want := "::error file=features/1-lending/1-out.feature,line=9,title=fails on Granite::"; !strings.Contains(report.Annotations(), want) {
		t.Errorf("got the annotations %s, want %s", report.Annotations(), want)
	}
	if n := len(report.GitHub().Features); n != 3 {
		t.Errorf("got %d features, want 3", n)
	}
	if diff := cmp.Diff([]github.Store{{Name: "paper", How: "by hand"}, {Name: "Granite"}}, report.GitHub().Stores); diff != "" {
		t.Errorf("stores (-want +got):\n%s", diff)
	}
}

// TestCucumbersOwnReportsAreBesideTheSite, with files like those of the package,
// but small, in the cache for what was fetched.
func TestCucumbersOwnReportsAreBesideTheSite(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // which keeps the test from being parallel
	t.Setenv("HOME", t.TempDir())           // for systems that have their caches there
	cache, err := fetch.Dir()
	if err != nil {
		t.Fatal(err)
	}
	formatter := filepath.Join(cache, "cucumber-html-formatter-24.2.0")
	err = os.CopyFS(formatter, fstest.MapFS{
		"dist/src/index.mustache": {Data: []byte("{{title}}: {{css}}{{script}}{{messages}}")},
		"dist/main.css":           {}, "dist/main.js": {},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", How: "cut"}, fixture.Run{Store: "wax"})
	config.Cucumber = true
	pages := build(t, config) // which checks that the report counts no byte of them
	for address, store := range map[string]string{"report/run.html": "paper", "report/run-2.html": "stone", "report/run-3.html": "wax"} {
		if got := pages[address]; !strings.Contains(got, "harness on "+store) || !strings.HasPrefix(got, "The library, run") {
			t.Errorf("%s is not the report on %s: %.200s", address, store, got)
		}
		if n := strings.Count(pages["index.html"], address); n != 1 {
			t.Errorf("the front page has %d links to %s, want 1", n, address)
		}
	}
	if err := os.Remove(filepath.Join(formatter, "dist", "main.js")); err != nil {
		t.Fatal(err)
	}
	if _, err := livingdoc.Build(t.Context(), config); err == nil {
		t.Error("without the package's script got no error")
	}
}
