package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/intercept"
)

// readFunc changes what a read returns.
type readFunc func(from es.Version, freshness es.Freshness, events []es.Event) ([]es.Event, error)

func reading(f readFunc) func() Fixture {
	return func() Fixture {
		fixture := intact()
		fixture.Store = intercept.Store(fixture.Store, intercept.StoreHooks{
			AfterRead: func(_ context.Context, _ es.StreamName, from es.Version, freshness es.Freshness, events []es.Event, err error) ([]es.Event, error) {
				if err != nil {
					return nil, err
				}
				return f(from, freshness, events)
			},
		})
		return fixture
	}
}

// changing changes each event that is read.
func changing(f func(*es.Event)) func() Fixture {
	return reading(func(_ es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
		for i := range events {
			f(&events[i])
		}
		return events, nil
	})
}

func sabotagedReads() []sabotage {
	return []sabotage{
		{"knows no empty streams", reading(failEmpty), []string{"a stream that does not exist reads as empty"}},
		{"numbers events from where the read began", reading(renumber), []string{"a read begins at the index that it asks for"}},
		{"orders indices as text", reading(orderAsText), []string{
			"events beyond 10 and beyond 1000 come in the order of their numbers",
		}},
		{"reads at most 1000 events", reading(truncate(1000)), []string{
			"events beyond 10 and beyond 1000 come in the order of their numbers",
		}},
		{"lags an event behind", reading(lag), []string{
			"a read from the leader sees every append that was acknowledged",
			"a read beside a writer sees whole appends only",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"has replicas with gaps", reading(gapInReplica), []string{
			"a read from a replica gives a part of the stream without a gap",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"takes null for absent", changing(dropNull), []string{"data and metadata come back as equal JSON"}},
		{"keeps numbers as floating point", changing(floatNumbers), []string{
			"numbers keep their digits and their scale",
			"any sequence of appends and reads goes as it does with plain lists",
		}},
		{"gives an empty object for absent data", changing(fillAbsent), []string{
			"data and metadata that are absent stay absent",
		}},
		{"ignores the case of types", changing(lowerType), []string{"types come back as they were"}},
		{"returns local times", changing(localTime), []string{"times are in UTC and those of the append"}},
		{"has a clock that is an hour late", changing(lateClock), []string{"times are in UTC and those of the append"}},
		{"keeps milliseconds", changing(cutTime), []string{"times have microseconds"}},
		{"makes up event ids", changing(newID), []string{
			"an append writes all of its events in order and returns the version after",
		}},
		{"shares its memory", sharing(), []string{
			"what was appended is the caller's to change",
			"what was read is the caller's to change",
		}},
		{"mixes up what it reads together", together(func(_ []es.StreamName, all [][]es.Event) { slices.Reverse(all) }), []string{
			"several streams are read together as each is alone",
		}},
		{"gives one memory for a stream that is named twice", together(shareTwins), []string{
			"what was read together is the caller's to change",
		}},
		{"does not stop reading together", together(nil), []string{
			"nothing is read of no stream, nor once the context has ended",
		}},
	}
}

// joined is a store that reads together as it likes.
type joined struct {
	es.Store
	es.ManyReader
}

// together changes what is read together, or, with nil, goes on when its context ends.
func together(change func([]es.StreamName, [][]es.Event)) func() Fixture {
	return func() Fixture {
		fixture := intact()
		next := es.ManyReaderOf(fixture.Store)
		fixture.Store = joined{fixture.Store, es.ManyReaderFunc(func(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
			if change == nil {
				return next.ReadMany(context.WithoutCancel(ctx), streams, freshness)
			}
			all, err := next.ReadMany(ctx, streams, freshness)
			if err == nil {
				change(streams, all)
			}
			return all, err
		})}
		return fixture
	}
}

func shareTwins(streams []es.StreamName, all [][]es.Event) {
	for i, stream := range streams {
		all[i] = all[slices.Index(streams, stream)]
	}
}

func failEmpty(_ es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
	if len(events) == 0 {
		return nil, errors.New("no such stream")
	}
	return events, nil
}

func renumber(from es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
	for i := range events {
		events[i].Index -= from
	}
	return events, nil
}

func orderAsText(_ es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
	slices.SortFunc(events, func(a, b es.Event) int {
		return strings.Compare(strconv.Itoa(int(a.Index)), strconv.Itoa(int(b.Index)))
	})
	return events, nil
}

func truncate(limit int) readFunc {
	return func(_ es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
		return events[:min(limit, len(events))], nil
	}
}

func lag(_ es.Version, _ es.Freshness, events []es.Event) ([]es.Event, error) {
	return events[:max(0, len(events)-1)], nil
}

func gapInReplica(_ es.Version, freshness es.Freshness, events []es.Event) ([]es.Event, error) {
	if freshness == es.FromReplica && len(events) > 2 {
		events = slices.Delete(events, 1, 2)
	}
	return events, nil
}

func dropNull(e *es.Event) {
	if string(e.Data) == "null" {
		e.Data = nil
	}
}

func floatNumbers(e *es.Event) {
	var value any
	if len(e.Data) == 0 || json.Unmarshal(e.Data, &value) != nil {
		return
	}
	e.Data, _ = json.Marshal(value)
}

func fillAbsent(e *es.Event) {
	if len(e.Data) == 0 {
		e.Data = []byte("{}")
	}
}

func lowerType(e *es.Event) { e.Type = strings.ToLower(e.Type) }

func localTime(e *es.Event) { e.Time = e.Time.In(time.FixedZone("CET", 3600)) }

func lateClock(e *es.Event) { e.Time = e.Time.Add(-time.Hour) }

func cutTime(e *es.Event) { e.Time = e.Time.Truncate(time.Millisecond) }

func newID(e *es.Event) { e.ID = uuid.New() }

// sharing returns from reads the very memory that was appended.
func sharing() func() Fixture {
	return func() Fixture {
		var mu sync.Mutex
		bodies := map[uuid.UUID]es.EventData{}
		fixture := intact()
		fixture.Store = intercept.Store(fixture.Store, intercept.StoreHooks{
			BeforeAppend: func(_ context.Context, _ es.StreamName, _ es.Version, events []es.EventData) error {
				mu.Lock()
				defer mu.Unlock()
				for _, e := range events {
					bodies[e.ID] = e
				}
				return nil
			},
			AfterRead: func(_ context.Context, _ es.StreamName, _ es.Version, _ es.Freshness, events []es.Event, err error) ([]es.Event, error) {
				mu.Lock()
				defer mu.Unlock()
				for i := range events {
					events[i].EventData = bodies[events[i].ID]
				}
				return events, err
			},
		})
		return fixture
	}
}

// snapshotting is a store that keeps snapshots as it likes.
type snapshotting struct {
	es.Store
	es.Snapshotter
}

type (
	snapshotAppend = func(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error)
	snapshotRead   = func(all []es.Snapshotted)
)

// keeping changes how snapshots are taken, or what is read of them.
func keeping(take snapshotAppend, read snapshotRead) func() Fixture {
	return func() Fixture {
		fixture := intact()
		store := fixture.Store
		next := es.SnapshotterOf(store)
		fixture.Store = snapshotting{struct{ es.Store }{store}, es.SnapshotterFuncs{
			Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
				if read == nil {
					return next.ReadSnapshots(ctx, streams, snapshotType, freshness)
				}
				all, err := next.ReadSnapshots(ctx, streams, "Snapshotted.1", freshness)
				read(all)
				return all, err
			},
			Append: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
				if take == nil {
					return next.AppendSnapshot(ctx, stream, expected, events, taking)
				}
				return take(ctx, store, stream, expected, events, taking)
			},
		}}
		return fixture
	}
}

