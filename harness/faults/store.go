package faults

import (
	"context"
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// The operations of a store.
const (
	reading   = "read"
	appending = "append"
)

// Store returns a store that passes calls on to next, and makes some fail.
func (i *Injector) Store(next es.Store, role Role) es.Store {
	return &store{injector: i, next: next, role: role}
}

type store struct {
	injector *Injector
	next     es.Store
	role     Role
}

func (s *store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	t, ok, err := s.beforeRead(ctx, stream, freshness)
	if err != nil {
		return nil, err
	}
	events, err := s.next.Read(ctx, stream, from, freshness)
	if err != nil || !ok {
		return events, err
	}
	return s.afterRead(t, freshness, events), nil
}

// ManyReader is what [es.ManyReaderOf] asks. Each of the streams meets faults as if it
// were read alone, and what fails for one fails for all.
func (s *store) ManyReader() es.ManyReader {
	next := es.ManyReaderOf(s.next)
	if next == nil {
		return nil
	}
	return es.ManyReaderFunc(func(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
		turns, err := s.beforeReads(ctx, streams, freshness)
		if err != nil {
			return nil, err
		}
		all, err := next.ReadMany(ctx, streams, freshness)
		if err != nil {
			return nil, err
		}
		for i := range streams {
			if t, ok := turns[i]; ok {
				all[i] = s.afterRead(t, freshness, all[i])
			}
		}
		return all, nil
	})
}

// Snapshotter is what [es.SnapshotterOf] asks. Reads and appends meet the faults of those
// without a snapshot.
func (s *store) Snapshotter() es.Snapshotter {
	next := es.SnapshotterOf(s.next)
	if next == nil {
		return nil
	}
	return es.SnapshotterFuncs{
		Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) ([]es.Snapshotted, error) {
			turns, err := s.beforeReads(ctx, streams, freshness)
			if err != nil {
				return nil, err
			}
			all, err := next.ReadSnapshots(ctx, streams, snapshotType, freshness)
			if err != nil {
				return nil, err
			}
			for i := range streams { // in their order, since one may be there twice
				if t, ok := turns[i]; ok {
					all[i].Events = s.afterRead(t, freshness, all[i].Events)
				}
			}
			return all, nil
		},
		Append: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (es.Version, error) {
			return s.append(ctx, stream, expected, events, func() (es.Version, error) {
				return next.AppendSnapshot(ctx, stream, expected, events, taking)
			})
		},
	}
}

// beforeReads is beforeRead for several streams. Those that are to be left alone have no
// turn.
func (s *store) beforeReads(ctx context.Context, streams []es.StreamName, freshness es.Freshness) (map[int]turn, error) {
	turns := map[int]turn{}
	for i, stream := range streams {
		t, ok, err := s.beforeRead(ctx, stream, freshness)
		if err != nil {
			return nil, err
		}
		if ok {
			turns[i] = t
		}
	}
	return turns, nil
}

// beforeRead is what a read meets ahead of it. It is not ok if the stream is to be left
// alone.
func (s *store) beforeRead(ctx context.Context, stream es.StreamName, freshness es.Freshness) (t turn, ok bool, err error) {
	if t, ok = s.injector.turn(ctx, s.role, stream, reading+" from "+freshness.String()); !ok {
		return t, false, nil
	}
	if err := s.before(ctx, t); err != nil {
		return t, false, fmt.Errorf("read %s: %w", stream, err)
	}
	if s.role == Reactor && s.injector.injects(t, FailedLoad, "") {
		return t, false, fmt.Errorf("read %s: %w", stream, &Error{FailedLoad, stream})
	}
	return t, true, nil
}

// afterRead is what a replica shows of what was read.
func (s *store) afterRead(t turn, freshness es.Freshness, events []es.Event) []es.Event {
	if freshness == es.FromReplica && len(events) > 0 {
		kept := int(s.injector.chance(t, "kept") % uint64(len(events)))
		if s.injector.injects(t, Stale, fmt.Sprintf("%d of %d events", kept, len(events))) {
			return events[:kept:kept]
		}
	}
	s.injector.succeeded(t)
	return events
}

func (s *store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	return s.append(ctx, stream, expected, events, func() (es.Version, error) { return s.next.Append(ctx, stream, expected, events) })
}

// append is an append with the faults that it meets.
func (s *store) append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, do func() (es.Version, error)) (es.Version, error) {
	if len(events) == 0 || ctx.Err() != nil {
		return do() // nothing is written that could fail
	}
	t, ok := s.injector.turn(ctx, s.role, stream, appending)
	if !ok {
		return do()
	}
	if err := s.before(ctx, t); err != nil {
		return 0, fmt.Errorf("append to %s: %w", stream, err)
	}
	own := s.role == Reactor && t.scope.caller == stream
	switch {
	case s.injector.injects(t, Conflict, ""):
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: es.UnknownVersion}
	case own && s.injector.injects(t, DieBefore, ""):
		panic(&Error{DieBefore, stream})
	}
	after, err := do()
	switch {
	case err != nil:
		return after, err
	case s.role == Reactor && s.injector.injects(t, LostReply, ""):
		return 0, &es.UncertainError{Stream: stream, Expected: expected, Err: &Error{LostReply, stream}}
	case own && s.injector.injects(t, DieAfter, ""):
		panic(&Error{DieAfter, stream})
	}
	s.injector.succeeded(t)
	return after, nil
}

// before is what a read and an append have in common. For a client, a store that
// is asked too much is slow only, since a client need not ask again.
func (s *store) before(ctx context.Context, t turn) error {
	if s.role == Reactor {
		s.injector.strike(t)
	}
	if s.injector.slows(t, Slow) {
		if err := s.sleep(ctx, Slow); err != nil {
			return err
		}
	}
	switch {
	case s.role == Client && s.injector.slows(t, Throttle):
		return s.sleep(ctx, Throttle)
	case s.role == Reactor && s.injector.injects(t, Throttle, ""):
		if err := s.sleep(ctx, Throttle); err != nil {
			return err
		}
		return &Error{Throttle, t.scope.target}
	}
	return nil
}

func (s *store) sleep(ctx context.Context, kind Kind) error {
	return pause.For(ctx, s.injector.config.Spec.of(kind).delay)
}
