package feed

import (
	"context"
	"errors"
	"time"

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
	Next   Position // behind the event: where a read would go on; 0 if the feed has no place there
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

// Lagger is a Source that can tell how much there is to read.
type Lagger interface {
	// Lag tells what the leader of the store has at and behind a position. Its
	// End is what [Source] would have returned.
	Lag(ctx context.Context, tranche Tranche, from Position) (Lag, error)
}

// Lag is how much lies at and behind a position of a tranche.
type Lag struct {
	End      Position
	Events   int       // -1 if that is not known
	More     bool      // there are more than Events: so many are not counted
	Oldest   time.Time // when the first of them was appended; zero if there is none, or that is not known
	Silent   string    // why nothing new comes into the feed, whatever is appended; empty unless that is known
	Unproven bool      // events older than a minute may still be missing from the feed; they will come behind End
}

// Historian is a Source whose store may lose the last events, as when a replica takes
// over that lacked them, and that can tell.
type Historian interface {
	// History asks the leader of the store which events it has in front of some
	// positions, and on which course it is. The marks' Event is what is asked for.
	History(ctx context.Context, tranche Tranche, at []Mark) (History, error)
}

// Mark says which event was seen in front of a position.
type Mark struct {
	Position Position `json:"position"`
	Event    string   `json:"event"` // its id
}

// History is what a store says of its past.
type History struct {
	Events []string // for each mark that was asked for, the id of the event that stands there; "" if there is none
	Course Course
}

// Course says which history a server writes. The zero value is that it does not tell.
type Course struct {
	Timeline string `json:"timeline"` // another one begins whenever a replica takes over, or an older state is restored
	Reached  int64  `json:"reached"`  // grows with all that is written on a timeline
}

// Notes is a Checkpoints that also keeps notes of a consumer group, beside the positions,
// which other programs do not see. Calls may overlap. A store in which there is no place
// for them yet says [ErrNoNotes] each time.
type Notes interface {
	// Notes returns all notes of a kind, by name.
	Notes(ctx context.Context, group, kind string) (map[string][]byte, error)
	// PutNote keeps a note, in the place of one that has its name. The body is JSON.
	PutNote(ctx context.Context, group, kind, name string, body []byte) error
	// DropNote forgets a note. One that is not there is no error.
	DropNote(ctx context.Context, group, kind, name string) error
	// ReplaceNote keeps a note, or forgets it if the body is nil, unless it is another one than
	// before, which is how Notes gave it, or nil if it was not there. Then it changes nothing
	// and returns false.
	ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (bool, error)
}

// NoteGroups is a Notes that can tell whose notes it keeps.
type NoteGroups interface {
	// NoteGroups lists the consumer groups that have notes of a kind, by name.
	NoteGroups(ctx context.Context, kind string) ([]string, error)
}

// ErrNoNotes is what the error of [Notes] wraps where there is no place for notes.
var ErrNoNotes = errors.New("there is no place for notes")

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
