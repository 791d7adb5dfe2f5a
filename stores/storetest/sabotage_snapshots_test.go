package storetest

import (
	"context"

	"example.com/groupcheckout/es"
)

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
