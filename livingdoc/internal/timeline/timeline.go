package timeline

import (
	"fmt"
	"html/template"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
)

// Options are what may differ from picture to picture.
type Options struct {
	Reactor   string // says who wrote what the scenario did not, such as "by the reactor"
	MaxLanes  int    // how many streams are shown at most, 1 or more
	MaxEvents int    // how many events are shown at most, 1 or more

	// Moments are what happened beside the events, in the order of their steps.
	Moments []Moment
	// Differs tells whether what an event says to a stream is not so in the other
	// pictures beside this one, and is to be marked; nil if there are none.
	Differs func(label, text string) bool
}

// Moment is something that happened and wrote no event.
type Moment struct {
	Step  int // during which step of the scenario
	Kind  Kind
	Text  string
	About string // what the stream is called that it was about; "" if about none
}

// Kind is what a moment is.
type Kind int

// The kinds of moments.
const (
	Tried     Kind = iota // something was done, and nothing was written
	Refused               // something was tried, and refused
	Stopped               // the reactor stopped; a band goes on until it resumes
	Broken                // it broke down; the same
	Resumed               // it goes on
	Restarted             // it stopped and went on at once
	Elapsed               // time passed
)

// band is the class of the band that a moment opens, or is; "" if it is in none.
func (k Kind) band() string {
	switch k {
	case Stopped, Resumed, Restarted:
		return "stop"
	case Broken:
		return "break"
	case Elapsed:
		return "time"
	case Tried, Refused:
	}
	return ""
}

// Draw returns the events as an svg element, in the short form of HTML, for a page
// that has the style sheet [Style]. It is empty if there are no events. Shapes of a
// kind are one path of points, and the texts are a list beside them, whose lines are
// broken where the layout has them broken. Who wrote an event, and because of what, is
// in the list for those who do not see the picture.
func Draw(events evidence.Events, options Options) template.HTML {
	shown := choose(events, options)
	if len(shown.rows) == 0 {
		return ""
	}
	l := lay(shown)
	var lanes, arrows, scenario, reactor, tried, refused, texts strings.Builder
	for _, lane := range shown.lanes {
		if lane.first >= 0 {
			fmt.Fprintf(&lanes, "M%d %dV%d", l.points[lane.first].x, l.points[lane.first].y, l.points[lane.last].y)
		}
	}
	for i, row := range shown.rows {
		at := l.points[i]
		switch {
		case row.moment != nil && row.moment.Kind == Refused:
			fmt.Fprintf(&refused, "M%d %dl10 10m0-10l-10 10", at.x-5, at.y-5)
		case row.moment != nil && row.moment.Kind == Tried:
			fmt.Fprintf(&tried, "M%d %da4 4 0 1 0 8 0a4 4 0 1 0-8 0", at.x-4, at.y)
		case row.lane >= 0 && row.reactor:
			fmt.Fprintf(&reactor, "M%d %dh%d", at.x-radius, at.y, 2*radius) // not a point: on paper that has no ends
		case row.lane >= 0 && row.moment == nil:
			fmt.Fprintf(&scenario, "M%d %dh0", at.x, at.y)
		}
		if row.cause >= 0 {
			drawArrow(&arrows, l.points[row.cause], at)
		}
		drawText(&texts, row, l.lines[i], options)
	}
	if shown.more != "" {
		drawText(&texts, row{lane: -1}, l.more, options)
	}
	bands := drawBands(shown.rows, l)

	var out strings.Builder
	fmt.Fprintf(&out, `<svg viewBox="0 0 %d %d" width=%[1]d>`, l.width, l.height)
	// The style sheet tells them apart by their order.
	for _, path := range []string{
		bands["stop"], bands["break"], bands["time"], lanes.String(), arrows.String(), scenario.String(), reactor.String(), tried.String(), refused.String(),
	} {
		if path == "" {
			out.WriteString(`<path/>`)
		} else {
			fmt.Fprintf(&out, `<path d="%s"/>`, path)
		}
	}
	// The list has to be closed, since the element around it is not of HTML.
	fmt.Fprintf(&out, `<foreignObject x=%d><ol>%s</ol></foreignObject></svg>`, l.textX, &texts)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
}

// drawBands returns the bands of each kind, from edge to edge of the picture.
func drawBands(rows []row, l layout) map[string]string {
	made := map[string]string{}
	i := 0
	for i < len(rows) {
		band := rows[i].band
		from := i
		i++
		for i < len(rows) && rows[i].band == band && !rows[i].opens {
			i++
		}
		if band != "" {
			top := l.points[from].y - (lineHeight+rowGap)/2
			bottom := l.height
			if i < len(rows) {
				bottom = l.points[i].y - (lineHeight+rowGap)/2
			}
			made[band] += fmt.Sprintf("M0 %dH%dV%dH0z", top, l.width, bottom)
		}
	}
	return made
}

// List returns the events that [Draw] shows as an ol element, which is
// well-formed XML. It is empty if there are no events.
func List(events evidence.Events, options Options) template.HTML {
	shown := choose(events, options)
	if len(shown.rows) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(`<ol class="timeline-list">`)
	for _, row := range shown.rows {
		if row.skipped > 0 {
			fmt.Fprintf(&out, `<li class="timeline-more">%s</li>`, clean(row.text))
			continue
		}
		item, closing := `<li>`, ``
		if row.moment != nil && row.moment.Kind == Refused {
			item = `<li class="timeline-refused">`
		}
		if row.differs {
			item, closing = item+`<mark>`, `</mark>`
		}
		fmt.Fprintf(&out, `%s<b>%s</b> %s%s`, item, clean(row.label), clean(row.text), closing)
		if row.reactor {
			fmt.Fprintf(&out, ` <span class="timeline-by">(%s)</span>`, clean(row.by(options)))
		}
		out.WriteString(`</li>`)
	}
	if shown.more != "" {
		fmt.Fprintf(&out, `<li class="timeline-more">%s</li>`, clean(shown.more))
	}
	out.WriteString(`</ol>`)
	return template.HTML(strings.ReplaceAll(out.String(), "<b></b> ", "")) //nolint:gosec // every text in it went through clean
}
