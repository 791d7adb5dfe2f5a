// Package groupcheckout is the aggregate of a group checkout: stays are
// selected, each is merged with its unpaid balance or fails to be, the group is
// paid, then confirmed. Read it in the order events, state, decide, next,
// codec, service. A new event goes into events.go, into Fold, into the codec and into
// the Bodies of its test; the linter names the switches of other packages that lack
// it. What the state comes to hold besides goes into snapshot.go, and snapshots have
// another name then.
//
// The state is also the to-do list of the process that merges the stays: what
// was selected and has no outcome yet is what remains to be done.
//
// The streams and bodies are those of the .NET program's GroupCheckout.
package groupcheckout
