package index

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// The types of the events and unfolds of the index.
const (
	typeIngested    = "Ingested"
	typeClosed      = "Closed"
	typeStarted     = "Started"
	typeSnapshotted = "Snapshotted"
)

// ingested is an event of an epoch: spans that it has not had before.
type ingested struct {
	Add []Span `json:"add"` // of streams that are new to the epoch
	App []Span `json:"app"` // of streams that the epoch has already
}

// spans are those of both kinds, in order.
func (i ingested) spans() func(yield func(Span) bool) {
	return func(yield func(Span) bool) {
		for _, list := range [][]Span{i.Add, i.App} {
			for _, s := range list {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// started is an event of the list of epochs: an epoch became the active one.
// Older data has the partition under the name of tranche.
type started struct {
	Partition *Partition `json:"partition"`
	Tranche   *Partition `json:"tranche"`
	Epoch     Epoch      `json:"epoch"`
}

// snapshotted is the state of the list of epochs.
type snapshotted struct {
	Active map[Partition]Epoch `json:"active"`
}

// How many events the tips of streams hold that are rewritten often, or read often:
// what is older moves to calves, so that neither costs more as time goes by.
const (
	heldEvents = 1 // of a lease, of a checkpoint, of a rebuild
	listEvents = 8 // of the list of epochs
)

// often is the table for streams whose tips are rewritten often.
func often(index *table.Table) *table.Table { return index.Small(smallBytes, heldEvents) }

// smallBytes is how large such a tip may be, so that only events count.
const smallBytes = 64 * 1024

// encode is the compressed body of a value that can be encoded.
func encode(v any) table.Body { return table.Compressed(marshal(v)) }

func marshal(v any) []byte {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(fmt.Errorf("encode %T: %w", v, err)) // all types are ours
	}
	return data
}

// decode reads a body. Names that are not known are passed over.
func decode(stream es.StreamName, index es.Version, typ string, body table.Body, into any) error {
	data, err := body.Decode()
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return &BodyError{Stream: stream, Index: index, Type: typ, Err: err}
	}
	return nil
}

// BodyError says that an event or unfold of the index is not what its type
// says. Somebody else must have written it.
type BodyError struct {
	Stream es.StreamName
	Index  es.Version
	Type   string
	Err    error
}

func (e *BodyError) Error() string {
	return fmt.Sprintf("%s at index %d of %s cannot be read: %v", e.Type, e.Index, e.Stream, e.Err)
}

func (e *BodyError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*BodyError) NeedsPerson() bool { return true }

// epochEvent is an event of an epoch as it is read: spans, or the mark of the
// end.
type epochEvent struct {
	ingested
	closed bool
}

func decodeEpochEvent(stream es.StreamName, e table.Event) (event epochEvent, err error) {
	switch e.Type {
	case typeIngested:
		err = decode(stream, e.Index, e.Type, e.Data, &event.ingested)
	case typeClosed:
		event.closed = true
	}
	return event, err
}

func newEvent(typ string, data table.Body) table.Event {
	return table.Event{Type: typ, Data: data, Time: time.Now().UTC()}
}

// activeEpochs is the state of the list of epochs, from what is in its stream.
func activeEpochs(s table.Stream) (map[Partition]Epoch, error) {
	active := map[Partition]Epoch{}
	stream := s.Tip.Stream()
	from := es.Version(0)
	for _, u := range s.Tip.Unfolds() {
		if u.Type != typeSnapshotted {
			continue
		}
		var state snapshotted
		if err := decode(stream, u.Index, u.Type, u.Data, &state); err != nil {
			return nil, err
		}
		active, from = state.Active, u.Index
		if active == nil {
			active = map[Partition]Epoch{}
		}
	}
	for _, e := range s.Events {
		if e.Type != typeStarted || e.Index < from {
			continue
		}
		var event started
		if err := decode(stream, e.Index, e.Type, e.Data, &event); err != nil {
			return nil, err
		}
		switch {
		case event.Partition != nil:
			active[*event.Partition] = event.Epoch
		case event.Tranche != nil:
			active[*event.Tranche] = event.Epoch
		default:
			return nil, &BodyError{stream, e.Index, e.Type, errors.New("it names neither a partition nor a tranche")}
		}
	}
	for p, e := range active {
		if p < 0 || e < 0 {
			return nil, &BodyError{stream, s.Tip.Version(), typeStarted, fmt.Errorf("partition %d has epoch %s", p, strconv.FormatInt(int64(e), 10))}
		}
	}
	return active, nil
}

func newUnfold(typ string, data table.Body) table.Unfold {
	return table.Unfold{Type: typ, Data: data, Time: time.Now().UTC()}
}

// current is the unfold of a type that is the state at the tip's version.
func current(tip table.Tip, typ string) (table.Unfold, bool) {
	for _, u := range tip.Unfolds() {
		if u.Type == typ && u.Index == tip.Version() {
			return u, true
		}
	}
	return table.Unfold{}, false
}

// loadActive reads the list of epochs: what is active, and the tip to append
// to.
func loadActive(ctx context.Context, index *table.Table) (map[Partition]Epoch, table.Tip, error) {
	tip, err := index.Tip(ctx, table.NoTip(indexStream()), true)
	if err != nil {
		return nil, table.Tip{}, err
	}
	s := table.Stream{Tip: tip}
	if _, ok := current(tip, typeSnapshotted); !ok && tip.Exists() {
		// Somebody's write left no unfold.
		if s, err = index.Load(ctx, indexStream(), 0, true); err != nil {
			return nil, table.Tip{}, err
		}
	}
	active, err := activeEpochs(s)
	return active, s.Tip, err
}
