package livingdoc

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// chapter is a folder of features.
type chapter struct {
	Title    string
	Address  string // of its page, from the site's folder
	Prose    string // Markdown, without the title
	Folder   string // its path in the folder of features, "." for that itself
	Parent   *chapter
	Chapters []*chapter
	Topics   []*topic

	names namer // of what is in it
}

// topic is a feature.
type topic struct {
	*run.Feature

	Anchor  string   // on its chapter's page
	Anchors []string // that earlier builds had there
	Chapter *chapter
	Rules   []*rule
	Cells   []cell // one for each store
	State   state

	inFolder string // its path in the folder of features
}

// folder is that of the pages of its rules and examples.
func (t *topic) folder() string { return path.Join(path.Dir(t.Chapter.Address), t.Anchor) }

// rule is a rule with its examples.
type rule struct {
	Title    string
	Address  string
	Prose    string
	Place    string // in its file, for developers
	Topic    *topic
	Examples []*example
	Cells    []cell // one for each store
	State    state
	Marks    []string // what has changed, such as "regressed"
}

// example is a scenario or an outline.
type example struct {
	Title    string
	Address  string // of its page, which is beside that of its rule
	Anchor   string // that it had on its rule's page where an earlier build had it there; else ""
	Prose    string
	Rule     *rule
	Scenario *run.Scenario
	Cells    []cell
	State    state
	Marks    []string
}

// tree makes the chapters of the features of all runs.
type tree struct {
	config   Config
	features fs.FS
	root     *chapter
	byPath   map[string]*chapter
	tagged   []*tagged
	stores   []store
}

// newTree makes the tree of the features in a folder, the name of which in the runs
// is given.
func newTree(config Config, features fs.FS, folder string, joined *run.Joined) (*tree, error) {
	tidy(joined)
	t := &tree{config: config, features: features, byPath: map[string]*chapter{}, stores: storesOf(config, joined)}
	t.root = &chapter{Folder: ".", Address: "index.html", names: reserved()}
	t.byPath["."] = t.root
	if err := t.read(t.root); err != nil {
		return nil, err
	}
	t.root.Title = cmp.Or(config.Title, t.root.Title)
	for _, feature := range joined.Features {
		// A run without the sources of its features is not compared with the folder, and
		// may name them as being anywhere. On the site they are below its own folder.
		relative := strings.TrimPrefix(path.Clean("/"+strings.TrimPrefix(feature.Path, folder)), "/")
		c, err := t.chapter(path.Dir(relative))
		if err != nil {
			return nil, err
		}
		t.topic(c, feature, relative)
	}
	return t, t.readTagged()
}

// chapter returns that of a folder, and makes it, and those above it, at the
// first time.
func (t *tree) chapter(folder string) (*chapter, error) {
	if known, ok := t.byPath[folder]; ok {
		return known, nil
	}
	parent, err := t.chapter(path.Dir(folder))
	if err != nil {
		return nil, err
	}
	made := &chapter{Folder: folder, Parent: parent, names: namer{"index": true}}
	if err := t.read(made); err != nil {
		return nil, err
	}
	made.Address = path.Join(path.Dir(parent.Address), parent.names.name(made.Title), "index.html")
	parent.Chapters = append(parent.Chapters, made)
	t.byPath[folder] = made
	return made, nil
}

// read reads the README.md of a folder, which there need not be.
func (t *tree) read(c *chapter) error {
	name := path.Join(c.Folder, "README.md")
	text, err := readText(t.features, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the prose of a chapter: %w", err)
	}
	c.Title, c.Prose = titled(text)
	if c.Title != "" {
		return nil
	}
	name = c.Folder
	if c.Folder == "." {
		if name, err = filepath.Abs(t.config.Features); err != nil {
			return fmt.Errorf("find out the name of the folder of features: %w", err)
		}
	}
	c.Title = humanised(filepath.Base(name))
	return nil
}

// titled splits Markdown into its first heading and the rest.
func titled(text string) (title, rest string) {
	text = strings.TrimSpace(text)
	head, rest, _ := strings.Cut(text, "\n")
	if title, found := strings.CutPrefix(head, "# "); found {
		return strings.TrimSpace(title), strings.TrimSpace(rest)
	}
	return "", text
}

// humanised is the name of a folder as a title.
func humanised(name string) string {
	name = strings.TrimLeft(name, "0123456789-_. ")
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == ' ' }), " ")
	if name == "" {
		return "Rules"
	}
	letters := []rune(name)
	return string(unicode.ToUpper(letters[0])) + string(letters[1:])
}

