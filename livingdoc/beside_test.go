package livingdoc_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/fixture"
	"example.com/groupcheckout/livingdoc/github"
	"example.com/groupcheckout/livingdoc/internal/history"
)

func TestGitHubIsToldWhatThePagesSay(t *testing.T) {
	t.Parallel()
	report, err := livingdoc.Build(livingdoc.Config{
		Runs:     []string{record(t, library(), fixture.Run{Store: "paper", How: "by hand"}, fixture.Run{Store: "stone", Outcome: outcomes})},
		Features: library(), Out: filepath.Join(t.TempDir(), "site"), Stores: map[string]string{"stone": "Granite"},
	})
	if err != nil {
		t.Fatal(err)
	}
	passed := github.Result{State: history.Passed}
	want := github.Feature{Title: "Taking books home", Path: "features/1-lending/1-out.feature", Rules: []github.Rule{
		{Title: "A book is lent once", Scenarios: []github.Scenario{
			{Title: "Two readers want one book", Line: 9, Results: []github.Result{passed, {State: history.Failed, Detail: "got <b>2</b> readers, want 1\nat the shelf"}}},
			{Title: "1 books are enough (1, one)", Line: 23, Results: []github.Result{passed, passed}},
			{Title: "2 books are enough (2, more)", Line: 24, Results: []github.Result{passed, {State: history.Flaky, Detail: "too late"}}},
		}},
		{Title: "A book comes back", Scenarios: []github.Scenario{
			{Title: "It comes back", Line: 28, Results: []github.Result{passed, {State: history.Skipped, Detail: "no shelf here"}}},
		}},
	}}
	for _, feature := range report.GitHub.Features {
		if feature.Path == want.Path {
			if diff := cmp.Diff(want, feature); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if feature.Title == "Loose" && feature.Rules[0].Title != "" {
			t.Errorf("a scenario without a rule has the rule %q", feature.Rules[0].Title)
		}
	}
	if n := len(report.GitHub.Features); n != 3 {
		t.Errorf("got %d features, want 3", n)
	}
	if diff := cmp.Diff([]github.Store{{Name: "paper", How: "by hand"}, {Name: "Granite"}}, report.GitHub.Stores); diff != "" {
		t.Errorf("stores (-want +got):\n%s", diff)
	}
}

// TestCucumbersOwnReportsAreBesideTheSite, with files like those of the package,
// but small.
func TestCucumbersOwnReportsAreBesideTheSite(t *testing.T) {
	t.Parallel()
	formatter := fstest.MapFS{
		"dist/src/index.mustache": {Data: []byte("{{title}}: {{css}}{{script}}{{messages}}")},
		"dist/main.css":           {}, "dist/main.js": {},
	}
	out := filepath.Join(t.TempDir(), "site")
	report, err := livingdoc.Build(livingdoc.Config{
		Runs:     []string{record(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", How: "cut"}, fixture.Run{Store: "wax"})},
		Features: library(), Out: out, Cucumber: formatter,
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := files(t, out)
	total := 0
	for name, text := range pages {
		if !strings.HasPrefix(name, "report/") && name != history.File {
			total += len(text)
		}
	}
	if report.Bytes != total {
		t.Errorf("the report says %d bytes, the site without Cucumber's reports has %d", report.Bytes, total)
	}
	for address, store := range map[string]string{"report/run.html": "paper", "report/run-2.html": "stone", "report/run-3.html": "wax"} {
		if got := pages[address]; !strings.Contains(got, "harness on "+store) || !strings.HasPrefix(got, "The library, run") {
			t.Errorf("%s is not the report on %s: %.200s", address, store, got)
		}
		if n := strings.Count(pages["index.html"], address); n != 1 {
			t.Errorf("the front page has %d links to %s, want 1", n, address)
		}
	}
	delete(formatter, "dist/main.js")
	if _, err := livingdoc.Build(livingdoc.Config{Runs: []string{record(t, library(), fixture.Run{})}, Features: library(), Out: out, Cucumber: formatter}); err == nil {
		t.Error("without the package's script got no error")
	}
}
