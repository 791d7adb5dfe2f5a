package reactor

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// Config is how a reactor works. Group is required; any other zero field means
// its default.
type Config struct {
	Group              string        // the consumer group, the name that checkpoints are kept under
	MaxWriters         int           // handler calls at once; 8
	MaxReadAhead       int           // batches of a tranche that are not completed and wait for more than streams in trouble; 16
	MaxStuckBytes      int           // of events of a tranche that wait in memory, beyond those batches, because their streams are in trouble; 64 MiB
	MaxHeldBytes       int           // of all that waits in memory for handler calls. Beyond it a tranche is read on only when it has nothing under way but what waits for streams in trouble; 128 MiB
	VersionsDo         bool          // the handler can do with the versions of events: of what waits beyond an eighth of MaxHeldBytes nothing else is kept, see [Handler]
	QuarantineAfter    time.Duration // a stream that fails for so long is set aside, which takes checkpoints that are [feed.Notes]; 0 is never
	CheckpointInterval time.Duration // 5 s
	TailPause          time.Duration // between reads at the end of a feed that does not notify, when nothing has come for a while; 14 ms. Up to a quarter less, so that reactors do not ask all at once
	FirstTailPause     time.Duration // the first of them after something has come; each next one is twice as long, up to TailPause; an eighth of that
	ReadLimit          time.Duration // how long the store may take to answer one read of the feed or of a checkpoint; 30 s
	CallLimit          time.Duration // after which the context of a handler call ends; 2 min
	StopLimit          time.Duration // how long a stop may take, with all that belongs to it; 25 s
	Slots              int           // that the streams of the group are divided into, each worked on by one process at a time. It has to be the same for all of them, takes checkpoints that are [feed.Slots], and is kept with them. 0 is none: this process works on everything, and so does another of the same name
	Lease              time.Duration // within which others take over from a process that gives no sign of life; 10 s
	Member             string        // how this process is named to the others of the group; its host and number, unless given. Something is added that no other has
	FromEnd            bool          // a group without a checkpoint starts at the end of the feed, which is saved at once, not at its beginning
	Observer           Observer      // told what happens; may be nil
	Breakers           Breakers      // of the servers that the source and the checkpoints are on; may be none

	// Around, unless it is nil, is called before each handler call. It returns the context
	// that the handler is given, which has to be made of the one that Around is given, and
	// what is called after the handler has returned or panicked, with its outcome. It must
	// not change the events. Calls overlap.
	Around func(ctx context.Context, stream es.StreamName, events []es.Event) (context.Context, func(es.Version, error))

	// Pauses makes the pauses of one stream, or of the reads of one tranche,
	// that keep failing. They have to grow, and [backoff.Stop] is not among
	// them. The default is GrowingPauses(50*time.Millisecond, 30*time.Second, 0.5).
	Pauses func() backoff.BackOff
}

// MaxSlots is how many slots a consumer group may have: each is saved by itself.
const MaxSlots = 256

// ConfigError says which setting cannot be used.
type ConfigError struct {
	Setting string
	Value   any
	Reason  string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s cannot be %v: %s", e.Setting, e.Value, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*ConfigError) NeedsPerson() bool { return true }

// withDefaults fills in the zero fields, or returns a [*ConfigError].
func (c Config) withDefaults() (Config, error) {
	if c.Group == "" {
		return c, &ConfigError{"the consumer group", `""`, "checkpoints are kept under its name"}
	}
	for _, n := range []struct {
		name    string
		value   *int
		without int
	}{
		{"the number of writers", &c.MaxWriters, 8},
		{"the read-ahead", &c.MaxReadAhead, 16},
		{"the memory for streams in trouble", &c.MaxStuckBytes, 64 << 20},
		{"the memory for what waits", &c.MaxHeldBytes, 128 << 20},
	} {
		if *n.value < 0 {
			return c, &ConfigError{n.name, *n.value, "it has to be at least 1"}
		}
		if *n.value == 0 {
			*n.value = n.without
		}
	}
	for _, d := range []struct {
		name    string
		value   *time.Duration
		without time.Duration
	}{
		{"the checkpoint interval", &c.CheckpointInterval, 5 * time.Second},
		{"the pause at the tail", &c.TailPause, 14 * time.Millisecond},
		{"the first pause at the tail", &c.FirstTailPause, max(c.TailPause/8, 14*time.Millisecond/8)},
		{"the limit of a read", &c.ReadLimit, 30 * time.Second},
		{"the limit of a call", &c.CallLimit, 2 * time.Minute},
		{"the limit of a stop", &c.StopLimit, 25 * time.Second},
		{"the lease of a slot", &c.Lease, 10 * time.Second},
	} {
		if *d.value < 0 {
			return c, &ConfigError{d.name, *d.value, "it has to be above zero"}
		}
		if *d.value == 0 {
			*d.value = d.without
		}
	}
	switch {
	case c.Slots < 0 || c.Slots > MaxSlots:
		return c, &ConfigError{"the number of slots", c.Slots, fmt.Sprintf("it has to be from 1 to %d, or 0 for none", MaxSlots)}
	case c.Lease < time.Millisecond:
		return c, &ConfigError{"the lease of a slot", c.Lease, "it has to be at least a millisecond"}
	}
	if c.QuarantineAfter < 0 {
		return c, &ConfigError{"the time after which a stream is set aside", c.QuarantineAfter, "0 is never"}
	}
	if c.Pauses == nil {
		c.Pauses = GrowingPauses(50*time.Millisecond, 30*time.Second, 0.5)
	}
	if c.Observer == nil {
		c.Observer = Observers{}
	}
	return c, nil
}

// GrowingPauses are for [Config].Pauses. They double from the first to the
// longest and vary by a part of themselves, but never beyond the longest. The part
// is from 0, for a run that is to be the same each time, to 1.
func GrowingPauses(first, longest time.Duration, variation float64) func() backoff.BackOff {
	return func() backoff.BackOff {
		pauses := pause.Doubling(first, longest)
		pauses.RandomizationFactor = variation
		return capped{pauses, longest}
	}
}

// capped is pauses that do not vary beyond the longest.
type capped struct {
	backoff.BackOff
	most time.Duration
}

// NextBackOff is as that of [backoff.BackOff].
func (c capped) NextBackOff() time.Duration { return min(c.BackOff.NextBackOff(), c.most) }
