package livingdoc

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"example.com/groupcheckout/livingdoc/internal/chart"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/style.css assets/site.js
var assets embed.FS

// manyRules is from how many rules the front page shows topics in their place:
// beyond it nobody reads a list, and a browser takes its time.
const manyRules = 400

// page is what every page has.
type page struct {
	Site    *site
	Title   string
	Kind    string // which template it is of
	Address string
	Root    string // from the page to the site's folder, such as "../"
	Trail   []*link
	Data    any
	Dev     bool // whether there is something for developers on it
	Search  bool // whether it needs the script of the search

	Before, After *link // in the order of reading; nil at the ends, and where there is none

	// Where the page is in the contents; nil if it is in none of them.
	Chapter *chapter
	Topic   *topic
	Within  string // the address of what it is a part of there; "" if of nothing
}

// Description says to who finds the page in a search engine, or is sent a link to it,
// what is on it.
func (p *page) Description() string {
	switch p.Kind {
	case "front":
		return "The rules, with examples, and whether they hold."
	case "chapter":
		return "Its rules, with examples, and whether they hold."
	case "rule":
		return "Examples of this rule, and whether it holds."
	case "example":
		return "An example, and what happened."
	case "tagged":
		return "The examples of this kind, and whether they hold."
	case "search":
		return "Finds rules and examples by what they say."
	case "words":
		return "What the words on these pages mean."
	case "history":
		return "Which rules held in the last builds, and what has changed."
	case "print":
		return "All rules and their examples, for paper."
	}
	return ""
}

// link is a title with the address of its page.
type link struct{ Title, Address string }

// site is what all pages share.
type site struct {
	Title    string
	Chapters []*chapter
	Stores   []store
	Words    string // the address of the words; "" if there are none
	PDF      string // its address; "" if there is none
	Ask      string // what a question about a page is put to, with {title} and {address} for it; "" if nothing
	Faults   []string
}

// renderer makes the pages of a tree.
type renderer struct {
	tree      *tree
	site      *site
	prose     *prose
	words     words
	past      past
	changes   []change
	lives     []*life
	templates *template.Template
	files     map[string][]byte
	drawings  map[string][]byte // by their addresses; they are kept as they are
	codes     codes
	moved     map[string][]alias // by the page that had them
	gone      map[string]bool    // pages that lead elsewhere
}

func newRenderer(t *tree) (*renderer, error) {
	before, err := newPast(t.config, t)
	if err != nil {
		return nil, err
	}
	words, err := newWords(t.config.Glossary, t.root.Prose)
	if err != nil {
		return nil, err
	}
	r := &renderer{
		tree: t, prose: newProse(t), words: words, past: before, changes: before.note(t), lives: t.lives(),
		files: map[string][]byte{}, drawings: map[string][]byte{}, moved: map[string][]alias{}, gone: map[string]bool{}, codes: t.codes(),
		site: &site{Title: t.root.Title, Chapters: t.chapters(), Stores: t.stores, Faults: wrong(t.stores), Ask: t.config.Ask},
	}
	if t.config.PDF {
		r.site.PDF = printed
	}
	if len(r.words.terms) > 0 {
		r.site.Words = wordsAddress
	}
	parsed, err := template.New("").Funcs(functions()).Funcs(template.FuncMap{
		"storeName": func(id string) string {
			for _, s := range t.stores {
				if s.Store == id {
					return s.Name
				}
			}
			return id
		},
		"code": r.codes.class,
		"prose": func(p *page, folder, markdown string, level int) (template.HTML, error) {
			made, err := r.prose.html(markdown, place{folder: path.Clean(folder), root: p.Root, level: level})
			return r.words.link(made, p.Address), err
		},
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("the templates are wrong: %w", err)
	}
	r.templates = parsed
	return r, nil
}

func functions() template.FuncMap {
	return template.FuncMap{
		"spell":      spell,
		"day":        func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
		"short":      func(revision string) string { return revision[:min(len(revision), 8)] },
		"list":       conjoin,
		"chips":      together,
		"first":      first,
		"rest":       rest,
		"base":       path.Base,
		"meanings":   meanings,
		"said":       said,
		"sentence":   asSentence,
		"step":       stepText,
		"class":      func(v any) string { return class(run.Verdict(fmt.Sprint(v))) },
		"add":        func(a, b int) int { return a + b },
		"plural":     plural,
		"commitLink": commitLink,
		"verdicts":   run.Verdicts,
		"explain":    explain,
		"dict":       dict,
		"rel":        func(p *page, address string) string { return relative(p.Address, address) },
	}
}

// plural is a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// dict hands several values to a template, by their names.
func dict(pairs ...any) (map[string]any, error) {
	made := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		made[name] = pairs[i+1]
	}
	return made, nil
}

