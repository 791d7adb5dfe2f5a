package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Store reads and appends to streams. Its calls may overlap.
type Store struct {
	table *table.Table
	tips  *tips
}

var _ es.Store = (*Store)(nil)

// Append implements [es.Appender]. The time of an event is
// [es.EventData.Time], in UTC and cut to 100 nanoseconds.
//
// Events that do not fit into one item, of 400 KB with all names, are a
// [*TooLargeError]. An append whose reply is lost takes up to
// [Config.SettleTimeout] longer, past the end of ctx too, to find out whether
// it was written.
func (s *Store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.append(ctx, stream, expected, events, func(table.Tip) []table.Unfold { return nil })
}

// append appends, and has the tip keep the unfolds that it gets for the one that it
// appends to.
func (s *Store) append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData,
	unfolds func(table.Tip) []table.Unfold,
) (es.Version, error) {
	if stream.IsZero() {
		return 0, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	if err := es.CheckEvents(stream, events); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("append to %s at version %d, nothing was written: %w", stream, expected, err)
	}
	if len(events) == 0 {
		return expected, nil
	}
	if expected < 0 {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: es.UnknownVersion}
	}
	tip, err := s.tipAt(ctx, stream, expected)
	if err != nil {
		return 0, fmt.Errorf("append to %s at version %d, nothing was written: %w", stream, expected, err)
	}
	if tip.Version() != expected {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: tip.Version()}
	}
	after, err := s.table.Append(ctx, tip, table.Write{Events: written(events), Unfolds: unfolds(tip)})
	if err != nil {
		return 0, s.appendError(stream, err)
	}
	s.tips.put(after, true)
	return expected + es.Version(len(events)), nil
}

// tipAt returns the tip that is known if it is of the version, and otherwise
// the one that the table has. A stream that is expected to be empty needs none:
// the append itself will tell.
func (s *Store) tipAt(ctx context.Context, stream es.StreamName, expected es.Version) (table.Tip, error) {
	known := s.tips.get(stream)
	if known.Version() == expected {
		return known, nil
	}
	if expected == 0 {
		return table.NoTip(stream), nil
	}
	tip, err := s.table.Tip(ctx, known, true)
	if err == nil {
		s.tips.put(tip, false)
	}
	return tip, err
}

// appendError keeps the tip that a conflict met, for the read that follows it.
func (s *Store) appendError(stream es.StreamName, err error) error {
	if conflict, ok := errors.AsType[*table.ConflictError](err); ok {
		s.tips.put(conflict.Actual, false)
		return conflict.Unwrap()
	}
	if _, uncertain := errors.AsType[*es.UncertainError](err); uncertain {
		s.tips.drop(stream)
	}
	return err
}

// written are events as they are to be stored, with memory of their own.
func written(events []es.EventData) []table.Event {
	stored := make([]table.Event, len(events))
	for i, e := range events {
		stored[i] = table.Event{
			Type: e.Type, Time: e.Time.UTC(),
			Data: table.Raw(slices.Clone(e.Data)), Meta: table.Raw(slices.Clone(e.Meta)),
		}
	}
	return stored
}

// Read implements [es.Reader]. Events that were pruned are a
// [*MissingError].
func (s *Store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if stream.IsZero() {
		return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	consistent := freshness == es.FromLeader
	var loaded table.Stream
	var err error
	if from <= 0 {
		loaded, err = s.table.Load(ctx, stream, 0, consistent)
	} else {
		loaded, err = s.table.Tail(ctx, s.tips.get(stream), from, consistent)
	}
	if err != nil {
		return nil, err
	}
	s.tips.put(loaded.Tip, !consistent)
	return read(loaded)
}

// read are events as the contract has them. Those in the tip are copied, since
// the tip is kept.
func read(loaded table.Stream) ([]es.Event, error) {
	if len(loaded.Events) == 0 {
		return nil, nil
	}
	events := make([]es.Event, len(loaded.Events))
	for i, e := range loaded.Events {
		event, err := decoded(e)
		if err != nil {
			return nil, fmt.Errorf("event %d of %s: %w", e.Index, loaded.Tip.Stream(), err)
		}
		if e.Index >= loaded.Tip.Base() {
			event.Data, event.Meta = slices.Clone(event.Data), slices.Clone(event.Meta)
		}
		events[i] = event
	}
	return events, nil
}

// decoded is an event as the contract has it. It may share memory with the stored one.
func decoded(e table.Event) (es.Event, error) {
	data, err := e.Data.Decode()
	meta, metaErr := e.Meta.Decode()
	return es.Event{Index: e.Index, EventData: es.EventData{Type: e.Type, Data: data, Meta: meta, Time: e.Time.In(time.UTC)}}, errors.Join(err, metaErr)
}

// longAtOnce is how many streams are read at the same time whose events do not all fit
// into their tips.
const longAtOnce = 8

// ReadMany implements [es.ManyReader]. The events of all streams that fit into their tips
// come with one request for each hundred streams.
func (s *Store) ReadMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
	found, err := s.readMany(ctx, streams, freshness, func(table.Tip) es.Snapshot { return es.Snapshot{} })
	if err != nil {
		return nil, err
	}
	all := make([][]es.Event, len(found))
	for i := range found {
		all[i] = found[i].Events
	}
	return all, nil
}

// readMany reads streams, each from the snapshot on that its tip has.
func (s *Store) readMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness, snapshot func(table.Tip) es.Snapshot) ([]es.Snapshotted, error) {
	consistent := freshness == es.FromLeader
	tips, err := s.readTips(ctx, streams, consistent)
	if err != nil {
		return nil, err
	}
	all := make([]es.Snapshotted, len(streams))
	long, ctx := errgroup.WithContext(ctx)
	long.SetLimit(longAtOnce)
	for i, stream := range streams {
		tip := tips[stream]
		if all[i].Snapshot = snapshot(tip); all[i].Snapshot.Version > 0 {
			continue // it stands for all events
		}
		if tip.Base() == 0 {
			if all[i].Events, err = read(table.Stream{Events: tip.Events(), Tip: tip}); err != nil {
				break
			}
			continue
		}
		long.Go(func() (err error) {
			all[i].Events, err = s.Read(ctx, stream, 0, freshness)
			return err
		})
	}
	if failed := long.Wait(); err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// readTips reads the tip of each stream once, and keeps them.
func (s *Store) readTips(ctx context.Context, streams []es.StreamName, consistent bool) (map[es.StreamName]table.Tip, error) {
	found := map[es.StreamName]table.Tip{}
	distinct := []es.StreamName{}
	for _, stream := range streams {
		if stream.IsZero() {
			return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
		}
		if _, seen := found[stream]; !seen {
			found[stream] = table.NoTip(stream)
			distinct = append(distinct, stream)
		}
	}
	var tips []table.Tip
	var err error
	if len(distinct) == 1 {
		tips = make([]table.Tip, 1)
		tips[0], err = s.table.Tip(ctx, s.tips.get(distinct[0]), consistent)
	} else {
		tips, err = s.table.Tips(ctx, distinct, consistent)
	}
	if err != nil {
		return nil, err
	}
	for _, tip := range tips {
		s.tips.put(tip, !consistent)
		found[tip.Stream()] = tip
	}
	return found, nil
}
