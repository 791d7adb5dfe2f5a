package es_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func TestOnlyTheTailIsReadOfACachedState(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
	store.given(d.Stream(), 1, 2)
	query(t, d, 3, 2)
	query(t, d, 3, 2)
	store.given(d.Stream(), 4)
	query(t, d, 7, 3)
	check.Must(t, d.Transact(t.Context(), add(8)))
	query(t, d, 15, 4)
	store.expectReads(t, []read{{0, es.FromReplica}, {2, es.FromReplica}, {2, es.FromReplica}, {3, es.FromReplica}, {4, es.FromReplica}}...)
}

func TestWithoutACacheAllIsRead(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{})
	store.given(d.Stream(), 1, 2)
	query(t, d, 3, 2)
	query(t, d, 3, 2)
	store.expectReads(t, read{0, es.FromReplica}, read{0, es.FromReplica})
}

func TestAStreamThatIsNotThereIsNotCached(t *testing.T) {
	t.Parallel()
	cache := es.NewCache(0, 0)
	d := counter(t, newStore(), es.Options{Cache: cache})
	query(t, d, 0, 0)
	if cache.Len() != 0 {
		t.Errorf("%d states are cached, want none", cache.Len())
	}
}

// TestTheCacheIsAheadOfAReplica: what was written here is seen here, however
// far the replica lags behind.
func TestTheCacheIsAheadOfAReplica(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
	store.lag = 10
	for i := range 5 {
		check.Must(t, d.Transact(t.Context(), add(1)))
		query(t, d, i+1, es.Version(i+1))
	}
}

// TestTheCacheNeverGoesBack lets a write finish within a load, so that the load
// ends with a state that is older than the cached one.
func TestTheCacheNeverGoesBack(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
	store.given(d.Stream(), 1)
	store.afterRead = func() {
		store.afterRead = nil
		check.OK(t, d.Transact(t.Context(), add(2)))
	}
	query(t, d, 1, 1)
	store.asked()
	query(t, d, 3, 2)
	store.expectReads(t, read{2, es.FromReplica})
}

// TestARestoredStoreHeals: the cached state is of a future that the store no
// longer has. The conflict shows it, and the whole stream is read again.
func TestARestoredStoreHeals(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"the store says its version": false, "it does not": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0)})
			store.given(d.Stream(), 1, 2, 4)
			query(t, d, 7, 3)
			store.streams[d.Stream()] = store.streams[d.Stream()][:1]
			store.asked()
			if forget {
				store.appendErr = &es.ConflictError{Stream: d.Stream(), Expected: 3, Actual: es.UnknownVersion}
				store.afterRead = func() {
					if len(store.appends) > 0 {
						store.appendErr = nil
					}
				}
			}
			version, err := d.TransactVersion(t.Context(), add(8))
			if err != nil || version != 2 {
				t.Errorf("got version %d and error %v, want 2", version, err)
			}
			store.expectReads(t, read{3, es.FromReplica}, read{0, es.FromLeader})
			query(t, d, 9, 2)
		})
	}
}

func TestARestoredStoreHealsForTheNextCallToo(t *testing.T) {
	t.Parallel()
	store, d := newCounter(t, es.Options{Cache: es.NewCache(0, 0), Attempts: 1})
	store.given(d.Stream(), 1, 2, 4)
	query(t, d, 7, 3)
	store.streams[d.Stream()] = store.streams[d.Stream()][:1]
	var conflict *es.ConflictError
	if err := d.Transact(t.Context(), add(8)); !errors.As(err, &conflict) {
		t.Errorf("got error %v, want a *ConflictError", err)
	}
	query(t, d, 1, 1)
}

func TestACachedStateOfAnotherTypeIsIgnored(t *testing.T) {
	t.Parallel()
	store := newStore()
	cache := es.NewCache(0, 0)
	d := counter(t, store, es.Options{Cache: cache})
	store.given(d.Stream(), 1, 2)
	query(t, d, 3, 2)
	texts := es.NewCategory("Counter", counterCodec(), "", func(text string, events []event) string {
		return text + strconv.Itoa(foldCounter(0, events))
	}, store, es.Options{Cache: cache})
	other, err := texts.Decider("a")
	check.Must(t, err)
	for range 2 {
		if got, err := other.Query(t.Context()); got != "3" || err != nil {
			t.Errorf("got %q and error %v, want 3", got, err)
		}
		query(t, d, 3, 2)
	}
}

