package livingdoc

import (
	"html/template"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/livingdoc/internal/chart"
	"example.com/groupcheckout/livingdoc/internal/timeline"
)

// chapterPage is what the page of a chapter shows.
type chapterPage struct {
	*chapter

	Charts []chartView
	Moved  []alias // places that the page had
}

// chartView is what the events of streams of one kind were followed by, in the
// examples.
type chartView struct {
	Title string
	Shown template.HTML
}

// life is what was seen of the streams of one category.
type life struct {
	category string
	kind     string // what a stream of it is called, such as "truck"
	graph    *chart.Graph
	home     *chapter // at whose head it is shown
}

// lives gathers the histories of all streams by their category, in the order in which
// the examples have them. A category is shown at the head of the first chapter in which
// most examples have one.
func (t *tree) lives() []*life {
	var made []*life
	byCategory := map[string]*life{}
	for _, c := range t.chapters() {
		has, all := map[string]int{}, 0
		for _, topic := range c.Topics {
			for _, r := range topic.Rules {
				for _, e := range r.Examples {
					all++
					for _, category := range t.note(e, byCategory, &made) {
						has[category]++
					}
				}
			}
		}
		for _, one := range made {
			if one.home == nil && 2*has[one.category] > all {
				one.home = c
			}
		}
	}
	return made
}

// note adds the streams of an example, and returns their categories.
func (t *tree) note(e *example, byCategory map[string]*life, made *[]*life) []string {
	var categories []string
	for _, row := range e.Scenario.Rows {
		for _, result := range row.Results {
			for _, stream := range result.Events.Streams {
				category, _, _ := strings.Cut(stream.Name, "-")
				one := byCategory[category]
				if one == nil {
					one = &life{category: category, kind: timeline.StreamKind(stream), graph: chart.New()}
					byCategory[category] = one
					*made = append(*made, one)
				}
				if !slices.Contains(categories, category) {
					categories = append(categories, category)
				}
				one.graph.Add(stepsOf(stream), chart.Place{Title: e.Title, Address: e.Address})
			}
		}
	}
	return categories
}

// article puts one before a word.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeiouAEIOU", []rune(word)[0]) {
		return "an " + word
	}
	return "a " + word
}

func stepsOf(stream evidence.Stream) []chart.Step {
	made := make([]chart.Step, len(stream.Events))
	for i, event := range stream.Events {
		made[i] = chart.Step{Type: event.Type, Text: event.Text}
	}
	return made
}

func (r *renderer) chapterPage(c *chapter) chapterPage {
	made := chapterPage{chapter: c, Moved: r.moved[c.Address]}
	for _, one := range r.lives {
		if one.home == c && one.graph.Len() > 1 {
			title := "What becomes of " + article(one.kind)
			shown := one.graph.Draw(title, func(address string) string { return relative(c.Address, address) })
			made.Charts = append(made.Charts, chartView{Title: title, Shown: shown})
		}
	}
	return made
}
