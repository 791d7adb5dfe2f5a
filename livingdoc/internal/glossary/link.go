package glossary

import (
	"cmp"
	stdhtml "html"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Linker links words to the glossary. It may be used by several goroutines.
type Linker struct {
	terms []Term
	// forms has the forms of all words by the letters that they begin with, the
	// longest first.
	forms map[string][]form
}

// form is a word, or its plural, in small letters.
type form struct {
	text string
	term int
}

// NewLinker returns a linker for terms that [Merge] made.
func NewLinker(terms []Term) *Linker {
	l := &Linker{terms: terms, forms: make(map[string][]form)}
	for i, term := range terms {
		for _, word := range append([]string{term.Word}, term.Also...) {
			for _, text := range forms(word) {
				key := firstLetters(text)
				l.forms[key] = append(l.forms[key], form{text, i})
			}
		}
	}
	for _, forms := range l.forms {
		slices.SortStableFunc(forms, func(a, b form) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return l
}

// Link links the first occurrence of each term in a block of HTML to its place in
// the glossary, which is at the address page. A plural is an occurrence, part of
// a word or of a hyphenated one is not, and where a longer term begins at the
// same place it is that one. Nothing is linked in headings, links, code, the head
// cells of tables and what else is no running text. But for the links, which
// have the class term, the result is the block to the byte.
func (l *Linker) Link(block template.HTML, page string) template.HTML {
	source := string(block)
	linked := make([]bool, len(l.terms))
	var out strings.Builder
	done := 0
	for _, run := range textRuns(source) {
		for _, found := range l.find(source, run, linked) {
			out.WriteString(source[done:found.from])
			out.WriteString(`<a class="term" href="`)
			out.WriteString(stdhtml.EscapeString(page + "#" + url.PathEscape(l.terms[found.term].Anchor)))
			out.WriteString(`">`)
			out.WriteString(source[found.from:found.to])
			out.WriteString(`</a>`)
			done = found.to
		}
	}
	out.WriteString(source[done:])
	return template.HTML(out.String()) //nolint:gosec // the links are escaped, and the rest was HTML already
}

// run is running text between two tags.
type run struct {
	from, to      int  // in the source
	before, after rune // the letters that stand beside it, without a space and beyond tags; 0 if none do
}

// textRuns returns the texts of a block in which words may be linked.
func textRuns(source string) []run {
	var runs []run
	tokens := html.NewTokenizer(strings.NewReader(source))
	at := 0
	closed := make(map[atom.Atom]int) // how many elements are open in which nothing is linked
	depth := 0
	last := -1        // the run that the next text adjoins; -1 if none does
	var previous rune // what the next text adjoins
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return runs
		}
		from := at
		at += len(tokens.Raw())
		switch kind {
		case html.TextToken:
			if from == at {
				continue
			}
			text := source[from:at]
			first, _ := unit(text)
			if last >= 0 {
				runs[last].after = first
			}
			last = -1
			if depth == 0 {
				runs = append(runs, run{from: from, to: at, before: previous})
				last = len(runs) - 1
			}
			previous = lastUnit(text)
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			tag := atom.Lookup(name)
			if !isInline(tag) {
				last, previous = -1, 0
			}
			switch {
			case !isClosed(tag):
			case kind == html.StartTagToken:
				closed[tag]++
				depth++
			case kind == html.EndTagToken && closed[tag] > 0:
				closed[tag]--
				depth--
			}
		default: // comments part nothing
		}
	}
}

// isClosed reports whether nothing is linked in an element: it is no running text,
// or is a link or something else that is clicked.
func isClosed(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Th, atom.Caption, atom.Legend, atom.Dt,
		atom.A, atom.Button, atom.Summary, atom.Label, atom.Select, atom.Option, atom.Textarea,
		atom.Code, atom.Pre, atom.Kbd, atom.Samp, atom.Var, atom.Svg, atom.Math,
		atom.Head, atom.Title, atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Object,
		atom.Noembed, atom.Noframes, atom.Xmp, atom.Plaintext:
		return true
	default:
		return false
	}
}

