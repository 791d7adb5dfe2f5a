package livingdoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// searchPage is what the page of the search shows before its script does.
type searchPage struct {
	Chapters []*chapter
	Tags     []string
	States   []run.Verdict // those that there are
}

// sought is everything that the script of the search reads. The names are short, since
// there may be thousands of examples, and a step that several have is there once. The
// script makes its index of it when it is first asked.
type sought struct {
	Steps    []string      `json:"s"`
	Synonyms [][]string    `json:"w"` // words that mean the same, from the glossary
	Topics   []soughtTopic `json:"t"`

	known map[string]int // the places of the steps
}

type soughtTopic struct {
	Chapter string  `json:"c"`
	Title   string  `json:"t"`
	Prose   string  `json:"p,omitempty"`
	Folder  string  `json:"f"` // of the pages of its rules and examples
	Rules   [][]any `json:"r"` // of each: title, page, prose, examples
}

// entry is what the script reads of a rule or an example: its title; the name of its
// page, or "" if the script can make that of the title; and more. What is empty at the
// end is left out.
func entry(title, address string, more ...any) []any {
	name := strings.TrimSuffix(path.Base(address), ".html")
	if simple.MatchString(title) && strings.Join(strings.FieldsFunc(strings.ToLower(title), notSimple), "-") == name {
		name = ""
	}
	made := append([]any{title, name}, more...)
	for made[len(made)-1] == "" {
		made = made[:len(made)-1]
	}
	return made
}

// simple is a title of which it is plain what its letters are, and which are small,
// also to the script.
var simple = regexp.MustCompile(`^[ -~]+$`)

func notSimple(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// search makes the page of the search, and what it looks in: a script, since a
// page from disk may read nothing else.
func (r *renderer) search() error {
	data := searchPage{Chapters: r.tree.chapters()}
	made := sought{Steps: []string{}, Synonyms: [][]string{}, known: map[string]int{}}
	for _, term := range r.words.terms {
		if len(term.Also) > 0 {
			made.Synonyms = append(made.Synonyms, append([]string{term.Word}, term.Also...))
		}
	}
	seen := map[run.Verdict]bool{}
	for _, c := range data.Chapters {
		for _, t := range c.Topics {
			one := soughtTopic{Chapter: c.Title, Title: t.Title, Prose: plainly(t.Prose)}
			for _, rule := range t.Rules {
				one.Folder = path.Dir(rule.Address) + "/"
				examples := [][]any{}
				for _, e := range rule.Examples {
					examples = append(examples, made.example(e))
					data.Tags = append(data.Tags, tagsOf(e)...)
					for _, c := range e.Cells {
						seen[c.Verdict] = true
					}
				}
				one.Rules = append(one.Rules, entry(rule.Title, rule.Address, plainly(rule.Prose), examples))
			}
			made.Topics = append(made.Topics, one)
		}
	}
	slices.Sort(data.Tags)
	data.Tags = slices.Compact(data.Tags)
	for _, v := range run.Verdicts() {
		if seen[v] {
			data.States = append(data.States, v)
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // it is a file of its own
	if err := encoder.Encode(made); err != nil {
		return fmt.Errorf("make the words to search in: %w", err)
	}
	r.files["words.js"] = slices.Concat([]byte("words="), bytes.TrimSpace(text.Bytes()))
	return r.put("search.html", page{Kind: "search", Title: "Search", Data: data, Search: true, Dev: true})
}

// example is what the script reads of an example: besides title and page its steps, its
// other words, tags, states if it did not simply pass, and how many rows if not one.
func (s *sought) example(e *example) []any {
	steps := []int{}
	other := []string{plainly(e.Prose)}
	for _, step := range e.Scenario.Steps {
		text := step.Text
		for _, name := range e.Scenario.Header { // as the page of an outline has them
			text = strings.ReplaceAll(text, "<"+name+">", name)
		}
		i, known := s.known[text]
		if !known {
			i = len(s.Steps)
			s.known[text] = i
			s.Steps = append(s.Steps, text)
		}
		steps = append(steps, i)
		for _, cells := range append(step.Table, []string{step.Doc}) {
			other = append(other, cells...)
		}
	}
	for _, row := range e.Scenario.Rows {
		other = append(other, row.Cells...)
	}
	states := e.Verdicts()
	if states == class(run.Passed) {
		states = ""
	}
	slices.Sort(other[1:])
	words := strings.TrimSpace(strings.Join(slices.Compact(other), " "))
	rows := ""
	if n := len(e.Scenario.Rows); n != 1 {
		rows = fmt.Sprint(n)
	}
	return entry(e.Title, e.Address, steps, words, strings.Join(tagsOf(e), " "), states, rows)
}

// plainly is prose in a line.
func plainly(prose string) string { return strings.Join(strings.Fields(prose), " ") }

// tagsOf returns the tags of an example and of its rows.
func tagsOf(e *example) []string {
	tags := slices.Clone(e.Scenario.Tags)
	for _, row := range e.Scenario.Rows {
		tags = append(tags, row.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// Tags are those of an example, separated by blanks.
func (e *example) Tags() string { return strings.Join(tagsOf(e), " ") }

// Verdicts are those that an example has on any store, separated by commas.
func (e *example) Verdicts() string {
	var made []string
	for _, v := range run.Verdicts() {
		if slices.ContainsFunc(e.Cells, func(c cell) bool { return c.Verdict == v }) {
			made = append(made, class(v))
		}
	}
	return strings.Join(made, ",")
}
