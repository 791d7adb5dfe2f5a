package demo

import (
	"context"
	"sync"
	"time"

	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// ledger is the store with a note of what was written to it, and of when the
// reactor last wrote to each group.
type ledger struct {
	es.Store
	mu       sync.Mutex
	written  int
	selected map[es.StreamName]time.Time
	recorded map[es.StreamName]time.Time
	listener func(context.Context, es.StreamName, []es.EventData) // nil if nobody listens
}

func newLedger(store es.Store) *ledger {
	return &ledger{Store: store, selected: map[es.StreamName]time.Time{}, recorded: map[es.StreamName]time.Time{}}
}

// Append implements [es.Appender].
func (l *ledger) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := l.Store.Append(ctx, stream, expected, events)
	if err != nil {
		return after, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written += len(events)
	if _, reacting := reactor.Handled(ctx); reacting && stream.Category() == groupcheckout.Category {
		l.recorded[stream] = time.Now()
	}
	if l.listener != nil {
		l.listener(ctx, stream, events)
	}
	return after, nil
}

// listen has somebody told of what is written; nil ends that.
func (l *ledger) listen(listener func(context.Context, es.StreamName, []es.EventData)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener = listener
}

// selecting notes that a clerk is about to select stays for a group.
func (l *ledger) selecting(stream es.StreamName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.selected[stream] = time.Now()
}

// begin forgets what was so far.
func (l *ledger) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written = 0
	clear(l.selected)
	clear(l.recorded)
}

// forget forgets the groups of a plan.
func (l *ledger) forget(p plan, c *clerk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range p.groups {
		delete(l.selected, c.groups.Stream(g.id))
		delete(l.recorded, c.groups.Stream(g.id))
	}
}

// total is the number of events written so far.
func (l *ledger) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written
}

// reactions are the times from each group's last selection to the last record
// of outcomes.
func (l *ledger) reactions() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var durations []time.Duration
	for stream, at := range l.recorded {
		if since, ok := l.selected[stream]; ok {
			durations = append(durations, at.Sub(since))
		}
	}
	return durations
}
