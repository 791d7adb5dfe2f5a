package es

import (
	"cmp"
	"context"
	"reflect"

	"github.com/go-json-experiment/json"
)

// Snapshot is a state as a store keeps it beside the events of its stream, so that only
// those behind it have to be read. It is a hint: the events are the truth, and whoever
// cannot use a snapshot reads all of them.
type Snapshot struct {
	Version Version // that it stands for; 0 for none
	Type    string  // the form of the data
	Data    []byte  // one JSON value
}

// Snapshotted is a stream that was read from a snapshot on.
type Snapshotted struct {
	Snapshot Snapshot // none if the events are all that there are
	Events   []Event  // from the version of the snapshot on
}

// Snapshotter is a store that keeps snapshots. Calls may overlap.
type Snapshotter interface {
	// ReadSnapshots reads streams as [ManyReader.ReadMany] does, but each from the newest
	// snapshot on that the store has of the given type. A snapshot for a version that the
	// stream has not reached, which is of a stream that was set back, and one that cannot
	// be read are passed over: the stream is then read from its beginning. The memory
	// is the caller's.
	ReadSnapshots(ctx context.Context, streams []StreamName, snapshotType string, freshness Freshness) ([]Snapshotted, error)

	// AppendSnapshot is [Appender.Append], and takes a snapshot of the state behind the
	// events where that is worth while. It returns what became of the append. A snapshot
	// that could not be written changes nothing about that.
	AppendSnapshot(ctx context.Context, stream StreamName, expected Version, events []EventData, taking SnapshotTaking) (Version, error)
}

// SnapshotTaking says how a store takes a snapshot.
type SnapshotTaking struct {
	Type  string
	Every Version                // after how many events, see Due; a store with a better moment takes that
	State func() ([]byte, error) // the state behind the append; called before the append returns, or never
	Ended func(error)            // told what became of a snapshot, before the append returns; not if none was taken
}

// Due tells whether an append crosses a multiple of [SnapshotTaking.Every].
func (t SnapshotTaking) Due(expected, after Version) bool {
	return t.Every > 0 && expected/t.Every < after/t.Every
}

// SnapshotterFuncs makes a [Snapshotter] of two functions.
type SnapshotterFuncs struct {
	Read   func(ctx context.Context, streams []StreamName, snapshotType string, freshness Freshness) ([]Snapshotted, error)
	Append func(ctx context.Context, stream StreamName, expected Version, events []EventData, taking SnapshotTaking) (Version, error)
}

// ReadSnapshots implements [Snapshotter].
func (f SnapshotterFuncs) ReadSnapshots(ctx context.Context, streams []StreamName, snapshotType string, freshness Freshness) ([]Snapshotted, error) {
	return f.Read(ctx, streams, snapshotType, freshness)
}

// AppendSnapshot implements [Snapshotter].
func (f SnapshotterFuncs) AppendSnapshot(ctx context.Context, stream StreamName, expected Version, events []EventData, taking SnapshotTaking) (Version, error) {
	return f.Append(ctx, stream, expected, events, taking)
}

// SnapshotterOf is how a store keeps snapshots, or nil if it keeps none. A store that
// holds another one has a method Snapshotter() Snapshotter, which passes on what this
// says of that one.
func SnapshotterOf(store Reader) Snapshotter {
	if holder, ok := store.(interface{ Snapshotter() Snapshotter }); ok {
		return holder.Snapshotter()
	}
	snapshotter, _ := store.(Snapshotter)
	return snapshotter
}

// SnapshotCodec turns states into the data of snapshots and back. Make one with
// [SnapshotAs]. It is immutable and calls may overlap.
type SnapshotCodec[S any] struct {
	name   string
	encode func(S) any
	decode func(data []byte) (S, error)
	worth  func(state S, at Version) bool // nil if always
}

// SnapshotAs says that states are kept as the JSON of the Go type T, a struct that embeds
// no other, under a type name. It must not be the name of an event. What from makes of
// to must be the same state in every respect.
//
// Give it another name whenever the state comes to hold more, or the fold makes something
// else of the same events: a snapshot by another name is passed over.
func SnapshotAs[T, S any](name string, to func(S) T, from func(T) (S, error)) *SnapshotCodec[S] {
	goType := reflect.TypeFor[T]()
	asked := shapeOf(goType, map[reflect.Type]*shape{})
	return &SnapshotCodec[S]{
		name:   name,
		encode: func(state S) any { return to(state) },
		decode: func(data []byte) (none S, err error) {
			var kept T
			err = unmarshal(data, &kept)
			if err != nil || !asked.complete(data) {
				err = cmp.Or(checkComplete(goType, data, ""), err)
			}
			if err != nil {
				return none, err
			}
			return from(kept)
		},
	}
}

