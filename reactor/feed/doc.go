// Package feed holds the interfaces through which a reactor follows the
// changes of a store and remembers how far it got. Stores implement them. An ability
// that only some stores have is an interface of its own, as [Notifier] is.
//
// A feed is divided into tranches. Each has its own order and its own
// positions and is read by one reader. Within a tranche the events of one
// stream come in stream order. Delivery is at least once: after a restart, and
// now and then besides, events come again.
package feed
