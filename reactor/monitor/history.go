package monitor

import (
	"context"
	"sync"
	"time"

	"example.com/groupcheckout/reactor"
)

// History keeps how far behind a reactor was, and how much it read, for the last hour.
// It is a [Reactor] itself, so that a page of it shows that as curves, and an observer,
// which has to be among those of the reactor. Make one with [NewHistory].
type History struct {
	of Reactor

	mu     sync.Mutex
	read   int // events, since the last point
	points []point
	last   time.Time // of the last point
}

// How often a point is kept, and for how long.
const (
	pointEvery = 10 * time.Second
	pointsFor  = time.Hour
)

// point is what a reactor was at.
type point struct {
	at    time.Time
	lag   time.Duration // the longest of its tranches
	known bool          // the lag is
	rate  float64       // events read a second, since the point before
}

// NewHistory returns one of a reactor. It is empty until it runs.
func NewHistory(of Reactor) *History { return &History{of: of} }

// Status implements [Reactor].
func (h *History) Status(ctx context.Context) (reactor.Status, error) { return h.of.Status(ctx) }

// Observe implements [reactor.Observer].
func (h *History) Observe(o reactor.Occurrence) {
	if read, ok := o.(reactor.BatchRead); ok {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.read += read.Events
	}
}

// Run keeps a point every 10 s until ctx ends.
func (h *History) Run(ctx context.Context) {
	h.mu.Lock()
	h.last = time.Now()
	h.mu.Unlock()
	tick := time.NewTicker(pointEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.note(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// note keeps a point.
func (h *History) note(ctx context.Context) {
	asked, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	status, err := h.of.Status(asked)
	p := point{known: err == nil && len(status.Tranches) > 0}
	for _, t := range status.Tranches {
		lag, known := t.Lag(status.At)
		p.lag, p.known = max(p.lag, lag), p.known && known
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p.at = time.Now()
	if since := p.at.Sub(h.last); since > 0 {
		p.rate = float64(h.read) / since.Seconds()
	}
	h.last, h.read = p.at, 0
	h.points = append(h.points, p)
	h.points = h.points[max(0, len(h.points)-int(pointsFor/pointEvery)):]
}

// kept are the points, the oldest first.
func (h *History) kept() []point {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]point{}, h.points...)
}
