package livingdoc_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/fixture"
)

func TestATagThatMeansSomethingHasAPage(t *testing.T) {
	t.Parallel()
	features := fstest.MapFS{
		"README.md":             {Data: []byte("# The library\n\nSee [what is new](tags/new.md).\n")},
		"tags/new.md":           {Data: []byte("# New this year\n\nWhat it did not do before.\n")},
		"tags/lost.md":          {Data: []byte("# Lost\n\nNobody does this any more.\n")},
		"lending/lend.feature":  {Data: []byte("Feature: Lending\n  Rule: A book is lent once\n    @new\n    Scenario: It is lent by post\n      Given that\n    Scenario: It is lent\n      Given that\n")},
		"lending/other.feature": {Data: []byte("@new\nFeature: Reading\n  Rule: A reader may stay\n    Scenario: By night\n      Given that\n")},
	}
	pages := build(t, project(t, features, fixture.Run{Store: "paper"}))
	text, links := shownIn(t, pages["new-this-year.html"])
	check.Contains(t, text, "New this year", "What it did not do before.", "A book is lent once", "It is lent by post", "A reader may stay", "By night", "@new")
	if strings.Contains(text, "It is lent ") && strings.Count(text, "It is lent") != 1 {
		t.Errorf("the page of the tag has an example without it:\n%s", text)
	}
	for _, want := range []string{"lending/lending/it-is-lent-by-post.html", "lending/reading/by-night.html"} {
		if !slices.Contains(links, want) || pages[want] == "" {
			t.Errorf("got the links %q, want %q among them, and its page", links, want)
		}
	}
	if _, links := shownIn(t, pages["index.html"]); !slices.Contains(links, "new-this-year.html") {
		t.Errorf("the front page links to %q, want the page of the tag among them", links)
	}
	if text, _ := shownIn(t, pages["lost.html"]); !strings.Contains(text, "There is no example of this now.") {
		t.Errorf("the page of a tag that nothing has says\n%s", text)
	}
}
