// Package harness runs the scenarios of an event-sourced [System] on any store.
// It brings the store up, starts the production reactor on it, gives each
// scenario a [World], and knows when the reactor has handled what a scenario
// wrote. It knows nothing of what the events mean.
//
// # Structure
//
//	steps -> World -> store         (the scenario)
//	           |  every append is noted
//	        journal  <- what the reactor handled
//	           |
//	feed -> System.Start -> store   (the reactor, as in the binary)
//
// The journal notes, for each stream of a scenario, the version that was
// written, by the scenario or by the reactor on its behalf, and the version up
// to which the reactor has handled what the feed delivered. When the two are
// equal for all streams, everything the scenario wrote was handled, and
// everything that followed from it. That is an exact wait: no sleep, no retry,
// on every store that is in the same process as the reactor.
//
// A check that fails says what was wanted and what was found, and then what the
// harness knows: the last events of the scenario's streams, and where feed and
// reactor are. See [FailureError].
//
// # Promises that are always watched
//
// No checkpoint may ever be saved ahead of an event that is not handled. The
// harness sees to that in every run, and what the scenarios leave behind is
// audited in the end: see [Harness.Audit].
//
// What a scenario does to the reactor (stopping it, breaking it, making a read
// lag) happens in hooks around the store and the feed. The reactor itself is
// the one that the binary runs.
//
// # Isolation
//
// Each scenario has ids of its own, so scenarios share one store and one
// reactor and run side by side. A scenario that stops its reactor has one of
// its own, with a consumer group of its own: the shared reactor leaves that
// scenario's streams alone, and its own reactor leaves all others alone.
package harness
