package livingdoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// searchPage is what the page of the search shows before its script does.
type searchPage struct {
	Chapters []*chapter
	Tags     []string
}

// sought is a rule as the script of the search reads it. The names are short, since
// there may be thousands.
type sought struct {
	Folder   string     `json:"f"` // of its page and those of its examples
	Words    []string   `json:"r"` // of the rule: title, page, words
	Examples [][]string `json:"e"` // of each: title, page, words, tags, states
}

// entry is what the script reads of a rule or an example: its title; the name of its
// page, or "" if the script can make that of the title; the words that it is found
// by besides those of its title; and more. What is empty at the end is left out.
func entry(title, address string, more ...string) []string {
	name := strings.TrimSuffix(path.Base(address), ".html")
	if simple.MatchString(title) && strings.Join(strings.FieldsFunc(strings.ToLower(title), notSimple), "-") == name {
		name = ""
	}
	made := append([]string{title, name}, more...)
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
	var rules []sought
	for _, rule := range r.tree.rules() {
		known := newVocabulary(rule.Title)
		made := sought{Folder: path.Dir(rule.Address) + "/"}
		made.Words = entry(rule.Title, rule.Address, known.of(rule.Topic.Title, rule.Topic.Chapter.Title, rule.Prose))
		for _, e := range rule.Examples {
			tags := tagsOf(e)
			for _, tag := range tags {
				if !slices.Contains(data.Tags, tag) {
					data.Tags = append(data.Tags, tag)
				}
			}
			states := e.Verdicts()
			if states == class(run.Passed) {
				states = ""
			}
			made.Examples = append(made.Examples, entry(e.Title, e.Address, known.with(e), strings.Join(tags, " "), states))
		}
		rules = append(rules, made)
	}
	slices.Sort(data.Tags)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // it is a file of its own
	if err := encoder.Encode(rules); err != nil {
		return fmt.Errorf("make the words to search in: %w", err)
	}
	r.files["words.js"] = slices.Concat([]byte("words="), bytes.TrimSpace(text.Bytes()))
	return r.put("search.html", page{Kind: "search", Title: "Search", Data: data, Search: true})
}

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

// Worst is what is to be told first of an example.
func (e *example) Worst() run.Verdict { return worst(e.Cells) }

// vocabulary are the words that can be looked for already.
type vocabulary map[string]bool

func newVocabulary(titles ...string) vocabulary {
	made := vocabulary{}
	for _, word := range split(strings.Join(titles, " ")) {
		made[word] = true
	}
	return made
}

// of returns the words of texts that are not known yet, each once, and knows them
// from then on.
func (v vocabulary) of(texts ...string) string {
	var words []string
	for _, text := range texts {
		for _, word := range split(text) {
			// A word of two letters is looked for by nobody, but a number may be.
			if !v[word] && (len(word) > 2 || unicode.IsDigit(rune(word[0]))) {
				v[word] = true
				words = append(words, word)
			}
		}
	}
	return strings.Join(words, " ")
}

// with returns what can be looked for to find an example, besides its title and
// the words that are known of its rule, which stay as they are.
func (v vocabulary) with(e *example) string {
	known := maps.Clone(v)
	for _, word := range split(e.Title) {
		known[word] = true
	}
	texts := []string{e.Prose}
	for _, step := range e.Scenario.Steps {
		texts = append(texts, step.Text, step.Doc)
		for _, cells := range step.Table {
			texts = append(texts, cells...)
		}
	}
	for _, row := range e.Scenario.Rows {
		texts = append(texts, row.Cells...)
	}
	return known.of(texts...)
}

func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.'
	})
}
