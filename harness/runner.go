package harness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// runner runs one reactor on the harness' store, and can stop it, start it
// again, make it break down, and kill it. Around the store and the feed it puts
// the hooks that note what happens and inject what scenarios ask for.
type runner struct {
	harness  *Harness
	journal  *journal
	backend  *stores.Backend
	group    string
	mine     func(es.StreamName) bool // the streams that this reactor cares for
	before   map[es.StreamName]int    // how often each stream had been retired when the reactor was started last
	ahead    watch                    // that no checkpoint is ahead of work
	faults   *faults.Injector         // of a fault run, otherwise nil
	salt     uint64                   // tells its schedule from that of another runner
	schedule *faults.Schedule         // where a seed decides the order, otherwise nil

	mu      sync.Mutex
	reactor Reactor // nil if it is down
	phase   phase
	changed chan struct{}                // closed, and replaced, when the phase changes
	broken  bool                         // nothing that it writes succeeds any more
	budget  int                          // appends that may still begin before it breaks down, -1 for ever
	missing int                          // appends that are still to succeed before it breaks down
	again   []feed.Delivery              // to be delivered again
	poke    chan struct{}                // closed, and replaced, when there is something in again
	killed  bool                         // the reactor before this one was killed
	reached map[es.StreamName]es.Version // how far the feed had come when this one was started
	retold  map[es.StreamName]bool       // streams of which this one was told something again
}

// phase is what a runner's reactor is at.
type phase int

const (
	down     phase = iota // stopped or broken down, and nobody starts it
	running               // it runs, or has ended by itself
	ending                // it was stopped, or is breaking down, and has not ended yet
	reviving              // it is being started; it may have been killed just before
)

// life is what a runner's reactor is at in one moment.
type life struct {
	phase   phase
	reactor Reactor         // nil if it is down
	ended   <-chan struct{} // closed once this reactor is over; nil if it is down, or is being started
	changed <-chan struct{} // closed when the phase changes
}

// errBroken is what a broken reactor meets wherever it writes.
var errBroken = errors.New("the reactor has broken down")

func (h *Harness) newRunner(group string, salt uint64, mine func(es.StreamName) bool) *runner {
	r := &runner{
		harness: h, journal: h.journal, group: group, salt: salt, mine: mine, budget: -1,
		changed: make(chan struct{}), poke: make(chan struct{}),
	}
	r.wrap()
	return r
}

// endsOf is where each tranche of a feed ends now.
func endsOf(ctx context.Context, source feed.Source) (map[feed.Tranche]feed.Position, error) {
	tranches, err := source.Tranches(ctx)
	if err != nil {
		return nil, err
	}
	ends := map[feed.Tranche]feed.Position{}
	for _, tranche := range tranches {
		if ends[tranche], err = source.End(ctx, tranche); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// beginAtEnd makes a consumer group start at the present end of the feed.
func beginAtEnd(ctx context.Context, backend *stores.Backend, group string) error {
	ends, err := endsOf(ctx, backend.Source)
	if err != nil {
		return err
	}
	for tranche, end := range ends {
		key := feed.Key{Source: backend.Source.ID(), Tranche: tranche, Group: group}
		if err := backend.Checkpoints.Save(ctx, key, end); err != nil {
			return err
		}
	}
	return nil
}

// start starts the reactor if it is down.
func (r *runner) start(ctx context.Context) error {
	r.mu.Lock()
	if r.phase != down {
		r.mu.Unlock()
		return errors.New("the reactor is running already")
	}
	r.enter(reviving)
	r.mu.Unlock()
	return r.revive(ctx, false)
}

// rareCheckpoints is how often a checkpoint is saved in virtual time. In a
// scenario of 30 days the usual 5 s would be half a million looks at the clock.
const rareCheckpoints = time.Minute

// stopLimit is how long handler calls may go on after a stop before they are cut
// off. What is cut off is done again, and a scenario may count calls, so on a slow
// store it is more than a call for the largest scenario takes.
const stopLimit = time.Minute

// callLimit is how long a handler call may take. It is long, since scenarios count calls
// also on a machine that has much else to do.
const callLimit = 10 * time.Minute

// revive starts the production wiring for a runner that is reviving, with pauses
// that suit a scenario unless they cost nothing. ctx is for what is asked of the
// store before, and not for the reactor. The lock is not held meanwhile, so whoever
// waits for the reactor can give up.
func (r *runner) revive(ctx context.Context, killed bool) error {
	ends, err := endsOf(ctx, r.harness.site.Backend.Source)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.enter(down)
		return fmt.Errorf("find the end of the feed: %w", err)
	}
	config := reactor.Config{
		Group: r.group, Observer: r, StopLimit: stopLimit, CallLimit: callLimit,
		CheckpointInterval: r.harness.options.CheckpointInterval,
	}
	if r.harness.options.Virtual {
		config.Pauses = reactor.GrowingPauses(50*time.Millisecond, 30*time.Second, 0) // the same each time
		if config.CheckpointInterval == 0 {
			config.CheckpointInterval = rareCheckpoints
		}
	} else {
		config.Pauses = reactor.GrowingPauses(time.Millisecond, 100*time.Millisecond, 0.5)
		config.TailPause = r.harness.site.TailPause
	}
	r.ahead.restart(ends)
	r.mu.Lock()
	r.before = r.journal.retirements()
	r.killed, r.reached, r.retold = killed, r.journal.reached(), map[es.StreamName]bool{}
	r.reactor, r.broken, r.budget, r.missing = nil, false, -1, 0
	r.mu.Unlock()
	started, err := r.begin(ctx, config)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.enter(down)
		return err
	}
	r.reactor = started
	r.enter(running)
	return nil
}

