package memory

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Store is an in-memory [es.Store]. Make one with [New]. Calls may overlap.
type Store struct {
	mu         sync.RWMutex
	streams    map[es.StreamName][]*record
	categories map[string]*category
	ids        map[uuid.UUID]struct{}
	snapshots  map[es.StreamName]es.Snapshot
	last       feed.Position // the global position of the newest event
}

// record is an event in its place. It is never changed once it is stored, and
// neither it nor its memory leaves the package.
type record struct {
	position feed.Position
	stream   es.StreamName
	event    es.Event
}

// category holds the events of all streams of one category in feed order.
type category struct {
	records []*record
	changed chan struct{} // closed, and replaced by a new one, on each append
}

// New returns an empty store.
func New() *Store {
	return &Store{
		streams:    map[es.StreamName][]*record{},
		categories: map[string]*category{},
		ids:        map[uuid.UUID]struct{}{},
		snapshots:  map[es.StreamName]es.Snapshot{},
	}
}

// Read implements [es.Reader]. There is one copy of the data, so the freshness
// makes no difference. Every error names the stream.
func (s *Store) Read(ctx context.Context, stream es.StreamName, from es.Version, _ es.Freshness) ([]es.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	s.mu.RLock()
	records := s.streams[stream]
	s.mu.RUnlock()

	from = min(max(from, 0), es.Version(len(records)))
	events := make([]es.Event, 0, len(records)-int(from))
	for _, r := range records[from:] {
		events = append(events, copyEvent(r.event))
	}
	return events, nil
}

// ReadMany implements [es.ManyReader].
func (s *Store) ReadMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
	all := make([][]es.Event, len(streams))
	var err error
	for i, stream := range streams {
		if all[i], err = s.Read(ctx, stream, 0, freshness); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Append implements [es.Appender]. The store stamps the events itself, with the
// current time in UTC cut to microseconds, which is what PostgreSQL keeps. It
// returns a [*es.DuplicateIDError] for an event id that is in use. Every error names
// the stream.
//
// The end of ctx counts only before the append begins: from there on nothing
// waits.
func (s *Store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if stream.IsZero() {
		return 0, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("append to %s at version %d, nothing was written: %w", stream, expected, err)
	}
	if err := es.CheckEvents(stream, events); err != nil {
		return 0, err
	}
	if len(events) == 0 {
		return expected, nil
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if actual := es.Version(len(s.streams[stream])); actual != expected {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: actual}
	}
	if err := s.claimIDs(stream, expected, events); err != nil {
		return 0, err
	}
	return s.write(stream, expected, events), nil
}

// claimIDs enters the ids of all events, or of none. The caller holds the lock.
func (s *Store) claimIDs(stream es.StreamName, expected es.Version, events []es.EventData) error {
	for i, e := range events {
		if _, used := s.ids[e.ID]; used {
			for _, claimed := range events[:i] {
				delete(s.ids, claimed.ID)
			}
			return &es.DuplicateIDError{Stream: stream, Expected: expected, ID: e.ID}
		}
		s.ids[e.ID] = struct{}{}
	}
	return nil
}

// write stores events that passed every check and wakes those who wait for
// them. The caller holds the lock.
func (s *Store) write(stream es.StreamName, at es.Version, events []es.EventData) es.Version {
	now := time.Now().UTC().Truncate(time.Microsecond)
	c := s.category(stream.Category())
	for _, data := range events {
		e := copyEvent(es.Event{EventData: data, Index: at})
		e.Time = now
		s.last++
		r := &record{position: s.last, stream: stream, event: e}
		s.streams[stream] = append(s.streams[stream], r)
		c.records = append(c.records, r)
		at++
	}
	close(c.changed)
	c.changed = make(chan struct{})
	return at
}

// category finds or makes the entry of a category. The caller holds the lock.
func (s *Store) category(name string) *category {
	c, ok := s.categories[name]
	if !ok {
		c = &category{changed: make(chan struct{})}
		s.categories[name] = c
	}
	return c
}

func copyEvent(e es.Event) es.Event {
	e.Data = bytes.Clone(e.Data)
	e.Meta = bytes.Clone(e.Meta)
	return e
}
