package timeline

import (
	"fmt"
	"html/template"
	"strings"

	"example.com/groupcheckout/livingdoc/evidence"
)

// Options are what may differ from picture to picture.
type Options struct {
	Reactor   string // says in a list who wrote what the scenario did not, such as "by the reactor"
	MaxLanes  int    // how many streams are shown at most, 1 or more
	MaxEvents int    // how many events are shown at most, 1 or more
}

// Draw returns the events as an svg element, in the short form of HTML, for a page
// that has the style sheet [Style]. It is empty if there are no events. Shapes of a
// kind are one path of points, and the texts are a list beside them, whose lines are
// broken where the layout has them broken.
func Draw(events evidence.Events, options Options) template.HTML {
	shown := choose(events, options)
	if len(shown.rows) == 0 {
		return ""
	}
	l := lay(shown)
	var lanes, arrows, scenario, reactor, texts strings.Builder
	for _, lane := range shown.lanes {
		if lane.first >= 0 {
			fmt.Fprintf(&lanes, "M%d %dV%d", l.points[lane.first].x, l.points[lane.first].y, l.points[lane.last].y)
		}
	}
	for i, row := range shown.rows {
		at := l.points[i]
		switch {
		case row.lane >= 0 && row.reactor:
			fmt.Fprintf(&reactor, "M%d %dh0", at.x, at.y)
		case row.lane >= 0:
			fmt.Fprintf(&scenario, "M%d %dh0", at.x, at.y)
		}
		if row.cause >= 0 {
			drawArrow(&arrows, l.points[row.cause], at)
		}
		label := ""
		if row.lane >= 0 {
			label = shown.lanes[row.lane].label
		}
		drawText(&texts, label, l.lines[i])
	}
	drawText(&texts, "", l.more)

	var out strings.Builder
	fmt.Fprintf(&out, `<svg viewBox="0 0 %d %d" width=%[1]d>`, l.width, l.height)
	// The style sheet tells them apart by their order.
	for _, path := range []*strings.Builder{&lanes, &arrows, &scenario, &reactor} {
		if path.Len() == 0 {
			out.WriteString(`<path/>`)
		} else {
			fmt.Fprintf(&out, `<path d="%s"/>`, path)
		}
	}
	// The list has to be closed, since the element around it is not of HTML.
	fmt.Fprintf(&out, `<foreignObject x=%d><ol>%s</ol></foreignObject></svg>`, l.textX, &texts)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
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
		fmt.Fprintf(&out, `<li><b>%s</b> %s`, clean(shown.lanes[row.lane].label), clean(row.text))
		if row.reactor {
			fmt.Fprintf(&out, ` <span class="timeline-by">(%s`, clean(options.Reactor))
			if row.because != "" {
				fmt.Fprintf(&out, `, because of %s`, clean(row.because))
			}
			out.WriteString(`)</span>`)
		}
		out.WriteString(`</li>`)
	}
	if shown.more != "" {
		fmt.Fprintf(&out, `<li class="timeline-more">%s</li>`, clean(shown.more))
	}
	out.WriteString(`</ol>`)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
}
