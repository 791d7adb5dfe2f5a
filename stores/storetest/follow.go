package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// betweenReads is how long a follower waits at the tail of a feed that is no
// [feed.Notifier] before it asks again. It is the only wait in the suite.
const betweenReads = 10 * time.Millisecond

// appended is what was appended to each stream, from index 0 on.
type appended map[es.StreamName][]es.EventData

func (a appended) count() int {
	n := 0
	for _, events := range a {
		n += len(events)
	}
	return n
}

// follower reads all tranches of a feed, as a reactor does, and checks what it
// gets against what was appended.
type follower struct {
	source   feed.Source
	tranches []feed.Tranche
	idle     chan struct{} // if not nil, filled whenever a reader is about to wait

	mu        sync.Mutex
	at        map[feed.Tranche]feed.Position // where the next read starts
	seen      map[es.StreamName]es.Version   // how many events of each stream came
	delivered []feed.Delivery                // all that came, those that came again included
}

// newFollower begins at the end of the feed as it is now, so that on a shared
// store it does not read what others wrote before.
func newFollower(ctx context.Context, source feed.Source) (*follower, error) {
	tranches, err := source.Tranches(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tranches: %w", err)
	}
	if len(tranches) == 0 {
		return nil, errors.New("the feed has no tranches, want at least one")
	}
	f := &follower{
		source:   source,
		tranches: tranches,
		at:       map[feed.Tranche]feed.Position{},
		seen:     map[es.StreamName]es.Version{},
	}
	for _, tranche := range tranches {
		if f.at[tranche], err = source.End(ctx, tranche); err != nil {
			return nil, fmt.Errorf("end of %q: %w", tranche, err)
		}
	}
	return f, nil
}

// mustFollow begins at the present end of a feed, or ends the test.
func mustFollow(t testing.TB, f Fixture, batchSize int, categories ...string) *follower {
	t.Helper()
	follower, err := newFollower(patient(t), f.source(t, batchSize, categories...))
	check.Must(t, err)
	return follower
}

// mustAwait reads until everything in want was delivered, or ends the test.
func mustAwait(t testing.TB, f *follower, want appended) {
	t.Helper()
	check.Must(t, f.await(patient(t), want))
}

// errDone ends the readers of all tranches once everything was seen.
var errDone = errors.New("everything was seen")

// await reads until everything in want was delivered, and then whatever else
// there is. It returns an error for an event that is not in want or is out of
// order, and at the end of ctx.
func (f *follower) await(ctx context.Context, want appended) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, tranche := range f.tranches {
		group.Go(func() error { return f.read(groupCtx, tranche, want) })
	}
	if err := group.Wait(); !errors.Is(err, errDone) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return fmt.Errorf("%w; so far came %d of %d events, of streams %v", err, len(f.delivered), want.count(), f.seen)
	}
	for _, tranche := range f.tranches {
		for tail := false; !tail; {
			var err error
			if tail, err = f.next(ctx, tranche, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads a tranche until all tranches together delivered everything.
func (f *follower) read(ctx context.Context, tranche feed.Tranche, want appended) error {
	for !f.complete(want) {
		tail, err := f.next(ctx, tranche, want)
		if err != nil {
			return err
		}
		if tail {
			if err := f.wait(ctx, tranche, f.position(tranche)); err != nil {
				return err
			}
		}
	}
	return errDone
}

// next reads and checks one batch, and tells whether nothing is left to read.
func (f *follower) next(ctx context.Context, tranche feed.Tranche, want appended) (tail bool, err error) {
	from := f.position(tranche)
	batch, err := f.source.Read(ctx, tranche, from)
	if err == nil {
		err = checkBatch(batch, from)
	}
	if err == nil {
		err = f.take(tranche, batch, want)
	}
	if err != nil {
		return false, fmt.Errorf("read %q from %d: %w", tranche, from, err)
	}
	return batch.Tail && len(batch.Events) == 0, nil
}

// checkBatch checks what is true of every batch.
func checkBatch(batch feed.Batch, from feed.Position) error {
	switch {
	case batch.Next < from:
		return fmt.Errorf("got next position %d, want at least the one read from", batch.Next)
	case len(batch.Events) > 0 && batch.Next == from:
		return fmt.Errorf("got %d events and the same position again, want one behind them", len(batch.Events))
	case !batch.Tail && batch.Next == from:
		return errors.New("got neither a further position nor the tail, so a reader would ask for ever")
	}
	return nil
}

// take checks a batch and moves behind it.
func (f *follower) take(tranche feed.Tranche, batch feed.Batch, want appended) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delivered = append(f.delivered, batch.Events...)
	for _, d := range batch.Events {
		events, known := want[d.Stream]
		next := f.seen[d.Stream]
		switch {
		case !known:
			return fmt.Errorf("got an event of %s, which is not a stream that the feed was asked for", d.Stream)
		case d.Event.Index < next:
			continue // it comes again, which the contract allows
		case d.Event.Index > next:
			return fmt.Errorf("got event %d of %s, want %d first", d.Event.Index, d.Stream, next)
		case next >= es.Version(len(events)):
			return fmt.Errorf("got event %d of %s, which has only %d", next, d.Stream, len(events))
		}
		if err := compareDelivery(d.Event, next, events[next]); err != nil {
			return fmt.Errorf("%s: %w", d.Stream, err)
		}
		f.seen[d.Stream]++
	}
	f.at[tranche] = batch.Next
	return nil
}

// compareDelivery allows for a feed that knows only that there is an event.
func compareDelivery(got es.Event, index es.Version, want es.EventData) error {
	if len(got.Data) == 0 && len(got.Meta) == 0 && got.Time.IsZero() {
		return compareEvent(got, index, want)
	}
	if got.Time.IsZero() || got.Time.Location() != time.UTC {
		return fmt.Errorf("event %d: got time %v, want one in UTC", index, got.Time)
	}
	return compareEvents([]es.Event{got}, index, []es.EventData{want})
}

// complete tells whether everything in want was seen.
func (f *follower) complete(want appended) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for stream, events := range want {
		if f.seen[stream] < es.Version(len(events)) {
			return false
		}
	}
	return true
}

func (f *follower) position(tranche feed.Tranche) feed.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at[tranche]
}

// wait returns when it is worth while to read again.
func (f *follower) wait(ctx context.Context, tranche feed.Tranche, from feed.Position) error {
	select {
	case f.idle <- struct{}{}:
	default:
	}
	if notifier, ok := f.source.(feed.Notifier); ok {
		select {
		case <-notifier.Changed(tranche, from):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return pause.For(ctx, betweenReads)
}
