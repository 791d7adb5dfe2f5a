// Scale says on paper what the hotel needs beyond one machine: where each store gives way
// first, and what a chain of hotels takes.
//
//	costs (bench.json) ─┐
//	                    ├─▶ limits of each store ─▶ what a chain needs, and the curves
//	a chain's demand ───┘
//
// # The model
//
// A store is a row of stations that every group checkout passes: what a store can do is
// what its first full station can do. On Message DB these are the lock of the category of
// the stays, which is held until a commit is on disk, the cores of the server, and the
// replica that applies what was written; on DynamoDB the one partition of the index, which
// takes 1,000 write units a second; on both the core that the scheduler runs on.
//
// How long an append waits for the lock is simulated (queue.go): appends that wait at the
// same time share a transaction, which takes a fixed time and some more for each of them.
//
// # What it is fed with
//
// The costs are those that bench has measured, with the units of docs/dynamodb.md. Two
// rows of bench give the two times of a transaction; the third row of appends is what the
// model is compared with.
package main
