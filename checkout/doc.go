// Package checkout is the group checkout at work: a reactor visits the pending
// stays of each group, moves their unpaid balances to the group, and records what
// became of each. A setting goes into [Config], a category that is to be followed into
// [Categories], and what is done about a group into [Process.Handle].
//
// [Start] wires it up on a store; the reactor's program and every harness call it.
//
//	feed --> reactor --group--> Process --Read, Record--> group's stream
//	                               |
//	                               +--TransferToGroup--> streams of the stays
//
// # Guarantees
//
// The process keeps nothing of its own. What is left to be done is the state of
// the group's stream, so a call may be repeated at any point: a transfer to the
// same group yields the same residual again, and only stays that are still pending
// are recorded.
package checkout
