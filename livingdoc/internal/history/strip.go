package history

import (
	"fmt"
	"html/template"
	"strings"

	"example.com/groupcheckout/livingdoc/internal/run"
)

// The measures of a strip, in pixels where it is not scaled.
const (
	stripHeight = 16
	stripStep   = 6
)

// Strip draws how something went in builds, oldest first, as a bar for each: whole if
// it held, half if it was flaky, low and red if it failed, a dot if it did not run. It
// is inline SVG that needs the style sheet [StripStyle]; what it says stands beside it
// in words, by [Health].
func Strip(states []run.Verdict) template.HTML {
	if len(states) == 0 {
		return ""
	}
	paths := map[run.Verdict]*strings.Builder{}
	order := []run.Verdict{run.Passed, run.Flaky, run.Failed, run.NotRun}
	for _, v := range order {
		paths[v] = &strings.Builder{}
	}
	for i, state := range states {
		x := i*stripStep + stripStep/2
		switch state {
		case run.Passed:
			fmt.Fprintf(paths[run.Passed], "M%d 1v14", x)
		case run.Flaky:
			fmt.Fprintf(paths[run.Flaky], "M%d 5v10", x)
		case run.Failed:
			fmt.Fprintf(paths[run.Failed], "M%d 9v6", x)
		default:
			fmt.Fprintf(paths[run.NotRun], "M%d 13v2", x)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="strip" aria-hidden="true" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d">`, len(states)*stripStep, stripHeight)
	for _, v := range order {
		if paths[v].Len() == 0 {
			out.WriteString(`<path/>`)
		} else {
			fmt.Fprintf(&out, `<path d="%s"/>`, paths[v])
		}
	}
	out.WriteString(`</svg>`)
	return template.HTML(out.String()) //nolint:gosec // it holds numbers alone
}

// StripStyle is the style sheet that strips need. Colours are those of the page.
func StripStyle() string {
	return `.strip{vertical-align:-3px;fill:none;stroke-width:4}` +
		`.strip path:nth-child(1){stroke:var(--good)}.strip path:nth-child(2){stroke:var(--shaky)}` +
		`.strip path:nth-child(3){stroke:var(--bad)}.strip path:nth-child(4){stroke:var(--soft)}`
}

// Health says what a strip shows in words, such as "failed in 4 of the last 20 builds".
func Health(states []run.Verdict) string {
	counts := map[run.Verdict]int{}
	ran := 0
	for _, state := range states {
		if state == run.Passed || state == run.Flaky || state == run.Failed {
			counts[state]++
			ran++
		}
	}
	of := fmt.Sprintf("of the last %d builds", ran)
	switch {
	case ran == 0:
		return "not checked in these builds"
	case counts[run.Failed]+counts[run.Flaky] == 0 && ran == 1:
		return "held in the one build so far"
	case ran == 1 && counts[run.Failed] == 1:
		return "failed in the one build so far"
	case ran == 1:
		return "flaky in the one build so far"
	case counts[run.Failed]+counts[run.Flaky] == 0:
		return fmt.Sprintf("held in each of the last %d builds", ran)
	case counts[run.Flaky] == 0:
		return fmt.Sprintf("failed in %d %s", counts[run.Failed], of)
	case counts[run.Failed] == 0:
		return fmt.Sprintf("flaky in %d %s", counts[run.Flaky], of)
	default:
		return fmt.Sprintf("failed in %d and flaky in %d %s", counts[run.Failed], counts[run.Flaky], of)
	}
}
