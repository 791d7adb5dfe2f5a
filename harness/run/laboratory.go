package run

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/gherkin/suite"
	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/internal/plural"
)

// laboratory runs trials.
type laboratory struct {
	project     Project
	options     *options
	definitions *gherkin.Definitions
	scenarios   []*suite.Scenario // at least one
	out         io.Writer
}

// laboratory fails or skips t if no trial can be run.
func (f *Features) laboratory(t *testing.T) *laboratory {
	t.Helper()
	definitions, err := f.definitions()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := suite.Load(f.project.Features)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := suite.Select(loaded, f.options.tagged, f.options.locations()...)
	if err != nil {
		t.Fatal(err)
	}
	scenarios = slices.DeleteFunc(scenarios, func(s *suite.Scenario) bool {
		_, skip := unsupported(harness.Memory, true, s.Tags)
		return skip
	})
	if len(scenarios) == 0 {
		t.Skip("none of the selected scenarios can be run on the memory store")
	}
	return &laboratory{f.project, &f.options, definitions, scenarios, f.out}
}

// each runs trials side by side and hands each verdict to collect, whose calls do
// not overlap. It stops early once collect returns false.
func (l *laboratory) each(t *testing.T, n int, nth func(int) trial, collect func(verdict) bool) {
	t.Helper()
	progress := newProgress(l.out, n, time.Now())
	var next atomic.Int64
	var mu sync.Mutex
	var done atomic.Bool
	t.Run("trials", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for i := int(next.Add(1)) - 1; i < n && !done.Load(); i = int(next.Add(1)) - 1 {
					v := l.run(t, nth(i))
					mu.Lock()
					if !collect(v) {
						done.Store(true)
					}
					progress.add(v, time.Now())
					mu.Unlock()
				}
			})
		}
	})
}

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
	fmt.Fprintf(p.out, "  %d of %d after %s: %s injected, %s\n",
		p.made, p.all, now.Sub(p.started).Round(time.Second), plural.Of(p.faults, "fault"), plural.Of(p.failures, "failure"))
}
