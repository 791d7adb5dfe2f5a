// Package reactor runs a handler for every stream that changes, driven by a
// feed. It knows nothing of what the events mean. A setting goes into config.go,
// something that observers are told into observe.go, and what a reactor tells of
// itself into status.go; reactor/monitor shows all of that to an operator.
//
// # Terms
//
// A feed delivers events in batches, tranche by tranche. The scheduler holds
// what was delivered until it is handled. A handler call is for one stream, is
// given everything that waits for it, and returns the observed version: the
// version of the stream as the call read or left it. A delivery is retired once
// a call observed a version above its index. A checkpoint is the position
// behind the last batch of which, and before which, every delivery is retired.
//
// Several processes of one consumer group divide its streams into slots, by a hash of
// their names. Who holds which stands in a roster beside the checkpoints. A process reads
// the feed once, whatever number of slots it holds, and has a portion of each tranche for
// each of them, with a checkpoint of its own. One that holds none stands by.
//
//	Source --read--> reader --batch--> core --call--> Handler
//	                   ^ slots           | ^ observed version
//	                   +--- completed ---+ |
//	Checkpoints <---- every interval ------+
//
// # Guarantees
//
//   - At most one call at a time for a stream, up to MaxWriters streams at once, and
//     beside them as many calls that ignore that their time is over.
//   - Deliveries below the observed version are dropped, also those still to
//     come. Those at or above it stay: if the call was given them, the read it
//     was based on lags behind the feed and the call is repeated after a pause,
//     which grows unless the calls get on; if they came meanwhile, the next call
//     follows at once.
//   - A call that fails is repeated after a growing pause, alone: other streams
//     go on, and the repetition is also given what arrived meanwhile.
//   - A checkpoint never passes a delivery that is not retired. A crash repeats
//     work and skips none. The positions behind a stream that keeps failing are
//     not saved, but reading goes on: batches that are completed do not count against
//     MaxReadAhead, nor do those that wait for streams in trouble alone, as long as what
//     they hold fits into MaxStuckBytes. A tranche is also not read on while all that
//     waits takes MaxHeldBytes, unless it has nothing else under way.
//   - A feed that has lost events, as a restored store has, ends the reactor: at its
//     start or within a CheckpointInterval. Where the source is a [feed.Historian] it is
//     asked for the events that were read last; elsewhere a loss is seen only while the
//     feed ends before what was read.
//   - With slots, each is worked on by one process, but for calls that cannot be
//     cancelled when it is lost; only who holds it can move its checkpoint. One that
//     stops hands over, and from one that gives no sign of life the others take over
//     within its Lease.
//   - Delivery is at least once, so a handler must be able to repeat its work.
//
// # Structure
//
// The core (core.go) decides what comes next. It is plain values and has no
// goroutine, clock or I/O. One goroutine (run.go) owns it. Each tranche has a
// reader (reader.go), each call a goroutine, and one more saves checkpoints
// (checkpoint.go). With slots another one keeps the place among the processes
// (keeper.go, and handover.go for the slots that it gives), as its seat decides
// (roster.go), which is plain values too. run waits for all of them, but for calls and
// reads that have not ended when a stop has to be over: those are left behind
// ([AbandonedError]).
//
// An [Observer] is told what happens, and a [Status] says what a reactor is at.
package reactor
