package suite

import (
	"cmp"
	"slices"

	messages "github.com/cucumber/messages/go/v34"
)

// section is a run of lines that belong to one node of the document: from its
// first tag to the line before the next section. A node's own lines come before
// those of its children, so a file is a sequence of sections.
type section struct {
	first int // line, from 1
	node  any // a pointer of the messages package; of a background, its part
}

func (f *Feature) findSections() []section {
	list := []section{{first: 1, node: f.Document.Feature}} // with the comments above it, which may name the language
	add := func(node any, at *messages.Location, tags []*messages.Tag) {
		first := at.Line
		for _, tag := range tags {
			first = min(first, tag.Location.Line)
		}
		list = append(list, section{first: int(first), node: node})
	}
	for _, child := range f.Document.Feature.Children {
		if child.Rule != nil {
			add(child.Rule, child.Rule.Location, child.Rule.Tags)
		}
	}
	for _, p := range f.parts {
		if p.background != nil {
			add(p, p.background.Location, nil)
			continue
		}
		add(p.scenario, p.scenario.Location, p.scenario.Tags)
		for _, examples := range p.scenario.Examples {
			add(examples, examples.Location, examples.Tags)
			for _, row := range examples.TableBody {
				add(row, row.Location, nil)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b section) int { return cmp.Compare(a.first, b.first) })
	return list
}

// has tells whether the node of a section is one that the scenario consists of.
func (s *Scenario) has(node any) bool {
	switch node := node.(type) {
	case *messages.Feature:
		return true
	case *messages.Rule:
		return node == s.ruleNode
	case *messages.Scenario:
		return node == s.scenarioNode
	case *messages.Examples:
		return node == s.examplesNode
	case *messages.TableRow:
		return node == s.rowNode
	case part:
		return node.rule == nil || node.rule == s.ruleNode
	default:
		return false
	}
}
