package intercept

import (
	"context"
	"errors"

	"example.com/groupcheckout/es"
)

// StoreHooks are the hooks around an [es.Store].
type StoreHooks struct {
	BeforeRead func(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) error
	AfterRead  func(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness,
		events []es.Event, err error) ([]es.Event, error)

	BeforeAppend func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) error
	// AfterAppend is told the version after the append, as the store returned it.
	AfterAppend func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData,
		after es.Version, err error) (es.Version, error)
}

// Store returns a store that passes every call to next through the hooks. If next is an
// [es.ManyReader] it is one too: the hooks of a read are called for each of the streams,
// and an error of one is that of all. If next is an [es.Snapshotter] it is one too: a read
// is then one from the version of the snapshot on, which is known only behind it, and a
// snapshot that is taken meets no hook.
func Store(next es.Store, hooks StoreHooks) es.Store {
	return &store{next: next, hooks: hooks}
}

type store struct {
	next  es.Store
	hooks StoreHooks
}

func (s *store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if s.hooks.BeforeRead != nil {
		if err := s.hooks.BeforeRead(ctx, stream, from, freshness); err != nil {
			return nil, err
		}
	}
	events, err := s.next.Read(ctx, stream, from, freshness)
	if s.hooks.AfterRead != nil {
		return s.hooks.AfterRead(ctx, stream, from, freshness, events, err)
	}
	return events, err
}

// ManyReader is what [es.ManyReaderOf] asks.
func (s *store) ManyReader() es.ManyReader {
	next := es.ManyReaderOf(s.next)
	if next == nil {
		return nil
	}
	return es.ManyReaderFunc(func(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
		for _, stream := range streams {
			if s.hooks.BeforeRead != nil {
				if err := s.hooks.BeforeRead(ctx, stream, 0, freshness); err != nil {
					return nil, err
				}
			}
		}
		all, err := next.ReadMany(ctx, streams, freshness)
		if s.hooks.AfterRead == nil {
			return all, err
		}
		if err != nil {
			all = make([][]es.Event, len(streams))
		}
		var errs []error
		for i, stream := range streams {
			events, err := s.hooks.AfterRead(ctx, stream, 0, freshness, all[i], err)
			all[i], errs = events, append(errs, err)
		}
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		return all, nil
	})
}

// Snapshotter is what [es.SnapshotterOf] asks.
func (s *store) Snapshotter() es.Snapshotter {
	next := es.SnapshotterOf(s.next)
	if next == nil {
		return nil
	}
	return es.SnapshotterFuncs{
		Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
			return s.readSnapshots(ctx, next, streams, snapshotType, freshness)
		},
		Append: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
			return s.append(ctx, stream, expected, events, func() (es.Version, error) {
				return next.AppendSnapshot(ctx, stream, expected, events, taking)
			})
		},
	}
}

func (s *store) readSnapshots(ctx context.Context, next es.Snapshotter, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
	for _, stream := range streams {
		if s.hooks.BeforeRead != nil {
			if err := s.hooks.BeforeRead(ctx, stream, 0, freshness); err != nil {
				return nil, err
			}
		}
	}
	all, err := next.ReadSnapshots(ctx, streams, snapshotType, freshness)
	if s.hooks.AfterRead == nil {
		return all, err
	}
	if err != nil {
		all = make([]es.Snapshotted, len(streams))
	}
	var errs []error
	for i, stream := range streams {
		events, err := s.hooks.AfterRead(ctx, stream, all[i].Snapshot.Version, freshness, all[i].Events, err)
		all[i].Events, errs = events, append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

func (s *store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.append(ctx, stream, expected, events, func() (es.Version, error) { return s.next.Append(ctx, stream, expected, events) })
}

// append calls the hooks around an append.
func (s *store) append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, do func() (es.Version, error)) (es.Version, error) {
	if s.hooks.BeforeAppend != nil {
		if err := s.hooks.BeforeAppend(ctx, stream, expected, events); err != nil {
			return 0, err
		}
	}
	after, err := do()
	if s.hooks.AfterAppend != nil {
		return s.hooks.AfterAppend(ctx, stream, expected, events, after, err)
	}
	return after, err
}
