package harness

import (
	"context"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
)

// host runs the reactor that works for some scenarios: one of this process, or
// processes of their own. Calls for one scenario do not overlap.
type host interface {
	// start starts a reactor that was stopped or has broken down, under the same
	// name.
	start(ctx context.Context) error
	// stop ends it in an orderly way, if it runs.
	stop(ctx context.Context) error
	// breakAfter makes it break down once it has written n times; awaitBroken
	// waits for that.
	breakAfter(ctx context.Context, n int) error
	awaitBroken(ctx context.Context) error

	// storeOf is the store as a scenario uses it: what it writes first belongs
	// to it, and all that it writes is noted.
	storeOf(w *World, store es.Store) es.Store
	// await waits until the reactor has handled everything that the scenario
	// wrote, and, if it is exact, all that followed from it. It returns at once
	// while the reactor is stopped or broken: then nothing more follows.
	await(ctx context.Context, w *World) error
	// exact tells whether that is so, and whether what a reactor reads and
	// writes can be seen and disturbed.
	exact() bool
	// deliverAgain makes the feed deliver a stream again and waits until the
	// reactor has dealt with that.
	deliverAgain(ctx context.Context, w *World, stream es.StreamName) error

	// injector injects the faults of the run; nil if there are none.
	injector() *faults.Injector
	// account says what the reactor is at, for a failure's message.
	account(ctx context.Context, w *World) string
}
