// Package table reads and writes streams in one DynamoDB table, item by item
// as Equinox.DynamoStore does, so that .NET programs and this one can share
// the table. The table of the store is one such table, the index another.
//
// # Items
//
//	p = stream, i = 2147483647   the tip: the newest events, and all that a
//	                             writer has to know of the stream
//	p = stream, i = 0, 14, 31 …  calves: older events, moved out of the tip;
//	                             i is the index of the first event in it
//
// Every append goes through the tip. When the tip would grow beyond
// [Config.MaxBytes] or [Config.MaxEvents], the events that it holds move to a
// calf, in the same transaction that puts the new ones into the tip. A calf is
// never changed again.
//
// # Tips
//
// A writer needs to know the tip that it appends to. [Table.Load],
// [Table.Tail] and [Table.Append] return a [Tip], and the holder of one
// appends with a single request.
//
// # Conditions
//
// The first write of a stream demands that there is no tip. Every other write
// demands that the tip still has the version and the etag of the Tip that it
// builds on. Equinox demands only the version there; the etag besides it
// proves that the events that we remember, and may be about to move to a calf,
// are those that the item holds, even if someone trimmed it. An append that
// only asks for a version ([MatchVersion]) and meets the same version under
// another etag goes on from the tip that it met.
//
// # Lost replies
//
// See settle.go: an append is sent again until the outcome is known.
package table
