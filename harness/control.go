package harness

import (
	"context"
	"errors"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/gherkin"
	"example.com/groupcheckout/harness/faults"
)

// errShared refuses to stop the reactor that other scenarios share.
var errShared = errors.New("this scenario shares its reactor with others; give it one of its own by Scenario.OwnReactor, which features ask for with the tag @own-reactor")

// StopReactor ends the scenario's own reactor in an orderly way.
func (w *World) StopReactor(ctx context.Context) error {
	if !w.own {
		return errShared
	}
	return w.host.stop(ctx)
}

// StartReactor starts the scenario's own reactor, which was stopped or has broken
// down, under the same name.
func (w *World) StartReactor(ctx context.Context) error {
	if !w.own {
		return errShared
	}
	return w.host.start(ctx)
}

// BreakReactorAfter makes the scenario's own reactor break down right after it
// has written to n streams, counted from now: no further write succeeds and
// nothing is saved.
func (w *World) BreakReactorAfter(ctx context.Context, n int) error {
	if !w.own {
		return errShared
	}
	return w.host.breakAfter(ctx, n)
}

// AwaitBroken waits until the reactor has broken down.
func (w *World) AwaitBroken(ctx context.Context) error { return w.host.awaitBroken(ctx) }

// Lag makes the reactor's next reads of a stream, as many as given, miss all of
// its events. Until then the feed tells it only that there are events, and not what they
// say, so that it has to read.
func (w *World) Lag(stream es.StreamName, reads int) error {
	if err := w.outOfReach("its reads cannot be made to lag"); err != nil {
		return err
	}
	w.harness.journal.claim(stream, w)
	w.harness.journal.update(stream, func(e *entry) { e.lag = reads })
	return nil
}

// RefuseWrites makes the store refuse what the reactor writes for this scenario,
// or accept it again. While it refuses, nothing follows from what the scenario
// writes, and no wait is needed.
func (w *World) RefuseWrites(refuse bool) error {
	if err := w.outOfReach("its writes cannot be refused"); err != nil {
		return err
	}
	w.refusing.Store(refuse)
	return nil
}

// refuses tells whether the reactor's writes are refused; nobody refuses any.
func (w *World) refuses() bool { return w != nil && w.refusing.Load() }

// Calls is how often the reactor's handler was called for a stream since the
// scenario began.
func (w *World) Calls(stream es.StreamName) int { return w.harness.journal.read(stream).calls }

// Excused is how many of these calls are owed to injected faults: those that met one
// and failed, or saw too little, and those with nothing to do for what was delivered
// again. Where the reactor is in other processes nobody sees calls, and each kill may
// have provoked one.
func (w *World) Excused(stream es.StreamName) int {
	if w.host.exact() {
		return w.harness.journal.read(stream).excuse.calls
	}
	return w.host.injector().Disturbed(stream)
}

// injected lists the faults that the scenario has met.
func (w *World) injected() []faults.Injected { return w.host.injector().Of(w.key + keyEnds) }

// DeliverAgain makes the feed deliver all events of a stream again and waits
// until the reactor has dealt with them.
func (w *World) DeliverAgain(ctx context.Context, stream es.StreamName) error {
	if err := w.host.await(ctx, w); err != nil {
		return err
	}
	return w.host.deliverAgain(ctx, w, stream)
}

// outOfReach skips a scenario that would have to reach into its reactor where
// that is in another process.
func (w *World) outOfReach(what string) error {
	if w.host.exact() {
		return nil
	}
	return gherkin.Skip("%s: the reactor is in another process", what)
}
