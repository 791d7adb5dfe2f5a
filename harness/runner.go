package harness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"groupcheckout/domain/es"
	"groupcheckout/reactor"
	"groupcheckout/reactor/app"
	"groupcheckout/reactor/feed"
	"groupcheckout/stores"
	"groupcheckout/stores/intercept"
)

// runner runs one reactor on the harness' store, and can stop it, start it
// again, and make it break down. Around the store and the feed it puts the
// hooks that note what happens and inject what scenarios ask for.
type runner struct {
	journal *journal
	backend *stores.Backend
	group   string
	pause   time.Duration            // of the reactor, at the end of a feed that does not notify
	mine    func(es.StreamName) bool // the streams that this reactor cares for

	mu      sync.Mutex
	app     *app.App
	broken  bool
	budget  int             // appends that may still begin before it breaks down, -1 for ever
	missing int             // appends that are still to succeed before it breaks down
	again   []feed.Delivery // to be delivered again
	poke    chan struct{}   // closed, and replaced, when there is something in again
}

// errBroken is what a broken reactor meets wherever it writes.
var errBroken = errors.New("the reactor has broken down")

func (h *Harness) newRunner(group string, mine func(es.StreamName) bool) *runner {
	journal, backend := h.journal, h.backend
	r := &runner{journal: journal, group: group, pause: h.tailPause, mine: mine, budget: -1, poke: make(chan struct{})}
	r.backend = &stores.Backend{
		Name: backend.Name,
		Events: intercept.Store(backend.Events, intercept.StoreHooks{
			AfterRead:    r.afterRead,
			BeforeAppend: r.beforeAppend,
			AfterAppend:  r.afterAppend,
		}),
		Source: intercept.Source(backend.Source, intercept.SourceHooks{
			AfterRead: r.afterFeedRead,
			Changed:   r.feedChanged,
		}),
		Checkpoints: intercept.Checkpoints(backend.Checkpoints, intercept.CheckpointsHooks{
			BeforeSave: func(context.Context, feed.Key, feed.Position) error {
				if r.isBroken() {
					return errBroken
				}
				return nil
			},
		}),
	}
	return r
}

// begin makes the runner's group start at the present end of the feed.
func (r *runner) begin(ctx context.Context) error {
	tranches, err := r.backend.Source.Tranches(ctx)
	if err != nil {
		return err
	}
	for _, tranche := range tranches {
		end, err := r.backend.Source.End(ctx, tranche)
		if err != nil {
			return err
		}
		key := feed.Key{Source: r.backend.Source.ID(), Tranche: tranche, Group: r.group}
		if err := r.backend.Checkpoints.Save(ctx, key, end); err != nil {
			return err
		}
	}
	return nil
}

// start starts the reactor: the production wiring, with pauses that suit a
// scenario.
func (r *runner) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.app != nil {
		return errors.New("the reactor is running already")
	}
	started, err := app.Start(context.Background(), r.backend, app.Config{
		Reactor: reactor.Config{
			Group:      r.group,
			RetryFirst: time.Millisecond,
			RetryMost:  100 * time.Millisecond,
			TailPause:  r.pause,
			StopLimit:  10 * time.Second,
			Observer:   r.journal,
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	r.app, r.broken, r.budget, r.missing = started, false, -1, 0
	return nil
}

// stop ends the reactor in an orderly way, if it runs.
func (r *runner) stop(ctx context.Context) error {
	running := r.running()
	if running == nil {
		return nil
	}
	running.Stop()
	select {
	case <-running.Done():
	case <-ctx.Done():
		return fmt.Errorf("the reactor has not stopped: %w", ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.app = nil
	if r.broken {
		return nil // it was meant to end badly
	}
	return running.Wait(ctx)
}

// running is the reactor, nil if it was stopped.
func (r *runner) running() *app.App {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.app
}

func (r *runner) isBroken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}

// breakAfter makes the reactor break down once it has written n times.
func (r *runner) breakAfter(n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case n < 1:
		return fmt.Errorf("the reactor cannot break down after %d writes, only after one or more", n)
	case r.app == nil:
		return errors.New("the reactor does not run, so it cannot break down")
	}
	r.budget, r.missing = n, n
	return nil
}

// beforeAppend takes one of the appends that are left to a reactor that is to
// break down.
func (r *runner) beforeAppend(ctx context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
	if handled, ok := reactor.Handled(ctx); ok {
		if owner := r.journal.owner(handled); owner != nil {
			r.journal.claim(stream, owner)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.broken || r.budget == 0:
		return errBroken
	case r.budget > 0:
		r.budget--
	}
	return nil
}

// afterAppend notes an append, and breaks the reactor if it was the last.
func (r *runner) afterAppend(_ context.Context, stream es.StreamName, _ es.Version, _ []es.EventData, after es.Version, err error) (es.Version, error) {
	if err == nil {
		r.journal.wrote(stream, after)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.budget < 0:
	case err != nil:
		r.budget++ // a conflict, say: it has not written
	default:
		if r.missing--; r.missing == 0 {
			r.broken = true
			r.app.Stop()
		}
	}
	return after, err
}

// afterRead makes a read that is to lag miss everything.
func (r *runner) afterRead(_ context.Context, stream es.StreamName, _ es.Version, freshness es.Freshness, events []es.Event, err error) ([]es.Event, error) {
	if err == nil && freshness == es.FromReplica && r.journal.lags(stream) {
		return nil, nil
	}
	return events, err
}

// afterFeedRead leaves out the streams of others and adds what is to be
// delivered again.
func (r *runner) afterFeedRead(_ context.Context, _ feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
	if err != nil {
		return batch, err
	}
	r.mu.Lock()
	delivered := r.again
	r.again = nil
	r.mu.Unlock()
	for _, d := range batch.Events {
		if r.mine(d.Stream) {
			delivered = append(delivered, d)
		}
	}
	batch.Events = delivered
	return batch, nil
}

// feedChanged ends the wait at the tail also when there is something to be
// delivered again.
func (r *runner) feedChanged(_ feed.Tranche, _ feed.Position, changed <-chan struct{}) <-chan struct{} {
	r.mu.Lock()
	poke, running := r.poke, r.app
	waiting := len(r.again) > 0
	r.mu.Unlock()
	either := make(chan struct{})
	if waiting || running == nil {
		close(either)
		return either
	}
	go func() {
		defer close(either)
		select {
		case <-changed:
		case <-poke:
		case <-running.Done():
		}
	}()
	return either
}

// deliverAgain has the feed deliver events again.
func (r *runner) deliverAgain(deliveries []feed.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.app == nil {
		return fmt.Errorf("deliver %d events again: the reactor does not run", len(deliveries))
	}
	r.again = append(r.again, deliveries...)
	close(r.poke)
	r.poke = make(chan struct{})
	return nil
}
