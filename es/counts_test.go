package es_test

import (
	"context"
	"errors"
	"testing"

	"example.com/groupcheckout/es"
)

// scripted is a store whose appends end as they are told to.
type scripted struct {
	*store

	outcomes []error
}

func (s *scripted) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	err := s.outcomes[0]
	if s.outcomes = s.outcomes[1:]; err != nil {
		return 0, err
	}
	return s.store.Append(ctx, stream, expected, events)
}

func TestAppendsAndLooksIntoTheCacheAreCounted(t *testing.T) {
	t.Parallel()
	store := &scripted{store: newStore()}
	counts, cache := &es.Counts{}, es.NewCache(0, 0)
	counter := counter(t, store, es.Options{Counts: counts, Cache: cache, Attempts: 2})
	for _, tried := range [][]error{
		{nil},
		{&es.ConflictError{}, nil},
		{&es.ConflictError{}, &es.ConflictError{}},
		{&es.UncertainError{}},
		{errors.New("the disk is full")},
	} {
		store.outcomes = tried
		_ = counter.Transact(t.Context(), add(1)) // it ends as it is told to
	}
	if got, want := counts.Now(), (es.Counted{Appended: 2, Conflicts: 3, Uncertain: 1, Failed: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (*es.Counts)(nil).Now(); got != (es.Counted{}) {
		t.Errorf("nobody counted %+v", got)
	}
	hits, misses := cache.Looks()
	if hits == 0 || misses == 0 {
		t.Errorf("got %d hits and %d misses, want both", hits, misses)
	}
}
