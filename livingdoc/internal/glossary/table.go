package glossary

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Table returns the terms of the tables in a Markdown text whose first two
// headings are "word" and "meaning". A row may give several words, parted by
// commas or "or"; the first is the term. Rows without a word or a meaning are
// passed over. There may be no such table.
func Table(markdown []byte) []Term {
	parser := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser()
	root := parser.Parse(text.NewReader(markdown))
	var terms []Term
	for block := root.FirstChild(); block != nil; block = block.NextSibling() {
		table, ok := block.(*tables.Table)
		if !ok {
			continue
		}
		for row := table.FirstChild(); row != nil; row = row.NextSibling() {
			word, meaning := cells(row, markdown)
			if _, heading := row.(*tables.TableHeader); heading {
				if !strings.EqualFold(word, "word") || !strings.EqualFold(meaning, "meaning") {
					break // it is another table
				}
				continue
			}
			words := split(word)
			if len(words) == 0 || meaning == "" || anchor(words[0]) == "" {
				continue
			}
			terms = append(terms, newTerm(words[0], words[1:], meaning, ""))
		}
	}
	return terms
}

// cells returns the text of a row's first two cells.
func cells(row ast.Node, source []byte) (first, second string) {
	cell := row.FirstChild()
	if cell == nil {
		return "", ""
	}
	first = plain(cell, source)
	if cell = cell.NextSibling(); cell != nil {
		second = plain(cell, source)
	}
	return first, second
}

// plain returns a node's text without its marks.
func plain(node ast.Node, source []byte) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it ends with what the function returns
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			value := n.Value(source)
			if n.Parent().Kind() != ast.KindCodeSpan {
				value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
			}
			out.Write(value)
		case *ast.String:
			out.Write(n.Value)
		case *ast.AutoLink:
			out.Write(n.Label(source))
		case *ast.RawHTML: // which is text here
			for i := range n.Segments.Len() {
				segment := n.Segments.At(i)
				out.Write(segment.Value(source))
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(out.String()), " ")
}

// split returns the words of a cell such as "sorting centre, or centre".
func split(cell string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(strings.ReplaceAll(cell, " or ", ","), func(r rune) bool { return r == ',' }) {
		part = strings.TrimSpace(part)
		if rest, ok := strings.CutPrefix(part, "or "); ok {
			part = rest
		}
		if part != "" {
			words = append(words, part)
		}
	}
	return words
}
