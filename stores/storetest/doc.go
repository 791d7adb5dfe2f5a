// Package storetest is the one suite that every store passes: each sentence of
// the contract in es and reactor/feed is a test in it.
//
// A store's own tests call [Run] with a store that they opened:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Fixture{ ... })
//	}
//
// # Order of the files
//
// run.go is the entry. Each topic is a file whose first function lists its
// tests by the sentence that they prove: appends, cancellation, conflicts,
// reads, many, snapshots, names, bodies, refusals, ownership, feeds, tail,
// checkpoints, slots, model.
// events.go, json.go and follow.go hold what they share.
//
// # Guarantees
//
// All tests share the store. Each test has streams of its own, and
// tests of a feed have a category of their own, so that they run in parallel,
// beside other users of the same store, and again on a store that was used
// before. No test can be switched off. A promise that the contract leaves to
// the store (whether ids are kept, whether a conflict tells the version, whether
// a feed carries bodies) is accepted in each form that the contract allows.
//
// Nothing sleeps. What becomes visible only eventually is awaited by reading
// the feed again: when its [feed.Notifier] says so, or else after a short
// betweenReads. One constant, patience, limits how long.
//
// Package storetest imports testing, so only tests may import it.
package storetest
