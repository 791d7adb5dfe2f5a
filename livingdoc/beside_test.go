package livingdoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/fetch"
	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

func TestGitHubIsToldWhatThePagesSay(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper", How: "by hand"}, fixture.Run{Store: "stone", Outcome: outcomes})
	config.Stores = map[string]string{"stone": "Granite"}
	report, err := livingdoc.Build(t.Context(), config)
	check.Must(t, err)
	summary := report.Summary()
	contains(
		t, "the summary", summary,
		"# The library\n", "- **paper** (by hand): ", "- **Granite**: ",
		"❌ <b>Two readers want one book</b> on Granite</summary>\n\nTaking books home › A book is lent once, features/1-lending/1-out.feature:9\n\n<pre>Granite: got &lt;b&gt;2&lt;/b&gt; readers, want 1\nat the shelf</pre>",
		"⚠️ <b>2 books are enough (2, more)</b> on Granite</summary>\n\nTaking books home › A book is lent once, features/1-lending/1-out.feature:24\n\n<pre>Granite: too late</pre>",
		"⏭️ <b>It comes back</b> on Granite</summary>\n\nTaking books home › A book comes back, features/1-lending/1-out.feature:28\n\n<pre>Granite: no shelf here</pre>",
		"| **A book is lent once** | | |\n| Two readers want one book | ✅ | ❌ |\n| 1 books are enough (1, one) | ✅ | ✅ |\n| 2 books are enough (2, more) | ✅ | ⚠️ |\n| **A book comes back** | | |\n| It comes back | ✅ | ⏭️ |\n\n</details>",
		"<summary>Loose</summary>\n\n| scenario | paper | Granite |\n|---|:-:|:-:|\n| Alone | ✅ | ▫️ |\n", // which has no rule
	)
	const want = "::error file=features/1-lending/1-out.feature,line=9,title=fails on Granite::A book is lent once: Two readers want one book%0A" +
		"Granite: got <b>2</b> readers, want 1%0Aat the shelf\n"
	check.Equal(t, "annotations", want, report.Annotations())
	check.Equal(t, "features", 3, strings.Count(summary, "| scenario |"))
}

// TestCucumbersOwnReportsAreBesideTheSite, with files like those of the package,
// but small, in the cache for what was fetched.
func TestCucumbersOwnReportsAreBesideTheSite(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // which keeps the test from being parallel
	t.Setenv("HOME", t.TempDir())           // for systems that have their caches there
	cache, err := fetch.Dir()
	check.Must(t, err)
	formatter := filepath.Join(cache, "cucumber-html-formatter-24.2.0")
	err = os.CopyFS(formatter, fstest.MapFS{
		"dist/src/index.mustache": {Data: []byte("{{title}}: {{css}}{{script}}{{messages}}")},
		"dist/main.css":           {}, "dist/main.js": {}, "dist/src/icon.url": {},
	})
	check.Must(t, err)
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
	check.Must(t, os.Remove(filepath.Join(formatter, "dist", "main.js")))
	if _, err := livingdoc.Build(t.Context(), config); err == nil {
		t.Error("without the package's script got no error")
	}
}
