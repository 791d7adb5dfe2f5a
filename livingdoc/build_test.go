package livingdoc_test

import (
	stdcmp "cmp"
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/fixture"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// library is a folder of features of another business than ours.
func library() fstest.MapFS {
	return fstest.MapFS{
		"README.md": {Data: []byte("# The library\n\nReaders borrow books. They bring them back. Nobody waits in vain.\n\n![Two books](books.svg)\n\n" +
			"## How to read this\n\nBegin with [lending](1-lending/README.md), not with [this](nowhere.md) or [that](javascript:alert(1)). <script>alert(2)</script>\n")},
		"books.svg":           {Data: []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="4" height="9"/></svg>`)},
		"1-lending/README.md": {Data: []byte("# Lending\n\nBooks go out.\n")},
		"1-lending/1-out.feature": {Data: []byte(`@loans
Feature: Taking books home
  A reader takes books *home*.

  Rule: A book is lent once

    So that nobody waits in vain.

    Scenario: Two readers want one book
      Given the book "Ada" & a <reader>
      When both ask
      Then one is told:
        | who | what |
        | Ann | wait |

    @few
    Scenario Outline: <n> books are enough
      When <n> books are taken
      Then that is noted

      Examples:
        | n | why  |
        | 1 | one  |
        | 2 | more |

  Rule: A book comes back

    Scenario: It comes back
      When it comes back
      Then it is there
`)},
		"2-fines/late.feature": {Data: []byte("Feature: Being late\n\n  Scenario: A day late\n    Given a day\n\n  Rule: A book is lent once\n\n    Scenario: ...\n      Given that\n")},
		"loose.feature":        {Data: []byte("Feature: Loose\n\n  Scenario: Alone\n    Given that\n")},
	}
}

// project writes a folder of features, makes up runs of them, each on a store of
// its own, and says where both are.
func project(t *testing.T, features fstest.MapFS, runs ...fixture.Run) livingdoc.Config {
	t.Helper()
	dir := t.TempDir()
	config := livingdoc.Config{
		Features: filepath.Join(dir, "features"), Runs: []string{filepath.Join(dir, "runs")}, Out: filepath.Join(t.TempDir(), "site"),
	}
	check.Must(t, os.CopyFS(config.Features, features))
	for _, r := range runs {
		r.Features = features
		check.Must(t, fixture.Write(filepath.Join(config.Runs[0], r.Store, "run.ndjson"), r))
	}
	return config
}

func build(t *testing.T, config livingdoc.Config) map[string]string {
	t.Helper()
	report, err := livingdoc.Build(t.Context(), config)
	check.Must(t, err)
	pages := files(t, config.Out)
	total := 0
	for name, text := range pages {
		if name != history.File && name != "print.pdf" && !strings.HasPrefix(name, history.BuildsFolder) && !strings.HasPrefix(name, "report/") && !strings.HasPrefix(name, "drawings/") {
			total += len(text)
		}
	}
	if report.Bytes != total || report.Pages == 0 {
		t.Errorf("the report says %d bytes in %d pages; the files have %d", report.Bytes, report.Pages, total)
	}
	return pages
}

// contains checks that a text, such as that of a page, has parts.
func contains(t *testing.T, name, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", name, want, text)
		}
	}
}

func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	made := map[string]string{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		made[name] = string(text)
		return err
	})
	check.Must(t, err)
	return made
}

// outcomes has one of each verdict.
func outcomes(s *suite.Scenario) fixture.Outcome {
	switch {
	case s.Name == "Two readers want one book":
		return fixture.Outcome{Failure: "got <b>2</b> readers, want 1\nat the shelf"}
	case s.Row == 2:
		return fixture.Outcome{Flaky: true, Failure: "too late"}
	case s.Name == "It comes back":
		return fixture.Outcome{Skip: "no shelf here"}
	case s.Name == "Alone":
		return fixture.Outcome{NotRun: true}
	}
	return fixture.Outcome{}
}

func TestEveryRuleAndExampleHasAPageWithAnAddressMadeOfTitles(t *testing.T) {
	t.Parallel()
	pages := build(t, project(t, library(), fixture.Run{Store: "paper"}))
	want := []string{
		"fines/being-late/a-book-is-lent-once.html", "fines/being-late/a-day-late.html", "fines/being-late/being-late.html",
		"fines/being-late/untitled.html", "fines/index.html",
		"history.html", "history.jsonl", "index.html",
		"lending/index.html", "lending/taking-books-home/a-book-comes-back.html", "lending/taking-books-home/a-book-is-lent-once.html",
		"lending/taking-books-home/it-comes-back.html", "lending/taking-books-home/n-books-are-enough.html", "lending/taking-books-home/two-readers-want-one-book.html",
		"print.html", "rules/index.html", "rules/loose/alone.html", "rules/loose/loose.html",
		"search.html", "site.js", "style.css", "words.js",
	}
	check.Same(t, "the result", want, slices.Sorted(maps.Keys(pages)))
	contains(t, "the front page", pages["index.html"], "<a rel=next href=rules/index.html>")
	contains(t, "the first chapter", pages["rules/index.html"], "<a rel=prev href=../index.html>", "<a rel=next href=../lending/index.html>")
	contains(t, "the last chapter", pages["fines/index.html"], "<a rel=next href=../history.html>")
	contains(t, "the history", pages["history.html"], "<a rel=prev href=fines/index.html>")
	page := pages["lending/taking-books-home/a-book-is-lent-once.html"]
	contains(
		t, "the page of the rule", page,
		"<h3><a href=two-readers-want-one-book.html>Two readers want one book</a></h3>", `<span class="word passed">holds<span class=dev> on paper</span>`,
		"<li><i>When</i><div>both ask", "<h3><a href=n-books-are-enough.html>1 or 2 books are enough</a></h3>", "<td class=value>2<td class=value>more<td class=passed>",
	)
	if strings.Contains(page, "<svg") {
		t.Errorf("the page of the rule shows what happened, which is on those of its examples:\n%s", page)
	}
	if page := pages["lending/taking-books-home/two-readers-want-one-book.html"]; !strings.Contains(page, "Example of the rule <a href=a-book-is-lent-once.html>A book is lent once</a><h1>Two readers want one book</h1>") {
		t.Errorf("the page of the example does not say of which rule it is:\n%s", page)
	}
}

func TestAnAddressDoesNotDependOnWhatStandsBefore(t *testing.T) {
	t.Parallel()
	const long = "A very long title that begins like another one does, and ends "
	text := "Feature: Names\n\n  Rule: One\n\n    Scenario: Again\n      Given a\n\n    Scenario: " + long + "well\n      Given b\n\n" +
		"  Rule: Two\n\n    Scenario: Again\n      Given c\n\n    Scenario: " + long + "badly\n      Given d\n\n    Scenario: One\n      Given e\n"
	features := fstest.MapFS{"names/names.feature": {Data: []byte(text)}}
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}))
	for name, step := range map[string]string{
		"one-again": "a", "two-again": "c", "two-one": "e",
		"a-very-long-title-that-begins-like-another-one-does-and-ends-well":  "b",
		"a-very-long-title-that-begins-like-another-one-does-and-ends-badly": "d",
	} {
		if page := pages["names/names/"+name+".html"]; !strings.Contains(page, "<i>Given</i><div>"+step+"<") || !strings.Contains(page, "Example of the rule") {
			t.Errorf("%s is not the page of the example with %q: %s", name, step, page)
		}
	}
	if page := pages["names/names/one.html"]; !strings.Contains(page, "Rule<h1>One</h1>") {
		t.Errorf("one.html is not the page of the rule: %s", page)
	}
}

var hrefs = regexp.MustCompile(`(?:href|src|action)=("[^"]*"|[^ >]*)`)

func TestEveryLinkLeadsSomewhereFromDisk(t *testing.T) {
	t.Parallel()
	if links := followLinks(t, build(t, project(t, library(), fixture.Run{Store: "paper", Outcome: outcomes}))); links < 50 {
		t.Errorf("only %d links were found: the pages have changed their form", links)
	}
}

// followLinks checks that every link of the pages leads to one of them, and counts
// the links.
func followLinks(t *testing.T, pages map[string]string) (links int) {
	t.Helper()
	for name, text := range pages {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		for _, match := range hrefs.FindAllStringSubmatch(text, -1) {
			link, err := url.Parse(strings.Trim(match[1], `"`))
			if err != nil || link.Scheme == "data" {
				continue
			}
			links++
			to := path.Join(path.Dir(name), link.Path)
			if link.Path == "" {
				to = name
			}
			target, there := pages[to]
			if link.Scheme != "" || link.Host != "" || !there {
				t.Errorf("%s: the link %s leads nowhere", name, link)
			}
			if id := link.Fragment; id != "" && !strings.Contains(target, "id="+id+" ") && !strings.Contains(target, "id="+id+">") {
				t.Errorf("%s: the link %s leads to a page without that place", name, link)
			}
		}
	}
	return links
}

func TestTheFrontPageSaysFirstWhatDidNotPass(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper", How: "in a drawer"}, fixture.Run{Store: "stone", Outcome: outcomes})
	config.Stores, config.Commit = map[string]string{"stone": "Stone tablets"}, "0123456789abcdef"
	pages := build(t, config)
	front := pages["index.html"]
	at := 0
	for _, want := range []string{
		"<h2 id=failed>1 example fails</h2>",
		"<q>got &lt;b>2&lt;/b> readers, want 1</q> on Stone tablets<ul><li><a href=lending/taking-books-home/two-readers-want-one-book.html>Two readers want one book</a>",
		"<h2 id=flaky>1 example is flaky</h2>",
		"<q>too late</q> on Stone tablets<ul><li><a href=lending/taking-books-home/n-books-are-enough.html>1 or 2 books are enough</a>",
		"<strong>4 of 5 rules hold:</strong> 7 examples, checked on two stores, 24 November 2026, build 1.",
		"<summary>1 example is left out by design on some stores</summary>",
		"<q>no shelf here</q> on Stone tablets",
		"<h2 id=unchecked>1 example was not checked on some stores</h2>",
		"Readers borrow books. They bring them back. Nobody waits in vain.",
		`<svg role="img" aria-label="Two books"`,
		`<td class=failed><b>fails</b> <small>on Stone tablets</small><td class="dev passed"><b>holds</b><td class="dev failed"><b>fails</b> <small>1 of 3</small>`,
		"from commit 01234567",
		"in a drawer",
		"How to read this",
	} {
		i := strings.Index(front[at:], want)
		if i < 0 {
			t.Fatalf("the front page lacks, after all that should come before: %s\n%s", want, front)
		}
		at += i
	}
	for _, never := range []string{"<script>alert", "javascript:", "nowhere.md", "ndjson"} {
		if strings.Contains(front, never) {
			t.Errorf("the front page has %q", never)
		}
	}
}

func TestAFailureSaysWhatWasWrong(t *testing.T) {
	t.Parallel()
	pages := build(t, project(t, library(), fixture.Run{Store: "stone", Outcome: outcomes}))
	for name, wants := range map[string][]string{
		"a-book-is-lent-once": {
			"<q>got &lt;b>2&lt;/b> readers, want 1</q> <small>on stone</small>", "At the step <q>Then one is told:</q>", "on stone, with n: 2, why: more", "too late",
			`<article class="box failed"><h3><a href=two-readers-want-one-book.html>`, `<span class="word failed">fails<span class=dev> on stone</span></span>`,
			"<var>n</var> books are taken", `the book "Ada" & a &lt;reader>`, "<td>Ann<td>wait", "<p>So that nobody waits in vain.",
		},
		"two-readers-want-one-book": {
			"<h2>got &lt;b>2&lt;/b> readers, want 1</h2>", "at the shelf</pre>", `<li class=ok><i>Given</i><div>the book "Ada" & a &lt;reader></div>`,
			`<li class=bad><i>Then</i><div>one is told: <span class="word failed">fails on stone</span><table class=compared>`,
			"<td>1<td class=wrong>&lt;b>2&lt;/b> readers",
		},
		"n-books-are-enough": {"on stone, with n: 2, why: more. It held at attempt 2; before that:", "<h2>too late</h2>", "<div>2 books are taken</div>", "<var>n</var> books are taken"},
	} {
		contains(t, name, pages["lending/taking-books-home/"+name+".html"], wants...)
	}
}

func TestStepsThatWereNotReachedAreGrey(t *testing.T) {
	t.Parallel()
	early := func(s *suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Failure: map[bool]string{true: "the shelf is locked"}[s.Name == "Two readers want one book"], Early: true}
	}
	page := build(t, project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Outcome: early}))["lending/taking-books-home/two-readers-want-one-book.html"]
	contains(
		t, "the page", page, `<span class="word failed">fails on stone</span> <span class="word passed">holds on paper</span>`, "<li class=bad><i>Given</i>",
		"<li class=left><i>When</i><div>both ask <small>not reached</small>", "<li class=left><i>Then</i>",
	)
	if strings.Contains(page, "class=ok") {
		t.Errorf("a step is said to have passed:\n%s", page)
	}
}

// TestADrawingOfWhatWasWrongIsLinked as it was attached, and no file of another name.
func TestADrawingOfWhatWasWrongIsLinked(t *testing.T) {
	t.Parallel()
	const drawn = "<!DOCTYPE html>\n<p>  Ann was told first </p>\n<script> let a = 1 ; </script>"
	outcome := func(s *suite.Scenario) fixture.Outcome {
		if s.Name != "Two readers want one book" {
			return fixture.Outcome{}
		}
		return fixture.Outcome{Failure: "it cannot have been", Drawings: map[string]string{"book-1.html": drawn, "../book-2.html": "", "book.css": "", ".html": ""}}
	}
	files := build(t, project(t, library(), fixture.Run{Store: "paper", Outcome: outcome}))
	contains(t, "the page", files["lending/taking-books-home/two-readers-want-one-book.html"], `<a href=../../drawings/book-1.html>Who was answered what, and when: a drawing</a>`)
	check.Equal(t, "drawing", drawn, files["drawings/book-1.html"])
	for name := range files {
		if strings.Contains(name, "book-2") || strings.Contains(name, "book.css") {
			t.Errorf("got the file %s, want no drawing of that name", name)
		}
	}
}

// TestARuleThatNobodyCheckedDoesNotHold though its examples were left out by design.
func TestARuleThatNobodyCheckedDoesNotHold(t *testing.T) {
	t.Parallel()
	out := func(s *suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Skip: map[bool]string{true: "no shelf here"}[s.Name == "It comes back"]}
	}
	both := build(t, project(t, library(), fixture.Run{Store: "paper", Outcome: out}, fixture.Run{Store: "stone", Outcome: out}))
	contains(t, "the front page", both["index.html"], "<strong>4 of 5 rules hold:</strong>")
	one := build(t, project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Outcome: out}))
	contains(t, "the front page of two stores", one["index.html"], "<strong>All 5 rules hold:</strong>", "1 example is left out by design on some stores")
}

