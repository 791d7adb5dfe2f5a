package harness

import (
	"context"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores"
)

// System is what a harness specifies: a reactor, and what it means. The harness
// itself knows nothing of either. Start and Categories are required.
type System struct {
	// Categories are those whose changes the reactor follows.
	Categories []string
	// Start starts the reactor: the production wiring, with these values of its
	// configuration. Nobody is to see its log.
	Start func(ctx context.Context, backend *stores.Backend, config reactor.Config) (Reactor, error)
	// Audit proves what scenarios leave behind. It is called once they are over, and
	// each scenario is audited once.
	Audit func(ctx context.Context, left Left) error
	// Text is what an event says to a reader, such as "2 parcels unloaded"; empty if
	// nothing is to be said beside its type.
	Text func(stream es.StreamName, event es.EventData) string
	// Leads tells whether the reactor acts because of an event of this type. The reports
	// name the last such event of the stream, up to the last that a handler call was
	// given, as the cause of what the call writes. Nil means that any event is one.
	Leads func(eventType string) bool
	// Program is how the reactor is run as a program; nil if it is none.
	Program *Program
}

// Reactor is a reactor that was started.
type Reactor interface {
	// Stop asks the reactor to stop in an orderly way and does not wait for it.
	// Stopping twice is fine.
	Stop()
	// Done is closed once the reactor is over.
	Done() <-chan struct{}
	// Wait waits until the reactor is over and returns why, nil after an orderly
	// stop, or ctx's error if that ends first.
	Wait(ctx context.Context) error
	// Status is what the reactor is at.
	Status(ctx context.Context) (reactor.Status, error)
}
