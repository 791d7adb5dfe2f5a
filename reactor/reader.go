package reactor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"groupcheckout/reactor/feed"
)

// tranche is what the goroutines of a run share about a tranche.
type tranche struct {
	name     feed.Tranche
	start    feed.Position
	slots    chan struct{} // holds one for each batch that is not completed
	position atomic.Int64  // the completed position, set by the loop
	saved    atomic.Int64  // the checkpoint, set by the saver
	failing  atomic.Pointer[ReadFailed]
	full     time.Time // since when nothing more is read; zero while it is; the loop's own
}

// key is where the checkpoint is kept.
func (r *Reactor) key(name feed.Tranche) feed.Key {
	return feed.Key{Source: r.source.ID(), Tranche: name, Group: r.config.Group}
}

// CheckpointAheadError says that a checkpoint lies behind the end of the feed:
// the store has lost events since, or it is another store. Going on would skip
// all events up to there, for ever.
type CheckpointAheadError struct {
	Key        feed.Key
	Checkpoint feed.Position
	End        feed.Position
}

func (e *CheckpointAheadError) Error() string {
	return fmt.Sprintf("the checkpoint of group %q on tranche %q of %s is %d, but the feed ends at %d: was the store restored, or is it another one? "+
		"Restore the events, or set the checkpoint back to a position up to %d (reactor checkpoint), from where events are handled again, which is harmless",
		e.Key.Group, e.Key.Tranche, e.Key.Source, e.Checkpoint, e.End, e.End)
}

// begin finds out where each tranche is to be read from.
func (r *Reactor) begin(ctx context.Context) ([]*tranche, error) {
	names, err := r.source.Tranches(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("the feed has no tranches: there is nothing to read")
	}
	var tranches []*tranche
	for _, name := range names {
		position, known, err := r.checkpoints.Load(ctx, r.key(name))
		if err != nil {
			return nil, fmt.Errorf("load the checkpoint of tranche %q: %w", name, err)
		}
		if known || r.config.FromEnd {
			end, err := r.source.End(ctx, name)
			if err != nil {
				return nil, fmt.Errorf("find the end of tranche %q: %w", name, err)
			}
			if position > end {
				return nil, &CheckpointAheadError{r.key(name), position, end}
			}
			if !known {
				// Without a checkpoint, a crash would start at a later end and
				// skip what came between.
				if err := r.checkpoints.Save(ctx, r.key(name), end); err != nil {
					return nil, fmt.Errorf("save the end of tranche %q as its first checkpoint: %w", name, err)
				}
				position, known = end, true
			}
		}
		t := &tranche{name: name, start: position, slots: make(chan struct{}, r.config.MaxReadAhead)}
		t.position.Store(int64(position))
		t.saved.Store(-1)
		if known {
			t.saved.Store(int64(position))
		}
		tranches = append(tranches, t)
	}
	return tranches, nil
}

// read reads a tranche until ctx ends and hands its batches to the loop. A slot
// is taken before a batch is read and freed by the loop when it is completed.
func (r *Reactor) read(ctx context.Context, t *tranche) {
	pauses := r.config.newBackoff()
	from := t.start
	for {
		select {
		case t.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch, ok := r.readBatch(ctx, t, from, pauses)
		if !ok {
			return
		}
		if len(batch.Events) == 0 && batch.Next == from {
			<-t.slots
			if !r.awaitMore(ctx, t.name, from) {
				return
			}
			continue
		}
		select {
		case r.batches <- submission{t.name, batch}:
			from = batch.Next
		case <-ctx.Done():
			return
		}
	}
}

// readBatch reads until it succeeds; ok is false if ctx ends first.
func (r *Reactor) readBatch(ctx context.Context, t *tranche, from feed.Position, pauses backoff.BackOff) (_ feed.Batch, ok bool) {
	failed := ReadFailed{Tranche: t.name, From: from}
	for {
		batch, err := r.source.Read(ctx, t.name, from)
		if err == nil && batch.Next < from {
			err = fmt.Errorf("the source went back from position %d to %d", from, batch.Next)
		}
		if err == nil {
			if failed.Attempts > 0 {
				pauses.Reset()
				t.failing.Store(nil)
				r.config.Observer.Observe(ReadRecovered{t.name, failed.Attempts, time.Since(failed.Since)})
			}
			return batch, true
		}
		if ctx.Err() != nil {
			return feed.Batch{}, false
		}
		if failed.Attempts++; failed.Attempts == 1 {
			failed.Since = time.Now()
		}
		failed.Err, failed.Pause = err, pauses.NextBackOff()
		observed := failed // the next round changes it
		t.failing.Store(&observed)
		r.config.Observer.Observe(failed)
		if !pause(ctx, failed.Pause) {
			return feed.Batch{}, false
		}
	}
}

// awaitMore waits until there may be more to read; it is false if ctx ends
// first.
func (r *Reactor) awaitMore(ctx context.Context, name feed.Tranche, from feed.Position) bool {
	notifier, ok := r.source.(feed.Notifier)
	if !ok {
		return pause(ctx, r.config.TailPause)
	}
	select {
	case <-notifier.Changed(name, from):
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits for a time; it is false if ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
