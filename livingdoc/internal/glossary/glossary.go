package glossary

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Term is a word, or a few that belong together, with its meaning.
type Term struct {
	Word   string   // as it stands inside a sentence, such as "sorting centre"
	Also   []string // other words for the same, such as "centre"
	Text   string   // the meaning, as plain text
	Anchor string   // names the term in a URL's fragment, such as "sorting-centre"
	Source string   // where it is from: a package's folder and the type; empty for a table's
}

// newTerm returns a term with its anchor.
func newTerm(word string, also []string, text, source string) Term {
	return Term{Word: word, Also: also, Text: text, Anchor: anchor(word), Source: source}
}

// Merge returns the terms of all lists in the order of the alphabet. Of terms with
// the same word, or with a word that is another's plural, the one in the list
// that comes first counts; a further word for it is then dropped. No two terms
// that it returns have the same anchor.
func Merge(lists ...[]Term) []Term {
	var merged []Term
	words := make(map[string]bool)
	anchors := make(map[string]bool)
	take := func(word string) bool {
		forms := forms(word)
		if len(forms) == 0 || slices.ContainsFunc(forms, func(f string) bool { return words[f] }) {
			return false
		}
		for _, form := range forms {
			words[form] = true
		}
		return true
	}
	for _, list := range lists {
		for _, term := range list {
			if anchors[term.Anchor] || !take(term.Word) {
				continue
			}
			anchors[term.Anchor] = true
			var also []string
			for _, word := range term.Also {
				if take(word) {
					also = append(also, word)
				}
			}
			term.Also = also
			merged = append(merged, term)
		}
	}
	slices.SortFunc(merged, func(a, b Term) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)), strings.Compare(a.Word, b.Word))
	})
	return merged
}

// forms returns a word and its plurals, in small letters and with single spaces.
func forms(word string) []string {
	word = strings.ToLower(strings.Join(strings.Fields(word), " "))
	if word == "" {
		return nil
	}
	all := []string{word, word + "s", word + "es"}
	if stem, ok := strings.CutSuffix(word, "y"); ok {
		all = append(all, stem+"ies")
	}
	return all
}

// anchor returns a word as it may stand in a URL's fragment.
func anchor(word string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(word), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "-")
}
