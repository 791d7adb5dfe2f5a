package feed

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Slots is a Checkpoints that also keeps who holds the slots of a consumer group, so that
// several processes can share its work and take over from each other. Calls may overlap.
// A store in which there is no place for it yet says [ErrNoNotes] each time.
type Slots interface {
	// Roster returns who holds the slots, as the leader of the store has it; the zero
	// value, with the group's name, if nobody ever did.
	Roster(ctx context.Context, group string) (Roster, error)
	// PutRoster puts a roster in the place of the one before, whose Version has to be
	// one less. If somebody was faster, nothing is written and the error wraps
	// [ErrRosterMoved]. After any other error it may have been written.
	PutRoster(ctx context.Context, roster Roster) error
	// Claim returns the position that was saved last, and makes it the given one if none
	// ever was. From then on nobody can save whose token for the slot is lower. If the
	// roster says that somebody else holds the slot, the error is a [*SlotLostError].
	Claim(ctx context.Context, key Key, hold Hold, first Position) (Position, error)
	// SaveHeld is as Save, for who holds a slot and has claimed the checkpoint. If
	// somebody else has taken the slot and claimed it since, nothing is saved and the
	// error is a [*SlotLostError].
	SaveHeld(ctx context.Context, key Key, hold Hold, pos Position) error
}

// Hold is the right to work on a slot.
type Hold struct {
	Group string // as the roster names it
	Slot  int
	Token int64 // as it was when the slot was taken
}

// Roster says which slots a consumer group has, who holds them, and which processes
// share them. It is kept as JSON.
type Roster struct {
	Group   string   `json:"-"`
	Version int64    `json:"version"` // counts the writes; 0 if there was none
	Slots   []Slot   `json:"slots"`
	Members []Member `json:"members"` // by name

	// Unwritten is for how long it has been as it is, by the clock of the store; 0 where
	// the store has no clock.
	Unwritten time.Duration `json:"-"`
}

// Slot is a part of a group's work.
type Slot struct {
	Holder string `json:"holder"` // the name of a member; "" if nobody holds it
	Token  int64  `json:"token"`  // one more each time that it is taken
}

// Member is a process that shares the work.
type Member struct {
	Name  string `json:"name"`  // no two processes have the same
	Beat  int64  `json:"beat"`  // one more with each sign of life
	Lease int64  `json:"lease"` // in ms: without a sign of life for so long it has lost what it held
	// Silent is for how long, in ms, others have watched and Beat was the same. So no
	// two clocks are compared, and what one process has watched counts for the next.
	Silent int64 `json:"silent"`
	// Process says where the process runs and which it is, so that another one on the
	// same machine sees at once that it has ended; "" if that cannot be told.
	Process string `json:"process,omitempty"`
	// Leaving says that it is about to stop: it gives up one slot after another, and
	// takes none.
	Leaving bool `json:"leaving,omitempty"`
}

// Holds tells whether a slot is still held by who has this right to it.
func (r *Roster) Holds(h Hold) bool {
	return h.Slot >= 0 && h.Slot < len(r.Slots) && r.Slots[h.Slot].Holder != "" && r.Slots[h.Slot].Token == h.Token
}

// ErrRosterMoved is what the error of [Slots] wraps if somebody else has written first.
var ErrRosterMoved = errors.New("somebody else has written the roster")

// SlotLostError says that a slot is not held any more by who wanted to save a checkpoint.
type SlotLostError struct{ Hold Hold }

func (e *SlotLostError) Error() string {
	return fmt.Sprintf("slot %d of consumer group %q is held by another process now: this one held it with token %d", e.Hold.Slot, e.Hold.Group, e.Hold.Token)
}

// NeedsPerson is what [es.NeedsPerson] asks. Somebody else does the work.
func (*SlotLostError) NeedsPerson() bool { return false }
