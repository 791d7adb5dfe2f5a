package reactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// tranche is what the goroutines of a run share about a tranche.
type tranche struct {
	name     feed.Tranche
	start    feed.Position
	slots    chan struct{}        // holds one for each batch that has a slot, and one for the read that runs
	read     atomic.Int64         // the position up to which it was read, set by the reader
	position atomic.Int64         // the completed position, set by the loop
	saved    atomic.Int64         // the checkpoint, set by the saver
	reads    failures             // of the reader
	ends     failures             // of the saver, when it asks for the end
	saves    failures             // of the saver, when it saves
	marks    marks                // of what was read
	lost     error                // why nothing can be saved any more; the saver's own
	looked   atomic.Pointer[look] // at how far the feed reaches; the saver's, nil before the first
	full     time.Time            // since when nothing more is read; zero while it is; the loop's own
}

// begin finds out where each tranche is to be read from.
func (r *Running) begin(ctx context.Context) ([]*tranche, error) {
	var names []feed.Tranche
	err := r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Leader, func(ctx context.Context) (err error) {
		names, err = r.source.Tranches(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("the feed has no tranches: there is nothing to read")
	}
	notes, err := r.notes(ctx)
	if err != nil {
		return nil, err
	}
	var tranches []*tranche
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, &ConfigError{"the feed", fmt.Sprintf("%q", names), fmt.Sprintf("it names the tranche %q twice, and each is read by one reader", name)}
		}
		position, known, err := r.load(ctx, name)
		if err != nil {
			return nil, err
		}
		t := &tranche{name: name, slots: make(chan struct{}, r.config.MaxReadAhead)}
		if known {
			t.marks.recall(notes[string(name)], position)
		}
		if known || r.config.FromEnd {
			end, err := r.end(ctx, name, r.config.ReadLimit)
			if err != nil {
				return nil, err
			}
			if err := r.compare(ctx, t, position, end, false, r.config.ReadLimit); err != nil {
				return nil, err
			}
			if !known {
				// Without a checkpoint, a crash would start at a later end and
				// skip what came between.
				err := r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) error {
					return r.checkpoints.Save(ctx, r.key(name), end)
				})
				if err != nil {
					return nil, fmt.Errorf("save the end of tranche %q as its first checkpoint: %w", name, err)
				}
				position, known = end, true
			}
		}
		t.start = position
		t.read.Store(int64(position))
		t.position.Store(int64(position))
		t.saved.Store(-1)
		if known {
			t.saved.Store(int64(position))
		}
		tranches = append(tranches, t)
	}
	return tranches, nil
}

// load asks for a checkpoint.
func (r *Running) load(ctx context.Context, name feed.Tranche) (position feed.Position, known bool, err error) {
	err = r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		position, known, err = r.checkpoints.Load(ctx, r.key(name))
		return err
	})
	if err != nil {
		err = fmt.Errorf("load the checkpoint of tranche %q: %w", name, err)
	}
	return position, known, err
}

// end asks for the end of a tranche.
func (r *Running) end(ctx context.Context, name feed.Tranche, limit time.Duration) (end feed.Position, err error) {
	err = r.ask(ctx, limit, r.config.Breakers.Leader, func(ctx context.Context) (err error) {
		end, err = r.source.End(ctx, name)
		return err
	})
	if err != nil {
		err = fmt.Errorf("find the end of tranche %q: %w", name, err)
	}
	return end, err
}

// read reads a tranche until ctx ends and hands its batches to the loop. A slot
// is taken before a batch is read and freed by the loop, as the core says.
func (r *Running) read(ctx context.Context, t *tranche) {
	pauses := r.config.Pauses()
	waits := tail{config: &r.config}
	waits.waker, _ = r.source.(feed.Waker)
	from := t.start
	for {
		select {
		case t.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		woken := waits.before(t.name)
		batch, ok := r.readBatch(ctx, t, from, pauses)
		if !ok {
			return
		}
		t.marks.add(batch)
		t.read.Store(int64(batch.Next))
		if len(batch.Events) == 0 && batch.Next == from {
			<-t.slots
			if !r.awaitMore(ctx, t.name, from, &waits, woken) {
				return
			}
			continue
		}
		waits.found()
		select {
		case r.batches <- submission{t.name, batch}:
			from = batch.Next
		case <-ctx.Done():
			return
		}
	}
}

// readBatch reads until it succeeds; ok is false if ctx ends first.
func (r *Running) readBatch(ctx context.Context, t *tranche, from feed.Position, pauses backoff.BackOff) (_ feed.Batch, ok bool) {
	for {
		var batch feed.Batch
		err := r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Reads, func(ctx context.Context) (err error) {
			batch, err = r.source.Read(ctx, t.name, from)
			return err
		})
		if err == nil && batch.Next < from {
			err = fmt.Errorf("the source went back from position %d to %d", from, batch.Next)
		}
		switch {
		case err == nil:
			if failed := t.reads.succeeded(); failed.attempts > 0 {
				pauses.Reset()
				r.config.Observer.Observe(ReadRecovered{t.name, failed.attempts, time.Since(failed.since)})
			}
			return batch, true
		case ctx.Err() != nil:
			return feed.Batch{}, false
		}
		if IsOutage(err) { // it has waited already, and is to go on as soon as the server is back
			pauses.Reset()
		}
		failed, next := t.reads.failed(err), pauses.NextBackOff()
		r.config.Observer.Observe(ReadFailed{t.name, from, err, next, failed.attempts, failed.since})
		if pause.For(ctx, next) != nil {
			return feed.Batch{}, false
		}
	}
}

// awaitMore waits until there may be more to read; it is false if ctx ends
// first.
func (r *Running) awaitMore(ctx context.Context, name feed.Tranche, from feed.Position, waits *tail, woken <-chan struct{}) bool {
	notifier, ok := r.source.(feed.Notifier)
	if !ok {
		return waits.wait(ctx, woken)
	}
	select {
	case <-notifier.Changed(name, from):
		return true
	case <-ctx.Done():
		return false
	}
}
