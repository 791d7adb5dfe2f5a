package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"example.com/groupcheckout/checkout/demo"
)

// progress shows how far the demo is: as a bar on a terminal, elsewhere as a
// line for each quarter.
type progress struct {
	out   io.Writer
	width int // of the terminal; 0: plain lines
	quiet bool
	phase demo.Phase
	bar   *progressbar.ProgressBar
}

// redraw is how often a bar is drawn at the most.
const redraw = 50 * time.Millisecond

func newProgress(out io.Writer, quiet bool) *progress {
	p := &progress{out: out, quiet: quiet}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor is a small number
		p.width = 40
	}
	return p
}

// show takes one step of the demo.
func (p *progress) show(step demo.Progress) {
	switch {
	case p.quiet:
	case p.width == 0:
		quarter := func(done int) int { return 4 * done / step.Of }
		if step.Done > 0 && quarter(step.Done) > quarter(step.Done-1) {
			fmt.Fprintf(p.out, "%s: %d of %d\n", step.Phase, step.Done, step.Of)
		}
	default:
		if p.phase != step.Phase {
			p.end()
			p.phase = step.Phase
			p.bar = progressbar.NewOptions(step.Of,
				progressbar.OptionSetWriter(p.out),
				progressbar.OptionSetDescription(fmt.Sprintf("%-18s", step.Phase)),
				progressbar.OptionSetWidth(p.width),
				progressbar.OptionShowCount(),
				progressbar.OptionThrottle(redraw))
		}
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
