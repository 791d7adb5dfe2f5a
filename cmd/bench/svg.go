package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// picture draws the ratios of one figure over some runs, the last one at the right: the median,
// and what half of the rounds lie between.
func picture(points []result) string {
	const (
		width, height           = 640, 240
		left, right, top, below = 56, 16, 40, 28
	)
	last := points[len(points)-1]
	highest := 1.0
	for _, p := range points {
		highest = max(highest, p.High*1.1)
	}
	x := func(i int) float64 {
		return left + (width-left-right)*(float64(i)+0.5)/float64(len(points))
	}
	y := func(ratio float64) float64 { return height - below - (height-top-below)*ratio/highest }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`, width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14">%s: %s, target %s</text>`, left, escaped(last.Name), short(last.Ratio), escaped(last.Target))
	for _, tick := range ticks(highest) {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`, left, width-right, y(tick), y(tick))
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-8, y(tick)+4, short(tick))
	}
	var line []string
	for i, p := range points {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#9ab" stroke-width="6"/>`, x(i), x(i), y(p.Low), y(p.High))
		line = append(line, fmt.Sprintf("%.1f,%.1f", x(i), y(p.Ratio)))
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#135" stroke-width="2"/>`, strings.Join(line, " "))
	for i, p := range points {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#135"/>`, x(i), y(p.Ratio))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">ratio to the floor, the last %d runs</text>`, left, height-8, len(points))
	b.WriteString("</svg>\n")
	return b.String()
}

// ticks are round numbers from 0 up to the highest.
func ticks(highest float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10(highest)))
	for highest/step < 4 {
		step /= 2
	}
	var all []float64
	for t := 0.0; t <= highest; t += step {
		all = append(all, t)
	}
	return all
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
