package harness

import (
	"context"
	"errors"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// errRefused is what a reactor meets whose writes a scenario has refused.
var errRefused = errors.New("the store refuses what the reactor writes, as the scenario wants it")

// beforeAppend takes one of the appends that are left to a reactor that is to
// break down. A stream that a handler call writes first belongs to the scenario
// that the call works for.
func (r *runner) beforeAppend(ctx context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
	if call, ok := reactor.Handled(ctx); ok {
		if owner := r.journal.owner(call.Stream); owner != nil {
			r.journal.claim(stream, owner)
		}
	}
	if r.journal.read(stream).owner.refuses() {
		return errRefused
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
func (r *runner) afterAppend(ctx context.Context, stream es.StreamName, _ es.Version, events []es.EventData, after es.Version, err error) (es.Version, error) {
	if err == nil {
		call, _ := reactor.Handled(ctx)
		r.journal.wrote(stream, after, evidence.ByReactor, events, causeOf(call))
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
			if r.phase == running {
				r.enter(ending)
			}
			r.reactor.Stop()
		}
	}
	return after, err
}

// causeOf is the last of the events that a handler call was given. The journal puts the
// last event in its place that leads the reactor to act.
func causeOf(call reactor.HandlerCall) *evidence.Ref {
	if call.UpTo == 0 {
		return nil
	}
	return &evidence.Ref{Stream: call.Stream.String(), Position: int64(call.UpTo - 1)}
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
func (r *runner) afterFeedRead(_ context.Context, tranche feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
	if err != nil {
		return batch, err
	}
	r.mu.Lock()
	delivered := r.again
	r.again = nil
	r.mu.Unlock()
	for _, d := range batch.Events {
		if r.mine(d.Stream) {
			if r.journal.read(d.Stream).lag > 0 { // told everything, the reactor would not have to read
				d.Event.Data, d.Event.Meta, d.Event.Time = nil, nil, time.Time{}
			}
			delivered = append(delivered, d)
			r.told(d.Stream, d.Event.Index)
		}
	}
	batch.Events = delivered
	if r.ahead.read(tranche, batch) {
		r.journal.poke()
	}
	return batch, nil
}

// feedChanged ends the wait at the tail also when there is something to be
// delivered again.
func (r *runner) feedChanged(_ feed.Tranche, _ feed.Position, changed <-chan struct{}) <-chan struct{} {
	r.mu.Lock()
	poke, running := r.poke, r.reactor
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

// beforeSave keeps a broken reactor from saving, and watches that no checkpoint
// is ahead of work.
func (r *runner) beforeSave(_ context.Context, key feed.Key, position feed.Position) error {
	r.mu.Lock()
	broken := r.broken
	r.mu.Unlock()
	if broken {
		return errBroken
	}
	if err := r.ahead.saved(key.Tranche, position, r.journal); err != nil {
		r.harness.breach(err)
	}
	return nil
}
