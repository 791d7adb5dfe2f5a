// Package dynamodb keeps streams in a DynamoDB table, and the feed and the
// checkpoints in a second one, the index. Both have the format of
// Equinox.DynamoStore and Propulsion.DynamoStore, so that .NET programs can
// work on the same tables at the same time.
//
// # Terms
//
// A stream is a tip, the item that every append goes through, and calves,
// older items that never change: see package table. An [es.Version] is n of
// the tip.
//
// # Costs
//
// The Store remembers the tips that it has seen, within [Config.CacheBytes].
//
//	append at the version of a known tip   1 request
//	the first append of a stream           1 request
//	append at the version of another tip   1 read more
//	read of a short stream from its start  1 request
//	read of the newest events              1 request, for the tip alone
//	read of many short streams at once     1 request for a hundred of them
//
// # Guarantees
//
// An append is one conditional write, or one transaction of two when the tip
// calves. A conflict is told apart from throttling, from transactions that
// meet, and from requests that are wrong. The SDK's own retries are switched
// off, because they would report a success whose reply was lost as a conflict:
// see settle.go of package table for how such an append is settled.
//
// A read FromLeader is a consistent read. One FromReplica costs half and may
// be older, but has no gap.
//
// DynamoDB stores no ids of events. Those that are read have the zero UUID.
// Times are those of the events, to 100 nanoseconds.
package dynamodb
