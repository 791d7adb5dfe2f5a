// Package gueststay is the aggregate of one guest's stay: checked in, charged
// and paid for, and in the end either checked out or transferred to a group
// checkout. Read it in the order events, state, decide, codec, service.
// A new event goes into events.go, into Fold, into the codec and into the Bodies of
// its test; the linter names the switches of other packages that lack it. What the state
// comes to hold besides goes into snapshot.go, and snapshots have another name then.
//
// The streams and bodies are those of the .NET program's GuestStay.
package gueststay
