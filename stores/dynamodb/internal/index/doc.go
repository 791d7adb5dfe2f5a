// Package index keeps the feed of a DynamoDB table of events: an index, in a
// table of its own, of what was appended in which order. It writes and reads
// the index that Propulsion.DynamoStore does, so that .NET programs and this
// one can share it, checkpoints included.
//
// # Flow
//
//	table of events ──► its DynamoDB stream ──► indexer ──► index table ──► Source
//	                    (24 hours)              one at a time             └─► Checkpoints
//
// # Terms
//
// A span is consecutive events of one stream, by their types. The index is a
// list of spans, cut into epochs, each of which is a stream of the index table;
// a partition is an independent list, and today there is one. A position is the
// number of the epoch times a million plus the index of an event in the epoch's
// stream, and so counts what was ingested at once, not single spans.
//
//	$AppendsIndex-0         which epoch of each partition is the active one
//	$AppendsEpoch-0_7       the spans of epoch 7 of partition 0: events Ingested, and Closed at its end
//	$ReaderCheckpoint-…     how far a consumer group got
//	$Indexer-0              the lease of the indexer and how far it got; only this package knows it
//	$Rebuild-0              how far a rebuild got; likewise
//
// # Guarantees
//
// Every append to the table of events gets into the index at least once, and
// once in an epoch; within a stream in order. Events that come again in a later
// epoch are normal after a restart.
//
// The indexer keeps its place in the stream of changes with its lease, in the
// tip of $Indexer-0, which it rewrites with every heartbeat. Starting over from
// the oldest record instead would be correct as well, but a day's records would
// come again in the present epoch after every restart, because duplicates are
// known only within an epoch. Saved progress repeats the work of a few seconds.
//
// What the stream of changes lost is never passed over in silence. Records that
// were trimmed, a stream that was replaced and an index that would lack the past of its
// table are a [*HaltError], until [Rebuild] has brought in what is missing or somebody
// accepts that very loss. A span that does not begin where the index has the stream up
// to is completed from the table of events, however many epochs ago that was. What was
// pruned from there is logged, and what comes behind it goes into a new epoch, since
// readers on .NET refuse a gap within one. A table that was set back, so that numbers
// are given again that the index knows, is an [*AheadError].
//
// # What is known of the past
//
// An ingester holds what its epoch has of each stream, and what the epochs before have,
// as far back as it had a reason to look: one epoch for a stream that begins, and for
// any other until the stream is found. That is about 100 bytes for each stream.
//
// # One indexer at a time
//
// [Indexer.Run] waits for the lease. An owner that cannot renew it in time stops
// writing by itself; one that does not notice is fenced off: its successor
// replaces the etag of the active epoch, which the next append of the old one
// demands, so that this fails and leads to another look at the lease. Even two
// that write at once do no harm, since every append is decided on the contents
// that it adds to; but one may then index again, in a later epoch, what the
// other indexed in an earlier one. Propulsion's Lambda, and package lambda, know
// no lease: do not run them beside this indexer for long.
package index
