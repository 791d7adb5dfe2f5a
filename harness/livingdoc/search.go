package livingdoc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"groupcheckout/harness/livingdoc/run"
)

// searchPage lists all rules with their examples; the script hides what is not
// looked for.
type searchPage struct {
	Chapters []*chapter
	Tags     []string
}

// search makes the page of the search, and the words that it looks in.
func (r *renderer) search() error {
	data := searchPage{Chapters: r.tree.chapters()}
	var words []string
	for _, rule := range r.tree.rules() {
		for _, e := range rule.Examples {
			words = append(words, wordsOf(e))
			for _, tag := range tagsOf(e) {
				if !slices.Contains(data.Tags, tag) {
					data.Tags = append(data.Tags, tag)
				}
			}
		}
	}
	slices.Sort(data.Tags)
	list, err := json.Marshal(words)
	if err != nil {
		return fmt.Errorf("make the words to search in: %w", err)
	}
	r.files["words.js"] = slices.Concat([]byte("words="), list)
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

// wordsOf returns what can be looked for to find an example, each word once,
// without those that its title has, which the page shows.
func wordsOf(e *example) string {
	shown := map[string]bool{}
	for _, word := range split(e.Title + " " + e.Rule.Title) {
		shown[word] = true
	}
	var words []string
	add := func(text string) {
		for _, word := range split(text) {
			// A word of two letters is looked for by nobody, but a number may be.
			if !shown[word] && (len(word) > 2 || unicode.IsDigit(rune(word[0]))) {
				shown[word] = true
				words = append(words, word)
			}
		}
	}
	add(e.Rule.Topic.Title)
	add(e.Rule.Topic.Chapter.Title)
	add(e.Rule.Prose)
	add(e.Prose)
	for _, step := range e.Scenario.Steps {
		add(step.Text)
		for _, cells := range step.Table {
			add(strings.Join(cells, " "))
		}
		add(step.Doc)
	}
	for _, row := range e.Scenario.Rows {
		add(strings.Join(row.Cells, " "))
	}
	return strings.Join(words, " ")
}

func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.'
	})
}
