package timeline

import (
	"fmt"
	"html/template"
	"strings"
)

// brief returns the svg element, in the short form of HTML, for a page whose style sheet has what all
// pictures share; see [Options.Brief]. Shapes of a kind are one path, and an
// arrow, which ends level with its target, has a head that lies.
func brief(shown chosen) template.HTML {
	l := lay(shown, margin)
	var lanes, arrows, heads, discs, diamonds, texts strings.Builder
	for _, lane := range shown.lanes {
		if lane.first >= 0 {
			fmt.Fprintf(&lanes, "M%d %dV%d", l.points[lane.first].x, l.points[lane.first].y, l.points[lane.last].y)
		}
	}
	for i, row := range shown.rows {
		at := l.points[i]
		switch {
		case row.lane >= 0 && row.reactor:
			const r = radius + 1
			fmt.Fprintf(&diamonds, "M%d %dl%d %d-%d %d-%d-%dz", at.x, at.y-r, r, r, r, r, r, r)
		case row.lane >= 0:
			fmt.Fprintf(&discs, "M%d %dh0", at.x, at.y)
		}
		if row.cause >= 0 {
			from, side := l.points[row.cause], side(l.points[row.cause], at)
			fmt.Fprintf(&arrows, "M%d %dC%d %d %d %d %d %d", from.x, from.y+radius, from.x, (from.y+at.y)/2, at.x+4*side, at.y-2, at.x+side, at.y)
			fmt.Fprintf(&heads, "M%d %dl%d-4v8z", at.x+side, at.y, side+side/3)
		}
		bold := ""
		if row.lane >= 0 {
			bold = shown.lanes[row.lane].label
		}
		briefText(&texts, at.y+fontSize/3, bold, l.lines[i])
	}
	briefText(&texts, l.moreY, "", l.more)

	var out strings.Builder
	fmt.Fprintf(&out, `<svg class=timeline viewBox="0 0 %d %d" width=%[1]d>`, l.width, l.height)
	for _, part := range []struct {
		class string
		path  *strings.Builder
	}{{"tl", &lanes}, {"ta", &arrows}, {"th", &heads}, {"ts", &discs}, {"tr", &diamonds}} {
		if part.path.Len() > 0 {
			fmt.Fprintf(&out, `<path class=%s d="%s"/>`, part.class, part.path)
		}
	}
	fmt.Fprintf(&out, `<g transform="translate(%d)">%s</g></svg>`, l.textX, &texts)
	return template.HTML(out.String()) //nolint:gosec // every text in it went through clean
}

// briefText writes lines of text, the first letters of which may be a label.
func briefText(out *strings.Builder, y int, label string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, `<text y=%d>`, y)
	for i, line := range lines {
		rest, ok := strings.CutPrefix(line, label)
		switch {
		case i > 0:
			fmt.Fprintf(out, ` <tspan x=0 dy=%d>%s</tspan>`, lineHeight, clean(line))
		case ok && label != "":
			fmt.Fprintf(out, `<tspan>%s</tspan>%s`, clean(label), clean(rest))
		default:
			out.WriteString(clean(line))
		}
	}
	out.WriteString(`</text>`)
}

// Style is the style sheet that a picture needs which is brief.
func Style() string {
	return `.timeline{max-width:100%;height:auto;font-size:14px;fill:currentColor}` +
		`.timeline tspan:not([x]){font-weight:600}` +
		`.tl{fill:none;stroke:var(--timeline-lane,#808080);stroke-width:2}` +
		`.ta{fill:none;stroke:var(--timeline-arrow,currentColor);stroke-width:1.5;stroke-dasharray:4 2}` +
		`.th{fill:var(--timeline-arrow,currentColor)}` +
		`.ts{fill:none;stroke:var(--timeline-scenario,currentColor);stroke-width:10;stroke-linecap:round}` +
		`.tr{fill:var(--timeline-paper,Canvas);stroke:var(--timeline-reactor,currentColor);stroke-width:2}`
}
