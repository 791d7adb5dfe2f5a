package livingdoc

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// prose turns Markdown into HTML. HTML in it is no part of the language but text like
// any other, so that an <amount> is seen, and a script does nothing; and what Markdown
// would leave out since it makes no sense is shown as it is.
type prose struct {
	markdown goldmark.Markdown
	features fs.FS
	chapters map[string]*chapter // by folder
	tagged   []*tagged
}

func newProse(t *tree) *prose {
	return &prose{markdown: newMarkdown(), features: t.features, chapters: t.byPath, tagged: t.tagged}
}

// place is where prose will stand.
type place struct {
	folder string // that its relative links start from, in the folder of features
	root   string // from its page to the site's folder, such as "../"
	level  int    // of the first heading that may be in it
}

// html renders Markdown.
func (p *prose) html(markdown string, at place) (template.HTML, error) {
	if strings.TrimSpace(markdown) == "" {
		return "", nil
	}
	source := []byte(markdown)
	document := p.markdown.Parser().Parse(text.NewReader(source))
	if err := p.adapt(document, source, at); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := p.markdown.Renderer().Render(&out, source, document); err != nil {
		return "", fmt.Errorf("render the prose %.40q: %w", markdown, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // goldmark escapes text, of which HTML is a part, and leaves out dangerous links
}

// adapt fits headings and links to where the prose will stand.
func (p *prose) adapt(document ast.Node, source []byte, at place) error {
	least := 7
	var links []*ast.Link
	var autos []*ast.AutoLink
	var images []*ast.Image
	var headings []*ast.Heading
	err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			least = min(least, n.Level)
			headings = append(headings, n)
		case *ast.Link:
			links = append(links, n)
		case *ast.AutoLink:
			autos = append(autos, n)
		case *ast.Image:
			images = append(images, n)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return err
	}
	for _, h := range headings {
		h.Level = min(h.Level-least+at.level, 6)
	}
	for _, image := range images { // a picture is for the front page, which takes it beforehand
		unwrap(image)
	}
	for _, auto := range autos { // such as <amount:total>, which Markdown would have as a link
		parsed, err := url.Parse(string(auto.URL(source)))
		if auto.AutoLinkType != ast.AutoLinkEmail && (err != nil || !leadsOut(parsed.Scheme)) {
			shown := ast.NewString([]byte("<" + string(auto.Label(source)) + ">"))
			shown.SetRaw(true)
			auto.Parent().ReplaceChild(auto.Parent(), auto, shown)
		}
	}
	for _, link := range links {
		if target, ok := p.target(string(link.Destination), at); ok {
			link.Destination = []byte(target)
		} else {
			unwrap(link)
		}
	}
	return nil
}

// unwrap puts what is in a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; {
		next := child.NextSibling()
		parent.InsertBefore(parent, n, child)
		child = next
	}
	parent.RemoveChild(parent, n)
}

// leadsOut tells whether a link of a kind may lead out of the site.
func leadsOut(scheme string) bool {
	return slices.Contains([]string{"https", "http", "mailto"}, strings.ToLower(scheme))
}

// target is where a link leads on the site, and false if it leads nowhere there.
func (p *prose) target(link string, at place) (string, bool) {
	parsed, err := url.Parse(link)
	if err != nil || parsed.Path == "" && parsed.Host == "" {
		return "", false
	}
	if parsed.Scheme != "" || parsed.Host != "" {
		return link, leadsOut(parsed.Scheme)
	}
	to := path.Join(at.folder, parsed.Path)
	for _, t := range p.tagged {
		if to == t.File {
			return at.root + t.Address, true
		}
	}
	if address, known := p.inFeature(to, parsed.Fragment); known {
		return at.root + address, true
	}
	if base := path.Base(to); base == "README.md" || strings.HasSuffix(strings.TrimSuffix(base, ".md"), ".feature") {
		to = path.Dir(to)
	}
	c, known := p.chapters[to]
	if !known {
		return "", false
	}
	return at.root + c.Address, true
}

// inFeature is the address of what is in a feature: of the rule or the example whose
// page has a name, or of the topic.
func (p *prose) inFeature(file, name string) (address string, known bool) {
	for _, c := range p.chapters {
		for _, t := range c.Topics {
			if t.inFolder != file {
				continue
			}
			for _, r := range t.Rules {
				if path.Base(r.Address) == name+".html" {
					return r.Address, true
				}
				for _, e := range r.Examples {
					if path.Base(e.Address) == name+".html" {
						return e.Address, true
					}
				}
			}
			return t.link().Address, true
		}
	}
	return "", false
}

// picture takes the first picture from Markdown, which has to be a drawing (SVG)
// in the folder of features, and returns it as it may stand in a page.
func (p *prose) picture(markdown, folder string) (svg template.HTML, rest string, err error) {
	start := strings.Index(markdown, "![")
	if start < 0 {
		return "", markdown, nil
	}
	alt, after, ok := strings.Cut(markdown[start+2:], "](")
	name, tail, closed := strings.Cut(after, ")")
	if !ok || !closed || !strings.HasSuffix(name, ".svg") {
		return "", markdown, nil
	}
	content, err := fs.ReadFile(p.features, path.Join(folder, name))
	if err != nil {
		return "", "", fmt.Errorf("read the picture of the front page: %w", err)
	}
	drawing := string(content)
	if i := strings.Index(drawing, "<svg"); i >= 0 {
		drawing = strings.TrimSpace(drawing[i:])
	}
	lower := strings.ToLower(drawing)
	if !strings.HasPrefix(lower, "<svg") || strings.Contains(lower, "<script") || strings.Contains(lower, "<foreignobject") {
		return "", "", fmt.Errorf("the picture %s is not a plain drawing: it has to be an svg element, without script or foreign elements", name)
	}
	drawing, linked := p.linkPicture(drawing, folder)
	role := "img"
	if linked { // whose links are to be found in it
		role = "group"
	}
	label := fmt.Sprintf(`<svg role="%s" aria-label="%s"`, role, template.HTMLEscapeString(strings.Join(strings.Fields(alt), " ")))
	drawing = label + drawing[len("<svg"):]
	return template.HTML(drawing), markdown[:start] + tail, nil //nolint:gosec // it is the project's own drawing, and was looked at
}

// pictureLink is a link in a drawing.
var pictureLink = regexp.MustCompile(`(<a\s[^>]*?href=")([^"]*)(")`)

// linkPicture has the links of a drawing, which are written like those of prose, lead to
// pages of the site; one that leads to none leads to the front page, where it is.
func (p *prose) linkPicture(drawing, folder string) (linked string, has bool) {
	linked = pictureLink.ReplaceAllStringFunc(drawing, func(found string) string {
		has = true
		parts := pictureLink.FindStringSubmatch(found)
		target, ok := p.target(html.UnescapeString(parts[2]), place{folder: folder})
		if !ok {
			target = "index.html"
		}
		return parts[1] + template.HTMLEscapeString(target) + parts[3]
	})
	return linked, has
}

// opening splits Markdown after its first paragraph.
func opening(markdown string) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimSpace(markdown), "\n\n")
	return first, strings.TrimSpace(rest)
}
