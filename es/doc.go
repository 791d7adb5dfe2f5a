// Package es is the event-sourcing kit: streams, events, versions, codecs and
// the [Decider], which is the one way in to a stream. It does no I/O; a store
// implements [Reader] and [Appender]. An aggregate is made of [NewCodec], with one
// [On] for each of its events, and [NewCategory]; what every one has to keep
// es/aggregatetest proves.
//
// # Terms
//
// A stream is named Category-id ([StreamName]). Its events are numbered from
// zero without a gap. A [Version] counts them, so it is also the index of the
// event that would come next: 0 for an empty stream.
//
// # Guarantees
//
// An append states the version that it expects and writes all of its events
// or none. If the stream is at another version nothing is written and the
// error is a [*ConflictError]. A Decider answers a conflict by loading again,
// from the leader, and deciding again, three times in all unless told
// otherwise.
//
//	command -> Decider: load (cache or snapshot, + tail) -> fold -> decide -> append
//	                      ^                                                    |
//	                      +------------------- on a conflict ------------------+
//
// A [Snapshot] is a hint that a store may keep of a long stream: the events are the
// truth, and decisions are the same without.
//
// Folds and decisions take values and return values. No clock, id generator,
// store, logger or context reaches them.
package es
