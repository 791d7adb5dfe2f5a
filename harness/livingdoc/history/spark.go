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
	sparkHeight = 20
	sparkStep   = 3 // from build to build
	sparkMargin = 2 // for the width of the line, and for the dot at its end
	// sparkPoints is how many builds it shows, the last ones.
	sparkPoints = 30
	sparkWidth  = (sparkPoints-1)*sparkStep + 2*sparkMargin
)

// Spark draws durations, oldest first, as a line in the text's colour, the last
// one as a dot at its right end. It is inline SVG with the numbers in words, and
// empty if there are no durations. Its lower edge is zero, so that a line that is
// level did not change. There may be hundreds on a page, so it is short: about 300
// bytes.
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

	var line strings.Builder
	y := 0
	for i, took := range durations {
		share := float64(max(took, 0)) / float64(most)
		next := sparkHeight - sparkMargin - int(share*(sparkHeight-2*sparkMargin)+0.5)
		switch {
		case i == 0:
			fmt.Fprintf(&line, "M%d %d", sparkWidth-sparkMargin-(len(durations)-1)*sparkStep, next)
		case next < y:
			fmt.Fprintf(&line, "l%d%d", sparkStep, next-y)
		case next == y:
			fmt.Fprintf(&line, "h%d", sparkStep)
		default:
			fmt.Fprintf(&line, "l%d %d", sparkStep, next-y)
		}
		y = next
	}
	//nolint:gosec // it holds nothing but numbers and words of this package
	return template.HTML(fmt.Sprintf(`<svg class="spark" role="img" aria-label="%s" viewBox="0 0 %d %d" width="%[2]d" height="%[3]d">`+
		`<path d="%[4]s" fill="none" stroke="currentColor"/><circle cx="%[5]d" cy="%[6]d" r="%[7]d" fill="currentColor"/></svg>`,
		words, sparkWidth, sparkHeight, line.String(), sparkWidth-sparkMargin, y, sparkMargin))
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
