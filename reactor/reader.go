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
	name    feed.Tranche
	slots   chan struct{}           // holds one for each batch that has a slot, and one for the read that runs
	room    chan struct{}           // tells its reader, which may wait for that, that there is memory for another batch
	turn    turn                    // of its reader
	read    atomic.Int64            // the position up to which it was read, set by the reader
	reads   failures                // of the reader
	ends    failures                // of the saver, when it asks for the end
	marks   marks                   // of what was read
	lost    error                   // why nothing can be saved any more; the saver's own
	looked  atomic.Pointer[look]    // at how far the feed reaches; the saver's, nil before the first
	watched atomic.Pointer[watched] // what a process that stands by has seen of it; the reader's, nil while it is read
	full    time.Time               // since when nothing more is read; zero while it is; the loop's own
}

// list finds out which tranches there are.
func (r *Running) list(ctx context.Context) ([]*tranche, error) {
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
	var tranches []*tranche
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, &ConfigError{"the feed", fmt.Sprintf("%q", names), fmt.Sprintf("it names the tranche %q twice, and each is read by one reader", name)}
		}
		tranches = append(tranches, &tranche{name: name, slots: make(chan struct{}, r.config.MaxReadAhead), room: make(chan struct{}, 1), turn: newTurn(r.reading)})
	}
	return tranches, nil
}

// load asks for a checkpoint.
func (r *Running) load(ctx context.Context, key feed.Key) (position feed.Position, known bool, err error) {
	err = r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		position, known, err = r.checkpoints.Load(ctx, key)
		return err
	})
	if err != nil {
		err = fmt.Errorf("load the checkpoint of tranche %q: %w", key.Tranche, err)
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

// read reads a tranche until ctx ends and hands its batches to the loop: from where the
// core has it, and from there again when that goes back. Where no slot is held it waits, and
// looks now and then whether it could read.
func (r *Running) read(ctx context.Context, t *tranche) {
	for ctx.Err() == nil {
		var turn turn
		var from feed.Position
		idle := true
		r.locked(func(core *core) {
			turn = t.turn
			from, idle = core.tranches[t.name].read, len(core.tranches[t.name].parts) == 0
		})
		if idle {
			r.watch(turn.ctx, t)
		} else {
			r.readOn(turn.ctx, t, from)
		}
		<-turn.ctx.Done()
	}
}

// readOn reads a tranche until its turn ends. A slot is taken before a batch is read and
// freed by the loop, as the core says.
func (r *Running) readOn(ctx context.Context, t *tranche, from feed.Position) {
	pauses := r.config.Pauses()
	waits := tail{config: &r.config}
	waits.waker, _ = r.source.(feed.Waker)
	for {
		select {
		case t.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if !r.awaitRoom(ctx, t) {
			<-t.slots
			return
		}
		woken := waits.before(t.name)
		batch, ok := r.readBatch(ctx, t, from, pauses)
		if ok {
			r.locked(func(*core) {
				if ok = ctx.Err() == nil; ok {
					t.marks.add(batch)
					t.read.Store(int64(batch.Next))
				}
			})
		}
		if !ok {
			<-t.slots
			return
		}
		if len(batch.Events) == 0 && batch.Next == from {
			<-t.slots
			if !r.awaitMore(ctx, t.name, from, &waits, woken) {
				return
			}
			continue
		}
		waits.found()
		select {
		case r.batches <- submission{t, ctx, batch}:
			from = batch.Next
		case <-ctx.Done():
			<-t.slots
			return
		}
	}
}

// awaitRoom waits until there is memory for another batch; it is false if ctx ends first.
func (r *Running) awaitRoom(ctx context.Context, t *tranche) bool {
	for {
		room := false
		r.locked(func(core *core) { room = core.room(core.tranches[t.name]) })
		if room {
			return true
		}
		select {
		case <-t.room:
		case <-ctx.Done():
			return false
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
