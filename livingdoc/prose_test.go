package livingdoc

import (
	"html/template"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"golang.org/x/net/html"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/glossary"
)

// elements are those that Markdown makes.
func elements() []string {
	return strings.Fields("html head body a blockquote br code em h1 h2 h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul")
}

// FuzzProse turns whatever there is into a part of a page: it is HTML of the elements
// that Markdown makes, each of which ends, and no word is lost on the way that is no
// part of Markdown's own signs.
func FuzzProse(f *testing.F) {
	for _, seed := range []string{
		"", "an <amount> & &amp; &lt;x&gt;", "<script>alert(1)</script>", "<!-- a -->", "<https://example.com> <a@example.com> <amount:x>", "[Amount]: x\n\n[a][Amount]",
		"| a | b |\n|---|---|\n| 1 | 2 | 3 |", "<div>\n\n# a\n</div>", "```x y\n<a>\n```", "![a](b.svg) [c](d \"e\")", "* a\n  * <b>\n1. c", "> a\n> <b", "a\n===\n\n---\n", "\x00<\xff>", "<b", "</p>", "a <td> b", "[a]: <b>\n",
	} {
		f.Add(seed)
	}
	p := newProse(&tree{features: fstest.MapFS{}})
	linker := words{linker: glossary.NewLinker(glossary.Merge([]glossary.Term{{Word: "amount", Text: "a sum"}}, nil))}
	f.Fuzz(func(t *testing.T, text string) {
		made, err := p.html(text, place{folder: ".", level: 2})
		check.Must(t, err)
		wellFormed(t, linker.link(made, "index.html"))
		// Without the signs that part of Markdown makes more of than text.
		plain := strings.Map(func(r rune) rune {
			if strings.ContainsRune("[]()`~\\&:|\x00", r) || r == unicode.ReplacementChar {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(text, " "))
		if made, err = p.html(plain, place{folder: ".", level: 2}); err != nil {
			t.Fatal(err)
		}
		shown := wellFormed(t, linker.link(made, "index.html"))
		if want, got := letters(plain), letters(shown); !in(want, got) {
			t.Errorf("%q\ngot  %q\nwant %q", plain, got, want)
		}
	})
}

// letters are those of a text without digits, which Markdown takes for the numbers of a
// list, and small.
func letters(text string) []rune {
	var made []rune
	for _, r := range text {
		if unicode.IsLetter(r) {
			made = append(made, r)
		}
	}
	return made
}

// in tells whether the same letters are there in the same order.
func in(want, got []rune) bool { return slices.Equal(want, got) }

// wellFormed checks a part of a page, and returns its text.
func wellFormed(t *testing.T, part template.HTML) string {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(string(part)))
	var open []string
	var text strings.Builder
	for {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%q do not end in\n%s", open, part)
			}
			return text.String()
		case html.TextToken:
			text.WriteString(token.Data)
		case html.StartTagToken:
			if !slices.Contains(elements(), token.Data) {
				t.Errorf("the element %s is none of Markdown's in\n%s", token.Data, part)
			}
			if token.Data != "br" && token.Data != "hr" {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s ends where %q are open in\n%s", token.Data, open, part)
			}
			open = open[:len(open)-1]
		case html.CommentToken, html.DoctypeToken, html.SelfClosingTagToken:
			t.Errorf("there is a %s in\n%s", kind, part)
		}
	}
}
