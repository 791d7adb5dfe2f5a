package feed

import (
	"context"

	"example.com/groupcheckout/es"
)

// Tranche names one independently ordered part of a feed. What it is, the
// store decides: a category on Message DB, a partition on DynamoDB.
type Tranche string

// Position is a place between two events of a tranche: where the next read
// starts. 0 is the beginning. Positions grow with the feed, but a number in
// between need not be one, and two stores' positions have nothing in common.
type Position int64

// Delivery is one event as a feed delivers it. A feed that knows only that
// there is an event leaves Data, Meta and Time empty.
type Delivery struct {
	Stream es.StreamName
	Event  es.Event
}

// Batch is what one read of a tranche found.
type Batch struct {
	Events []Delivery // in feed order; the caller's to keep
	Next   Position   // where the next read starts; never below the position read from
	Tail   bool       // the end of the tranche was reached
}

// Source reads a feed. Calls may overlap.
type Source interface {
	// ID names the kind of the feed; it is part of a checkpoint's key.
	ID() string
	// Tranches lists the parts of the feed. The list does not change while a
	// reactor runs.
	Tranches(ctx context.Context) ([]Tranche, error)
	// Read returns the events from a position on, some or all of them. At the
	// end it returns at once, with no events, the position it was given, and
	// Tail. A position past the end is no error and reads as the end.
	//
	// It never skips an event that becomes visible later: an event that is
	// not yet readable holds back those behind it.
	Read(ctx context.Context, tranche Tranche, from Position) (Batch, error)
	// End returns the position behind the last event that the leader of the
	// store knows, 0 if there is none.
	End(ctx context.Context, tranche Tranche) (Position, error)
}

// Notifier is a Source that knows when there is more to read. A reader at the
// tail of another kind of source asks again after a pause.
type Notifier interface {
	// Changed returns a channel that is closed once there may be something to
	// read at or behind the position, at once if there is already.
	Changed(tranche Tranche, from Position) <-chan struct{}
}

// Waker is a Source that hears of some of what is appended, at once. It may miss
// something, so a reader at the tail asks again after a pause all the same.
type Waker interface {
	// Woken returns a channel that is closed once something may have been appended
	// to the tranche since the call. To miss nothing, call it before the read that
	// finds the tail. A nil channel is one that hears nothing.
	Woken(tranche Tranche) <-chan struct{}
}

// Checkpoints remembers, for each consumer group, source and tranche, where
// to go on reading. Calls may overlap.
type Checkpoints interface {
	// Load returns the position that was saved last; ok is false if none ever
	// was. It writes nothing.
	Load(ctx context.Context, key Key) (pos Position, ok bool, err error)
	// Save remembers a position. The last one saved wins, even if it is
	// lower.
	Save(ctx context.Context, key Key, pos Position) error
}

// Key says whose checkpoint it is.
type Key struct {
	Source  string // Source.ID
	Tranche Tranche
	Group   string // the consumer group: the name that all runs of one reactor share
}
