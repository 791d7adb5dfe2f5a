package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor/feed"
)

// The first and the longest pause between two looks at a process; each is half as
// long again as the one before.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 50 * time.Millisecond
)

// errGone is poll's error if the process ended.
var errGone = errors.New("it has ended")

// poll asks again and again until the answer is yes. It returns errGone once
// gone is closed, and ctx's cause if that ends.
func poll(ctx context.Context, gone <-chan struct{}, holds func() bool) error {
	pause := firstPause
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-gone:
			return errGone
		case <-timer.C:
		}
		if holds() {
			return nil
		}
		timer.Reset(pause)
		pause = min(pause*3/2, longestPause)
	}
}

// gone says how the process ended.
func (p *Process) gone() error {
	if p.killed.Load() {
		return fmt.Errorf("%w: it was killed", errGone)
	}
	if err := p.guarded.Result(); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return errGone
}

// AwaitCompleted waits until the reactor has completed each of these tranches up
// to its position, the end of the feed, say: see the package's doc. The error says
// what is behind, which streams are in trouble and what the process said last.
func (p *Process) AwaitCompleted(ctx context.Context, positions map[feed.Tranche]feed.Position) error {
	_, err := p.awaitCompleted(ctx, positions, false)
	return err
}

// awaitCompleted returns what the process was at when it had. One that stands by has
// nothing to complete, if that is enough.
func (p *Process) awaitCompleted(ctx context.Context, positions map[feed.Tranche]feed.Position, orStandsBy bool) (status Status, err error) {
	var last error
	err = poll(ctx, p.Done(), func() bool {
		asked, err := p.Status(ctx)
		if err != nil {
			if ctx.Err() == nil {
				last = err
			}
			return false
		}
		status, last = asked, nil
		return orStandsBy && status.StandsBy || len(behind(status, positions)) == 0
	})
	if err == nil {
		return status, nil
	}
	if errors.Is(err, errGone) {
		err, last = p.gone(), nil
		if p.config.Saved != nil { // what it has left behind can still be read
			status, last = p.saved(ctx)
		}
	}
	account := append(behind(status, positions), troubles(status)...)
	return status, p.explain(fmt.Errorf("%s has not completed the feed: %s: %w", p.name(), strings.Join(account, "; "), errors.Join(err, last)))
}

// behind says which tranches are not where they are wanted.
func behind(status Status, positions map[feed.Tranche]feed.Position) []string {
	var lines []string
	for _, tranche := range slices.Sorted(maps.Keys(positions)) {
		want := positions[tranche]
		line := fmt.Sprintf("tranche %s is wanted up to %d, and it does not follow it", tranche, want)
		for _, t := range status.Tranches {
			switch {
			case t.Tranche != tranche:
			case t.Completed < want:
				line = fmt.Sprintf("tranche %s is wanted up to %d, and %s", tranche, want, t)
			default:
				line = ""
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// troubles says what keeps a reactor from going on.
func troubles(status Status) []string {
	var lines []string
	for _, t := range status.Tranches {
		if t.Error != "" {
			lines = append(lines, fmt.Sprintf("reading tranche %s fails: %s", t.Tranche, t.Error))
		}
	}
	for _, t := range status.Troubled {
		lines = append(lines, fmt.Sprintf("%s has failed %s: %s", t.Stream, plural.Of(t.Attempts, "time"), t.Cause))
	}
	for _, c := range status.Calls {
		since := status.At.Add(-time.Duration(c.For * float64(time.Second)))
		lines = append(lines, fmt.Sprintf("%s is being handled since %s", c.Stream, since.Format(time.RFC3339Nano)))
	}
	return lines
}
