package es_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// The tests' aggregate is a counter: its state is the sum of what was added.

type event interface{ isEvent() }

type added struct {
	By int `json:"by"`
}

type reset struct {
	Note string `json:"note"`
}

func (added) isEvent() {}
func (reset) isEvent() {}

func counterCodec() *es.Codec[event] {
	return es.NewCodec(
		es.On("Added", func(e added) event { return e }),
		es.On("Reset", func(e reset) event { return e }),
	)
}

func foldCounter(sum int, events []event) int {
	for _, e := range events {
		switch e := e.(type) {
		case added:
			sum += e.By
		case reset:
			sum = 0
		}
	}
	return sum
}

func counters(store es.Store, options es.Options) *es.Category[int, event] {
	return es.NewCategory("Counter", counterCodec(), 0, foldCounter, store, options)
}

// counter is the way in to the counter with the given options.
func counter(t testing.TB, store es.Store, options es.Options) es.Decider[int, event] {
	t.Helper()
	decider, err := counters(store, options).Decider("a")
	check.Must(t, err)
	return decider
}

// newCounter is an empty store with the way in to its counter.
func newCounter(t testing.TB, options es.Options) (*store, es.Decider[int, event]) {
	t.Helper()
	store := newStore()
	return store, counter(t, store, options)
}

// add is a decision that adds, whatever the sum is.
func add(by int) func(int) ([]event, error) {
	return func(int) ([]event, error) { return []event{added{by}}, nil }
}

// store is an [es.Store] in memory that notes what it is asked, and on which a
// test can put its hand.
type store struct {
	mu      sync.Mutex
	streams map[es.StreamName][]es.Event
	reads   []read
	appends []write

	lag       int    // how many events a replica is behind
	afterRead func() // called when a read has its result and before it is returned
	overtake  func() // called ahead of each append, under the lock: another writer's chance
	readErr   error  // what reads fail with
	appendErr error  // what appends fail with
}

type read struct {
	From      es.Version
	Freshness es.Freshness
}

type write struct {
	Expected es.Version
	Types    []string
}

func newStore() *store { return &store{streams: map[es.StreamName][]es.Event{}} }

func (s *store) Read(_ context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	s.mu.Lock()
	s.reads = append(s.reads, read{from, freshness})
	events := s.streams[stream]
	if freshness == es.FromReplica {
		events = events[:max(0, len(events)-s.lag)]
	}
	events = slices.Clone(events[min(int(from), len(events)):])
	s.mu.Unlock()
	if s.readErr != nil {
		return nil, s.readErr
	}
	if s.afterRead != nil {
		s.afterRead()
	}
	return events, nil
}

func (s *store) Append(_ context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	s.appends = append(s.appends, write{expected, types})
	if s.overtake != nil {
		s.overtake()
	}
	if s.appendErr != nil {
		return 0, s.appendErr
	}
	if actual := es.Version(len(s.streams[stream])); actual != expected {
		return 0, &es.ConflictError{Stream: stream, Expected: expected, Actual: actual}
	}
	for _, e := range events {
		s.put(stream, e)
	}
	return expected + es.Version(len(events)), nil
}

// put adds an event without asking for a version.
func (s *store) put(stream es.StreamName, e es.EventData) {
	index := es.Version(len(s.streams[stream]))
	s.streams[stream] = append(s.streams[stream], es.Event{EventData: e, Index: index})
}

// given fills a stream with events of the type Added.
func (s *store) given(stream es.StreamName, amounts ...int) {
	for _, by := range amounts {
		s.put(stream, es.EventData{ID: uuid.New(), Type: "Added", Data: []byte(`{"by":` + strconv.Itoa(by) + `}`)})
	}
}

// asked returns the reads since the last call.
func (s *store) asked() []read {
	s.mu.Lock()
	defer s.mu.Unlock()
	reads := s.reads
	s.reads = nil
	return reads
}

// expectReads compares the reads since the last call.
func (s *store) expectReads(t testing.TB, want ...read) {
	t.Helper()
	check.Same(t, "reads", want, s.asked())
}

// expectAppends compares the appends so far.
func (s *store) expectAppends(t testing.TB, want ...write) {
	t.Helper()
	check.Same(t, "appends", want, s.appends)
}