func TestAStateIsForgottenWhenUnusedForItsLifetime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		configured, lifetime time.Duration
	}{{0, 20 * time.Minute}, {time.Second, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			store, d := newCounter(t, es.Options{Cache: es.NewCache(0, test.configured)})
			store.given(d.Stream(), 1)
			from := func() es.Version {
				query(t, d, 1, 1)
				return store.asked()[0].From
			}
			from()
			for range 3 { // each use extends its life
				time.Sleep(test.lifetime - 1)
				if got := from(); got != 1 {
					t.Errorf("lifetime %v: read from %d within its lifetime, want from 1", test.lifetime, got)
				}
			}
			time.Sleep(test.lifetime + 1)
			if got := from(); got != 0 {
				t.Errorf("lifetime %v: read from %d after its lifetime, want from 0", test.lifetime, got)
			}
		})
	}
}

func TestTheStateUnusedForLongestMakesRoom(t *testing.T) {
	t.Parallel()
	store := newStore()
	cache := es.NewCache(2, 0)
	category := counters(store, es.Options{Cache: cache})
	from := func(id string) es.Version {
		d, err := category.Decider(id)
		check.Must(t, err)
		if len(store.streams[d.Stream()]) == 0 {
			store.given(d.Stream(), 1)
		}
		query(t, d, 1, 1)
		return store.asked()[0].From
	}
	for _, step := range []struct {
		id   string
		from es.Version
	}{
		{"a", 0}, {"b", 0}, {"a", 1}, {"c", 0}, // b makes room
		{"a", 1}, {"c", 1}, {"b", 0}, // a makes room
		{"c", 1}, {"a", 0},
	} {
		if got := from(step.id); got != step.from {
			t.Errorf("%s was read from %d, want from %d", step.id, got, step.from)
		}
		if cache.Len() > 2 {
			t.Errorf("%d states are cached, want 2 at the most", cache.Len())
		}
	}
}

// TestWhatTheCacheHoldsIsBoundedInBytes: states are dropped for a few large ones, and
// one that is too large by itself is not kept.
func TestWhatTheCacheHoldsIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	const limit = 20_000
	cache := es.NewCacheOf(es.CacheConfig{Bytes: limit})
	store := newStore()
	category := counters(store, es.Options{Cache: cache})
	for i := range 100 {
		d, err := category.Decider(strconv.Itoa(i))
		check.Must(t, err)
		store.given(d.Stream(), make([]int, 20)...)
		query(t, d, 0, 20)
		if held := cache.Bytes(); held == 0 || held > limit {
			t.Fatalf("after stream %d: %d bytes are held, want some, and %d at the most", i, held, limit)
		}
	}
	if got := cache.Len(); got < 5 || got > 20 {
		t.Errorf("got %d states, want about ten", got)
	}
	d, err := category.Decider("large")
	check.Must(t, err)
	store.given(d.Stream(), make([]int, limit)...)
	query(t, d, 0, limit)
	check.OK(t, d.Transact(t.Context(), add(1)))
	query(t, d, 1, limit+1)
	if held := cache.Bytes(); held > limit {
		t.Errorf("%d bytes are held, want %d at the most", held, limit)
	}
}

// TestStatesAreForgottenThoughNobodyAsks: what is due does not wait for the next call.
func TestStatesAreForgottenThoughNobodyAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache := es.NewCache(0, time.Minute)
		store, d := newCounter(t, es.Options{Cache: cache})
		store.given(d.Stream(), 1)
		query(t, d, 1, 1)
		time.Sleep(59 * time.Second)
		if cache.Len() != 1 || cache.Bytes() == 0 {
			t.Errorf("within its lifetime: got %d states of %d bytes, want one", cache.Len(), cache.Bytes())
		}
		query(t, d, 1, 1)
		time.Sleep(2 * time.Minute)
		check.Equal(t, "states dropped by the time alone", 1, cache.Swept())
		query(t, d, 1, 1) // it begins anew
		time.Sleep(2 * time.Minute)
		check.Equal(t, "states dropped by the time alone", 2, cache.Swept())
	})
}

// query checks the state and the version that it stands for.
func query(t *testing.T, d es.Decider[int, event], sum int, version es.Version) {
	t.Helper()
	gotSum, gotVersion, err := d.QueryVersion(t.Context())
	if err != nil || gotSum != sum || gotVersion != version {
		t.Errorf("query: got %d at version %d and error %v, want %d at %d", gotSum, gotVersion, err, sum, version)
	}
}
