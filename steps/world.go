package steps

import (
	"context"
	"time"

	"example.com/groupcheckout/es"
)

// World is what the steps need of their surroundings: one scenario's streams on
// some store, with some reactor. Each scenario has a World of its own.
type World interface {
	// Store is where the services of the hotel read and write. Options are how
	// they do.
	Store() es.Store
	Options() es.Options
	// Name tells what the scenario calls a stream, for those who read of it. It
	// is called before the first write.
	Name(stream es.StreamName, label string)
	// As says who acts with a context, where several act side by side. It is for
	// those who have things go wrong, the same in each run.
	As(ctx context.Context, who string) context.Context
	// Recording tells whether somebody is going to read what the scenario leaves
	// behind; otherwise there is no need to describe it.
	Recording() bool
	// Check checks what the reactor has no part in. Where a read may lag behind,
	// it checks again until that holds or the time is over.
	Check(ctx context.Context, check func(context.Context) error) error
	// Eventually waits until the reactor has handled everything that this
	// scenario wrote, and all that followed from it, and then checks. Where
	// the wait is exact the check is made once and its error is final;
	// elsewhere it is made again until it holds or the time is over. While the
	// scenario's reactor is down nothing follows, and there is no wait.
	Eventually(ctx context.Context, check func(context.Context) error) error
	// Exactly is Eventually for what has a meaning only where the wait is exact,
	// such as that nothing more happens. Elsewhere it skips the scenario.
	Exactly(ctx context.Context, check func(context.Context) error) error
	// Pass lets time pass. Within is Eventually for what also has to come about
	// within a time from now; injected faults excuse a delay. Where time is real
	// both skip the scenario.
	Pass(ctx context.Context, d time.Duration) error
	Within(ctx context.Context, limit time.Duration, check func(context.Context) error) error
	Reactor
}

// Reactor is what a scenario can do to its reactor, and ask of it. Only a
// scenario that has a reactor of its own (tag @own-reactor) may call
// StopReactor, StartReactor or BreakReactorAfter; for others they are errors. What
// cannot be done to a reactor of some kind skips the scenario.
type Reactor interface {
	// StopReactor ends the reactor in an orderly way: running work ends, what
	// was completed is saved.
	StopReactor(ctx context.Context) error
	// StartReactor starts a stopped or broken reactor under the same name.
	StartReactor(ctx context.Context) error
	// BreakReactorAfter makes the reactor break down right after it has written
	// to n streams, counted from now: no further write succeeds and nothing is
	// saved. AwaitBroken waits until it has.
	BreakReactorAfter(ctx context.Context, n int) error
	AwaitBroken(ctx context.Context) error
	// Lag makes the reactor's next reads of a stream, as many as given, miss
	// all of its events, as on a copy of the store that is behind.
	Lag(stream es.StreamName, reads int) error
	// RefuseWrites makes the store refuse what the reactor writes for this
	// scenario, or accept it again. While it refuses, nothing follows.
	RefuseWrites(refuse bool) error
	// DeliverAgain makes the feed deliver all events of a stream again and
	// waits until the reactor has dealt with them.
	DeliverAgain(ctx context.Context, stream es.StreamName) error
	// Calls is how many times the reactor's handler was called for a stream
	// since the scenario began, over all of the reactor's starts. It is final
	// within Exactly.
	Calls(stream es.StreamName) int
	// Excused is how many of these calls may be repetitions that faults have
	// provoked, where the harness injects some on purpose. A repetition changes
	// nothing for the guests, but may record in two entries what one would hold.
	Excused(stream es.StreamName) int
}
