package livingdoc_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

func TestTheHistoryIsCarriedOn(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	at := func(commit string, of fstest.MapFS, outcome func(*suite.Scenario) fixture.Outcome) map[string]string {
		config := project(t, of, fixture.Run{Store: "paper", Outcome: outcome})
		config.Out, config.Commit = out, commit
		return build(t, config)
	}
	at("1111", library(), nil)
	second := at("2222", library(), outcomes)
	for name, want := range map[string]string{
		"index.html": ">regressed</span> <a href=lending/taking-books-home/two-readers-want-one-book.html>",
		"lending/taking-books-home/a-book-is-lent-once.html": ">regressed</span>",
		"history.html": "<a href=builds/1/index.html>1</a>",
		"lending/taking-books-home/two-readers-want-one-book.html": "<span class=mark>regressed</span>",
		"builds/1/index.html": "All 5 rules hold",
	} {
		contains(t, name, second[name], want)
	}

	if want := "<span class=mark>regressed</span> it held before, and does not any more"; !strings.Contains(second["index.html"], want) || !strings.Contains(second["history.html"], want) {
		t.Errorf("front page and history do not both explain what has changed by %q", want)
	}

	renamed := library()
	text := string(renamed["1-lending/1-out.feature"].Data)
	text = strings.Replace(text, "Two readers want one book", "Two readers want the same book", 1)
	text = strings.Replace(text, "Rule: A book comes back", "Rule: A book comes back again", 1)
	renamed["1-lending/1-out.feature"] = &fstest.MapFile{Data: []byte(text)}
	third := at("3333", renamed, nil)
	for name, want := range map[string]string{
		"lending/taking-books-home/a-book-comes-back.html":         "url=a-book-comes-back-again.html",
		"lending/taking-books-home/two-readers-want-one-book.html": "url=two-readers-want-the-same-book.html",
		"lending/taking-books-home/it-comes-back.html":             "Example of the rule <a href=a-book-comes-back-again.html>",
		"builds/2/index.html":                                      "1 example fails",
	} {
		contains(t, name, third[name], want)
	}
	if again := at("3333", renamed, nil); len(again) != len(third) || again["builds/3/index.html"] != "" {
		t.Errorf("made again of the same build, the site has %d files and not %d", len(again), len(third))
	}
}

// TestPlacesThatExamplesHadOnThePageOfTheirRule, as earlier versions had it, still
// lead to them.
func TestPlacesThatExamplesHadOnThePageOfTheirRule(t *testing.T) {
	t.Parallel()
	const earlier = `{"v":1,"n":1,"when":"2026-11-01T12:00:00Z","new":[` +
		`{"i":0,"k":"features/1-lending/1-out.feature | A book is lent once | Two readers want one book","a":"lending/taking-books-home/a-book-is-lent-once.html#two-readers"},` +
		`{"i":1,"k":"features/1-lending/1-out.feature | A book came back | It comes back","a":"lending/taking-books-home/a-book-came-back.html#it-comes-back"},` +
		`{"i":2,"k":"features/1-lending/1-out.feature | A book comes back | It comes back","a":"lending/taking-books-home/a-book-is-lent-once.html#moved"}` +
		`],"stores":[{"name":"paper","states":"3p","ms":[1,1,1]}]}` + "\n"
	file := filepath.Join(t.TempDir(), "history.jsonl")
	check.Must(t, os.WriteFile(file, []byte(earlier), 0o600))
	config := project(t, library(), fixture.Run{Store: "paper"})
	config.History = file
	pages := build(t, config)
	page := pages["lending/taking-books-home/a-book-is-lent-once.html"]
	contains(
		t, "the page", page,
		"<article class=box id=two-readers><h3><a href=two-readers-want-one-book.html>",
		"<li id=moved>An example that was here is now <a href=it-comes-back.html>there</a>",
	)
	if _, there := pages["lending/taking-books-home/a-book-came-back.html"]; !there {
		t.Error("the page of a rule that was renamed is not there")
	}
}

