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
func drawText(out *strings.Builder, label string, lines []string) {
	for i, line := range lines {
		rest, labelled := strings.CutPrefix(line, label)
		switch {
		case i > 0:
			fmt.Fprintf(out, `<br>%s`, clean(line))
		case labelled && label != "":
			fmt.Fprintf(out, `<li><b>%s</b>%s`, clean(label), clean(rest))
		default:
			fmt.Fprintf(out, `<li>%s`, clean(line))
		}
	}
}

// Style is the style sheet that pictures need.
func Style() string {
	const picture = `svg:has(>foreignObject)`
	return fmt.Sprintf(picture+`{max-width:100%%;height:auto;font-size:%dpx;fill:none;stroke-width:2}`+
		picture+` foreignObject{width:%dpx;height:100%%}`+
		picture+` ol{list-style:none;margin:0;padding:%dpx 0 0;line-height:%dpx;white-space:nowrap}`+
		picture+` li{margin:0 0 %dpx}`,
		fontSize, textWidth+margin, margin, lineHeight, rowGap) +
		picture + ` path:nth-child(1){stroke:var(--timeline-lane,#808080)}` +
		picture + ` path:nth-child(2){stroke:var(--timeline-arrow,currentColor);stroke-width:1.5}` +
		picture + ` path:nth-child(n+3){stroke-width:10}` +
		picture + ` path:nth-child(3){stroke:var(--timeline-scenario,currentColor);stroke-linecap:round}` +
		picture + ` path:nth-child(4){stroke:var(--timeline-reactor,currentColor);stroke-linecap:square}`
}
