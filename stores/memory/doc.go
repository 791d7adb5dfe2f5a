// Package memory keeps streams in the memory of the process. It is the store
// of the fast scenarios and unit tests, and the reference for what the
// conformance suite expects of every store.
//
// # Guarantees
//
// One mutex guards a [Store], so an append is atomic, an acknowledged event is
// seen by every read that begins afterwards whatever freshness it asks for, and
// no append has an uncertain outcome: this store never returns an
// [*es.UncertainError]. All data is copied on the way in and on the way out.
// A body comes back as equal JSON; as on the other stores, nobody may rely on
// its bytes being the same.
//
// # Feed
//
// A [Source] copies the shape of Message DB's feed: each category is a tranche,
// and every event of the store has a global position, counted from 1. Nothing
// polls. A reader at the tail waits for a channel that the next append to its
// category closes, so everything here also runs inside a testing/synctest
// bubble, provided that the Store was made inside it.
package memory