// explain says what a verdict means.
func explain(v run.Verdict) string {
	switch v {
	case run.Passed:
		return "it was checked, and is so"
	case run.Failed:
		return "it was checked, and is not so"
	case run.Flaky:
		return "it was so only when it was tried again"
	case run.Skipped:
		return "it was left out on purpose, for the reason given"
	case run.NotRun:
		return "it was not among what was checked"
	}
	return ""
}

// said is a verdict in the words of readers.
func said(v run.Verdict) string {
	switch v {
	case run.Passed:
		return "holds"
	case run.Failed:
		return "fails"
	case run.Skipped:
		return "left out"
	case run.NotRun:
		return "not checked"
	case run.Flaky:
	}
	return string(v)
}

// asSentence is a text as a sentence is written.
func asSentence(text string) string {
	letters := []rune(text)
	if len(letters) == 0 {
		return ""
	}
	letters[0] = unicode.ToUpper(letters[0])
	if last := letters[len(letters)-1]; unicode.IsLetter(last) || unicode.IsDigit(last) {
		letters = append(letters, '.')
	}
	return string(letters)
}

// conjoin lists names as a sentence does.
func conjoin(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// stepText is the text of a step, with its values strong and the placeholders of an
// outline marked.
func stepText(text string, values, header []string) template.HTML {
	var out strings.Builder
	for text != "" {
		at, size, tag := len(text), 0, ""
		for _, name := range header {
			if i := strings.Index(text, "<"+name+">"); name != "" && i >= 0 && i < at {
				at, size, tag = i, len(name)+2, "var"
			}
		}
		for k, value := range values {
			if i := strings.Index(text, value); i >= 0 && i < at {
				at, size, tag = i, len(value), "b"
				values = values[k+1:]
				break
			}
		}
		out.WriteString(template.HTMLEscapeString(text[:at]))
		found := text[at : at+size]
		text = text[at+size:]
		switch tag {
		case "var":
			found = found[1 : len(found)-1]
			fallthrough
		case "b":
			out.WriteString("<" + tag + ">" + template.HTMLEscapeString(found) + "</" + tag + ">")
		}
	}
	return template.HTML(out.String()) //nolint:gosec // every part of it was escaped
}

// commitLink is the address of a commit where the repository has one.
func commitLink(c run.Commit) string {
	remote := strings.TrimSuffix(c.Remote, ".git")
	if c.Revision == "" || !strings.HasPrefix(remote, "https://") {
		return ""
	}
	return remote + "/commit/" + c.Revision
}

// root is the way from a page to the site's folder.
func root(address string) string { return strings.Repeat("../", strings.Count(address, "/")) }

// relative is the shortest way from a page to an address.
func relative(from, to string) string {
	for {
		folder, rest, deeper := strings.Cut(from, "/")
		if !deeper || !strings.HasPrefix(to, folder+"/") {
			break
		}
		from, to = rest, to[len(folder)+1:]
	}
	return root(from) + to
}

// trail leads from the front page to a chapter.
func trail(c *chapter) []*link {
	var made []*link
	for ; c != nil && c.Parent != nil; c = c.Parent {
		made = append(made, &link{Title: c.Title, Address: c.Address})
	}
	slices.Reverse(made)
	return made
}

// put makes a page.
func (r *renderer) put(address string, p page) error {
	p.Site, p.Address, p.Root = r.site, address, root(address)
	var out bytes.Buffer
	if err := r.templates.ExecuteTemplate(&out, p.Kind+".html", &p); err != nil {
		return fmt.Errorf("make the page %s: %w", address, err)
	}
	if _, twice := r.files[address]; twice {
		return fmt.Errorf("two pages have the address %s", address)
	}
	r.files[address] = out.Bytes()
	return nil
}

// rule makes the page of a rule.
func (r *renderer) rule(given *rule, before, after *link) error {
	topic := given.Topic
	return r.put(given.Address, page{
		Kind: "rule", Title: given.Title, Trail: append(trail(topic.Chapter), topic.link()), Data: r.rulePage(given), Dev: true,
		Before: before, After: after, Chapter: topic.Chapter, Topic: topic,
	})
}

// example makes the page of an example.
func (r *renderer) example(e *example, before, after *link) error {
	topic := e.Rule.Topic
	return r.put(e.Address, page{
		Kind: "example", Title: e.Title, Trail: append(trail(topic.Chapter), topic.link()), Data: r.examplePage(e), Dev: true,
		Before: before, After: after, Chapter: topic.Chapter, Topic: topic, Within: e.Rule.Address,
	})
}

func (c *chapter) link() *link { return &link{Title: c.Title, Address: c.Address} }
func (t *topic) link() *link {
	return &link{Title: t.Title, Address: t.Chapter.Address + "#" + t.Anchor}
}
func (r *rule) link() *link    { return &link{Title: r.Title, Address: r.Address} }
func (e *example) link() *link { return &link{Title: e.Title, Address: e.Address} }

// inOrder makes a page of each of a list, which is in the order of reading.
func inOrder[T interface{ link() *link }](list []T, makes func(one T, before, after *link) error) error {
	for i, one := range list {
		var before, after *link
		if i > 0 {
			before = list[i-1].link()
		}
		if i+1 < len(list) {
			after = list[i+1].link()
		}
		if err := makes(one, before, after); err != nil {
			return err
		}
	}
	return nil
}

// all makes every page.
func (r *renderer) all() error {
	if err := r.redirects(); err != nil {
		return err
	}
	front := &link{Title: r.site.Title, Address: r.tree.root.Address}
	back := r.back()
	chapters := r.tree.chapters()
	err := inOrder(chapters, func(c *chapter, before, after *link) error {
		before, after = cmp.Or(before, front), cmp.Or(after, back[0].link())
		return r.put(c.Address, page{
			Kind: "chapter", Title: c.Title, Trail: trail(c.Parent), Data: r.chapterPage(c), Dev: true,
			Before: before, After: after, Chapter: c,
		})
	})
	if err != nil {
		return err
	}
	if err := inOrder(r.tree.rules(), r.rule); err != nil {
		return err
	}
	if err := inOrder(r.tree.examples(), r.example); err != nil {
		return err
	}
	if err := r.front(); err != nil {
		return err
	}
	if err := r.search(); err != nil {
		return err
	}
	last := front
	if len(chapters) > 0 {
		last = chapters[len(chapters)-1].link()
	}
	err = inOrder(back, func(l leaf, before, after *link) error {
		l.Before, l.After = cmp.Or(before, last), after
		return r.put(l.address, l.page)
	})
	if err != nil {
		return err
	}
	return r.assets()
}

// leaf is a page behind the chapters.
type leaf struct {
	address string
	page
}

func (l leaf) link() *link { return &link{Title: l.Title, Address: l.address} }

// back are the pages behind the chapters, in the order of reading.
func (r *renderer) back() []leaf {
	var made []leaf
	if len(r.words.terms) > 0 {
		made = append(made, leaf{wordsAddress, page{Kind: "words", Title: "The words", Data: r.words.terms, Dev: true}})
	}
	for _, t := range r.tree.tagged {
		made = append(made, leaf{t.Address, page{Kind: "tagged", Title: t.Title, Data: t, Dev: true}})
	}
	return append(made, leaf{historyAddress, page{Kind: "history", Title: "History", Data: r.past.page(r.tree, r.changes), Dev: true}})
}

func (r *renderer) assets() error {
	for _, name := range []string{"style.css", "site.js"} {
		content, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		r.files[name] = content
	}
	r.files["style.css"] = fmt.Appendf(r.files["style.css"], "%s%s%s", timeline.Style()+chart.Style(), history.SparkStyle()+history.StripStyle(), r.codes.style())
	return nil
}

// codes are the places of the code of all steps, in order. On the pages a step has
// the name of its place, and the style sheet the places, each once: for developers
// they are behind every step.
type codes []string

func (t *tree) codes() codes {
	var made codes
	for _, r := range t.rules() {
		for _, e := range r.Examples {
			for _, step := range e.Scenario.Steps {
				if step.Code != "" {
					made = append(made, step.Code)
				}
			}
		}
	}
	slices.Sort(made)
	return slices.Compact(made)
}

// class is the name of a place; "" if it is not known.
func (c codes) class(code string) string {
	i, known := slices.BinarySearch(c, code)
	if !known {
		return ""
	}
	return fmt.Sprintf("c%d", i)
}

// style is the style sheet with the places.
func (c codes) style() string {
	// What cannot stand between quotes is no part of any place.
	quotable := strings.NewReplacer(`\`, `/`, `"`, `'`, "\n", " ", "<", " ")
	var made strings.Builder
	for _, code := range c {
		fmt.Fprintf(&made, `.%s{--c:"%s"}`, c.class(code), quotable.Replace(code))
	}
	return made.String()
}