// TestChaptersAndTopicsLeadOnToo where they have other titles, are in other chapters, or are gone.
func TestChaptersAndTopicsLeadOnToo(t *testing.T) {
	t.Parallel()
	earlier := library()
	for file, change := range map[string][2]string{
		"1-lending/README.md":  {"# Lending", "# Borrowing"},
		"2-fines/late.feature": {"Feature: Being late", "Feature: Late"},
	} {
		earlier[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(earlier[file].Data), change[0], change[1], 1))}
	}
	earlier["2-fines/loose.feature"] = earlier["loose.feature"]
	delete(earlier, "loose.feature")
	earlier["3-tea/tea.feature"] = &fstest.MapFile{Data: []byte("Feature: Tea\n\n  Scenario: Nobody knows of it\n    Given that\n")}
	out := filepath.Join(t.TempDir(), "site")
	var pages map[string]string
	for i, features := range []fstest.MapFS{earlier, library()} {
		config := project(t, features, fixture.Run{Store: "paper"})
		config.Out, config.Commit = out, strconv.Itoa(i)
		pages = build(t, config)
	}
	for name, want := range map[string]string{
		"borrowing/index.html":                                 "url=../lending/index.html",
		"borrowing/taking-books-home/a-book-is-lent-once.html": "url=../../lending/taking-books-home/a-book-is-lent-once.html",
		"fines/index.html":                                     "<span id=late></span><h2 id=being-late>",
		"tea/index.html":                                       "url=../index.html",
	} {
		contains(t, name, pages[name], want)
	}
	contains(t, "the chapter that a topic left", pages["fines/index.html"], "<li id=loose>A topic that was here is now <a href=../rules/index.html#loose>there</a>")
	followLinks(t, pages)
}

// TestHealthIsShownBuildByBuild of a rule that held, failed, and was flaky.
func TestHealthIsShownBuildByBuild(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	at := func(commit, release string, of fstest.MapFS, outcome func(*suite.Scenario) fixture.Outcome) map[string]string {
		config := project(t, of, fixture.Run{Store: "paper", Outcome: outcome})
		config.Out, config.Commit, config.Release = out, commit, release
		return build(t, config)
	}
	first := at("1", "v1.0", library(), func(s *suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Failure: map[bool]string{true: "a book is lost"}[s.Name == "It comes back"]}
	})
	if strings.Contains(first["lending/taking-books-home/a-book-is-lent-once.html"], "class=health") {
		t.Error("the first build has nothing to compare with, and the page of a rule shows its health")
	}
	at("2", "", library(), outcomes)
	less := library()
	delete(less, "loose.feature")
	pages := at("3", "", less, func(s *suite.Scenario) fixture.Outcome {
		if s.Row == 1 {
			return fixture.Outcome{Flaky: true, Failure: "too late"}
		}
		return fixture.Outcome{}
	})
	for name, wants := range map[string][]string{
		"lending/taking-books-home/a-book-is-lent-once.html": {"failed in 1 and flaky in 1 of the last 3 builds", `<svg class="strip"`},
		"lending/taking-books-home/n-books-are-enough.html":  {"flaky in 2 of the last 3 builds"},
		"lending/taking-books-home/a-book-comes-back.html":   {"failed in 1 of the last 2 builds"},
		"fines/being-late/a-day-late.html":                   {"held in each of the last 3 builds"},
		"history.html": {
			"failed in 1 and flaky in 1 of the last 3 builds", "<h2>What has changed since v1.0</h2>", "v1.0 was released as build 1",
			"<span class=mark>gone</span> Alone", "<th scope=col class=dev>Kept in", "<span class=mark>v1.0</span>", "1 not checked",
		},
	} {
		contains(t, name, pages[name], wants...)
	}
	_, since, _ := strings.Cut(pages["history.html"], "What has changed since v1.0")
	contains(t, "what has changed since the release", since, "<span class=mark>fixed</span> <a href=lending/taking-books-home/it-comes-back.html>It comes back</a>")
	if strings.Contains(pages["history.html"], "being-late.html>Being late</a><td>") {
		t.Error("among the rules that did not hold in each build is one that did")
	}
}

