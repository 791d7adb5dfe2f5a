// Package shards reads a DynamoDB stream, the record of what changed in a
// table, shard by shard and from where it stopped the last time.
//
// # Terms
//
// A stream consists of shards. A shard takes records for some hours and is then
// closed; its children take those that come after. Busy shards split into two.
// The records of one item are in one shard at a time, so they are in order if a
// parent is read to its end before its children:
//
//	root ──► child ──► grandchild (open)
//	     └─► child (open)
//
// A [Cursor] is where to go on in a shard. The cursors of a [Reader] together
// are its progress: save them when what was read has been dealt with, and give
// them to the next Reader. Shards behind the cursors need none: a child is
// begun only when its parent has ended.
//
// # Loss
//
// Records live for 24 hours. A Reader never passes over records that it should
// have read and that are gone: it returns a [*LossError] that names the shard
// and the place in it. [Config.AcceptLoss] is the way to go on.
package shards
