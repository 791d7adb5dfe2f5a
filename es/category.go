package es

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Category is everything that the streams of one aggregate have in common. S is
// its state and E its event. It is immutable; calls may overlap.
type Category[S, E any] struct {
	name    string
	codec   *Codec[E]
	initial S
	fold    func(S, []E) S
	store   Store
	options Options

	recorder Recorder   // nil if nobody records
	many     ManyReader // nil if the store is none

	snapshots   *SnapshotCodec[S] // nil without snapshots
	snapshotter Snapshotter       // nil without snapshots, or if the store is none
}

// Options are shared by the categories of a program. A zero field means the
// default.
type Options struct {
	Cache    *Cache           // states between calls; none if nil
	Attempts int              // how often a decision is made before a conflict is returned; 3
	Now      func() time.Time // stamps events; time.Now
	Counts   *Counts          // counts appends; nobody does if nil
	// SnapshotEvery is after how many events a stream has a snapshot taken; 500, and below
	// 0 never. It is for categories that have one, see [Category.WithSnapshots]. A stream
	// of fewer events has none.
	SnapshotEvery Version
	// Skipped is told of each event of an unknown type that a fold skips.
	Skipped func(stream StreamName, index Version, eventType string)
}

// NewCategory describes the streams of an aggregate on a store.
//
// The fold takes a state and the events that follow it, in order, and returns
// the state after them. It must leave the state that it is given as it is:
// states are cached and shared between goroutines. It panics if the name is not
// one, since that is a mistake in the program's text.
func NewCategory[S, E any](name string, codec *Codec[E], initial S, fold func(S, []E) S, store Store, options Options) *Category[S, E] {
	if err := ValidateCategory(name); err != nil {
		panic("es: " + err.Error())
	}
	if options.Attempts <= 0 {
		options.Attempts = 3
	}
	if options.SnapshotEvery == 0 {
		options.SnapshotEvery = defaultSnapshotEvery
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Skipped == nil {
		options.Skipped = func(StreamName, Version, string) {}
	}
	return &Category[S, E]{
		name: name, codec: codec, initial: initial, fold: fold, store: store, options: options,
		recorder: RecorderOf(store), many: ManyReaderOf(store),
	}
}

// Decider is the way in to the stream with the given id. Making one costs
// nothing. It returns a [*NameError] for an id that cannot be part of a name.
func (c *Category[S, E]) Decider(elements ...string) (Decider[S, E], error) {
	stream, err := NewStreamName(c.name, elements...)
	return Decider[S, E]{category: c, stream: stream}, err
}

// Load brings streams of which no state is at hand into the cache, all with one call of
// the store, from a replica. It is for who uses them next with [Decider.AtLeast].
//
// It promises nothing. What it could not read or decode, whoever uses the stream reads
// again, and gets the error; so it is with all of them if there is no cache, or if the
// store is neither a [ManyReader] nor a [Snapshotter].
func (c *Category[S, E]) Load(ctx context.Context, deciders ...Decider[S, E]) {
	if c.many == nil && c.snapshotter == nil || c.options.Cache == nil {
		return
	}
	var missing []Decider[S, E]
	var streams []StreamName
	for _, d := range deciders {
		if d.atHand().version == 0 {
			missing, streams = append(missing, d), append(streams, d.stream)
		}
	}
	if len(streams) < 2 { // together with nothing
		return
	}
	if c.snapshotter != nil {
		all, err := c.snapshotter.ReadSnapshots(ctx, streams, c.snapshots.name, FromReplica)
		if err != nil {
			return
		}
		for i, found := range all {
			if held, ok := c.restored(found.Snapshot); ok {
				missing[i].keep(held)
			}
			missing[i].Extend(found.Events) // behind a snapshot that cannot be read there is a gap
		}
		return
	}
	all, err := c.many.ReadMany(ctx, streams, FromReplica)
	if err != nil {
		return
	}
	for i, events := range all {
		missing[i].Extend(events)
	}
}

// decode reads stored events, skipping those of unknown types.
func (c *Category[S, E]) decode(stream StreamName, stored []Event) ([]E, error) {
	events := make([]E, 0, len(stored))
	for _, s := range stored {
		event, known, err := c.codec.Decode(s.Type, s.Data)
		switch {
		case err != nil:
			return nil, &DecodeError{stream, s.Index, s.Type, err}
		case !known:
			c.options.Skipped(stream, s.Index, s.Type)
		default:
			events = append(events, event)
		}
	}
	return events, nil
}

// encode makes events ready to be written.
func (c *Category[S, E]) encode(ctx context.Context, events []E) ([]EventData, error) {
	now := c.options.Now().UTC()
	meta := metaOf(ctx)
	data := make([]EventData, 0, len(events))
	for _, event := range events {
		name, body, err := c.codec.Encode(event)
		if err != nil {
			return nil, err
		}
		data = append(data, EventData{ID: uuid.New(), Type: name, Data: body, Meta: meta, Time: now})
	}
	return data, nil
}
