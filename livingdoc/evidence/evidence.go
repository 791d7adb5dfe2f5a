package evidence

import (
	"encoding/json"
	"time"
)

// The media types of the attachments.
const (
	EventsMediaType     = "application/vnd.groupcheckout.events+json"
	WaitsMediaType      = "application/vnd.groupcheckout.waits+json"
	StatementsMediaType = "application/vnd.groupcheckout.statements+json"
)

// Events is what was written while a scenario ran, to its own streams.
type Events struct {
	Streams []Stream `json:"streams"` // in the order in which they were first written to
}

// Stream is one stream with what was written to it.
type Stream struct {
	Name   string  `json:"name"`            // as stored, such as Truck-5d1c…
	Label  string  `json:"label,omitempty"` // what the scenario calls it, such as "truck T1"
	Events []Event `json:"events"`          // in stream order
}

// Event is an event as it was stored.
type Event struct {
	Position int64           `json:"position"`        // in its stream, from 0
	Order    int             `json:"order"`           // among all events of the scenario, from 0, as the appends came back
	Type     string          `json:"type"`            // as stored
	Text     string          `json:"text,omitempty"`  // what it says to a reader, such as "2 parcels unloaded"
	Data     json.RawMessage `json:"data,omitempty"`  // as stored
	At       time.Time       `json:"at"`              // when it was decided
	By       Writer          `json:"by"`              // who wrote it
	Cause    *Ref            `json:"cause,omitempty"` // of an event by the reactor: what it reacted to, where that is known
	Step     int             `json:"step"`            // during which step of the scenario it was written, from 0; -1 if none
}

// Writer is who wrote an event.
type Writer string

// The writers.
const (
	ByScenario Writer = "scenario" // a step
	ByReactor  Writer = "reactor"
)

// Ref names an event.
type Ref struct {
	Stream   string `json:"stream"`
	Position int64  `json:"position"`
}

// Waits is how a scenario waited for the reactor.
type Waits struct {
	Waits []Wait `json:"waits"` // in order
}

// Wait is one step's waiting for reactions, and the check after it.
type Wait struct {
	Step   int           `json:"step"`          // which step of the scenario waited, from 0; -1 if none
	Kind   Kind          `json:"kind"`          // how
	Took   time.Duration `json:"took"`          // in nanoseconds, with the checks; of the bubble's time where Kind is virtual
	Checks int           `json:"checks"`        // how often the check was made; 1 means that nothing was tried again
	For    []string      `json:"for,omitempty"` // the streams that were behind when the wait began
}

// Kind is how a wait ends.
type Kind string

// The kinds of waits.
const (
	Exact    Kind = "exact"    // once everything is handled; then one check decides
	Virtual  Kind = "virtual"  // the same, in virtual time
	Eventual Kind = "eventual" // once everything is handled as far as can be known; then checks until one holds
)

// Statements are the accounts that a scenario leaves behind.
type Statements struct {
	Statements []Statement `json:"statements"`
}

// Statement is one account, as a reader would have it printed.
type Statement struct {
	Title   string `json:"title"`          // whose it is, such as "Truck T1"
	State   string `json:"state"`          // in a word or two, such as "open" or "released"
	Lines   []Line `json:"lines"`          // in the order in which they were booked
	Balance string `json:"balance"`        // what remains, such as "120.00"
	Note    string `json:"note,omitempty"` // what the reader should know besides
}

// Line is one line of a statement.
type Line struct {
	Text   string `json:"text"`             // such as "truck T1, parcels"
	Amount string `json:"amount,omitempty"` // signed as it changes the balance; empty for a line that books nothing
	Detail []Line `json:"detail,omitempty"` // what the line sums up, such as each parcel of a truck
}
