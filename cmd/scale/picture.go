package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// chart is curves over something that grows by powers of ten.
type chart struct {
	title, across, up string
	top               float64 // what is above is not drawn
	lines             []line
}

type line struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// svg draws a chart.
func (c chart) svg() string {
	const (
		width, height           = 760, 420
		left, right, head, foot = 60, 230, 40, 44
	)
	colours := []string{"#135", "#c52", "#285", "#83a", "#777", "#b90"}
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range c.lines {
		for _, p := range l.points {
			low, high = min(low, p.x), max(high, p.x)
		}
	}
	x := func(value float64) float64 {
		return left + (width-left-right)*math.Log(value/low)/math.Log(high/low)
	}
	y := func(value float64) float64 { return height - foot - (height-head-foot)*value/c.top }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="22" font-size="15">%s</text>`, width, height, left, escaped(c.title))
	for tick := math.Pow(10, math.Ceil(math.Log10(low)-1e-9)); tick <= high*1.0001; tick *= 10 {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			x(tick), x(tick), head, height-foot, x(tick), height-foot+16, round(tick))
	}
	for i := range 6 {
		value := c.top * float64(i) / 5
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.3g</text>`,
			left, width-right, y(value), y(value), left-6, y(value)+4, value)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d">%s</text>`, (left+width-right)/2, height-8, escaped(c.across), 6, head-6, escaped(c.up))
	for i, l := range c.lines {
		colour := colours[i%len(colours)]
		var drawn []string
		for _, p := range l.points {
			if p.y <= c.top {
				drawn = append(drawn, fmt.Sprintf("%.1f,%.1f", x(p.x), y(p.y)))
			}
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(drawn, " "), colour)
		at := head + 14 + 20*i
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s</text>`,
			width-right+10, width-right+30, at-4, at-4, colour, width-right+36, at, escaped(l.name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
