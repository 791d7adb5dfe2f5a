// Package stores says what a reactor needs of a store, whichever it is. Each store
// is a package of its own below, knows nothing of the others, and gives a
// [Backend] by a method of that name. A program links those that it imports;
// package address opens any of them by its address.
package stores

import (
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Backend is everything that a reactor needs of a store. Whoever got it closes it,
// once nothing uses it any more.
type Backend struct {
	Name                         string // "memory", "messagedb" or "dynamodb"
	Events                       es.Store
	Source                       feed.Source
	Checkpoints                  feed.Checkpoints
	Unavailable                  func(error) bool // tells whether an error means that the store cannot be reached; nil if it always can
	ReadsApart, CheckpointsApart bool             // whether these are on servers of their own
	Servers                      Servers          // where it is
	CallsAtOnce                  int              // how many calls of Events one piece of work does well to make at the same time; 0 if the store does not say
	Release                      func()           // frees what these stand on; nil if there is nothing. It may be called more than once
}

// Servers say where a store is, such as db.example.com:5432, for messages: without
// anything secret. One that is not known, or is this process, is empty.
type Servers struct{ Leader, Reads, Checkpoints string }

// Close frees what the backend stands on. It may be called more than once.
func (b *Backend) Close() {
	if b.Release != nil {
		b.Release()
	}
}
