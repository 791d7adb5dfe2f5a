package timeline

import (
	"fmt"
	"html/template"
	"strings"
)

// The measures of a drawing, in pixels where it is not scaled. The letters are
// large enough for a picture that is scaled to a phone's width.
const (
	pitch      = 18  // from lane to lane
	margin     = 12  // around everything
	bow        = 14  // the room for an arrow that returns to its lane
	textWidth  = 280 // of the texts, which hold lineWidth letters
	lineWidth  = 36  // in letters
	maxLines   = 4   // of one event's text
	fontSize   = 14
	lineHeight = 18
	rowGap     = 10 // between two rows
	radius     = 5  // of an event's shape
)

// point is where an event's shape is.
type point struct{ x, y int }

// drawing returns the svg element.
func drawing(shown chosen, options Options) template.HTML {
	legend := []string{options.Scenario}
	if shown.reactor > 0 {
		legend = append(legend, options.Reactor)
	}
	l := lay(shown, margin+len(legend)*lineHeight+rowGap)

	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" aria-labelledby="%[1]s-title %[1]s-desc" `+
		`viewBox="0 0 %[2]d %[3]d" width="%[2]d" height="%[3]d" style="max-width:100%%;height:auto" font-family="inherit" font-size="%[4]d" fill="currentColor">`,
		options.ID, l.width, l.height, fontSize)
	fmt.Fprintf(&out, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`,
		options.ID, clean(options.Title), options.ID, clean(describe(shown, options)))
	fmt.Fprintf(&out, `<marker id="%s-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">`+
		`<path d="M0 0L8 4L0 8z" style="fill:var(--timeline-arrow,currentColor)"/></marker>`, options.ID)

	drawLegend(&out, legend)
	drawLanes(&out, shown, l.points)
	drawArrows(&out, shown, l.points, options.ID)
	drawShapes(&out, shown, l.points)

	for i, row := range shown.rows {
		bold := ""
		if row.lane >= 0 {
			bold = shown.lanes[row.lane].label
		}
		drawText(&out, l.textX, l.points[i].y+fontSize/3, bold, l.lines[i])
	}
	drawText(&out, l.textX, l.moreY, "", l.more)
	out.WriteString(`</svg>`)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
}

// layout says where everything is.
type layout struct {
	width, height int
	textX         int
	points        []point    // of the rows
	lines         [][]string // of their texts
	more          []string   // the lines at the end
	moreY         int
}

// lay finds a place for everything below a height.
func lay(shown chosen, top int) layout {
	l := layout{
		textX:  margin + len(shown.lanes)*pitch + bow,
		points: make([]point, len(shown.rows)),
		lines:  make([][]string, len(shown.rows)),
	}
	l.width = l.textX + textWidth + margin
	y := top
	for i, row := range shown.rows {
		words := row.text
		if row.lane >= 0 {
			words = shown.lanes[row.lane].label + " " + words
		}
		l.lines[i] = wrap(words, lineWidth, maxLines)
		l.points[i] = point{margin + max(row.lane, 0)*pitch + pitch/2, y + lineHeight/2}
		y += len(l.lines[i])*lineHeight + rowGap
	}
	if shown.more != "" {
		l.more = wrap(shown.more, lineWidth, maxLines)
		y += len(l.more)*lineHeight + rowGap
	}
	l.moreY = y - rowGap - len(l.more)*lineHeight + lineHeight/2 + fontSize/3
	l.height = y + margin - rowGap
	return l
}

// side is where an arrow ends, from the middle of its target.
func side(from, to point) int {
	if to.x > from.x {
		return -radius - 1
	}
	return radius + 1
}

// describe says in words what the picture shows.
func describe(shown chosen, options Options) string {
	labels := make([]string, 0, len(shown.lanes))
	for _, lane := range shown.lanes {
		labels = append(labels, lane.label)
	}
	text := fmt.Sprintf("%s in %s: %s", counted(shown.events, "event"), counted(shown.streams, "lane"), strings.Join(labels, ", "))
	if shown.more != "" {
		text += " " + shown.more
	}
	text += "."
	if shown.reactor > 0 {
		text += fmt.Sprintf(" %s written %s; arrows lead there from what caused them.", were(shown.reactor), options.Reactor)
	}
	return text
}

func were(n int) string {
	if n == 1 {
		return "1 was"
	}
	return thousands(n) + " were"
}

// drawLegend says which shape stands for whom.
func drawLegend(out *strings.Builder, legend []string) {
	for i, words := range legend {
		y := margin + i*lineHeight + lineHeight/2
		drawShape(out, point{margin + pitch/2, y}, i == 1)
		drawText(out, margin+pitch+4, y+fontSize/3, "", []string{words})
	}
}

// drawLanes draws a line through the events of each stream.
func drawLanes(out *strings.Builder, shown chosen, points []point) {
	out.WriteString(`<g stroke-width="2" style="stroke:var(--timeline-lane,#808080)">`)
	for _, lane := range shown.lanes {
		if lane.first < 0 {
			continue // all of its events are in the gap
		}
		from, to := points[lane.first], points[lane.last]
		fmt.Fprintf(out, `<path d="M%d %dV%d"><title>%s</title></path>`, from.x, from.y, to.y, clean(lane.label))
	}
	out.WriteString(`</g>`)
}

// drawArrows draws a bow from each cause to what the reactor wrote.
func drawArrows(out *strings.Builder, shown chosen, points []point, id string) {
	fmt.Fprintf(out, `<g fill="none" stroke-width="1.5" stroke-dasharray="4 2" style="stroke:var(--timeline-arrow,currentColor)" marker-end="url(#%s-head)">`, id)
	for i, row := range shown.rows {
		if row.cause < 0 {
			continue
		}
		from, to := points[row.cause], points[i]
		side := side(from, to)
		// Level with the target at its end, so that the head does not cover a lane.
		fmt.Fprintf(out, `<path d="M%d %dC%d %d %d %d %d %d"/>`,
			from.x, from.y+radius, from.x, (from.y+to.y)/2, to.x+4*side, to.y-2, to.x+side, to.y)
	}
	out.WriteString(`</g>`)
}

func drawShapes(out *strings.Builder, shown chosen, points []point) {
	for i, row := range shown.rows {
		if row.lane >= 0 {
			drawShape(out, points[i], row.reactor)
		}
	}
}

// drawShape draws a disc for the scenario's events and a diamond, which is
// hollow, for the reactor's.
func drawShape(out *strings.Builder, at point, reactor bool) {
	if reactor {
		const r = radius + 1
		fmt.Fprintf(out, `<path d="M%d %dl%d %dl-%d %dl-%d -%dz" stroke-width="2" style="fill:var(--timeline-paper,Canvas);stroke:var(--timeline-reactor,currentColor)"/>`,
			at.x, at.y-r, r, r, r, r, r, r)
		return
	}
	fmt.Fprintf(out, `<circle cx="%d" cy="%d" r="%d" style="fill:var(--timeline-scenario,currentColor)"/>`, at.x, at.y, radius)
}

// drawText writes lines of text, the first letters of which may be bold.
func drawText(out *strings.Builder, x, y int, bold string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, `<text x="%d" y="%d">`, x, y)
	for i, line := range lines {
		if i > 0 {
			fmt.Fprintf(out, `<tspan x="%d" dy="%d">`, x, lineHeight)
		}
		// The label is at the start, unless it was itself broken.
		if rest, ok := strings.CutPrefix(line, bold); ok && i == 0 && bold != "" {
			fmt.Fprintf(out, `<tspan font-weight="bold">%s</tspan>%s`, clean(bold), clean(rest))
		} else {
			out.WriteString(clean(line))
		}
		if i > 0 {
			out.WriteString(`</tspan>`)
		}
	}
	out.WriteString(`</text>`)
}
