package es_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// TestAStateIsExtendedAsFarAsTheEventsFollowIt has a feed deliver events of a stream of
// which the first two are known. The sum of the first n is 1 + 2 + 4 and so on.
func TestAStateIsExtendedAsFarAsTheEventsFollowIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		delivered []int // by their places in the stream; below zero: without a body
		version   es.Version
	}{
		"what follows":                          {[]int{2, 3}, 4},
		"some that are known":                   {[]int{0, 1, 2}, 3},
		"one twice":                             {[]int{2, 2, 3, 3}, 4},
		"nothing new":                           {[]int{0, 1}, 2},
		"nothing":                               {nil, 2},
		"behind a gap":                          {[]int{3, 4}, 2},
		"a gap within":                          {[]int{2, 4}, 3},
		"a gap and what belongs there":          {[]int{3, 2}, 2},
		"without a body":                        {[]int{-2, 3}, 2},
		"the known without bodies":              {[]int{-1, 2, 3}, 4},
		"one that cannot be decoded at the end": {[]int{2, 3, 4, 5}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
			store.given(d.Stream(), 1, 2)
			query(t, d, 3, 2)
			store.given(d.Stream(), 4, 8, 16)
			store.put(d.Stream(), es.EventData{Type: "Added", Data: []byte(`{"by":"many"}`)})
			var events []es.Event
			for _, at := range test.delivered {
				event := store.streams[d.Stream()][max(at, -at)]
				if at < 0 {
					event.Data = nil
				}
				events = append(events, event)
			}
			d.Extend(events)
			store.asked()
			query(t, d.AtLeast(0), 1<<test.version-1, test.version)
			store.expectReads(t)
		})
	}
}

// What was delivered may be old, as what a replica shows: a refusal that rests on it has
// to be made again on what the leader shows.
func TestAnExtendedStateDoesNotHaveTheLastWordInARefusal(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
	store.given(d.Stream(), 1, 2, 4)
	d.Extend(store.streams[d.Stream()][:2])
	err := d.AtLeast(2).Transact(t.Context(), func(sum int) ([]event, error) {
		if sum < 7 {
			return nil, errRefused
		}
		return []event{added{1}}, nil
	})
	if err != nil {
		t.Errorf("got error %v, want that of nobody: the leader's sum is enough", err)
	}
	store.expectReads(t, read{2, es.FromLeader})
}

func TestEventsOfUnknownTypesExtendAState(t *testing.T) {
	t.Parallel()
	var skipped []string
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0), Skipped: func(_ es.StreamName, _ es.Version, name string) { skipped = append(skipped, name) }})
	store.given(d.Stream(), 1)
	store.put(d.Stream(), es.EventData{Type: "Painted", Data: []byte(`{}`)})
	store.given(d.Stream(), 4)
	d.Extend(store.streams[d.Stream()])
	query(t, d.AtLeast(3), 5, 3)
	store.expectReads(t)
	if !slices.Equal(skipped, []string{"Painted"}) {
		t.Errorf("told of %q, want the one that was skipped", skipped)
	}
}

func TestNothingIsExtendedWithoutACache(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	store.given(d.Stream(), 1, 2)
	d.Extend(store.streams[d.Stream()])
	query(t, d.AtLeast(1), 3, 2)
	store.expectReads(t, read{0, es.FromReplica})
}

// joint is a store that notes what it is asked for together.
type joint struct {
	*store
	asked  [][]string
	failed error
}

func (j *joint) ReadMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
	var names []string
	all := make([][]es.Event, len(streams))
	for i, stream := range streams {
		names = append(names, stream.ID())
		all[i], _ = j.Read(ctx, stream, 0, freshness) // which does not fail
	}
	j.store.asked()
	j.asked = append(j.asked, names)
	return all, j.failed
}

// newJoint is a store with counters a to d, of which d has no events.
func newJoint(t *testing.T, options es.Options, around func(es.Store) es.Store) (*joint, *es.Category[int, event], []es.Decider[int, event]) {
	t.Helper()
	j := &joint{store: newStore()}
	category := counters(around(j), options)
	var deciders []es.Decider[int, event]
	for i, id := range []string{"a", "b", "c", "d"} {
		d, err := category.Decider(id)
		check.Must(t, err)
		if id != "d" {
			j.given(d.Stream(), i+1)
		}
		deciders = append(deciders, d)
	}
	return j, category, deciders
}

func itself(store es.Store) es.Store { return store }

func TestStreamsAreReadTogether(t *testing.T) {
	t.Parallel()
	j, category, deciders := newJoint(t, es.Options{Cache: es.NewCache(0, 0)}, itself)
	query(t, deciders[0], 1, 1)
	j.store.asked()
	category.Load(t.Context(), deciders...)
	category.Load(t.Context(), deciders[:3]...) // all are there
	category.Load(t.Context(), deciders[3])     // one alone is read by whoever wants it
	check.Same(t, "asked for", [][]string{{"b", "c", "d"}}, j.asked)
	for i, d := range deciders[:3] {
		query(t, d.AtLeast(1), i+1, 1)
	}
	j.expectReads(t)
}

// TestWhatCannotBeReadTogetherIsReadAlone tries what keeps streams from being loaded: each
// is read by itself then.
func TestWhatCannotBeReadTogetherIsReadAlone(t *testing.T) {
	t.Parallel()
	alone := func(store es.Store) es.Store { return struct{ es.Store }{store} }
	for name, test := range map[string]struct {
		around func(es.Store) es.Store
		cache  *es.Cache
		failed error
		asked  int
	}{
		"a failure":                 {itself, es.NewCache(0, 0), errors.New("boom"), 1},
		"a store that reads alone":  {alone, es.NewCache(0, 0), nil, 0},
		"a holder of such a store":  {func(store es.Store) es.Store { return holder{alone(store)} }, es.NewCache(0, 0), nil, 0},
		"no cache to keep anything": {itself, nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, category, deciders := newJoint(t, es.Options{Cache: test.cache}, test.around)
			j.failed = test.failed
			category.Load(t.Context(), deciders...)
			if len(j.asked) != test.asked {
				t.Errorf("asked together %d times, want %d", len(j.asked), test.asked)
			}
			query(t, deciders[2].AtLeast(1), 3, 1)
			j.expectReads(t, read{0, es.FromReplica})
		})
	}
}

// holder is a store around another.
type holder struct{ es.Store }

func (h holder) ManyReader() es.ManyReader { return es.ManyReaderOf(h.Store) }

func TestAStreamThatCannotBeDecodedIsLeftToItsReader(t *testing.T) {
	t.Parallel()
	j, category, deciders := newJoint(t, es.Options{Cache: es.NewCache(0, 0)}, func(store es.Store) es.Store { return holder{store} })
	j.put(deciders[0].Stream(), es.EventData{Type: "Added", Data: []byte(`{"by":"many"}`)})
	category.Load(t.Context(), deciders...)
	query(t, deciders[1].AtLeast(1), 2, 1)
	j.expectReads(t)
	var undecoded *es.DecodeError
	if _, err := deciders[0].AtLeast(1).Query(t.Context()); !errors.As(err, &undecoded) {
		t.Errorf("got error %v, want a DecodeError", err)
	}
}

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
