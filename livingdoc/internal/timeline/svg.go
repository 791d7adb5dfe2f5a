package timeline

import (
	"fmt"
	"strings"
)

// The measures of a drawing, in pixels where it is not scaled. The letters are
// large enough for a picture that is scaled to a phone's width.
const (
	pitch      = 18  // from lane to lane
	margin     = 12  // around everything
	bow        = 14  // the room for an arrow that returns to its lane
	textWidth  = 280 // of the texts, which hold lineWidth
	lineWidth  = 362 // in tenths of an ordinary letter
	maxLines   = 6   // of one event's text
	fontSize   = 14
	lineHeight = 18
	rowGap     = 10 // between two rows
	radius     = 5  // of an event's shape
)

// point is where an event's shape is.
type point struct{ x, y int }

// layout says where everything is.
type layout struct {
	width, height int
	textX         int
	points        []point    // of the rows
	lines         [][]string // of their texts
	more          []string   // the lines at the end
}

// lay finds a place for everything.
func lay(shown chosen) layout {
	l := layout{
		textX:  margin + len(shown.lanes)*pitch + bow,
		points: make([]point, len(shown.rows)),
		lines:  make([][]string, len(shown.rows)),
	}
	l.width = l.textX + textWidth + margin
	y := margin
	for i, row := range shown.rows {
		l.lines[i] = wrap(strings.TrimSpace(row.label+" "+row.text), lineWidth, maxLines)
		l.points[i] = point{margin + max(row.lane, 0)*pitch + pitch/2, y + lineHeight/2}
		if row.moment != nil && row.lane < 0 {
			l.points[i].x = l.textX - bow
		}
		y += len(l.lines[i])*lineHeight + rowGap
	}
	if shown.more != "" {
		l.more = wrap(shown.more, lineWidth, maxLines)
		y += len(l.more)*lineHeight + rowGap
	}
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

// drawArrow draws an arrow that ends level with its target, with its head.
func drawArrow(out *strings.Builder, from, to point) {
	side := side(from, to)
	dx, dy := to.x+side-from.x, to.y-from.y-radius
	head := side + side/3
	if (dx < 0) == (side > 0) && dx != 0 {
		fmt.Fprintf(out, "M%d %dq0 %d%s", from.x, from.y+radius, dy, pair(dx, dy))
	} else { // to its own lane, from beside it
		fmt.Fprintf(out, "M%d %dc0 %d%s%s", from.x, from.y+radius, dy/2, pair(4*side, dy-2), pair(dx, dy))
	}
	fmt.Fprintf(out, "m%d-4%s%s", head, pair(-head, 4), pair(head, 4))
}

// pair is two numbers of a path, behind another.
func pair(x, y int) string {
	text := fmt.Sprintf(" %d %d", x, y)
	return strings.ReplaceAll(text, " -", "-")
}

// drawText writes an item of the list, the first letters of which may be a label.
func drawText(out *strings.Builder, r row, lines []string, options Options) {
	item := "<li>"
	switch {
	case r.moment != nil && r.moment.Kind == Refused:
		item = "<li class=no>"
	case r.moment != nil || r.skipped > 0:
		item = "<li class=by>"
	}
	closing := ""
	if r.differs {
		item, closing = item+"<mark>", "</mark>"
	}
	for i, line := range lines {
		rest, labelled := strings.CutPrefix(line, r.label)
		switch {
		case i > 0:
			fmt.Fprintf(out, `<br>%s`, clean(line))
		case labelled && r.label != "":
			fmt.Fprintf(out, `%s<b>%s</b>%s`, item, clean(r.label), clean(rest))
		default:
			fmt.Fprintf(out, `%s%s`, item, clean(line))
		}
	}
	out.WriteString(closing)
	if r.reactor {
		fmt.Fprintf(out, `<i>, %s</i>`, clean(r.by(options)))
	}
}

// Style is the style sheet that pictures need.
func Style() string {
	const picture = `svg:has(>foreignObject)`
	paths := []string{
		"fill:var(--timeline-stop,#8883)", "fill:var(--timeline-break,#f003)", "fill:var(--timeline-time,#00f2)",
		"stroke:var(--timeline-lane,#808080)", "stroke:var(--timeline-arrow,currentColor);stroke-width:1.5",
		"stroke:var(--timeline-scenario,currentColor);stroke-width:10;stroke-linecap:round",
		"stroke:var(--timeline-reactor,currentColor);stroke-width:10",
		"stroke:var(--timeline-scenario,currentColor);fill:var(--timeline-paper,#fff)",
		"stroke:var(--timeline-refused,#c00);stroke-width:3;stroke-linecap:round",
	}
	made := fmt.Sprintf(picture+`{max-width:100%%;height:auto;overflow:visible;font-size:%dpx;fill:none;stroke-width:2}`+
		picture+` foreignObject{overflow:visible;width:%dpx;height:100%%}`+
		picture+` ol{list-style:none;margin:0;padding:%dpx 0 0;line-height:%dpx;white-space:nowrap}`+
		picture+` li{margin:0 0 %dpx}`,
		fontSize, textWidth+margin, margin, lineHeight, rowGap) +
		picture + ` li>i{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}`
	for i, style := range paths {
		made += fmt.Sprintf("%s path:nth-child(%d){%s}", picture, i+1, style)
	}
	return made
}
