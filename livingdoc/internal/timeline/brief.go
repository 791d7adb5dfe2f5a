package timeline

import (
	"fmt"
	"html/template"
	"strings"
)

// brief returns the svg element, in the short form of HTML, for a page whose style
// sheet has what all pictures share; see [Options.Brief]. Shapes of a kind are one
// path of points, and the texts are a list beside them, whose lines are broken
// where the layout has them broken.
func brief(shown chosen) template.HTML {
	l := lay(shown, margin)
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
			briefArrow(&arrows, l.points[row.cause], at)
		}
		label := ""
		if row.lane >= 0 {
			label = shown.lanes[row.lane].label
		}
		briefText(&texts, label, l.lines[i])
	}
	briefText(&texts, "", l.more)

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

// briefArrow draws an arrow that ends level with its target, with its head.
func briefArrow(out *strings.Builder, from, to point) {
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

// briefText writes an item of the list, the first letters of which may be a label.
func briefText(out *strings.Builder, label string, lines []string) {
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

// Style is the style sheet that a picture needs which is brief.
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
