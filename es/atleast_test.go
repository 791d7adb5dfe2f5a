package es_test

import (
	"errors"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// requests compares what a store was asked since the last time.
func (s *store) requests(t testing.TB, reads []read, appends []write) {
	t.Helper()
	s.expectReads(t, reads...)
	s.expectAppends(t, appends...)
	s.appends = nil
}

func TestAtLeast(t *testing.T) {
	t.Parallel()
	tail, leader := read{0, es.FromReplica}, read{0, es.FromLeader}

	t.Run("a guess that a stream is new costs one request", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
		d = d.AtLeast(0)
		version, err := d.TransactVersion(t.Context(), add(1))
		if err != nil || version != 1 {
			t.Errorf("got version %d and %v, want 1", version, err)
		}
		store.requests(t, nil, []write{{0, []string{"Added"}}})
	})

	t.Run("a wrong guess is decided again on the leader's state and costs no attempt", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{Attempts: 1})
		d = d.AtLeast(0)
		store.given(d.Stream(), 5)
		sum, version, err := es.Decide(t.Context(), d, func(sum int) (int, []event, error) { return sum, []event{added{1}}, nil })
		if err != nil || version != 2 || sum != 5 {
			t.Errorf("got sum %d at version %d and %v, want 5 at 2", sum, version, err)
		}
		store.requests(t, []read{leader}, []write{{0, []string{"Added"}}, {1, []string{"Added"}}})
	})

	t.Run("what the cache holds is trusted", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
		store.given(d.Stream(), 5)
		check.Must(t, check.Error(d.Query(t.Context())))
		store.requests(t, []read{tail}, nil)
		check.Must(t, d.AtLeast(1).Transact(t.Context(), add(1)))
		if sum, version, err := d.AtLeast(2).QueryVersion(t.Context()); sum != 6 || version != 2 || err != nil {
			t.Errorf("got %d at version %d and %v, want 6 at 2", sum, version, err)
		}
		store.requests(t, nil, []write{{1, []string{"Added"}}})
	})

	t.Run("a state that is not far enough is read", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
		check.Must(t, d.AtLeast(1).Transact(t.Context(), add(1)))
		store.requests(t, []read{tail}, []write{{0, []string{"Added"}}})
		store.given(d.Stream(), 7)
		if sum, version, err := d.AtLeast(2).QueryVersion(t.Context()); sum != 8 || version != 2 || err != nil {
			t.Errorf("got %d at version %d and %v, want 8 at 2", sum, version, err)
		}
		store.requests(t, []read{{1, es.FromReplica}}, nil)
	})

	t.Run("a read that finds less is what the query returns", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{})
		store.given(d.Stream(), 7)
		store.lag = 1
		if sum, version, err := d.AtLeast(1).QueryVersion(t.Context()); sum != 0 || version != 0 || err != nil {
			t.Errorf("got %d at version %d and %v, want 0 at 0", sum, version, err)
		}
		store.requests(t, []read{tail}, nil)
	})

	t.Run("a refusal on a guess is made again on the leader's state", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{})
		d = d.AtLeast(0)
		store.given(d.Stream(), 7)
		refuseEmpty := func(sum int) ([]event, error) {
			if sum == 0 {
				return nil, errRefused
			}
			return []event{added{1}}, nil
		}
		if err := d.Transact(t.Context(), refuseEmpty); err != nil {
			t.Errorf("got %v, want no refusal", err)
		}
		store.requests(t, []read{leader}, []write{{1, []string{"Added"}}})
	})

	t.Run("attempts count from the first state that was read", func(t *testing.T) {
		t.Parallel()
		store, d := newCounter(t, es.Options{Attempts: 2})
		d = d.AtLeast(0)
		store.overtake = func() { store.put(d.Stream(), es.EventData{Type: "Added", Data: []byte(`{"by":1}`)}) }
		var conflict *es.ConflictError
		if err := d.Transact(t.Context(), add(1)); !errors.As(err, &conflict) || conflict.Expected != 2 {
			t.Errorf("got %v, want a conflict that expected version 2", err)
		}
		store.requests(t, []read{leader, leader}, []write{{0, []string{"Added"}}, {1, []string{"Added"}}, {2, []string{"Added"}}})
	})
}
