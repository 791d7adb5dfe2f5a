package es

import (
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
