package stock_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/html"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/fixture"
	"example.com/groupcheckout/livingdoc/stock"
)

const feature = `Feature: Weddings
  Rule: A <b>party</b> pays together
    Scenario: The bride pays
      Given a party of 3
      Then nobody waits
    Scenario: </script><script>document.title = "taken over"</script>
      Given another party
      Then the groom pays
`

// TestABrowserShowsTheScenarios with the real package and a real browser.
func TestABrowserShowsTheScenarios(t *testing.T) {
	t.Parallel()
	browser := findBrowser(t)
	files, err := stock.Files(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := filepath.Join(dir, "run.ndjson")
	// Of features that passed the report shows no more than the file.
	err = fixture.Write(run, fixture.Run{
		Features: fstest.MapFS{"weddings.feature": {Data: []byte(feature)}}, Store: "paper",
		Outcome: func(*suite.Scenario) fixture.Outcome {
			return fixture.Outcome{Failure: "got 1, want <2>", Events: &evidence.Events{Streams: []evidence.Stream{{Name: "evidence-of-our-own"}}}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "report.html")
	write(t, page, run, files)

	text := render(t, browser, "file://"+page)
	for _, want := range []string{
		"Weddings", "A <b>party</b> pays together", "The bride pays", "nobody waits", "the groom pays", "got 1, want <2>",
		`</script><script>document.title = "taken over"</script>`, "Runs on paper",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not show %q", want)
		}
	}
	for _, without := range []string{"taken over\n", "evidence-of-our-own"} {
		if strings.Contains(text, without) {
			t.Errorf("the report shows %q", without)
		}
	}
	if t.Failed() {
		t.Logf("it shows:\n%s", text)
	}
}

// write makes the report of a run.
func write(t *testing.T, page, run string, files fs.FS) {
	t.Helper()
	ndjson, err := os.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	defer ndjson.Close() //nolint:errcheck // nothing is written through it
	var out bytes.Buffer
	options := stock.Options{Title: "Runs on paper", Without: []string{evidence.EventsMediaType}}
	if err := stock.Write(t.Context(), &out, ndjson, files, options); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// findBrowser returns a browser of Chromium's kind. A test without one is
// skipped, or fails where nothing may be skipped.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if browser, err := exec.LookPath(name); err == nil {
			return browser
		}
	}
	const lacking = "there is no Chromium on the PATH; on Debian: apt-get install chromium"
	if os.Getenv("PROVISION_NO_SKIP") != "" {
		t.Fatal(lacking)
	}
	t.Skip(lacking)
	return ""
}

// render returns the texts, a line each, of a page after its scripts ran.
func render(t *testing.T, browser, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, browser, //nolint:gosec // one of the browsers above
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=20000", "--dump-dom", url)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	page, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", browser, err, complaints.String())
	}
	var texts strings.Builder
	hidden := ""
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		switch token := tokens.Token(); token.Type {
		case html.StartTagToken:
			if token.Data == "script" || token.Data == "style" {
				hidden = token.Data
			}
		case html.EndTagToken:
			if token.Data == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" {
				texts.WriteString(token.Data + "\n")
			}
		default:
		}
	}
	return texts.String()
}
