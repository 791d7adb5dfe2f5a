package livingdoc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/groupcheckout/internal/fetch"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

// lighthouseWanted is the environment variable that asks for what Lighthouse thinks, which takes
// minutes; make lighthouse sets it.
const lighthouseWanted = "LIVINGDOC_LIGHTHOUSE"

// lighthouseReport is as much of what Lighthouse says as matters here.
type lighthouseReport struct {
	Categories map[string]struct {
		Title     string  `json:"title"`
		Score     float64 `json:"score"` // from 0 to 1
		AuditRefs []struct {
			ID string `json:"id"`
		} `json:"auditRefs"`
	} `json:"categories"`
	Audits map[string]struct {
		Title   string   `json:"title"`
		Score   *float64 `json:"score"` // nil if it does not count
		Display string   `json:"displayValue"`
	} `json:"audits"`
}

// below are the audits of a category that are not perfect.
func (r lighthouseReport) below(category string) []string {
	var made []string
	for _, ref := range r.Categories[category].AuditRefs {
		if audit := r.Audits[ref.ID]; audit.Score != nil && *audit.Score < 1 {
			made = append(made, strings.TrimSpace(ref.ID+": "+audit.Title+" "+audit.Display))
		}
	}
	return made
}

// TestLighthouse has Lighthouse look at a page of each kind, as on a phone with a slow
// connection. What does not depend on the machine has to be perfect; speed is only printed.
func TestLighthouse(t *testing.T) {
	t.Parallel()
	if os.Getenv(lighthouseWanted) == "" {
		t.Skipf("it takes minutes; make lighthouse asks for it, by %s", lighthouseWanted)
	}
	var tree fetch.Tree
	for name, text := range map[string]*[]byte{"package.json": &tree.Package, "package-lock.json": &tree.Lock} {
		var err error
		if *text, err = os.ReadFile(filepath.Join("testdata", "lighthouse", name)); err != nil {
			t.Fatal(err)
		}
	}
	tree.Folder = "lighthouse"
	folder, err := fetch.NPMTree(t.Context(), tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	hotel := realSite(t)
	var each []string // of each kind one
	for kind, pages := range pagesOf(t, hotel) {
		page := pages[len(pages)/2]
		if kind == "search" {
			page += "?q=guest+left"
		}
		each = append(each, page)
	}
	slices.Sort(each)
	large := project(t, town(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone"}, fixture.Run{Store: "wax"})
	build(t, large)
	for _, site := range []struct {
		name, folder string
		pages        []string
	}{
		{"the hotel", hotel, each},
		{"every verdict", mixedSite(t), []string{"index.html", "history.html", "lending/taking-books-home/two-readers-want-one-book.html"}},
		{"10,000 scenarios", large.Out, []string{"index.html", "search.html?q=street+7"}},
	} {
		server := httptest.NewServer(http.FileServer(http.Dir(site.folder)))
		t.Cleanup(server.Close)
		for _, page := range site.pages {
			report := lighthouse(t.Context(), t, folder, server.URL+"/"+page)
			t.Logf("%s, %s: performance %.0f; first paint %s, largest paint %s, blocked for %s, shift %s, %s", site.name, page, 100*report.Categories["performance"].Score,
				report.Audits["first-contentful-paint"].Display, report.Audits["largest-contentful-paint"].Display,
				report.Audits["total-blocking-time"].Display, report.Audits["cumulative-layout-shift"].Display, report.Audits["total-byte-weight"].Display)
			for _, category := range []string{"accessibility", "best-practices", "seo"} {
				if of := report.Categories[category]; of.Score != 1 {
					t.Errorf("%s, %s: %s is %.2f and not 1:\n%s", site.name, page, of.Title, of.Score, strings.Join(report.below(category), "\n"))
				}
			}
		}
	}
}

// lighthouse looks at a page.
func lighthouse(ctx context.Context, t *testing.T, folder, address string) lighthouseReport {
	t.Helper()
	to := filepath.Join(t.TempDir(), "report.json")
	command := exec.CommandContext(ctx, "node", filepath.Join(folder, "node_modules", "lighthouse", "cli", "index.js"), address,
		"--quiet", "--no-enable-error-reporting", "--output=json", "--output-path="+to, "--chrome-flags=--headless=new --no-sandbox",
		"--only-categories=performance,accessibility,best-practices,seo", fmt.Sprintf("--max-wait-for-load=%d", 5*60*1000))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("lighthouse %s: %v\n%s", address, err, out)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var report lighthouseReport
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report
}