func (t *tree) topic(c *chapter, f *run.Feature, inFolder string) {
	if c == t.root { // whose page is the front page, which has no room for topics
		c = t.loose()
	}
	f.Title = cmp.Or(f.Title, humanised(strings.TrimSuffix(strings.TrimSuffix(path.Base(f.Path), ".md"), ".feature")))
	made := &topic{Feature: f, Chapter: c, inFolder: inFolder}
	made.Anchor = c.names.name(made.Title)
	var rows []*run.Row
	folder := made.folder()
	ruleNames, exampleNames := named(made.Title, f)
	for i, r := range f.Rules {
		one := &rule{Title: cmp.Or(r.Title, made.Title), Prose: r.Prose, Topic: made, Place: fmt.Sprintf("%s:%d", f.Path, r.Line)}
		one.Address = path.Join(folder, ruleNames[i]+".html")
		one.Cells, one.State = t.cells(r.Rows()), t.state(r.Rows())
		rows = append(rows, r.Rows()...)
		for _, s := range r.Scenarios {
			one.Examples = append(one.Examples, &example{
				Title: shown(s), Prose: s.Prose, Scenario: s, Rule: one, Address: path.Join(folder, exampleNames[s]+".html"), Cells: t.cells(s.Rows), State: t.state(s.Rows),
			})
		}
		made.Rules = append(made.Rules, one)
	}
	made.Cells, made.State = t.cells(rows), t.state(rows)
	c.Topics = append(c.Topics, made)
}

// named gives the rules of a topic and their examples names in the topic's folder,
// those that the titles alone ask for to the rules.
func named(topic string, f *run.Feature) (rules []string, examples map[*run.Scenario]string) {
	names, examples := namer{}, map[*run.Scenario]string{}
	var of, in []entitled
	var scenarios []*run.Scenario
	for _, r := range f.Rules {
		title := cmp.Or(r.Title, topic)
		of = append(of, entitled{title: title, under: topic})
		for _, s := range r.Scenarios {
			in = append(in, entitled{title: s.Title, under: title})
			scenarios = append(scenarios, s)
		}
	}
	rules = names.all(of)
	for i, name := range names.all(in) {
		examples[scenarios[i]] = name
	}
	return rules, examples
}

// loose returns the chapter of the features that are in no folder.
func (t *tree) loose() *chapter {
	const folder = "./." // which no path is that was cleaned
	if known, ok := t.byPath[folder]; ok {
		return known
	}
	made := &chapter{Title: "Rules", Folder: folder, Parent: t.root, names: namer{"index": true}}
	made.Address = path.Join(t.root.names.name(made.Title), "index.html")
	t.root.Chapters = append([]*chapter{made}, t.root.Chapters...)
	t.byPath[folder] = made
	return made
}

// The most values of a cell that a title says one by one, and the most letters that it has
// with them.
const (
	mostValues  = 3
	mostLetters = 80
)

// shown is the title of a scenario as readers see it, with the values of its rows for
// what differs from row to row; if they make it too long, with those of the first row only. All
// are in the table of the outline.
func shown(s *run.Scenario) string {
	var used []int
	for i, name := range s.Header {
		if name != "" && strings.Contains(s.Title, "<"+name+">") {
			used = append(used, i)
		}
	}
	if len(used) == 0 || len(s.Rows) == 0 {
		return s.Title
	}
	if len(used) == 1 {
		var values []string
		for _, row := range s.Rows {
			if value := row.Cells[used[0]]; !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		title := strings.ReplaceAll(s.Title, "<"+s.Header[used[0]]+">", either(values))
		if len(values) == 1 || utf8.RuneCountInString(title) <= mostLetters {
			return title
		}
	}
	title := s.Title
	for _, i := range used {
		title = strings.ReplaceAll(title, "<"+s.Header[i]+">", s.Rows[0].Cells[i])
	}
	if len(s.Rows) > 1 {
		title += fmt.Sprintf(", and %d more like it", len(s.Rows)-1)
	}
	return title
}

// either lists values of which each is the case in turn.
func either(values []string) string {
	switch n := len(values); {
	case n == 1:
		return values[0]
	case n > mostValues:
		return values[0] + ", " + values[1] + " … " + values[n-1]
	default:
		return strings.Join(values[:n-1], ", ") + " or " + values[n-1]
	}
}

// chapters returns all below the root in reading order.
func (t *tree) chapters() []*chapter {
	var all []*chapter
	var walk func(*chapter)
	walk = func(c *chapter) {
		for _, child := range c.Chapters {
			all = append(all, child)
			walk(child)
		}
	}
	walk(t.root)
	return all
}

// count is how many rules a chapter has, with those of the chapters in it.
func (c *chapter) count() int {
	n := 0
	for _, topic := range c.Topics {
		n += len(topic.Rules)
	}
	for _, child := range c.Chapters {
		n += child.count()
	}
	return n
}

// rules returns all in reading order.
func (t *tree) rules() []*rule {
	var all []*rule
	for _, c := range t.chapters() {
		for _, topic := range c.Topics {
			all = slices.Concat(all, topic.Rules)
		}
	}
	return all
}

// examples returns all in reading order.
func (t *tree) examples() []*example {
	var all []*example
	for _, r := range t.rules() {
		all = append(all, r.Examples...)
	}
	return all
}
