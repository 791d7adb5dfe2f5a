package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/groupcheckout/internal/plural"
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

// row is an event, a moment, or, if skipped is not 0, a gap that stands for events.
type row struct {
	lane    int // -1 if it is in none
	label   string
	text    string
	reactor bool
	cause   int    // the row of the event that caused this one; -1 if none is shown
	because string // the cause in words; empty if there is none
	differs bool   // from what the other pictures show
	skipped int
	moment  *Moment // nil for an event
	band    string  // the kind of band that it is in; "" if in none
	opens   bool    // whether the band begins here
}

// by says who wrote what the reactor did, and because of what.
func (r row) by(options Options) string {
	if r.because == "" {
		return options.Reactor
	}
	return options.Reactor + ", because of " + r.because
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
	var hidden []placed
	for _, event := range all {
		if _, here := laneOf[event.stream]; here {
			shown = append(shown, event)
		} else {
			hidden = append(hidden, event)
		}
	}
	result.more = rest(events, streams, laneOf, hidden)
	result.place(events, shown, laneOf, options)
	return result
}

// place makes the rows of events and moments, with gaps where there are too many.
func (c *chosen) place(events evidence.Events, shown []placed, laneOf map[int]int, options Options) {
	left := leftOut(events, shown, options.MaxEvents)
	texts := textsByRef(events)
	rowOf := make(map[evidence.Ref]int, len(shown))
	moments := options.Moments
	var gap []placed
	closeGap := func() {
		if len(gap) > 0 {
			c.rows = append(c.rows, row{lane: -1, cause: -1, skipped: len(gap), text: "… " + counted(len(gap), "more event") + ": " + summed(gap) + " …"})
			gap = nil
		}
	}
	for i, event := range shown {
		for len(moments) > 0 && moments[0].before(event.Step) {
			closeGap()
			c.moment(moments[0])
			moments = moments[1:]
		}
		if left[i] {
			gap = append(gap, event)
			continue
		}
		closeGap()
		at, in := len(c.rows), laneOf[event.stream]
		r := row{lane: in, label: c.lanes[in].label, text: text(event.Event), reactor: event.By == evidence.ByReactor, cause: -1}
		r.differs = options.Differs != nil && options.Differs(r.label, r.text)
		if event.Cause != nil {
			r.because = texts[*event.Cause]
			if before, ok := rowOf[*event.Cause]; ok {
				r.cause = before
			}
		}
		c.rows = append(c.rows, r)
		rowOf[evidence.Ref{Stream: events.Streams[event.stream].Name, Position: event.Position}] = at
		c.extend(in, at)
	}
	closeGap()
	for _, m := range moments {
		c.moment(m)
	}
	c.bands()
}

// before tells whether a moment comes before an event of a step. What goes on writes
// in the same step.
func (m Moment) before(step int) bool {
	if m.Kind == Resumed {
		return m.Step <= step
	}
	return m.Step < step
}

// moment adds a row.
func (c *chosen) moment(m Moment) {
	r := row{lane: -1, text: oneLine(m.Text), cause: -1, moment: &m}
	if m.Kind == Tried || m.Kind == Refused {
		r.lane = slices.IndexFunc(c.lanes, func(l lane) bool { return l.label == oneLine(m.About) })
	}
	c.rows = append(c.rows, r)
	if r.lane >= 0 {
		c.extend(r.lane, len(c.rows)-1)
	}
}

// extend makes a lane reach to a row.
func (c *chosen) extend(lane, row int) {
	if c.lanes[lane].first < 0 {
		c.lanes[lane].first = row
	}
	c.lanes[lane].last = row
}

// bands notes which rows are in which band.
func (c *chosen) bands() {
	open := ""
	for i := range c.rows {
		r := &c.rows[i]
		r.band = open
		if r.moment == nil {
			continue
		}
		switch r.moment.Kind {
		case Stopped, Broken:
			open = r.moment.Kind.band()
			r.band, r.opens = open, true
		case Resumed:
			open = ""
		case Restarted, Elapsed:
			r.band, r.opens = r.moment.Kind.band(), true
		case Tried, Refused:
		}
	}
}

// leftOut tells of which events there are too many: those in the middle of the kind of
// stream that has the most of them, so that what is rare is shown.
func leftOut(events evidence.Events, shown []placed, limit int) []bool {
	left := make([]bool, len(shown))
	many := len(shown) - limit
	if many <= 0 {
		return left
	}
	counts := map[string]int{}
	most := ""
	for _, event := range shown {
		k := kind(events.Streams[event.stream])
		if counts[k]++; counts[k] > counts[most] {
			most = k
		}
	}
	var candidates []int
	for i, event := range shown {
		if kind(events.Streams[event.stream]) == most || counts[most] <= many {
			candidates = append(candidates, i)
		}
	}
	from := (len(candidates) - many) * 3 / 4
	for _, i := range candidates[from : from+many] {
		left[i] = true
	}
	for i := range left { // a gap of one event takes as much room as the event
		if left[i] && (i == 0 || !left[i-1]) && (i == len(left)-1 || !left[i+1]) {
			left[i] = false
		}
	}
	return left
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

// chooseLanes returns which streams are shown, in their order. If there are too many,
// those of rare kinds are among them, however many there are of others, and at least
// one of each kind, as far as there is room.
func chooseLanes(events evidence.Events, streams []int, limit int) []int {
	if len(streams) <= limit {
		return streams
	}
	of := map[string][]int{}
	var kinds []string
	for _, stream := range streams {
		k := kind(events.Streams[stream])
		if of[k] == nil {
			kinds = append(kinds, k)
		}
		of[k] = append(of[k], stream)
	}
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(len(of[a]), len(of[b])) })
	var kept []int
	for i, k := range kinds {
		room := limit - len(kept) - (len(kinds) - i - 1) // one for each kind that follows
		kept = append(kept, of[k][:max(min(room, len(of[k])), min(1, limit-len(kept)))]...)
	}
	slices.Sort(kept)
	return kept
}

// rest counts the streams that are not shown, by their kind.
func rest(events evidence.Events, streams []int, laneOf map[int]int, hidden []placed) string {
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
	return fmt.Sprintf("and %s, with %s: %s", strings.Join(parts, ", "), counted(len(hidden), "event"), summed(hidden))
}

// mostSums is how many kinds of events are told by name where events are summed up.
const mostSums = 4

// summed says what events that are not shown one by one are, such as "4 opened; 4 sent": what
// many say is counted, those first that come first.
func summed(events []placed) string {
	counts := map[string]int{}
	var texts []string
	for _, event := range events {
		says := text(event.Event)
		if counts[says] == 0 {
			texts = append(texts, says)
		}
		counts[says]++
	}
	var parts []string
	others := 0
	for i, says := range texts {
		if i < mostSums {
			times := " "
			if first, _ := utf8.DecodeRuneInString(says); unicode.IsDigit(first) {
				times = " × " // 3 × 2 parcels unloaded
			}
			parts = append(parts, plural.Thousands(counts[says])+times+says)
		} else {
			others += counts[says]
		}
	}
	if others > 0 {
		parts = append(parts, counted(others, "other"))
	}
	return strings.Join(parts, "; ")
}
