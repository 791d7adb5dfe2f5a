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
// level did not change. There may be hundreds on a page, so it is short, about 200
// bytes, and needs the style sheet [SparkStyle].
func Spark(durations []time.Duration) template.HTML {
	if len(durations) == 0 {
		return ""
	}
	durations = durations[max(0, len(durations)-sparkPoints):]
	most := max(slices.Max(durations), 1)
	words := "took " + Spell(durations[0])
	if len(durations) > 1 {
		words = fmt.Sprintf("between %s and %s in %d builds", Spell(slices.Min(durations)), Spell(slices.Max(durations)), len(durations))
	}

	var line strings.Builder
	y, level := 0, 0
	flush := func() {
		if level > 0 {
			fmt.Fprintf(&line, "h%d", level)
		}
		level = 0
	}
	for i, took := range durations {
		share := float64(max(took, 0)) / float64(most)
		next := sparkHeight - sparkMargin - int(share*(sparkHeight-2*sparkMargin)+0.5)
		switch {
		case i == 0:
			fmt.Fprintf(&line, "M%d %d", sparkWidth-sparkMargin-(len(durations)-1)*sparkStep, next)
		case next == y:
			level += sparkStep
		default:
			flush()
			line.WriteString(strings.ReplaceAll(fmt.Sprintf("l%d %d", sparkStep, next-y), " -", "-"))
		}
		y = next
	}
	flush()
	//nolint:gosec // it holds nothing but numbers and words of this package
	return template.HTML(fmt.Sprintf(`<svg class="spark" role="img" aria-label="%s" viewBox="0 0 %d %d"><path d="%s"/><path d="M%d %dh0"/></svg>`,
		words, sparkWidth, sparkHeight, line.String(), sparkWidth-sparkMargin, y))
}

// SparkStyle is the style sheet that spark lines need.
func SparkStyle() string {
	return fmt.Sprintf(`.spark{width:%dpx;height:%dpx;fill:none;stroke:currentColor}.spark path+path{stroke-width:%d;stroke-linecap:round}`,
		sparkWidth, sparkHeight, 2*sparkMargin)
}

// Spell returns a duration as a reader would have it: two digits or so.
func Spell(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
