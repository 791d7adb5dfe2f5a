// Package faults makes the things around a reactor fail on purpose: its store,
// its feed and its checkpoints. A [Spec] says what may go wrong and how often, a
// seed says when.
//
//	reactor -> Injector (decides, notes, fails) -> what records the truth -> store
//
// It is wrapped nearest to the reactor, so that what is below it sees what really
// happened.
//
// # The same seed, the same faults
//
// A fault is decided by the seed, by who calls, by the stream and the kind of the
// operation, and by how many such operations came before; never by the clock, by
// the order of goroutines or by ids that differ from run to run. [Config.Name]
// gives a stream a name that is the same in each run. Deliveries are decided one
// by one, when a feed first delivers them, so it does not matter how they are
// grouped in batches. How many operations there are may still depend on the order
// in which goroutines get on: a run is the same to the letter in a bubble of
// testing/synctest, where a [Schedule] decides that order too, if the reactor's
// pauses are steady ([reactor.Config]).
//
// # Each run ends
//
// After [MaxInARow] faults of one kind of operation, of one caller on one
// stream, there is none until the operation has succeeded. After
// [MaxPerStream] faults of one caller on one stream there are no more. The
// work for one stream has the reactor killed or cut off twice at most, since that
// ends the work for all streams. So whatever tries again gets through, also at a
// rate of 1.
//
// # Whom they hit
//
// The [Reactor] meets all kinds, since it has to survive them all. A [Client], who
// is anybody else that writes, meets only what its caller survives by contract:
// conflicts, but one in a row, since true ones may come on top; slow answers; and
// reads of a replica that lags behind.
package faults
