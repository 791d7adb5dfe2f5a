package es

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Version counts the events of a stream: it is the index of the event that
// comes next, and 0 for an empty stream. A store that counts differently
// translates within its own package.
type Version int64

// EventData is an event that is about to be written.
type EventData struct {
	ID   uuid.UUID // unique in the whole store; the proof that an append of unknown outcome arrived
	Type string    // never empty
	Data []byte    // one JSON value, or nothing
	Meta []byte    // one JSON value, or nothing
	Time time.Time // when it was decided; a store that stamps events itself ignores it
}

// Event is an event of a stream as a store returns it. ID is the zero UUID
// where the store does not keep ids. Time is in UTC.
type Event struct {
	EventData
	Index Version
}

// Freshness says which copy of the data a read may be answered from.
type Freshness int

const (
	// FromReplica accepts a copy that lags behind.
	FromReplica Freshness = iota
	// FromLeader sees every append that was acknowledged before the read began.
	FromLeader
)

func (f Freshness) String() string {
	if f == FromLeader {
		return "leader"
	}
	return "replica"
}

// Reader reads streams. Calls may overlap.
type Reader interface {
	// Read returns the events of a stream whose index is at least from, in
	// order and without a gap. A stream that does not exist, and a from past
	// its end, give no events and no error. The slice and all memory that it
	// refers to are the caller's to keep and change. An error names the stream.
	Read(ctx context.Context, stream StreamName, from Version, freshness Freshness) ([]Event, error)
}

// ManyReader is a store that reads several streams with fewer requests than one for
// each. Calls may overlap.
type ManyReader interface {
	// ReadMany reads streams from their beginnings, each as [Reader.Read] would. The
	// events of a stream are at its place in the list, and a list may name a stream
	// twice. After an error nothing is known of any of them: it may be about a single
	// one, and the others could be read without it.
	ReadMany(ctx context.Context, streams []StreamName, freshness Freshness) ([][]Event, error)
}

// ManyReaderFunc makes a [ManyReader] of a function.
type ManyReaderFunc func(ctx context.Context, streams []StreamName, freshness Freshness) ([][]Event, error)

// ReadMany implements [ManyReader].
func (f ManyReaderFunc) ReadMany(ctx context.Context, streams []StreamName, freshness Freshness) ([][]Event, error) {
	return f(ctx, streams, freshness)
}

// ManyReaderOf is how a store reads several streams together, or nil if it cannot. A
// store that holds another one has a method ManyReader() ManyReader, which passes on
// what this says of that one.
func ManyReaderOf(store Reader) ManyReader {
	if holder, ok := store.(interface{ ManyReader() ManyReader }); ok {
		return holder.ManyReader()
	}
	many, _ := store.(ManyReader)
	return many
}

// Appender appends to streams. Calls may overlap.
type Appender interface {
	// Append writes all of the events to the end of the stream, or none, and
	// returns the version after. It keeps no reference to events.
	//
	// If the stream is not at the expected version it writes nothing and
	// returns a [*ConflictError]. A store that keeps ids returns a
	// [*DuplicateIDError] for one that is in use. For no events it writes nothing and returns
	// expected, whatever the version of the stream is. For the zero StreamName
	// it returns a [*NameError], and for a ctx that has ended the error of ctx,
	// both also for no events.
	//
	// Any other error names the stream and means that nothing was written, except an
	// [*UncertainError]: then the store could not find out. That includes
	// the end of ctx: an append that it cut off is never reported as done
	// without being so, and if it may have been done, never as not done.
	Append(ctx context.Context, stream StreamName, expected Version, events []EventData) (Version, error)
}

// Store is both halves of a store of streams.
type Store interface {
	Reader
	Appender
}

// UnknownVersion is the Actual of a [*ConflictError] from a store that did not
// learn the version.
const UnknownVersion Version = -1

// ConflictError says that an append expected a version that the stream is not
// at. Nothing was written.
type ConflictError struct {
	Stream   StreamName
	Expected Version
	Actual   Version // UnknownVersion if the store did not learn it
}

func (e *ConflictError) Error() string {
	if e.Actual == UnknownVersion {
		return fmt.Sprintf("conflict on %s: it is no longer at version %d", e.Stream, e.Expected)
	}
	return fmt.Sprintf("conflict on %s: expected version %d, it is at %d", e.Stream, e.Expected, e.Actual)
}

// UncertainError says that an append may or may not have been written: the
// reply was lost and the stream could not be read to find out. Reading the
// stream later, and looking for the ids of the events, settles it.
type UncertainError struct {
	Stream   StreamName
	Expected Version
	Err      error // why the reply was lost
}

func (e *UncertainError) Error() string {
	return fmt.Sprintf("append to %s at version %d has an unknown outcome: %v", e.Stream, e.Expected, e.Err)
}

func (e *UncertainError) Unwrap() error { return e.Err }

// DuplicateIDError says that a store that keeps ids refused an append because one of
// its events bears an id that another event of the store has, or that stands twice in
// the append. Nothing was written. The zero UUID is an id like any other.
type DuplicateIDError struct {
	Stream   StreamName // the stream of the append that was refused
	Expected Version    // and the version that it expected
	ID       uuid.UUID  // the zero UUID also if the store did not say which
	Err      error      // what the store's server said; may be nil
}

func (e *DuplicateIDError) Error() string {
	return fmt.Sprintf("append to %s at version %d: the event id %s is in use already; give every event an id of its own", e.Stream, e.Expected, e.ID)
}

func (e *DuplicateIDError) Unwrap() error { return e.Err }

// ErrEmptyType is returned by an append of an event without a type.
var ErrEmptyType = errors.New("an event needs a type")

// CheckEvents returns an error, naming the event, if a store should refuse
// events before sending anything: one has no type, or its data or metadata is
// not JSON. Stores call it first thing in Append.
func CheckEvents(stream StreamName, events []EventData) error {
	for i, e := range events {
		if e.Type == "" {
			return fmt.Errorf("event %d of an append to %s: %w", i, stream, ErrEmptyType)
		}
		if err := checkJSON(e.Data); err != nil {
			return fmt.Errorf("data of event %d (%s) of an append to %s: %w", i, e.Type, stream, err)
		}
		if err := checkJSON(e.Meta); err != nil {
			return fmt.Errorf("metadata of event %d (%s) of an append to %s: %w", i, e.Type, stream, err)
		}
	}
	return nil
}
