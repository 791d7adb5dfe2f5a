package chart

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// The measures of a chart, in pixels where it is not scaled.
const (
	boxHeight = 34
	boxWidth  = 196
	pitch     = 66 // from box to box
	lane      = 22 // from arc to arc
	margin    = 14
	head      = 30 // of the start
	letter    = 7  // roughly
	loop      = 34 // how wide an arrow is that leads to where it comes from
)

// Draw returns the chart as an svg element; relative makes links of addresses.
func (g *Graph) Draw(label string, relative func(address string) string) template.HTML {
	nodes := g.order()
	index := map[string]int{}
	for i, n := range nodes {
		index[n.typ] = i
	}
	var edges []*edge
	for _, e := range g.edges {
		edges = append(edges, e)
	}
	at := func(typ string) int {
		if typ == "" {
			return -1
		}
		return index[typ]
	}
	slices.SortFunc(edges, func(a, b *edge) int {
		return cmp.Or(cmp.Compare(at(a.from), at(b.from)), cmp.Compare(at(a.to), at(b.to)))
	})
	sides := lanes(edges, at)
	left, right := 1, 1
	for _, s := range sides {
		left, right = max(left, -s), max(right, s)
	}
	x := margin + left*lane + 12 // of the boxes
	width := x + boxWidth + right*lane + 12 + margin
	height := head + len(nodes)*pitch

	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="chart" role="group" aria-label="%s" viewBox="0 0 %d %d" width="%[2]d">`, template.HTMLEscapeString(label), width, height)
	fmt.Fprintf(&out, `<circle class="begin" cx="%d" cy="%d" r="6"/>`, x+boxWidth/2, margin)
	for i, e := range edges {
		from, to := at(e.from), at(e.to)
		path, lx, ly := arrow(from, to, sides[i], x)
		name := fmt.Sprintf("%s, then %s: %s", g.called(e.from), g.called(e.to), counted(e.places))
		if e.places > 1 {
			name += ", such as"
		}
		fmt.Fprintf(&out, `<a href="%s" aria-label="%s"><title>%[2]s</title><path d="%s"/><path class="line" d="%[3]s"/><text x="%d" y="%d">%d</text></a>`,
			template.HTMLEscapeString(relative(e.first.Address)), template.HTMLEscapeString(name+" “"+e.first.Title+"”"), path, lx, ly, e.places)
	}
	for i, n := range nodes {
		class := ""
		if g.ends(n.typ) {
			class = ` class="end"`
		}
		y := top(i)
		fmt.Fprintf(&out, `<rect%s x="%d" y="%d" width="%d" height="%d" rx="8"/><text class="name" x="%d" y="%d">%s</text>`,
			class, x, y, boxWidth, boxHeight, x+boxWidth/2, y+boxHeight/2+5, template.HTMLEscapeString(fit(n.name())))
	}
	out.WriteString(`</svg>`)
	return template.HTML(out.String()) //nolint:gosec // every text in it was escaped
}

func (g *Graph) called(typ string) string {
	if typ == "" {
		return "at first"
	}
	return g.nodes[typ].name()
}

func counted(n int) string {
	if n == 1 {
		return "in 1 example"
	}
	return fmt.Sprintf("in %d examples", n)
}

// fit cuts a name to the width of a box.
func fit(name string) string {
	most := (boxWidth - 16) / letter
	if letters := []rune(name); len(letters) > most {
		return strings.TrimSpace(string(letters[:most-1])) + "…"
	}
	return name
}

func top(i int) int { return head + i*pitch + (pitch-boxHeight)/2 - 4 }

// lanes gives each arrow a place beside the boxes: 0 for one straight down and for one to
// where it comes from, to the right of them for one that goes further down, to the left for
// one that goes up, the shorter the closer, and no two that are level in the same.
func lanes(edges []*edge, at func(string) int) []int {
	made := make([]int, len(edges))
	order := make([]int, len(edges))
	for i := range order {
		order[i] = i
	}
	span := func(e *edge) int { return max(at(e.to)-at(e.from), at(e.from)-at(e.to)) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(span(edges[a]), span(edges[b])) })
	type taken struct{ side, low, high int }
	var used []taken
	for _, i := range order {
		from, to := at(edges[i].from), at(edges[i].to)
		if to == from+1 || to == from {
			continue
		}
		sign := 1
		if to < from {
			sign = -1
		}
		low, high := min(from, to), max(from, to)
		for side := 1; ; side++ {
			clash := slices.ContainsFunc(used, func(t taken) bool {
				return t.side == sign*side && low < t.high && t.low < high
			})
			if !clash {
				made[i] = sign * side
				used = append(used, taken{sign * side, low, high})
				break
			}
		}
	}
	return made
}

// arrow is the path from one box to another, with its head, and where the middle of its
// number is: where nothing else is drawn, which is between two boxes, since there all other
// arrows go straight up or down.
func arrow(from, to, side, x int) (path string, lx, ly int) {
	middle := x + boxWidth/2
	start, end := top(from)+boxHeight, top(to)
	if from < 0 {
		start = margin + 6
	}
	switch {
	case from == to: // a loop beneath the box
		left, right := x+18, x+18+loop
		return fmt.Sprintf("M%d %dv6q0 9 9 9h%dq9 0 9-9v-4m-5 6l5-8 5 8", left, start, loop-18), right + 18, start + 14
	case side == 0:
		return fmt.Sprintf("M%d %dV%dm-5-8l5 8 5-8", middle, start, end-2), middle + 20, (start+end)/2 + 4
	}
	edge, out := x+boxWidth, x+boxWidth+side*lane
	sign := 1
	if side < 0 {
		edge, out = x, x+side*lane
		sign = -1
	}
	y0, y1 := top(from)+boxHeight/2+6, top(to)+boxHeight/2-6
	if to < from {
		y0, y1 = top(from)+boxHeight/2-6, top(to)+boxHeight/2+6
	}
	begin := edge
	if from < 0 {
		begin, y0 = middle+6, margin
	}
	round := 10
	if y1 < y0 {
		round = -10
	}
	path = fmt.Sprintf("M%d %dH%d", begin, y0, out-sign*10)
	path += fmt.Sprintf("Q%d %d %d %d", out, y0, out, y0+round)
	path += fmt.Sprintf("V%dQ%d %d %d %d", y1-round, out, y1, out-sign*10, y1)
	path += fmt.Sprintf("H%dm%d-5l%d 5l%d 5", edge+sign*2, sign*8, -sign*8, sign*8)
	above := max(0, (from+to-1)/2)                                                               // the box above the gap in the middle of its way
	return path, out, top(above) + boxHeight + (pitch-boxHeight)/2 + 4 + 7*(1-2*((side*sign)%2)) // those side by side are not level
}

// Style is the style sheet that charts need. Colours are those of the page.
func Style() string {
	return `.chart{max-width:100%;height:auto;font:600 13px var(--sans)}` +
		`.chart rect{fill:var(--sheet);stroke:var(--line-strong);stroke-width:1.5}` +
		`.chart rect.end{fill:var(--mark);stroke:var(--ink);stroke-width:2}` +
		`.chart .begin{fill:var(--ink)}` +
		`.chart text{fill:var(--ink);text-anchor:middle}` +
		`.chart path{fill:none;stroke:var(--timeline-arrow);stroke-width:1.5}` +
		`.chart a path:not(.line){stroke:transparent;stroke-width:14}` +
		`.chart a text{font-weight:400;font-size:11px;fill:var(--soft);paint-order:stroke;stroke:var(--paper);stroke-width:5}` +
		`.chart a:is(:hover,:focus-visible) .line{stroke:var(--link);stroke-width:3}` +
		`.chart a:is(:hover,:focus-visible) text{fill:var(--link)}` +
		`.chart a:focus-visible{outline:none}`
}