func TestEvidenceOfTheStoresIsSideBySide(t *testing.T) {
	t.Parallel()
	with := func(third string, checks int) func(*suite.Scenario) fixture.Outcome {
		return func(s *suite.Scenario) fixture.Outcome {
			if s.Name != "Two readers want one book" {
				return fixture.Outcome{}
			}
			return fixture.Outcome{
				Events: &evidence.Events{Streams: []evidence.Stream{
					{Name: "Book-1", Label: "the book", Events: []evidence.Event{{Text: "was lent", By: evidence.ByScenario}}},
					{Name: "Reader-1", Label: "Ann", Events: []evidence.Event{{Order: 1, Text: third, By: evidence.ByReactor, Cause: &evidence.Ref{Stream: "Book-1"}}}},
				}},
				Waits: &evidence.Waits{Waits: []evidence.Wait{{Step: 2, Kind: evidence.Eventual, Took: 7 * time.Millisecond, Checks: checks}}},
				Statements: &evidence.Statements{Statements: []evidence.Statement{{
					Title: "Ann's account", State: "open", Balance: "1.50", Lines: append(
						[]evidence.Line{{Text: "a fine", Amount: "1.50", Detail: []evidence.Line{{Text: "a day", Amount: "0.50"}}}},
						slices.Repeat([]evidence.Line{{Text: "a fee", Amount: "0.00"}}, 10)...),
				}}},
			}
		}
	}
	page := func(other string) string {
		config := project(t, library(), fixture.Run{Store: "paper", Outcome: with("waits", 1)}, fixture.Run{Store: "stone", Outcome: with(other, 3)})
		return build(t, config)["lending/taking-books-home/two-readers-want-one-book.html"]
	}
	same, differ := page("waits"), page("leaves")
	contains(t, "the page", same, "<svg", "was lent", "Ann's account", "<td>a fine<td>1.50", "<td>a day<td>0.50", "<td>and 1 more line<td>", "1.50", "<td>7 ms<td>7 ms, looked 3 times", "Book: the book 0–0, Reader: Ann 0–0", "<th>one is told:<td>", "<i>, by the system, because of the book was lent</i>")
	contains(t, "the page", same, `<span class="word passed">holds<span class=dev> on all stores</span>`)
	contains(t, "the page", differ, "<mark><b>Ann</b> waits</mark>", "<mark><b>Ann</b> leaves</mark>")
	if strings.Count(same, "<svg") != 1 || strings.Count(differ, "<svg") != 2 || !strings.Contains(differ, "On stone") || strings.Contains(differ, "<mark><b>the book") {
		t.Errorf("got %d pictures of the same and %d of what differs, want 1 and 2", strings.Count(same, "<svg"), strings.Count(differ, "<svg"))
	}
	if strings.Count(differ, "<caption>Ann's account") != 1 {
		t.Error("the same account is there more than once")
	}
}

