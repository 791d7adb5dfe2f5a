package livingdoc

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"

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
}

// link is a title with the address of its page.
type link struct{ Title, Address string }

// site is what all pages share.
type site struct {
	Title  string
	Stores []store
	Words  string // the address of the words; "" if there are none
	PDF    string // its address; "" if there is none
	Faults []string
}

// renderer makes the pages of a tree.
type renderer struct {
	tree      *tree
	site      *site
	prose     *prose
	words     words
	past      past
	changes   []change
	templates *template.Template
	files     map[string][]byte
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
		tree: t, prose: newProse(t), words: words, past: before, changes: before.note(t),
		files: map[string][]byte{}, moved: map[string][]alias{}, gone: map[string]bool{}, codes: t.codes(),
		site: &site{Title: t.root.Title, Stores: t.stores, Faults: wrong(t.stores)},
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
		"vars":       variables,
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
		return "it was checked, and holds"
	case run.Failed:
		return "it was checked, and does not hold"
	case run.Flaky:
		return "it held only when it was tried again"
	case run.Skipped:
		return "it was left out, for the reason given"
	case run.NotRun:
		return "it was not among what was checked"
	}
	return ""
}

// conjoin lists names as a sentence does.
func conjoin(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// variables marks the placeholders in a step of an outline.
func variables(text string, header []string) template.HTML {
	escaped := template.HTMLEscapeString(text)
	for _, name := range header {
		if name == "" {
			continue // "<>" is no placeholder that could be seen
		}
		name = template.HTMLEscapeString(name)
		escaped = strings.ReplaceAll(escaped, "&lt;"+name+"&gt;", "<var>"+name+"</var>")
	}
	return template.HTML(escaped) //nolint:gosec // every part of it was escaped
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

// rule makes the page of a rule and those of its examples. The address of the next
// is "" at the end.
func (r *renderer) rule(given *rule, after string) error {
	data := r.rulePage(given)
	data.After = after
	topic := given.Topic
	up := append(trail(topic.Chapter), &link{Title: topic.Title, Address: topic.Chapter.Address + "#" + topic.Anchor})
	if err := r.put(given.Address, page{Kind: "rule", Title: given.Title, Trail: up, Data: data, Dev: true}); err != nil {
		return err
	}
	for _, e := range given.Examples {
		data := r.examplePage(e)
		if err := r.put(e.Address, page{Kind: "example", Title: e.Title, Data: data, Dev: true}); err != nil {
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
	for _, c := range r.tree.chapters() {
		if err := r.put(c.Address, page{Kind: "chapter", Title: c.Title, Trail: trail(c.Parent), Data: c, Dev: true}); err != nil {
			return err
		}
	}
	rules := r.tree.rules()
	for i, rule := range rules {
		after := ""
		if i+1 < len(rules) {
			after = rules[i+1].Address
		}
		if err := r.rule(rule, after); err != nil {
			return err
		}
	}
	if err := r.front(); err != nil {
		return err
	}
	if err := r.search(); err != nil {
		return err
	}
	if len(r.words.terms) > 0 {
		if err := r.put(wordsAddress, page{Kind: "words", Title: "The words", Data: r.words.terms, Dev: true}); err != nil {
			return err
		}
	}
	for _, t := range r.tree.tagged {
		if err := r.put(t.Address, page{Kind: "tagged", Title: t.Title, Data: t, Dev: true}); err != nil {
			return err
		}
	}
	data := r.past.page(r.tree, r.changes)
	if err := r.put(historyAddress, page{Kind: "history", Title: "History", Data: data, Dev: true}); err != nil {
		return err
	}
	return r.assets()
}

func (r *renderer) assets() error {
	for _, name := range []string{"style.css", "site.js"} {
		content, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		r.files[name] = content
	}
	r.files["style.css"] = fmt.Appendf(r.files["style.css"], "%s%s%s", timeline.Style(), history.SparkStyle(), r.codes.style())
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