// begin starts the production wiring. Where connections are cut, it looks whether that has
// found out where to go on, and starts it once more if they were cut meanwhile: whoever
// supervises a reactor does so.
func (r *runner) begin(ctx context.Context, config reactor.Config) (started Reactor, err error) {
	for range starts {
		cuts := r.harness.cuts.Load()
		started, err = r.harness.options.System.Start(context.WithoutCancel(ctx), r.backend, config)
		if beginning, ok := started.(interface{ Begun() <-chan struct{} }); err == nil && ok && r.harness.cut != nil {
			select {
			case <-beginning.Begun():
			case <-started.Done():
				err = started.Wait(ctx)
			case <-ctx.Done():
				started.Stop()
				<-started.Done()
				return nil, fmt.Errorf("the reactor has not started: %w", context.Cause(ctx))
			}
		}
		if err == nil || r.harness.cuts.Load() == cuts {
			break
		}
	}
	return started, err
}

// enter changes the phase. The caller holds the lock.
func (r *runner) enter(p phase) {
	r.phase = p
	if p == down {
		r.reactor = nil
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// life returns what the reactor is at.
func (r *runner) life() life {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := life{phase: r.phase, reactor: r.reactor, changed: r.changed}
	if r.reactor != nil && r.phase != reviving {
		l.ended = r.reactor.Done()
	}
	return l
}

// lockRevived locks a runner that is not in the middle of a revival. A kill may
// begin one at any moment, so it is waited for and the lock is taken in one. If
// there is an error, which is that of ctx, it has not locked.
func (r *runner) lockRevived(ctx context.Context) error {
	for {
		r.mu.Lock()
		if r.phase != reviving {
			return nil
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not started: %w", context.Cause(ctx))
		}
	}
}

// stop ends the reactor in an orderly way, if it runs.
func (r *runner) stop(ctx context.Context) error {
	if err := r.lockRevived(ctx); err != nil {
		return err
	}
	stopped, wasRunning := r.reactor, r.phase == running
	if stopped == nil {
		r.mu.Unlock()
		return nil
	}
	if wasRunning {
		r.enter(ending)
	}
	r.mu.Unlock()
	stopped.Stop()
	select {
	case <-stopped.Done():
	case <-ctx.Done():
		return fmt.Errorf("the reactor has not stopped: %w", ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(down)
	err := stopped.Wait(ctx)
	if r.broken && errors.Is(err, errBroken) {
		return nil // it was meant to end like this
	}
	return err
}

// reviveLimit is how long it may take until the store has told what a reactor that
// was killed has to know to start again. Only a store that hangs takes so long.
const reviveLimit = 2 * time.Minute

// kill ends the reactor as a crash would: from now on nothing that it writes
// succeeds, and nothing is saved. It is started again at once. It does nothing to
// a reactor that does not run, or that is to break down anyway.
func (r *runner) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != running || r.budget >= 0 {
		return
	}
	r.broken = true
	killed := r.reactor
	r.enter(reviving)
	killed.Stop()
	go func() { // whoever stops the reactor waits for it
		<-killed.Done()
		ctx, cancel := context.WithTimeout(context.Background(), reviveLimit)
		defer cancel()
		if err := r.revive(ctx, true); err != nil {
			r.harness.breach(fmt.Errorf("start the reactor again after it was killed: %w", err))
		}
	}()
}

// breakAfter makes the reactor break down once it has written n times.
func (r *runner) breakAfter(ctx context.Context, n int) error {
	if err := r.lockRevived(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	switch {
	case n < 1:
		return fmt.Errorf("the reactor cannot break down after %d writes, only after one or more", n)
	case r.phase != running:
		return errors.New("the reactor does not run, so it cannot break down")
	}
	r.budget, r.missing = n, n
	return nil
}

// isDoomed tells whether the reactor is to break down after some more writes.
func (r *runner) isDoomed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.budget >= 0
}

// awaitBroken waits until the reactor has broken down.
func (r *runner) awaitBroken(ctx context.Context) error {
	for {
		if err := r.lockRevived(ctx); err != nil {
			return err
		}
		awaited := r.reactor
		r.mu.Unlock()
		if awaited == nil {
			return errors.New("the reactor was stopped, it did not break down")
		}
		select {
		case <-awaited.Done():
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not broken down: %w", ctx.Err())
		}
		if err := r.lockRevived(ctx); err != nil {
			return err
		}
		switch {
		case r.reactor != awaited: // it was killed meanwhile, and runs again
			r.mu.Unlock()
			continue
		case !r.broken:
			r.mu.Unlock()
			return errors.Join(errors.New("the reactor ended without breaking down"), awaited.Wait(ctx))
		}
		r.enter(down)
		r.mu.Unlock()
		if err := awaited.Wait(ctx); err != nil && !errors.Is(err, errBroken) {
			return fmt.Errorf("the reactor has not broken down as it was to, but ended badly: %w", err)
		}
		return nil
	}
}
