package steps

import (
	"context"

	"groupcheckout/domain/es"
	"groupcheckout/domain/groupcheckout"
	"groupcheckout/domain/gueststay"
)

// World is what the steps need of their surroundings: one scenario's hotel, on
// some store, with some reactor. Each scenario has a World of its own.
type World interface {
	// Stays and Groups are the services that the front desk works with.
	Stays() *gueststay.Service
	Groups() *groupcheckout.Service
	// Eventually waits until the reactor has handled everything that this
	// scenario wrote, and all that followed from it, and then checks. Where
	// the wait is exact the check is made once and its error is final;
	// elsewhere it is made again until it holds or the time is over. While the
	// scenario's reactor is down nothing follows, and there is no wait.
	Eventually(ctx context.Context, check func(context.Context) error) error
	// Reactor is the reactor that works for this scenario.
	Reactor() Reactor
	// Store is where both services write to, for what neither of them does.
	Store() es.Store
}

// Reactor is what a scenario can do to its reactor, and ask of it. Only a
// scenario that has a reactor of its own (tag @own-reactor) may call Stop,
// Start or BreakAfter; for others they are errors.
type Reactor interface {
	// Stop ends the reactor in an orderly way: running work ends, what was
	// completed is saved.
	Stop(ctx context.Context) error
	// Start starts a stopped or broken reactor under the same name.
	Start(ctx context.Context) error
	// BreakAfter makes the reactor break down right after it has written to
	// n streams, counted from now: no further write succeeds and nothing is
	// saved. AwaitBroken waits until it has.
	BreakAfter(n int) error
	AwaitBroken(ctx context.Context) error
	// Lag makes the reactor's next reads of a stream, as many as given, miss
	// all of its events, as on a copy of the store that is behind.
	Lag(stream es.StreamName, reads int)
	// DeliverAgain makes the feed deliver all events of a stream again and
	// waits until the reactor has dealt with them.
	DeliverAgain(ctx context.Context, stream es.StreamName) error
	// Calls is how many times the reactor's handler was called for a stream
	// since the scenario began, over all of the reactor's starts. It is final
	// after an Eventually.
	Calls(stream es.StreamName) int
}
