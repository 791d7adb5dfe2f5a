// Package harness runs the hotel's scenarios on any store. It brings the store
// up, starts the production reactor on it, gives each scenario a [World], and
// knows when the reactor has handled what a scenario wrote.
//
// # Structure
//
//	steps -> World -> services -> store     (the front desk)
//	                    |  every append is noted
//	                 journal  <- what the reactor handled
//	                    |
//	feed -> reactor/app.Start -> store      (the reactor, as in the binary)
//
// The journal notes, for each stream of a scenario, the version that was
// written, by the scenario or by the reactor on its behalf, and the version up
// to which the reactor has handled what the feed delivered. When the two are
// equal for all streams, everything the scenario wrote was handled, and
// everything that followed from it. That is an exact wait: no sleep, no retry,
// on every store that is in the same process as the reactor.
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
