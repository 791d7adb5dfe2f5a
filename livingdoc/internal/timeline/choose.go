package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
)

// chosen is what a drawing shows.
type chosen struct {
	lanes []lane
	rows  []row
	more  string // what is said of the streams that are not shown; empty if all are
}

type lane struct {
	label       string
	first, last int // the first and last row with an event of this lane
}

// row is an event, or, if skipped is not 0, a gap that stands for events.
type row struct {
	lane    int
	text    string
	reactor bool
	cause   int    // the row of the event that caused this one; -1 if none is shown
	because string // the cause in words; empty if there is none
	skipped int
}

// placed is an event with the index of its stream.
type placed struct {
	evidence.Event

	stream int
}

// choose picks the lanes and events that are shown, and says what is not.
func choose(events evidence.Events, options Options) chosen {
	var all []placed
	var streams []int // those with events, in their order
	for i, stream := range events.Streams {
		for _, event := range stream.Events {
			all = append(all, placed{event, i})
		}
		if len(stream.Events) > 0 {
			streams = append(streams, i)
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.stream, b.stream), cmp.Compare(a.Position, b.Position))
	})

	var result chosen
	kept := chooseLanes(events, streams, options.MaxLanes)
	laneOf := make(map[int]int, len(kept))
	for i, stream := range kept {
		laneOf[stream] = i
		result.lanes = append(result.lanes, lane{label: label(events.Streams[stream]), first: -1})
	}
	shown := make([]placed, 0, len(all))
	hidden := 0
	for _, event := range all {
		if _, here := laneOf[event.stream]; here {
			shown = append(shown, event)
		} else {
			hidden++
		}
	}
	result.more = rest(events, streams, laneOf, hidden)
	result.place(events, shown, laneOf, options.MaxEvents)
	return result
}

// place makes the rows, with a gap before the last ones if there are too many.
func (c *chosen) place(events evidence.Events, shown []placed, laneOf map[int]int, limit int) {
	tail := min(limit/4, limit-1)
	gapAt, gap := -1, 0
	if len(shown) > limit {
		gapAt, gap = limit-tail, len(shown)-limit
	}
	texts := textsByRef(events)
	rowOf := make(map[evidence.Ref]int, len(shown))
	for i, event := range shown {
		if i == gapAt {
			c.rows = append(c.rows, row{lane: -1, cause: -1, skipped: gap, text: "… " + counted(gap, "more event") + " …"})
		}
		if gapAt >= 0 && i >= gapAt && i < gapAt+gap {
			continue
		}
		at, in := len(c.rows), laneOf[event.stream]
		r := row{lane: in, text: text(event.Event), reactor: event.By == evidence.ByReactor, cause: -1}
		if event.Cause != nil {
			r.because = texts[*event.Cause]
			if before, ok := rowOf[*event.Cause]; ok {
				r.cause = before
			}
		}
		c.rows = append(c.rows, r)
		rowOf[evidence.Ref{Stream: events.Streams[event.stream].Name, Position: event.Position}] = at
		if c.lanes[in].first < 0 {
			c.lanes[in].first = at
		}
		c.lanes[in].last = at
	}
}

// textsByRef says of each event what it is, as a cause of others.
func textsByRef(events evidence.Events) map[evidence.Ref]string {
	texts := make(map[evidence.Ref]string)
	for _, stream := range events.Streams {
		for _, event := range stream.Events {
			texts[evidence.Ref{Stream: stream.Name, Position: event.Position}] = label(stream) + " " + text(event)
		}
	}
	return texts
}

// chooseLanes returns which streams are shown, in their order. If there are too
// many, the first of each kind is among them, as far as there is room.
func chooseLanes(events evidence.Events, streams []int, limit int) []int {
	if len(streams) <= limit {
		return streams
	}
	var kept, others []int
	seen := make(map[string]bool)
	for _, stream := range streams {
		if k := kind(events.Streams[stream]); !seen[k] {
			seen[k] = true
			kept = append(kept, stream)
		} else {
			others = append(others, stream)
		}
	}
	kept = append(kept[:min(limit, len(kept))], others[:max(0, limit-len(kept))]...)
	slices.Sort(kept)
	return kept
}

// rest counts the streams that are not shown, by their kind.
func rest(events evidence.Events, streams []int, laneOf map[int]int, hidden int) string {
	counts := make(map[string]int)
	var kinds []string
	for _, stream := range streams {
		if _, here := laneOf[stream]; here {
			continue
		}
		k := kind(events.Streams[stream])
		if counts[k] == 0 {
			kinds = append(kinds, k)
		}
		counts[k]++
	}
	if len(kinds) == 0 {
		return ""
	}
	parts := make([]string, 0, len(kinds))
	others := 0
	for i, k := range kinds {
		if i < 3 {
			parts = append(parts, counted(counts[k], "more "+k))
		} else {
			others += counts[k]
		}
	}
	if others > 0 {
		parts = append(parts, counted(others, "other"))
	}
	return fmt.Sprintf("and %s, with %s", strings.Join(parts, ", "), counted(hidden, "event"))
}
