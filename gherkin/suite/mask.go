package suite

import (
	"bytes"
	"cmp"
	"slices"

	messages "github.com/cucumber/messages/go/v34"
)

// section is a run of lines that belong to one node of the document: from its
// first tag to the line before the next section. A node's own lines come before
// those of its children, so a file is a sequence of sections.
type section struct {
	first int // line, from 1
	node  any // a pointer of the messages package
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
			add(p.background, p.background.Location, nil)
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

// masked returns the feature file reduced to this scenario. Lines of other
// sections become comments, so those that stay keep their numbers; what follows
// the last of them is cut off, which spares godog from reading it.
func (s *Scenario) masked() []byte {
	f := s.Feature
	var out bytes.Buffer
	out.Grow(len(f.Source))
	end := 0
	for i, sec := range f.sections {
		last := len(f.lines)
		if i+1 < len(f.sections) {
			last = f.sections[i+1].first - 1
		}
		for line := sec.first; line <= last; line++ {
			if s.keep[sec.node] {
				out.Write(f.lines[line-1])
				end = out.Len() + 1
			} else {
				out.WriteByte('#')
			}
			out.WriteByte('\n')
		}
	}
	return out.Bytes()[:end]
}
