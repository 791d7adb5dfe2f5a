package run

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often those who wait for trials hear of them.
const progressEvery = 10 * time.Second

// progress tells now and then how far trials are. Calls must not overlap.
type progress struct {
	out              io.Writer
	started, told    time.Time
	all, made        int // trials
	faults, failures int
}

func newProgress(out io.Writer, all int, now time.Time) *progress {
	return &progress{out: out, started: now, told: now, all: all}
}

// add counts a verdict, and tells if it is time to.
func (p *progress) add(v verdict, now time.Time) {
	p.made++
	p.faults += len(v.faults)
	if v.failed() {
		p.failures++
	}
	if now.Sub(p.told) < progressEvery {
		return
	}
	p.told = now
	fmt.Fprintf(p.out, "  %d of %d after %s: %d faults injected, %d failures\n",
		p.made, p.all, now.Sub(p.started).Round(time.Second), p.faults, p.failures)
}