func TestWhatHappenedInARowIsNamedByItsValues(t *testing.T) {
	t.Parallel()
	noted := func(s *suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Events: &evidence.Events{Streams: []evidence.Stream{{Name: "Book-1", Label: s.Name, Events: []evidence.Event{{Text: "was lent"}}}}}}
	}
	page := build(t, project(t, library(), fixture.Run{Store: "paper", Outcome: noted}))["lending/taking-books-home/n-books-are-enough.html"]
	contains(t, "the page", page, "<summary>n: 1, why: one</summary>", "<summary>n: 2, why: more</summary>", "<b>2 books are enough</b> was lent")
}

func TestTheHeadOfAChapterShowsWhatBecomesOfItsStreams(t *testing.T) {
	t.Parallel()
	lent := func(*suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Events: &evidence.Events{Streams: []evidence.Stream{{Name: "Book-1", Label: "the book 1", Events: []evidence.Event{
			{Type: "Lent", Text: "lent for 1250.00"}, {Position: 1, Type: "Back", Text: "brought back"},
		}}}}}
	}
	pages := build(t, project(t, library(), fixture.Run{Store: "paper", Outcome: lent}))
	contains(
		t, "the first chapter", pages["rules/index.html"], "<figcaption>What becomes of a book ",
		`<a href="loose/alone.html" aria-label="lent, then brought back: in 6 examples, such as “Alone”">`,
	)
	for _, name := range []string{"lending/index.html", "fines/index.html"} {
		if strings.Contains(pages[name], "What becomes of") {
			t.Errorf("%s shows it once more", name)
		}
	}
	contains(t, "an example", pages["rules/loose/alone.html"], "lent for 1,250.00")
}