// If is the same codec, for snapshots only of states of which worth says that one spares
// more than it costs; at is the version that the state stands for. It is asked often and
// has to be quick.
func (c *SnapshotCodec[S]) If(worth func(state S, at Version) bool) *SnapshotCodec[S] {
	with := *c
	with.worth = worth
	return &with
}

// Encode gives the data of a snapshot. It returns an [*EncodeError] for a state that JSON
// cannot hold.
func (c *SnapshotCodec[S]) Encode(state S) ([]byte, error) {
	data, err := json.Marshal(c.encode(state), json.FormatNilSliceAsNull(false))
	if err != nil {
		return nil, &EncodeError{c.name, err}
	}
	return data, nil
}

// Decode reads the data of a snapshot, as strictly as the body of an event.
func (c *SnapshotCodec[S]) Decode(data []byte) (S, error) { return c.decode(data) }

// defaultSnapshotEvery is how many events there are from one snapshot to the next.
const defaultSnapshotEvery = 500

// WithSnapshots is the same category, with snapshots of long streams if the store keeps
// some; see [Options.SnapshotEvery]. Decisions are the same as without. It panics if the
// snapshots have the name of an event, since that is a mistake in the program's text.
func (c *Category[S, E]) WithSnapshots(codec *SnapshotCodec[S]) *Category[S, E] {
	if _, event := c.codec.byType[codec.name]; event {
		panic("es: an event and a snapshot have the name " + codec.name)
	}
	with := *c
	if with.options.SnapshotEvery > 0 {
		with.snapshots, with.snapshotter = codec, SnapshotterOf(c.store)
	}
	return &with
}

// restored is the state of a snapshot. It is not ok if there is none, or if it cannot be
// read, which is counted.
func (c *Category[S, E]) restored(snapshot Snapshot) (held versioned[S], ok bool) {
	if snapshot.Version == 0 {
		return versioned[S]{state: c.initial}, false
	}
	state, err := c.snapshots.Decode(snapshot.Data)
	if err != nil {
		c.options.Counts.snapshot(err)
		return versioned[S]{state: c.initial}, false
	}
	return versioned[S]{version: snapshot.Version, state: state, bytes: perEvent + int64(len(snapshot.Data))}, true
}

// loadSnapshot is load for a stream of which no state is at hand.
func (d Decider[S, E]) loadSnapshot(ctx context.Context, freshness Freshness) (versioned[S], error) {
	c := d.category
	found, err := c.snapshotter.ReadSnapshots(ctx, []StreamName{d.stream}, c.snapshots.name, freshness)
	if err != nil {
		return versioned[S]{}, err
	}
	held, events := versioned[S]{state: c.initial}, found[0].Events
	if found[0].Snapshot.Version > 0 {
		var ok bool
		if held, ok = c.restored(found[0].Snapshot); ok {
			d.keep(held)
		} else if events, err = c.store.Read(ctx, d.stream, 0, freshness); err != nil {
			return versioned[S]{}, err
		}
	}
	return d.extend(held, events)
}

// write appends the events of a decision. A stream that is long enough has a snapshot of
// the state behind them, if it is worth while, and unless a fold has skipped an event:
// another program, which knows that one, would miss it.
func (d Decider[S, E]) write(ctx context.Context, written *after[S, E], data []EventData) (Version, error) {
	c, expected := d.category, written.version
	every := c.options.SnapshotEvery
	if c.snapshotter == nil || written.skips || expected+Version(len(data)) < every ||
		c.snapshots.worth != nil && !c.snapshots.worth(written.state, expected) {
		return c.store.Append(ctx, d.stream, expected, data)
	}
	return c.snapshotter.AppendSnapshot(ctx, d.stream, expected, data, SnapshotTaking{
		Type: c.snapshots.name, Every: every, Ended: c.options.Counts.snapshot,
		State: func() ([]byte, error) {
			written.state, written.events = written.folded(), nil
			return c.snapshots.Encode(written.state)
		},
	})
}
