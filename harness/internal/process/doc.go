// Package process runs a reactor as what it is in production: a program in a
// process of its own, or several such processes under one name. It knows what
// the program tells of itself, and nothing of what it does.
//
//	Build ──▶ Start ──▶ Process ── Status, AwaitCompleted ──▶ GET /status.json
//	                       │
//	                       ├── Stop   a signal, and a clean end
//	                       └── Kill   SIGKILL
//
// # What the program has to do
//
// It serves the page of package reactor/monitor, and logs the line "serving the status page" with
// the attribute address, as text or as JSON, once it does: so it may be given the
// port 0. It stops in an orderly way, with exit status 0, when it gets a
// SIGTERM. The reactor of this project, started with --listen 127.0.0.1:0, does
// all of that.
//
// A program that does none of it can be run too, if it follows the feed and keeps its
// checkpoints where [Config.Saved] finds them: it is ready once it is started, and has
// completed what its checkpoints say. It stops at the signal that is its own.
//
// # What it guarantees
//
// A process ends when this one does, however that ends, and leaves no folder
// behind. Of the environment it has all but what would lead it to a store that
// nobody meant: PG…, MDB_…, EQUINOX_… and AWS_… come from [Config] alone. A
// secret belongs into [Config.Env], which no error and no log line repeats, and
// not into the arguments, which every user of the machine can read.
//
// # How to wait
//
// What happens in another process can be asked for, not watched. AwaitCompleted
// asks for how far the feed is completed, first after 2 ms and at last every 50 ms.
// The position to wait for is the end of the feed as the store has it after the
// last write: what was completed up to there was handled, with all that
// its handling read. What the reactor itself wrote meanwhile may have moved
// the end; whoever wants all that follows asks for the end again, and waits
// again, until it stays the same.
package process