func TestAQuestionHasAPlace(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"})
	config.Ask = "https://example.com/new?title={title}&body={address}"
	contains(
		t, "the page", build(t, config)["lending/taking-books-home/a-book-is-lent-once.html"],
		`<a href="https://example.com/new?title=A+book+is+lent+once&amp;body=lending%2Ftaking-books-home%2Fa-book-is-lent-once.html">Ask about this</a>`,
	)
	for _, wrong := range []string{"javascript:alert(1)", "https://example.com/new"} {
		config.Ask = wrong
		check.Fails(t, check.Error(livingdoc.Build(t.Context(), config)), "a question cannot be put to")
	}
}

func TestAFolderThatIsNamedHasToBeThere(t *testing.T) {
	t.Parallel()
	good := project(t, library(), fixture.Run{Store: "paper"})
	last, glossary := good, good
	last.Previous, glossary.Glossary = filepath.Join(t.TempDir(), "none"), "domian"
	check.Fails(t, check.Error(livingdoc.Build(t.Context(), last)), "of the last site is not there")
	check.Fails(t, check.Error(livingdoc.Build(t.Context(), glossary)), `the folder "domian" of the glossary is not there`)
}

func TestANameOfNoStoreIsRefused(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone"})
	config.Stores = map[string]string{"papre": "Papyrus", "stone": "Granite"}
	_, err := livingdoc.Build(t.Context(), config)
	if err == nil || err.Error() != `the name "Papyrus" is for "papre", which no run is on; the runs are on paper and stone` {
		t.Errorf("got %v", err)
	}
}

