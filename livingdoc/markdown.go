package livingdoc

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	rendering "github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdown is Markdown with tables, and without HTML, which is text.
func newMarkdown() goldmark.Markdown {
	made := goldmark.New(goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers( // the usual ones, but for that of HTML
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers( // the same
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(usedReferences{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(wholeTables{extension.NewTableParagraphTransformer()}, 200),
		),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)))
	made.Renderer().AddOptions(rendering.WithNodeRenderers(util.Prioritized(extension.NewTableHTMLRenderer(), 500)))
	return made
}

// usedReferences takes definitions of links, such as "[1]: https://…", out of the text
// only where a link uses each of them. Any other line that begins like one, such as
// "[Amount]: what is owed", is text.
type usedReferences struct{ parser.ParagraphTransformer }

// definition is the beginning of such a line.
var definition = regexp.MustCompile(`(?m)^[ \t>]*\[([^\]\n]+)\]:`)

// Transform implements [parser.ParagraphTransformer].
func (t usedReferences) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	whole := strings.ToLower(string(reader.Source()))
	for i := range node.Lines().Len() {
		line := node.Lines().At(i)
		begins := definition.FindStringSubmatch(string(line.Value(reader.Source())))
		if begins == nil {
			continue
		}
		label := "[" + strings.ToLower(begins[1]) + "]"
		if strings.Count(whole, label) == strings.Count(whole, label+":") {
			return
		}
	}
	t.ParagraphTransformer.Transform(node, reader, pc)
}

// wholeTables makes tables only of rows that have no more cells than the head, since
// Markdown leaves out the others. Such a table is shown as it was written.
type wholeTables struct{ parser.ParagraphTransformer }

// Transform implements [parser.ParagraphTransformer].
func (t wholeTables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	head := 0
	for i := range node.Lines().Len() {
		line := node.Lines().At(i)
		trimmed := bytes.TrimSpace(line.Value(reader.Source()))
		if head > 0 && cellsIn(trimmed) > head {
			return
		}
		if head == 0 && bytes.IndexByte(trimmed, '-') >= 0 && len(bytes.Trim(trimmed, "|:- \t")) == 0 {
			head = cellsIn(trimmed)
		}
	}
	t.ParagraphTransformer.Transform(node, reader, pc)
}

// cellsIn counts the cells of a row as Markdown does.
func cellsIn(row []byte) int {
	row = bytes.TrimPrefix(row, []byte("|"))
	row = bytes.TrimSuffix(row, []byte("|"))
	cells := 1
	for i, letter := range row {
		if letter == '|' && (i == 0 || row[i-1] != '\\') {
			cells++
		}
	}
	return cells
}
