package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// race has goroutines append at once, and returns the order in which they did, and
// the time that it took.
func race(t *testing.T, seed uint64) (order []string, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		store := faults.NewSchedule(seed, nil).Store(intercept.Store(memory.New(), intercept.StoreHooks{
			BeforeAppend: func(_ context.Context, stream es.StreamName, expected es.Version, _ []es.EventData) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, fmt.Sprintf("%s@%d", stream.ID(), expected))
				return nil
			},
		}))
		began := time.Now()
		var racing sync.WaitGroup
		for i := range 8 {
			stream := jar(t, fmt.Sprint(i))
			racing.Go(func() {
				for version := range es.Version(4) {
					check.OK(t, check.Error(store.Append(t.Context(), stream, version, newEvents(1))))
				}
			})
		}
		racing.Wait()
		took = time.Since(began)
	})
	return order, took
}

func TestScheduleDecidesTheOrder(t *testing.T) {
	t.Parallel()
	orders := map[string]uint64{}
	for seed := range uint64(20) {
		first, took := race(t, seed)
		if took <= 0 {
			t.Errorf("seed %d: it took %s, want some virtual time", seed, took)
		}
		for range 5 {
			if again, _ := race(t, seed); !slices.Equal(first, again) {
				t.Fatalf("seed %d, again (-first +again):\n%s", seed, cmp.Diff(first, again))
			}
		}
		order := strings.Join(first, " ")
		if other, known := orders[order]; known {
			t.Errorf("seeds %d and %d give the same order %s", other, seed, order)
		}
		orders[order] = seed
	}
}

func TestScheduleHonoursContexts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	schedule := faults.NewSchedule(1, nil)
	check.Failsf(t, check.Error(schedule.Store(memory.New()).Read(ctx, aStream(t), 0, es.FromLeader)), "a read after the end of its context")
	key := feed.Key{Source: "memory", Tranche: "Jar", Group: "g"}
	check.Failsf(t, schedule.Checkpoints(memory.NewCheckpoints()).Save(ctx, key, 1), "a save after the end of its context")
}

// An operation that its context keeps from its turn may or may not have been asked
// for, by chance. What follows must be the same.
func TestScheduleForgetsWhatHadNoTurn(t *testing.T) {
	t.Parallel()
	took := func(abandoned int) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			store := faults.NewSchedule(1, nil).Store(memory.New())
			for range abandoned {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				check.Failsf(t, check.Error(store.Read(ctx, aStream(t), 0, es.FromLeader)), "a read after the end of its context")
			}
			began := time.Now()
			check.OK(t, check.Error(store.Read(t.Context(), aStream(t), 0, es.FromLeader)))
			took = time.Since(began)
		})
		return took
	}
	if got, want := took(3), took(0); got != want {
		t.Errorf("after three that had no turn: got %s, want %s as without", got, want)
	}
}

// Several who do the same on one stream are told apart by their names.
func TestActorsHaveFaultsOfTheirOwn(t *testing.T) {
	t.Parallel()
	truth, stream := memory.New(), aStream(t)
	check.Must(t, check.Error(truth.Append(t.Context(), stream, 0, newEvents(9))))
	seen := func(order ...string) map[string]string {
		i := injector(t, "stale=0.5", faults.Config{Seed: 1})
		store, seen := i.Store(truth, faults.Client), map[string]string{}
		for _, name := range order {
			events, err := store.Read(faults.As(t.Context(), name), stream, 0, es.FromReplica)
			check.Must(t, err)
			seen[name] += fmt.Sprint(len(events), " ")
		}
		for _, f := range i.Log() {
			if f.Caller != "Ann" && f.Caller != "Bob" {
				t.Errorf("got %s, want that it says for whom", f)
			}
		}
		return seen
	}
	want := seen("Ann", "Ann", "Ann", "Ann", "Bob", "Bob", "Bob", "Bob")
	check.Same(t, "in another order", want, seen("Bob", "Ann", "Ann", "Bob", "Bob", "Ann", "Bob", "Ann"))
	if want["Ann"] == want["Bob"] {
		t.Errorf("Ann and Bob both see %s, want different faults", want["Ann"])
	}
}