func sabotagedSnapshots() []sabotage {
	return []sabotage{
		{"says that a snapshot stands for more than it does", keeping(nil, func(all []es.Snapshotted) {
			for i := range all {
				if s := &all[i]; s.Snapshot.Version > 0 && len(s.Events) > 0 {
					s.Snapshot.Version, s.Events = s.Snapshot.Version+1, s.Events[1:]
				}
			}
		}), []string{"a stream is read from its snapshot on, and what was taken stands for what it says"}},
		{"takes a snapshot of any type", keeping(nil, func([]es.Snapshotted) {}), []string{
			"streams without a snapshot, and with one of another type, are read whole",
		}},
		{"fails an append for its snapshot", keeping(func(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
			if _, err := taking.State(); err != nil {
				return 0, err
			}
			return store.Append(ctx, stream, expected, events)
		}, nil), []string{"a snapshot that cannot be made changes nothing about the append"}},
		{"appends at any version with a snapshot", keeping(func(ctx context.Context, store es.Store, stream es.StreamName, _ es.Version, events []es.EventData, _ es.SnapshotTaking) (es.Version, error) {
			held, err := store.Read(ctx, stream, 0, es.FromLeader)
			if err != nil {
				return 0, err
			}
			return store.Append(ctx, stream, es.Version(len(held)), events)
		}, nil), []string{"an append with a snapshot meets conflicts as any other"}},
		{"keeps snapshots among the events", keeping(func(ctx context.Context, store es.Store, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
			after, err := store.Append(ctx, stream, expected, events)
			if err == nil {
				_, err = store.Append(ctx, stream, after, []es.EventData{NewEvent(taking.Type, "{}")})
			}
			return after, err
		}, nil), []string{"a snapshot is in no feed and in no stream that is read"}},
	}
}
