package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/groupcheckout/checkout/demo"
	"example.com/groupcheckout/internal/plural"
)

// progress shows how far the demo is: as a bar on a terminal that is wide enough, elsewhere
// as a line for each quarter.
type progress struct {
	out    io.Writer
	note   func(line string)
	bars   bool
	quiet  bool
	phase  demo.Phase
	bar    *progressbar.ProgressBar
	before func() // called once, before the first step; may be nil
}

// How wide a bar is, beside its words, and how often it is drawn at the most.
const (
	barWidth = 30
	redraw   = 50 * time.Millisecond
)

func newProgress(s streams, quiet bool) *progress {
	return &progress{out: s.err, note: s.note, bars: s.styles.err.Width >= storyWidth && !s.json, quiet: quiet}
}

// show takes one step of the demo.
func (p *progress) show(step demo.Progress) {
	if p.before != nil {
		p.before()
		p.before = nil
	}
	switch {
	case p.quiet:
	case !p.bars:
		quarter := func(done int) int { return 4 * done / step.Of }
		if step.Done > 0 && quarter(step.Done) > quarter(step.Done-1) {
			p.note(fmt.Sprintf("%s: %s of %s", step.Phase, plural.Thousands(step.Done), plural.Thousands(step.Of)))
		}
	default:
		if p.phase != step.Phase {
			p.end()
			p.phase = step.Phase
			p.bar = progressbar.NewOptions(step.Of,
				progressbar.OptionSetWriter(p.out),
				progressbar.OptionSetWidth(barWidth),
				progressbar.OptionSetTheme(progressbar.ThemeUnicode),
				progressbar.OptionSetPredictTime(false),
				progressbar.OptionSetElapsedTime(false),
				progressbar.OptionThrottle(redraw))
		}
		p.bar.Describe(fmt.Sprintf("%-18s  %7s of %s", step.Phase, plural.Thousands(step.Done), plural.Thousands(step.Of)))
		_ = p.bar.Set(step.Done) // a bar that cannot be drawn is no reason to stop
	}
}

// end leaves the line of the bar.
func (p *progress) end() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
		p.bar = nil
	}
}
