package reactor

import (
	"context"
	"sync"
	"sync/atomic"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Running is a reactor that was started. Calls may overlap.
type Running struct {
	source      feed.Source
	checkpoints feed.Checkpoints
	handler     Handler
	config      Config

	batches    chan submission
	outcomes   chan outcome
	nudged     chan struct{}
	jobs       chan func(context.Context) // for the saver: mostly at most two for each slot wait, and one of setAsideSoon
	asideAsked atomic.Bool                // a job of setAsideSoon waits
	published  chan struct{}              // can be received from while all that has happened is told

	calls    context.Context // of handler calls
	endCalls context.CancelCauseFunc
	reading  context.Context // of readers

	begun    chan struct{} // closed once core and tranches are set
	mu       sync.Mutex    // guards what core and tranches say of the loop's own
	core     *core
	tranches []*tranche
	held     map[int]*holding       // the slots that are worked on; changed by the saver and whoever loses them
	keeping  *keeper                // nil without slots; set before it begins
	keeper   feed.Notes             // nil if there is no place for notes
	noted    map[es.StreamName]bool // the streams that there was a note of; the saver's own

	notesLost atomic.Bool // the notes may lack some that were written

	stop  context.CancelFunc
	ended error         // why it has ended itself; the first reason
	done  chan struct{} // closed when it is over
	err   error         // once done is closed
}

// Start runs a reactor in a goroutine of its own. It returns a [*ConfigError] for a
// setting that cannot be used; whatever goes wrong later is returned by Wait. What
// the source, the checkpoints and the handler stand on must stay open until Done is
// closed.
//
// The reactor runs until Stop is called or ctx ends, which is its success: it then
// makes no new calls, lets running ones end, and saves what was completed, all within
// StopLimit: the contexts of calls end after three fifths of it, and what goes on
// after five sixths is abandoned ([*AbandonedError]). It fails if it cannot begin, if
// something was abandoned, or if the last checkpoint cannot be saved. It stops by
// itself, with a [*CheckpointAheadError], if the feed is found to have lost events.
func Start(ctx context.Context, source feed.Source, checkpoints feed.Checkpoints, handler Handler, config Config) (*Running, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	config.Breakers.each(func(b *Breaker) { b.observedBy(config.Observer) })
	ctx, stop := context.WithCancel(ctx)
	r := &Running{
		source: source, checkpoints: checkpoints, handler: handler, config: config,
		batches:   make(chan submission),
		outcomes:  make(chan outcome),
		nudged:    make(chan struct{}, 1),
		jobs:      make(chan func(context.Context), 2*MaxSlots+1),
		published: make(chan struct{}),
		held:      map[int]*holding{},
		begun:     make(chan struct{}),
		stop:      stop,
		done:      make(chan struct{}),
	}
	go func() {
		defer close(r.done)
		defer stop()
		r.err = r.run(ctx)
	}()
	return r, nil
}

// Stop asks the reactor to stop in an orderly way and does not wait for it.
// Stopping twice is fine.
func (r *Running) Stop() { r.stop() }

// endFor ends the reactor for a reason.
func (r *Running) endFor(err error) {
	r.mu.Lock()
	if r.ended == nil {
		r.ended = err
	}
	r.mu.Unlock()
	r.stop()
}

// Begun is closed once the reactor knows where it goes on, and reads. One that cannot
// begin never closes it.
func (r *Running) Begun() <-chan struct{} { return r.begun }

// Done is closed once the reactor is over.
func (r *Running) Done() <-chan struct{} { return r.done }

// Wait waits until the reactor is over and returns why, nil after an orderly
// stop. If ctx ends first it returns ctx's error and the reactor goes on.
func (r *Running) Wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