// isInline reports whether an element's text belongs to the word beside it.
func isInline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.B, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.I, atom.Ins, atom.Mark, atom.Q,
		atom.S, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.U, atom.Var, atom.Wbr:
		return true
	default:
		return false
	}
}

// match is an occurrence of a term.
type match struct{ from, to, term int }

// find returns the occurrences of terms in a run that are the first ones, and
// notes them.
func (l *Linker) find(source string, r run, linked []bool) []match {
	var found []match
	previous := r.before
	for at := r.from; at < r.to; {
		text := source[at:r.to]
		letter, size := unit(text)
		// What begins with an entity is no term, and what is one is no letter of it.
		if isPart(letter) && !isPart(previous) && previous != '-' && text[0] != '&' {
			if m, ok := l.match(text, r.after, linked); ok {
				linked[m.term] = true
				found = append(found, match{at, at + m.to, m.term})
				at += m.to
				previous = lastUnit(text[:m.to])
				continue
			}
		}
		previous = letter
		at += size
	}
	return found
}

// match returns the longest form that a text begins with, of a term that is not
// linked yet.
func (l *Linker) match(text string, after rune, linked []bool) (match, bool) {
	for _, form := range l.forms[strings.ToLower(firstLetters(text))] {
		end, ok := prefix(text, form.text)
		if !ok || !endsWord(text[end:], after) {
			continue
		}
		if linked[form.term] {
			return match{}, false // a shorter term inside it is not what is meant
		}
		return match{to: end, term: form.term}, true
	}
	return match{}, false
}

// prefix returns how much of a text a form covers. A space of the form stands for
// any number of them, and capitals make no difference.
func prefix(text, form string) (end int, ok bool) {
	for _, want := range form {
		if want == ' ' {
			trimmed := strings.TrimLeftFunc(text[end:], unicode.IsSpace)
			if len(trimmed) == len(text)-end {
				return 0, false
			}
			end = len(text) - len(trimmed)
			continue
		}
		got, size := utf8.DecodeRuneInString(text[end:])
		if unicode.ToLower(got) != want || size == 0 || got == utf8.RuneError {
			return 0, false
		}
		end += size
	}
	return end, true
}

// endsWord reports whether no word goes on with a text, which after follows.
func endsWord(text string, after rune) bool {
	if text == "" {
		return !isPart(after) && after != '-'
	}
	letter, size := unit(text)
	if letter != '-' {
		return !isPart(letter)
	}
	if len(text) == size {
		return !isPart(after)
	}
	next, _ := unit(text[size:])
	return !isPart(next)
}

// isPart reports whether a letter is part of a word.
func isPart(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// firstLetters returns the part of a word up to the first other sign.
func firstLetters(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !isPart(r) })
	if end < 0 {
		return text
	}
	return text[:end]
}

// unit returns the letter that a text of HTML begins with, and its size in bytes,
// which is more than the letter's if it is written as an entity.
func unit(text string) (rune, int) {
	if strings.HasPrefix(text, "&") {
		end := 1 + strings.IndexFunc(text[1:], func(r rune) bool { return r != '#' && (r >= utf8.RuneSelf || !isPart(r)) })
		if end == 0 {
			end = len(text)
		}
		if end < len(text) && text[end] == ';' {
			end++
		}
		if plain := stdhtml.UnescapeString(text[:end]); plain != text[:end] {
			// An entity without a semicolon may be followed by letters at once.
			last, _ := utf8.DecodeLastRuneInString(plain)
			return last, end
		}
	}
	return utf8.DecodeRuneInString(text)
}

// lastUnit returns the letter that a text of HTML ends with.
func lastUnit(text string) rune {
	var last rune
	from := max(0, strings.LastIndexByte(text, '&'))
	for text = text[from:]; text != ""; {
		letter, size := unit(text)
		last, text = letter, text[size:]
	}
	return last
}
