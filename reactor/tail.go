package reactor

import (
	"context"
	"math/rand/v2"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

// tail is how one tranche is asked again at the end of a feed that does not notify:
// soon after something has come, and then after pauses that double up to the longest. A
// wake-up ends a pause and begins with the shortest again, since what it is about may
// not be there to be read yet. The pauses vary, so that reactors do not ask all at once.
type tail struct {
	config *Config
	waker  feed.Waker // nil if nothing is heard
	pause  time.Duration
}

// before is called ahead of a read. It returns what ends the pause after it, if that
// read finds nothing.
func (t *tail) before(name feed.Tranche) <-chan struct{} {
	if t.waker == nil {
		return nil
	}
	return t.waker.Woken(name)
}

// found notes that something has come.
func (t *tail) found() { t.pause = 0 }

// wait waits before the next read. It is false if ctx ends first.
func (t *tail) wait(ctx context.Context, woken <-chan struct{}) bool {
	t.pause = min(max(2*t.pause, t.config.FirstTailPause), t.config.TailPause)
	timer := time.NewTimer(t.pause - time.Duration(rand.Int64N(1+int64(t.pause/4)))) //nolint:gosec // nothing secret
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
		t.pause = 0
	case <-ctx.Done():
		return false
	}
	return true
}
