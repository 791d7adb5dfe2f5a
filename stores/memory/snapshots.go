package memory

import (
	"bytes"
	"context"

	"example.com/groupcheckout/es"
)

var _ es.Snapshotter = (*Store)(nil)

// ReadSnapshots implements [es.Snapshotter].
func (s *Store) ReadSnapshots(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
	all := make([]es.Snapshotted, len(streams))
	for i, stream := range streams {
		s.mu.RLock()
		snapshot, reached := s.snapshots[stream], es.Version(len(s.streams[stream]))
		s.mu.RUnlock()
		if snapshot.Type != snapshotType || snapshot.Version > reached {
			snapshot = es.Snapshot{}
		}
		snapshot.Data = bytes.Clone(snapshot.Data)
		events, err := s.Read(ctx, stream, snapshot.Version, freshness)
		if err != nil {
			return nil, err
		}
		all[i] = es.Snapshotted{Snapshot: snapshot, Events: events}
	}
	return all, nil
}

// AppendSnapshot implements [es.Snapshotter]. A stream has one snapshot, the newest.
func (s *Store) AppendSnapshot(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
	after, err := s.Append(ctx, stream, expected, events)
	if err != nil || !taking.Due(expected, after) {
		return after, err
	}
	data, err := taking.State()
	taking.Ended(err)
	if err == nil {
		s.keep(stream, es.Snapshot{Version: after, Type: taking.Type, Data: bytes.Clone(data)})
	}
	return after, nil
}

func (s *Store) keep(stream es.StreamName, snapshot es.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if snapshot.Version > s.snapshots[stream].Version {
		s.snapshots[stream] = snapshot
	}
}
