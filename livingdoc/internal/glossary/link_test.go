package glossary_test

import (
	"html/template"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/glossary"
)

// terms returns those of the tests.
func terms() []glossary.Term {
	return glossary.Merge([]glossary.Term{
		{Word: "stay", Anchor: "stay"},
		{Word: "group checkout", Also: []string{"group"}, Anchor: "group-checkout"},
		{Word: "check-in", Anchor: "check-in"},
		{Word: "büro", Anchor: "büro"},
		{Word: "copy", Anchor: "copy"},
		{Word: "branch", Anchor: "branch"},
		{Word: "folly", Anchor: "folly"},
	})
}

// brackets writes the links of a linker as [brackets].
func brackets(linked template.HTML) string {
	return regexp.MustCompile(`<a class="term" href="g\.html#[^"]*">([^<]*)</a>`).ReplaceAllString(string(linked), "[$1]")
}

func TestLink(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, html, want string }{
		{"a word", `<p>The stay ends.</p>`, `<p>The [stay] ends.</p>`},
		{"only the first", `<p>A stay and a stay</p><p>stay</p>`, `<p>A [stay] and a stay</p><p>stay</p>`},
		{"capitals and plurals", `Stays, BRANCHES, follies`, `[Stays], [BRANCHES], [follies]`},
		{"the longest", `a group
			checkout, a group`, "a [group\n\t\t\tcheckout], a group"},
		{"another word for the same", `the group, a group checkout`, `the [group], a group checkout`},
		{"not part of a word", `overstay stayed stay_ stay2 subgroup`, `overstay stayed stay_ stay2 subgroup`},
		{"not part of a hyphenated word", `stay-at-home, re-group, group- and stay`, `stay-at-home, re-group, [group]- and [stay]`},
		{"a hyphen of its own", `before check-in`, `before [check-in]`},
		{"signs beside it", `(stay) “group”`, `([stay]) “[group]”`},
		{"letters beyond ASCII", `das Büro, stayé, éstay`, `das [Büro], stayé, éstay`},
		{"an entity beside it", `&eacute;stay stay&eacute; &quot;stay&quot;`, `&eacute;stay stay&eacute; &quot;[stay]&quot;`},
		{"the name of an entity", `&copy; 2026, a copy`, `&copy; 2026, a [copy]`},
		{"an attribute", `<img alt="stay"><span title="group">stay</span>`, `<img alt="stay"><span title="group">[stay]</span>`},
		{"a heading", `<h2>The stay</h2><p>stay</p>`, `<h2>The stay</h2><p>[stay]</p>`},
		{"a link", `<a href="x">a <b>stay</b></a> stay`, `<a href="x">a <b>stay</b></a> [stay]`},
		{"code", `<pre><code>stay</code></pre><code>stay</code> stay`, `<pre><code>stay</code></pre><code>stay</code> [stay]`},
		{"a table", `<table><tr><th>stay</th></tr><tr><td>stay</td></tr></table>`, `<table><tr><th>stay</th></tr><tr><td>[stay]</td></tr></table>`},
		{"a drawing", `<svg><title>stay</title><text>stay</text></svg> stay`, `<svg><title>stay</title><text>stay</text></svg> [stay]`},
		{"a script", `<script>if (a < stay) group</script><!-- stay --> stay`, `<script>if (a < stay) group</script><!-- stay --> [stay]`},
		{"what is clicked", `<summary>stay</summary><button>stay</button>stay`, `<summary>stay</summary><button>stay</button>[stay]`},
		{"a word that goes on in an element", `<b>stay</b>ing, sub<i>group</i>, <b>stay</b>-in`, `<b>stay</b>ing, sub<i>group</i>, <b>stay</b>-in`},
		{"a word that ends with an element", `<em>stay</em>: <p>group</p>x`, `<em>[stay]</em>: <p>[group]</p>x`},
		{"what is not closed", `<th>stay</td>stay`, `<th>stay</td>stay`},
		{"what was not opened", `</h1></a>stay`, `</h1></a>[stay]`},
	}
	linker := glossary.NewLinker(terms())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check.Equal(t, test.html, test.want, brackets(linker.Link(template.HTML(test.html), "g.html")))
		})
	}
}

func TestALinkCannotLeaveItsAttribute(t *testing.T) {
	t.Parallel()
	linker := glossary.NewLinker([]glossary.Term{{Word: "stay", Anchor: `"><script>`}})
	got := string(linker.Link("stay", `a"b&c`))
	if want := `<a class="term" href="a&#34;b&amp;c#%22%3E%3Cscript%3E">stay</a>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzLinkingAddsLinksOnly on any HTML at all: without them it is as before, to
// the byte, and so is the text that a reader sees.
func FuzzLinkingAddsLinksOnly(f *testing.F) {
	for _, seed := range []string{
		"<p>A stay &amp; a group checkout</p>", "<h1>stay", "<table>stay<td>group", "<a>group<b>stay</a>stay", "&copy stay &#115;tay",
		"<plaintext>stay", "<!-- stay", "<svg><style>stay</style></svg>stay", "\x00stay\xff", "<p title='stay", "</", "<textarea>stay</textarea>group",
	} {
		f.Add(seed, "stay", "group")
	}
	f.Fuzz(func(t *testing.T, source, one, two string) {
		linker := glossary.NewLinker(glossary.Merge([]glossary.Term{
			{Word: one, Anchor: "a-very-first"}, {Word: two, Anchor: "a-very-second"}, {Word: one + " " + two, Anchor: "a-very-third"},
		}))
		got := string(linker.Link(template.HTML(source), "a-very.html"))
		links := regexp.MustCompile(`<a class="term" href="a-very\.html#a-very-(?:first|second|third)">(.*?)</a>`)
		if without := links.ReplaceAllString(got, "$1"); without != source && !strings.Contains(source, `class="term"`) {
			t.Errorf("got %q, want %q with links", got, source)
		}
		if len(links.FindAllString(got, -1)) > 3 && !strings.Contains(source, `class="term"`) {
			t.Errorf("got %q, want a link for each of three terms", got)
		}
		if before, after := visible(source), visible(got); before != after {
			t.Errorf("got the text %q, want %q", after, before)
		}
	})
}

// visible returns the text of a piece of HTML, of which its tags are no part.
func visible(source string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(source))
	for tokens.Next() != html.ErrorToken {
		if token := tokens.Token(); token.Type == html.TextToken {
			out.WriteString(token.Data)
		}
	}
	return out.String()
}
