package history

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

// The measures of a spark line, in pixels where it is not scaled.
const (
	sparkWidth  = 100
	sparkHeight = 20
	sparkRadius = 2
	// sparkPoints is how many builds it shows, the last ones.
	sparkPoints = 50
)

// Spark draws durations, oldest first, as a line in the text's colour, the last
// one as a dot. It is inline SVG with the numbers in words, and empty if there
// are no durations. Its lower edge is zero, so that a line that is level did not
// change.
func Spark(durations []time.Duration) template.HTML {
	if len(durations) == 0 {
		return ""
	}
	durations = durations[max(0, len(durations)-sparkPoints):]
	most := max(slices.Max(durations), 1)
	last := durations[len(durations)-1]
	words := "took " + spell(last)
	if len(durations) > 1 {
		words = fmt.Sprintf("took %s; between %s and %s in %d builds", spell(last), spell(slices.Min(durations)), spell(slices.Max(durations)), len(durations))
	}

	var points strings.Builder
	x, y := 0, 0
	for i, took := range durations {
		x = sparkRadius + i*(sparkWidth-2*sparkRadius)/max(1, len(durations)-1)
		if len(durations) == 1 {
			x = sparkWidth - sparkRadius
		}
		share := float64(max(took, 0)) / float64(most)
		y = sparkHeight - sparkRadius - int(share*float64(sparkHeight-2*sparkRadius)+0.5)
		if i > 0 {
			points.WriteByte(' ')
		}
		fmt.Fprintf(&points, "%d,%d", x, y)
	}
	//nolint:gosec // it holds nothing but numbers and words of this package
	return template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="spark" role="img" aria-label="%[1]s" viewBox="0 0 %[2]d %[3]d" width="%[2]d" height="%[3]d">`+
		`<title>%[1]s</title><polyline points="%[4]s" fill="none" stroke="currentColor" stroke-width="1.5"/>`+
		`<circle cx="%[5]d" cy="%[6]d" r="%[7]d" fill="currentColor"/></svg>`,
		words, sparkWidth, sparkHeight, points.String(), x, y, sparkRadius))
}

// spell returns a duration as a reader would have it: two digits or so.
func spell(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
