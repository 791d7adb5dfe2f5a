package monitor

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"example.com/groupcheckout/reactor"
)

// ErrStarting is what a reactor says that does not work yet.
var ErrStarting = errors.New("the reactor is starting")

// Late is a [Reactor] that is there before the reactor is, so that a page can be served
// while the store is being opened. It says [ErrStarting] until the reactor that it is
// given has begun. Make one with [NewLate].
type Late struct {
	since   time.Time
	running atomic.Pointer[reactor.Running]
}

// NewLate returns one that has no reactor yet.
func NewLate() *Late { return &Late{since: time.Now()} }

// Is says which reactor it is.
func (l *Late) Is(running *reactor.Running) { l.running.Store(running) }

// Status implements [Reactor].
func (l *Late) Status(ctx context.Context) (reactor.Status, error) {
	running := l.running.Load()
	if running == nil {
		return reactor.Status{At: l.since}, ErrStarting
	}
	select {
	case <-running.Begun():
	case <-running.Done():
	default:
		return reactor.Status{At: l.since}, ErrStarting
	}
	return running.Status(ctx)
}
