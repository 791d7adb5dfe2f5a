package faults

import "time"

// Kind is a way in which things go wrong.
type Kind string

// The kinds of faults. [Kinds] says what each does.
const (
	Conflict         Kind = "conflict"
	LostReply        Kind = "lost-reply"
	FailedLoad       Kind = "failed-load"
	Slow             Kind = "slow"
	Stale            Kind = "stale"
	Throttle         Kind = "throttle"
	DieBefore        Kind = "die-before"
	DieAfter         Kind = "die-after"
	Duplicate        Kind = "duplicate"
	Reorder          Kind = "reorder"
	HoldBack         Kind = "hold-back"
	FailedFeed       Kind = "failed-feed"
	FailedCheckpoint Kind = "failed-checkpoint"
	Kill             Kind = "kill"
	Cut              Kind = "cut"
)

// Description says what a kind of fault is.
type Description struct {
	Kind  Kind
	About string        // in one line
	Rate  float64       // how often it comes unless a spec says so, from 0 to 1
	Delay time.Duration // how long it takes unless a spec says so; 0 if it takes no time
}

// Kinds lists the kinds, in the order in which a spec is written.
func Kinds() []Description {
	return []Description{
		{Conflict, "an append is refused although the version was right; nothing is written", 0.2, 0},
		{LostReply, "an append is written, and its caller told that the outcome is unknown", 0.1, 0},
		{FailedLoad, "a stream cannot be read", 0.1, 0},
		{Slow, "the store takes its time, for reads and appends", 0.1, 5 * time.Millisecond},
		{Stale, "a read that accepts a replica misses the last events, or all", 0.2, 0},
		{Throttle, "the store refuses, slowly, because it is asked too much", 0.1, 5 * time.Millisecond},
		{DieBefore, "the handler panics before the append to its own stream", 0.1, 0},
		{DieAfter, "the handler panics after the append to its own stream", 0.1, 0},
		{Duplicate, "the feed delivers an event twice", 0.2, 0},
		{Reorder, "the feed tells of a stream after others that come within a while; each stays in its order", 0.3, 20 * time.Millisecond},
		{HoldBack, "the feed delivers the beginning of a batch, and then all of it", 0.2, 0},
		{FailedFeed, "the feed cannot be read", 0.1, 0},
		{FailedCheckpoint, "a checkpoint cannot be saved", 0.3, 0},
		{Kill, "the reactor is killed, and started again", 0.02, 0},
		{Cut, "the connections to the store are cut; nothing happens on a store without", 0.02, 0},
	}
}
