package harness

import (
	"context"
	"errors"
	"fmt"

	"groupcheckout/domain/es"
	"groupcheckout/reactor/feed"
)

// errShared refuses to stop the reactor that other scenarios share.
var errShared = errors.New("this scenario shares its reactor with others; give it one of its own by Scenario.OwnReactor, which features ask for with the tag @own-reactor")

// StopReactor ends the scenario's own reactor in an orderly way.
func (w *World) StopReactor(ctx context.Context) error {
	if !w.own {
		return errShared
	}
	return w.runner.stop(ctx)
}

// StartReactor starts the scenario's own reactor, which was stopped or has broken
// down, under the same name.
func (w *World) StartReactor(context.Context) error {
	if !w.own {
		return errShared
	}
	return w.runner.start()
}

// BreakReactorAfter makes the scenario's own reactor break down right after it
// has written to n streams, counted from now: no further write succeeds and
// nothing is saved.
func (w *World) BreakReactorAfter(n int) error {
	if !w.own {
		return errShared
	}
	return w.runner.breakAfter(n)
}

// AwaitBroken waits until the reactor has broken down.
func (w *World) AwaitBroken(ctx context.Context) error { return w.runner.awaitBroken(ctx) }

// Lag makes the reactor's next reads of a stream, as many as given, miss all of
// its events.
func (w *World) Lag(stream es.StreamName, reads int) error {
	w.harness.journal.claim(stream, w)
	w.harness.journal.update(stream, func(e *entry) { e.lag = reads })
	return nil
}

// RefuseWrites makes the store refuse what the reactor writes for this scenario,
// or accept it again.
func (w *World) RefuseWrites(refuse bool) error {
	w.refusing.Store(refuse)
	return nil
}

// refuses tells whether the reactor's writes are refused; nobody refuses any.
func (w *World) refuses() bool { return w != nil && w.refusing.Load() }

// Calls is how often the reactor's handler was called for a stream since the
// scenario began.
func (w *World) Calls(stream es.StreamName) (calls, excused int) {
	return w.harness.journal.read(stream).calls, 0
}

// DeliverAgain makes the feed deliver all events of a stream again and waits
// until the reactor has dealt with them.
func (w *World) DeliverAgain(ctx context.Context, stream es.StreamName) error {
	if err := w.await(ctx); err != nil {
		return err
	}
	events, err := w.store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	deliveries := make([]feed.Delivery, len(events))
	for i, e := range events {
		deliveries[i] = feed.Delivery{Stream: stream, Event: e}
	}
	before := w.harness.journal.read(stream).retirements
	if err := w.runner.deliverAgain(deliveries); err != nil {
		return err
	}
	for {
		_, changed := w.harness.journal.unfinished(w)
		if w.harness.journal.read(stream).retirements > before {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not dealt with what was delivered again: %w", ctx.Err())
		}
	}
}
