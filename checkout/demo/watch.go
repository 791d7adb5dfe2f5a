package demo

import (
	"context"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
)

// watch is the observer through which clerks learn that the reactor has
// handled what they saw. It also counts handler calls.
type watch struct {
	mu       sync.Mutex
	retired  map[es.StreamName]es.Version
	changed  map[es.StreamName]chan struct{} // closed when more is retired
	calls    int
	failures int
}

func newWatch() *watch {
	return &watch{retired: map[es.StreamName]es.Version{}, changed: map[es.StreamName]chan struct{}{}}
}

// Observe implements [reactor.Observer].
func (w *watch) Observe(o reactor.Occurrence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := o.(type) {
	case reactor.Called:
		w.calls++
	case reactor.Returned:
		if o.Err != nil {
			w.failures++
		}
	case reactor.Retired:
		w.retired[o.Stream] = max(w.retired[o.Stream], o.UpTo)
		if changed, waiting := w.changed[o.Stream]; waiting {
			close(changed)
			delete(w.changed, o.Stream)
		}
	default: // the rest is for logs and metrics
	}
}

// begin counts calls anew.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.failures = 0, 0
}

// forget forgets the groups of a plan.
func (w *watch) forget(p plan, c *clerk) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range p.groups {
		delete(w.retired, c.groups.Stream(g.id))
	}
}

// await waits until everything of a stream below a version is retired. It
// returns the cause of ctx's end if that comes first.
func (w *watch) await(ctx context.Context, stream es.StreamName, version es.Version) error {
	for {
		w.mu.Lock()
		done := w.retired[stream] >= version
		changed, waiting := w.changed[stream]
		if !done && !waiting {
			changed = make(chan struct{})
			w.changed[stream] = changed
		}
		w.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// handled is the number of handler calls so far, and of those that failed.
func (w *watch) handled() (calls, failures int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls, w.failures
}
