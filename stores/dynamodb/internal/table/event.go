package table

import (
	"time"

	"example.com/groupcheckout/es"
)

// Event is an event as an item holds it.
type Event struct {
	Index         es.Version // ignored by Append, which knows it
	Type          string
	Time          time.Time // kept to 100 nanoseconds, with its offset
	Data, Meta    Body
	CorrelationID string // "" if it has none
	CausationID   string // "" if it has none
}

// Unfold is a state, or a part of one, that is kept in the tip beside the
// events that lead to it and replaced by every write.
type Unfold struct {
	Index      es.Version // the version that it is the state at; ignored by Append, which knows it
	Type       string
	Time       time.Time
	Data, Meta Body
}

// Encoding says how the bytes of a [Body] are compressed.
type Encoding int

// The encodings of FsCodec. One that is not known reads as [Plain], as it does
// there.
const (
	Plain   Encoding = 0
	Deflate Encoding = 1 // raw DEFLATE, perhaps not terminated; only read, never written
	Brotli  Encoding = 2
)

// Body is the data or metadata of an event as it is stored. Its bytes are
// shared between events, tips and items and must not be changed. The zero Body
// is absent.
type Body struct {
	Encoding Encoding
	Bytes    []byte
}
