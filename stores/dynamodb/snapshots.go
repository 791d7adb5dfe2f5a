package dynamodb

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// A snapshot is an unfold in the tip of its stream, as Equinox's strategy Snapshot keeps it:
// each append writes that of the state behind it, and one that has none takes it away. So
// the one request that reads a tip finds the state of the whole stream in it, and an unfold
// that is not of the tip's own version is not to be trusted: Equinox, which sorts it among
// the events by that version, could not use it either.

var _ es.Snapshotter = (*Store)(nil)

// AppendSnapshot implements [es.Snapshotter]. The first snapshot is taken by the append that
// crosses a multiple of [es.SnapshotTaking.Every], in the request of that append, and from
// then on by each. One that is larger than [table.Table.UnfoldLimit] is not worth what it
// costs: it is left out, and tried again at the next multiple.
func (s *Store) AppendSnapshot(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
	var unfolds []table.Unfold
	var failure error
	unfold := func(tip table.Tip) []table.Unfold {
		if _, has := snapshotOf(tip, taking.Type); !has && !taking.Due(expected, expected+es.Version(len(events))) {
			return nil
		}
		var data []byte
		if data, failure = taking.State(); failure != nil {
			return nil
		}
		if body := table.Compressed(data); len(body.Bytes) <= s.table.UnfoldLimit(tip) {
			unfolds = []table.Unfold{{Type: taking.Type, Time: events[len(events)-1].Time.In(time.UTC), Data: body}}
		}
		return unfolds
	}
	after, err := s.append(ctx, stream, expected, events, unfold)
	if _, large := errors.AsType[*table.TooLargeError](err); large && len(unfolds) > 0 {
		return s.Append(ctx, stream, expected, events)
	}
	if err == nil && (failure != nil || len(unfolds) > 0) {
		taking.Ended(failure)
	}
	return after, err
}

// snapshotOf is the unfold of a type that a tip has, if it stands for all events.
func snapshotOf(tip table.Tip, snapshotType string) (table.Unfold, bool) {
	for _, unfold := range tip.Unfolds() {
		if unfold.Type == snapshotType && unfold.Index == tip.Version() && len(unfold.Data.Bytes) > 0 {
			return unfold, true
		}
	}
	return table.Unfold{}, false
}

// ReadSnapshots implements [es.Snapshotter]. One request reads up to a hundred streams that
// have a snapshot, or all of their events in the tip. A longer one without a snapshot takes
// another request.
func (s *Store) ReadSnapshots(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
	return s.readMany(ctx, streams, freshness, func(tip table.Tip) (found es.Snapshot) {
		unfold, ok := snapshotOf(tip, snapshotType)
		if data, err := unfold.Data.Decode(); ok && err == nil {
			found = es.Snapshot{Version: unfold.Index, Type: unfold.Type, Data: slices.Clone(data)}
		}
		return found
	})
}
