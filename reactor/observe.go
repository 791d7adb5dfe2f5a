package reactor

import (
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Observer is told what a reactor does: for logs, for metrics, and by a harness
// that waits for reactions. Calls overlap, and the reactor waits for them, so
// they have to be quick.
type Observer interface{ Observe(Occurrence) }

// Observers tells several observers, in order.
type Observers []Observer

// Observe implements Observer.
func (all Observers) Observe(o Occurrence) {
	for _, observer := range all {
		observer.Observe(o)
	}
}

// Occurrence is one of the types below that has an isOccurrence method. Those
// about streams come from one goroutine, in order, except EventSkipped.
type Occurrence interface{ isOccurrence() }

type (
	// BatchRead is a batch with deliveries that was read and taken in.
	BatchRead struct {
		Tranche feed.Tranche
		Events  int
		Next    feed.Position
	}
	// ReadFailed is a read, or a question for the end of the feed, that failed
	// and will be repeated after a pause.
	ReadFailed struct {
		Tranche  feed.Tranche
		From     feed.Position
		Err      error
		Pause    time.Duration
		Attempts int       // failures in a row, with this one
		Since    time.Time // the first of them
	}
	// ReadRecovered is a read that succeeded after others had failed.
	ReadRecovered struct {
		Tranche  feed.Tranche
		Attempts int           // that failed
		After    time.Duration // since the first of them
	}
	// StoodStill is a tranche of which reads find nothing more for a while, although
	// the leader of the store has events behind that position. What answers the reads
	// stands still, such as a replica.
	StoodStill struct {
		Tranche  feed.Tranche
		Position feed.Position // up to which it was read
		End      feed.Position // as the leader says
		Since    time.Time
		Server   string // that the reads go to; "" if it has no name
	}
	// GotOn is a tranche that stood still and does no more.
	GotOn struct {
		Tranche  feed.Tranche
		Position feed.Position // up to which it was read
	}
	// Called is the beginning of a handler call.
	Called struct {
		Stream es.StreamName
		Events int
	}
	// Hung is a handler call that goes on although its context ended long ago. It
	// is over with Returned, or never.
	Hung struct {
		Stream es.StreamName
		Since  time.Time // the beginning of the call
	}
	// Returned is the end of a handler call.
	Returned struct {
		Stream   es.StreamName
		Observed es.Version
		Err      error // of the handler
		Took     time.Duration
	}
	// Retired says that every delivery of a stream below a version that the
	// feed made so far was handled.
	Retired struct {
		Stream   es.StreamName
		UpTo     es.Version
		Appended []time.Time // when those were appended that a call handled just now, as far as the feed tells
	}
	// Troubled says that the handler call that returned before failed, or saw
	// less than the feed had told of ([*LagError]), and will be repeated.
	Troubled struct {
		Stream   es.StreamName
		Cause    error
		Attempts int       // in a row, with this one
		Since    time.Time // the first of them
		NextTry  time.Time
	}
	// Recovered says that a call went well for a stream that was troubled.
	Recovered struct {
		Stream   es.StreamName
		Attempts int           // that did not go well
		After    time.Duration // since the first of them
	}
	// EventSkipped is an event of a type that nothing here knows. It counts
	// for the version of its stream and changes nothing.
	EventSkipped struct {
		Stream es.StreamName
		Index  es.Version
		Type   string
	}
	// SetAside is a stream that is passed over from now on, until somebody has it
	// retried or drops it from the list.
	SetAside struct {
		Stream es.StreamName
		Cause  string
		UpTo   es.Version // what was passed over of it is below this
	}
	// TakenUp is a stream that was set aside, was retried, and could be handled.
	TakenUp struct{ Stream es.StreamName }
	// QuarantineFailed says that it could not be looked up, or noted, which streams are
	// set aside. It is tried again.
	QuarantineFailed struct{ Err error }
	// StoreDown says that a server of the store cannot be reached, and that all who
	// need it wait.
	StoreDown struct {
		Server string
		Since  time.Time
		Err    error
	}
	// StoreUp says that it can be reached again, and that all go on.
	StoreUp struct {
		Server string
		Probes int           // that failed
		After  time.Duration // since it was found down
	}
	// NotesMissing says that the checkpoints have no place for notes, without which a
	// reactor knows less of what an earlier run has read.
	NotesMissing struct{ Err error }
	// EventsErased says that the last events that were read of a tranche are not there
	// any more, on a server that lost nothing: somebody has erased them.
	EventsErased struct {
		Tranche feed.Tranche
		Read    feed.Position // up to which was read
		End     feed.Position // of the feed now
	}
	// SlotTaken is a slot that this process works on from now on.
	SlotTaken struct {
		Slot  int
		Token int64                          // one more each time that any process takes it
		From  map[feed.Tranche]feed.Position // its checkpoints, where it goes on
	}
	// SlotGiven is a slot that was handed over, so that each process has its share.
	SlotGiven struct{ Slot int }
	// SlotLost is a slot that this process does not work on any more, since another
	// holds it or may have come to hold it.
	SlotLost struct {
		Slot int
		Err  error // how that was found out, if by a save; nil if the lease was over
	}
	// RosterFailed says that who holds the slots could not be read or written, for the
	// first time in a row, or the first for another reason than an outage. It is tried again.
	RosterFailed struct{ Err error }
	// CheckpointSaved is a checkpoint that was written, with the marks in front of it.
	CheckpointSaved struct {
		Tranche  feed.Tranche
		Position feed.Position
	}
	// CheckpointFailed is a checkpoint that could not be written, or in front of which the
	// marks could not be noted. It is tried again, or a later one makes up for it.
	CheckpointFailed struct {
		Tranche  feed.Tranche
		Position feed.Position
		Err      error
	}
)

func (BatchRead) isOccurrence()        {}
func (ReadFailed) isOccurrence()       {}
func (ReadRecovered) isOccurrence()    {}
func (StoodStill) isOccurrence()       {}
func (GotOn) isOccurrence()            {}
func (Called) isOccurrence()           {}
func (Hung) isOccurrence()             {}
func (Returned) isOccurrence()         {}
func (Retired) isOccurrence()          {}
func (Troubled) isOccurrence()         {}
func (Recovered) isOccurrence()        {}
func (EventSkipped) isOccurrence()     {}
func (SetAside) isOccurrence()         {}
func (TakenUp) isOccurrence()          {}
func (QuarantineFailed) isOccurrence() {}
func (StoreDown) isOccurrence()        {}
func (StoreUp) isOccurrence()          {}
func (NotesMissing) isOccurrence()     {}
func (EventsErased) isOccurrence()     {}
func (SlotTaken) isOccurrence()        {}
func (SlotGiven) isOccurrence()        {}
func (SlotLost) isOccurrence()         {}
func (RosterFailed) isOccurrence()     {}
func (CheckpointSaved) isOccurrence()  {}
func (CheckpointFailed) isOccurrence() {}
