package index

import (
	"slices"

	"example.com/groupcheckout/es"
)

// Span is some consecutive events of a stream, of which it holds the types.
// Spans that this package returns share memory; do not change their types.
type Span struct {
	Stream string     `json:"p"` // as it is stored, whether or not it is a name by our rules
	Index  es.Version `json:"i"` // of the first event
	Types  []string   `json:"c"`
}

// Next is the index behind the last event.
func (s Span) Next() es.Version { return s.Index + es.Version(len(s.Types)) }

// since is the part of the span from an index on.
func (s Span) since(index es.Version) Span {
	if index <= s.Index {
		return s
	}
	skip := min(index-s.Index, es.Version(len(s.Types)))
	return Span{s.Stream, s.Index + skip, s.Types[skip:]}
}

// flatten turns spans that arrived into runs: no event twice, adjacent spans
// joined, each stream's runs in order, and the streams in the order in which
// they arrived first. It tells how many events it left out because they were
// there twice.
//
// Arrival order within a stream is not trusted: after a restart a record may
// come again behind a later one. Where it is in order, as Propulsion demands,
// the outcome is the same as there.
func flatten(spans []Span) (runs []Span, duplicates int) {
	order := []string{}
	of := map[string][]Span{}
	for _, s := range spans {
		if len(s.Types) == 0 {
			continue
		}
		if _, seen := of[s.Stream]; !seen {
			order = append(order, s.Stream)
		}
		of[s.Stream] = append(of[s.Stream], s)
	}
	for _, stream := range order {
		arrived := of[stream]
		slices.SortStableFunc(arrived, func(a, b Span) int { return int(a.Index - b.Index) })
		first := len(runs)
		for _, s := range arrived {
			if len(runs) == first || s.Index > runs[len(runs)-1].Next() {
				runs = append(runs, s)
				continue
			}
			last := &runs[len(runs)-1]
			rest := s.since(last.Next())
			duplicates += len(s.Types) - len(rest.Types)
			last.Types = slices.Concat(last.Types, rest.Types)
		}
	}
	return runs, duplicates
}

// chunks divides runs so that what is written at once stays within an item,
// whatever the events are called. The limit is in bytes of JSON.
func chunks(runs []Span, limit int) [][]Span {
	const span, element = len(`{"p":"","i":2147483647,"c":[]},`), len(`"",`)
	var all [][]Span
	var chunk []Span
	size := 0
	flush := func() {
		if len(chunk) > 0 {
			all = append(all, chunk)
		}
		chunk, size = nil, 0
	}
	for _, run := range runs {
		start := 0
		if size += span + len(run.Stream); size > limit {
			flush()
			size = span + len(run.Stream)
		}
		for i, name := range run.Types {
			if size += element + len(name); size > limit && i > start {
				chunk = append(chunk, Span{run.Stream, run.Index + es.Version(start), run.Types[start:i]})
				flush()
				start, size = i, span+len(run.Stream)+element+len(name)
			}
		}
		chunk = append(chunk, Span{run.Stream, run.Index + es.Version(start), run.Types[start:]})
	}
	flush()
	return all
}