// TestThePictureOfTheFrontPageLeadsToExamples and prose does, by their names.
func TestThePictureOfTheFrontPageLeadsToExamples(t *testing.T) {
	t.Parallel()
	features := library()
	features["books.svg"].Data = []byte(`<svg xmlns="http://www.w3.org/2000/svg"><a href="1-lending/1-out.feature#two-readers-want-one-book"><text>A</text></a>` +
		`<a href="1-lending/1-out.feature"><text>B</text></a><a href="javascript:alert(1)"><text>C</text></a></svg>`)
	features["1-lending/README.md"].Data = []byte("# Lending\n\nSee [this](1-out.feature#a-book-comes-back).\n")
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}))
	contains(
		t, "the front page", pages["index.html"], `<svg role="group" aria-label="Two books"`,
		`<a href="lending/taking-books-home/two-readers-want-one-book.html"><text>A`, `<a href="lending/index.html#taking-books-home"><text>B`, `<a href="index.html"><text>C`,
	)
	contains(t, "the chapter", pages["lending/index.html"], "<a href=../lending/taking-books-home/a-book-comes-back.html>this</a>")
}

// TestThePDFHasNumbersInItsContents of the pages on which its chapters are.
func TestThePDFHasNumbersInItsContents(t *testing.T) {
	t.Parallel()
	browser.Tab(t) // or skip
	config := project(t, library(), fixture.Run{Store: "paper"})
	config.PDF, config.Paper = true, "Letter"
	pages := build(t, config)
	pdf := pages["print.pdf"]
	if !strings.Contains(pdf, "/MediaBox [0 0 612 792]") || !strings.Contains(pdf, "/Title (Taking books home)") {
		t.Errorf("the PDF is not on Letter, or has no bookmarks: %.300s", pdf)
	}
	found := livingdoc.PagesInPDF(pdf)
	for _, place := range []string{"c0", "c0-0", "c1", "c2"} { // the numbers of the contents, which are before them
		if found[place] < 3 {
			t.Errorf("got the chapter %s on page %d, want it behind the contents: has Chromium's PDF another form? %v", place, found[place], found)
		}
	}
	if _, left := pages["numbered-print.html"]; left || strings.Contains(pages["print.html"], "data-page") {
		t.Error("the sheet with the numbers of one paper is left on the site")
	}
	contains(t, "the sheet", pages["print.html"], "Read and agreed", `<span class="word passed">holds</span>`, "<a href=#c0-0>")
	config.Paper = "B5"
	check.Fails(t, check.Error(livingdoc.Build(t.Context(), config)), "there is no paper")
}

func TestTheSameRunsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Outcome: outcomes})
	first := build(t, config)
	config.Out += "-2"
	second := build(t, config)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func TestWhatCannotBeASiteLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	good := project(t, library(), fixture.Run{Store: "paper"})
	out := filepath.Join(t.TempDir(), "docs", "site")
	good.Out = out
	before := build(t, good)
	other := library()
	other["2-fines/late.feature"] = &fstest.MapFile{Data: []byte("Feature: Late\n\n  Scenario: A day\n    Given a day\n")}
	cutOff := project(t, library(), fixture.Run{Store: "paper", Unfinished: true}).Runs
	for name, test := range map[string]struct {
		runs     []string
		features string // if others
		want     string
	}{
		"no runs":         {nil, "", "no runs are given"},
		"no such folder":  {[]string{filepath.Join(out, "none")}, "", "find the runs"},
		"an empty folder": {[]string{t.TempDir()}, "", "holds no run"},
		"unfinished":      {cutOff, "", "did not finish"},
		"other features":  {project(t, other, fixture.Run{Store: "paper"}).Runs, "", "features/2-fines/late.feature differ. Run the features again"},
		"twice":           {append(good.Runs, good.Runs...), "", "leave one of them out"},
		"no features":     {good.Runs, filepath.Join(out, "none"), "say where it is with --features"},
		"a part of them":  {good.Runs, filepath.Join(good.Features, "1-lending"), "or give the folder of features that the run is of"},
		"another folder":  {good.Runs, "../examples/parcels", ": features/1-lending/1-out.feature, features/2-fines/late.feature, features/loose.feature differ. Run the features again on every store, from one commit, or give the folder of features that the run is of"},
	} {
		config := livingdoc.Config{Runs: test.runs, Features: stdcmp.Or(test.features, good.Features), Out: out}
		if _, err := livingdoc.Build(t.Context(), config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
	if diff := cmp.Diff(before, files(t, out)); diff != "" {
		t.Errorf("the site was changed (-before +after):\n%s", diff)
	}
	if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 1 {
		t.Errorf("got %d entries beside the site, want none left behind", len(entries)-1)
	}
	var unfinished *run.UnfinishedError
	good.Runs = cutOff
	_, err := livingdoc.Build(t.Context(), good)
	if !errors.As(err, &unfinished) {
		t.Errorf("got %v, want an UnfinishedError", err)
	}
}

func TestOnlyASiteIsReplaced(t *testing.T) {
	t.Parallel()
	config := project(t, library(), fixture.Run{Store: "paper"})
	site := config.Out
	config.Out = t.TempDir()
	precious := filepath.Join(config.Out, "thesis.txt")
	check.Must(t, os.WriteFile(precious, []byte("years of work"), 0o600))
	check.Fails(t, check.Error(livingdoc.Build(t.Context(), config)), "something else")
	check.OKf(t, check.Error(os.Stat(precious)), "what was there is gone")
	config.Out = site
	build(t, config)
	check.Must(t, os.WriteFile(filepath.Join(site, "old.html"), nil, 0o600))
	if pages := build(t, config); pages["old.html"] != "" || len(pages) == 0 {
		t.Error("the old site was not replaced")
	}
	if _, err := os.Stat(filepath.Join(site, "old.html")); err == nil {
		t.Error("a page of the old site is still there")
	}
}

func TestWordsAreExplained(t *testing.T) {
	t.Parallel()
	of := library()
	of["README.md"] = &fstest.MapFile{Data: []byte("# The library\n\nReaders borrow books.\n\n## The words\n\n| word | meaning |\n|---|---|\n| book | what is read |\n\n## More\n\nRead on.\n")}
	config := project(t, of, fixture.Run{Store: "paper"})
	code := fstest.MapFS{"domain/reader.go": {Data: []byte("package domain\n\n// Reader is who reads.\n//\n//glossary:term\ntype Reader struct{}\n")}}
	if err := os.CopyFS(filepath.Dir(config.Features), code); err != nil { // the default, beside the features
		t.Fatal(err)
	}
	pages := build(t, config)
	front := pages["index.html"]
	if !strings.Contains(front, "<a class=term href=words.html#reader>Readers</a> borrow <a class=term href=words.html#book>books</a>") {
		t.Errorf("the words are not linked:\n%s", front)
	}
	if strings.Contains(front, "what is read") || !strings.Contains(front, "Read on.") {
		t.Error("the table of words is on the front page, or more than it is left out")
	}
	sheet := pages["print.html"]
	contains(t, "the sheet for print", sheet, "<a class=term href=#reader>Readers</a>", "<dt id=reader>reader<dd>Who reads", "<li><a href=#words>The words</a>", "<h2 id=words>The words</h2>")
	for _, name := range []string{"lending/taking-books-home/it-comes-back.html", "lending/taking-books-home/a-book-comes-back.html", "print.html"} {
		if !strings.Contains(pages[name], "words.html>Words</a>") {
			t.Errorf("%s does not lead to the words", name)
		}
	}
	if page := pages["words.html"]; !strings.Contains(page, "<dt id=book>book<dd>What is read") || !strings.Contains(page, "<dt id=reader>reader<dd>Who reads") {
		t.Errorf("got the words:\n%s", page)
	}
}
