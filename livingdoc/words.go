package livingdoc

import (
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/glossary"
)

// wordsAddress is that of the glossary.
const wordsAddress = "words.html"

// printAddress is that of the sheet for print.
const printAddress = "print.html"

// words is the glossary of a site, with the words of the features' README.md.
type words struct {
	terms  []glossary.Term
	linker *glossary.Linker
}

// newWords reads the words of a table in Markdown, and of the Go packages in a
// folder, which need not exist.
func newWords(folder, markdown string) (words, error) {
	var types []glossary.Term
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		folder = filepath.Clean(folder)
		if types, err = glossary.Types(os.DirFS(filepath.Dir(folder)), filepath.Base(folder)); err != nil {
			return words{}, err
		}
	}
	made := words{terms: glossary.Merge(glossary.Table([]byte(markdown)), types)}
	if len(made.terms) > 0 {
		made.linker = glossary.NewLinker(made.terms)
	}
	return made, nil
}

// link links the words in a block of a page.
func (w words) link(block template.HTML, address string) template.HTML {
	if w.linker == nil || address == wordsAddress {
		return block
	}
	if address == printAddress { // which has the words at its end
		return w.linker.Link(block, "")
	}
	return w.linker.Link(block, relative(address, wordsAddress))
}

// heading is a heading of Markdown.
var heading = regexp.MustCompile(`(?m)^#{1,6} .*$`)

// withoutTable takes from Markdown the section that has a table of words, which
// the glossary shows.
func withoutTable(markdown string) string {
	starts := heading.FindAllStringIndex(markdown, -1)
	for i, start := range starts {
		end := len(markdown)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if len(glossary.Table([]byte(markdown[start[0]:end]))) > 0 {
			return strings.TrimSpace(markdown[:start[0]] + markdown[end:])
		}
	}
	return markdown
}