// TestAReleaseIsFoundByItsCommit that was built before anybody called it a release. The
// file of the history does not say so, and so the next site has to be told again.
func TestAReleaseIsFoundByItsCommit(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	var said bytes.Buffer
	at := func(commit string, releases map[string]string, outcome func(*suite.Scenario) fixture.Outcome) string {
		config := project(t, library(), fixture.Run{Store: "paper", Outcome: outcome})
		config.Log = slog.New(slog.NewTextHandler(&said, nil))
		config.Out, config.Commit, config.Releases = out, commit, releases
		return build(t, config)["history.html"]
	}
	lost := func(s *suite.Scenario) fixture.Outcome {
		return fixture.Outcome{Failure: map[bool]string{true: "a book is lost"}[s.Name == "It comes back"]}
	}
	at("1", nil, nil)
	at("2", nil, lost)
	tags := map[string]string{"v1.0": "1", "v1.1": "2", "v0.9": "never built", "v1.1-rc": "2"}
	page := at("3", tags, nil)
	contains(t, "the history", page, "What has changed since v1.1<", "v1.1 was released as build 2", "<span class=mark>v1.0</span>",
		"<span class=mark>fixed</span> <a href=lending/taking-books-home/it-comes-back.html>")
	if strings.Contains(page, "v1.1-rc") || strings.Contains(page, "v0.9") {
		t.Error("the history has a second name of a release, or one that was never built")
	}
	if !strings.Contains(said.String(), "passed over.\" releases=v0.9\n") {
		t.Errorf("got %q, want the release that was passed over", said.String())
	}
	tags["v1.2"] = "4" // which has its tag before it is built
	contains(t, "the next history", at("4", tags, nil), "What has changed since v1.1<", "<span class=mark>v1.2</span>")
}

// TestOtherRunsOfTheSameCommitAreAnotherBuild though the first of them began at the same
// moment, and so are those of an earlier build once others came after it.
func TestOtherRunsOfTheSameCommitAreAnotherBuild(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	at := func(outcome func(*suite.Scenario) fixture.Outcome) map[string]string {
		config := project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Outcome: outcome})
		config.Out, config.Commit = out, "1"
		return build(t, config)
	}
	contains(t, "the first", at(outcomes)["index.html"], "build 1.")
	contains(t, "the same runs", at(outcomes)["index.html"], "build 1.")
	contains(t, "other runs", at(nil)["index.html"], "build 2.")
	again := at(outcomes)
	contains(t, "the first runs once more", again["index.html"], "build 3.")
	contains(t, "an example that fails again", again["lending/taking-books-home/two-readers-want-one-book.html"], "<span class=mark>regressed</span>")
	last := at(nil)
	contains(t, "the last", last["index.html"], "build 4.")
	for n := range 3 {
		name := fmt.Sprintf("builds/%d/index.html", n+1)
		contains(t, name, last[name], fmt.Sprintf("This is build %d, of", n+1), fmt.Sprintf("build %d.", n+1))
	}
}

// TestABuildIsOfTheDayOfItsLastRun on the front page and in the history.
func TestABuildIsOfTheDayOfItsLastRun(t *testing.T) {
	t.Parallel()
	later := fixture.Start().AddDate(0, 0, 4)
	pages := build(t, project(t, library(), fixture.Run{Store: "paper"}, fixture.Run{Store: "stone", Started: later}))
	day := later.Format("2 January 2006")
	contains(t, "the front page", pages["index.html"], "On <time>"+day)
	contains(t, "the history", pages["history.html"], day)
}
