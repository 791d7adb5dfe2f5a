// Package harness runs the scenarios of an event-sourced [System] on any store.
// It brings the store up, starts the production reactor on it, gives each
// scenario a [World], and knows when the reactor has handled what a scenario
// wrote. It knows nothing of what the events mean. Package
// [example.com/groupcheckout/harness/run] puts it under go test.
//
// # Structure
//
//	steps ──▶ World ──▶ site                  (the scenario)
//	            │         a store that was brought up: shared, or a scenario's own
//	            │  every append is noted
//	         journal ◀── what the reactor read, handled and wrote
//	            │
//	          host                            (whoever runs the reactor)
//	            ├─ runner     in this process, behind hooks, faults and a schedule
//	            └─ processes  the program that is shipped, behind a gate
//
// The journal notes, for each stream of a scenario, the version that was
// written, by the scenario or by the reactor on its behalf, and the version up
// to which the reactor has handled what the feed delivered. When the two are
// equal for all streams, everything the scenario wrote was handled, and
// everything that followed from it. That is an exact wait: no sleep, no retry,
// on every store, as long as the reactor is in this process. What is read after
// it may still lag on a real store, so there a check is made again until it holds.
//
// Where the reactor is in other processes nobody sees it handle anything. The
// harness follows the feed beside it, learns where in the feed the scenario's
// events are, and waits until each process says that it has completed that much.
// What can only be done or told from within skips the scenario: [World.Exactly],
// [World.Lag], [World.RefuseWrites].
//
// A check that fails says what was wanted and what was found, and then what the
// harness knows: the last events of the scenario's streams, and where feed and
// reactor are. See [FailureError].
//
// A wait whose stream the handler fails for begins with that error ([HandlerError]), and
// is given up after enough attempts in a row, unless faults are injected. Of a reactor in
// another process the status page tells it; one without a page is quoted.
//
// # Promises that are always watched
//
// A reactor in this process keeps these, or [Harness.Audit] fails:
//
//   - no checkpoint is saved ahead of an event that is not handled;
//   - at most one call of the handler runs for a stream;
//   - no call returns a version that was never written;
//   - one that was killed starts again, and none ends by itself.
//
// The first two are watched in the streams of scenarios that are not over yet.
// The third is not watched where connections are cut: an append whose reply is cut
// off may have been written. The same audit then asks the system about what the
// scenarios have left behind ([Left]): their streams, what the feed delivers of them,
// and where the reactor's checkpoints lay when they ended. Its error names streams as
// their scenarios do, and the scenarios. Each scenario is audited once; a promise that
// is broken after the last audit is in the error of [Harness.Close].
//
// # What goes wrong
//
// What a scenario does to the reactor (stopping it, breaking it, making a read
// lag) happens in hooks around the store and the feed, or at the gate. The reactor
// itself is the one that the binary runs. Outside of the hooks, nearest to the
// reactor, a run may inject faults ([example.com/groupcheckout/harness/faults]), and a seed may
// decide in which order goroutines get on. Faults excuse the handler calls that they
// disturbed, and those for what was delivered again because of them: see [World.Excused].
//
// # How long things may take
//
// What a scenario waits for, starts and stops is bounded by its own time limit, and
// what closes its world by as much again: both grow with what a project gives them.
// The limits in this package that are shorter make nothing fail on a slow machine.
// How long a check is made again says when the last one begins, and cuts none off.
// What a failure finds out about itself may be less. A handler call that outlasts a
// stop by a minute is cut off, and made again. All others are minutes, for what hangs.
//
// # Isolation
//
// Each scenario has ids of its own, so scenarios share one store and one
// reactor and run side by side. A scenario that stops its reactor has one of
// its own, with a consumer group of its own: the shared reactor leaves that
// scenario's streams alone, and its own reactor leaves all others alone.
// Processes cannot be told to, so there such a scenario has a store of its own.
package harness
