package faults_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/memory"
)

func injector(t check.T, spec string, config faults.Config) *faults.Injector {
	t.Helper()
	parsed, err := faults.Parse(spec)
	check.Must(t, err)
	config.Spec = parsed
	return faults.New(config)
}

// aStream is that of some jar.
func aStream(t testing.TB) es.StreamName {
	t.Helper()
	return jar(t, "1")
}

func jar(t check.T, id string) es.StreamName {
	t.Helper()
	stream, err := es.NewStreamName("Jar", id)
	check.Must(t, err)
	return stream
}

func newEvents(n int) []es.EventData {
	events := make([]es.EventData, n)
	for i := range events {
		events[i] = es.EventData{ID: uuid.New(), Type: "Moved"}
	}
	return events
}

// stored counts the events that are really there.
func stored(t testing.TB, store es.Store, stream es.StreamName) int {
	t.Helper()
	events, err := store.Read(t.Context(), stream, 0, es.FromLeader)
	check.Must(t, err)
	return len(events)
}

func TestConflict(t *testing.T) {
	t.Parallel()
	truth, stream := memory.New(), aStream(t)
	for role, most := range map[faults.Role]int{faults.Reactor: 2, faults.Client: 1} {
		store := injector(t, "conflict=1", faults.Config{}).Store(truth, role)
		before := stored(t, truth, stream)
		for range most {
			_, err := store.Append(t.Context(), stream, es.Version(before), newEvents(1))
			if conflict, ok := errors.AsType[*es.ConflictError](err); !ok || conflict.Stream != stream || conflict.Expected != es.Version(before) {
				t.Errorf("%s: got error %v, want a conflict at version %d", role, err, before)
			}
			if got := stored(t, truth, stream); got != before {
				t.Errorf("%s: got %d events, want nothing written", role, got-before)
			}
		}
		if after, err := store.Append(t.Context(), stream, es.Version(before), newEvents(1)); err != nil || after != es.Version(before)+1 {
			t.Errorf("%s: got version %d and error %v after %d conflicts, want success", role, after, err, most)
		}
	}
}

func TestLostReplyIsWritten(t *testing.T) {
	t.Parallel()
	truth, stream := memory.New(), aStream(t)
	store := injector(t, "lost-reply=1", faults.Config{}).Store(truth, faults.Reactor)
	_, err := store.Append(t.Context(), stream, 0, newEvents(2))
	if uncertain, ok := errors.AsType[*es.UncertainError](err); !ok || uncertain.Stream != stream {
		t.Errorf("got error %v, want an uncertain outcome", err)
	}
	check.Equal(t, "events", 2, stored(t, truth, stream))
	// A true conflict stays one: its reply is not lost.
	_, err = store.Append(t.Context(), stream, 0, newEvents(1))
	if _, ok := errors.AsType[*es.ConflictError](err); !ok {
		t.Errorf("got error %v, want the conflict", err)
	}
}

func TestReadsThatFailLagAndAreSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		truth, stream := memory.New(), aStream(t)
		check.Must(t, check.Error(truth.Append(t.Context(), stream, 0, newEvents(4))))
		var failed *faults.Error
		if _, err := injector(t, "failed-load=1", faults.Config{}).Store(truth, faults.Reactor).Read(t.Context(), stream, 0, es.FromLeader); !errors.As(err, &failed) || failed.Kind != faults.FailedLoad {
			t.Errorf("got error %v, want a failed load", err)
		}
		lagging := injector(t, "stale=1", faults.Config{}).Store(truth, faults.Reactor)
		if got, err := lagging.Read(t.Context(), stream, 0, es.FromReplica); err != nil || len(got) >= 4 {
			t.Errorf("got %d events of a replica and error %v, want fewer than 4", len(got), err)
		}
		if got, err := lagging.Read(t.Context(), stream, 0, es.FromLeader); err != nil || len(got) != 4 {
			t.Errorf("got %d events of the leader and error %v, want 4", len(got), err)
		}
		began := time.Now()
		if got, err := injector(t, "slow=1:3s", faults.Config{}).Store(truth, faults.Client).Read(t.Context(), stream, 0, es.FromLeader); err != nil || len(got) != 4 {
			t.Errorf("got %d events and error %v, want 4", len(got), err)
		}
		if got := time.Since(began); got != 3*time.Second {
			t.Errorf("it took %s, want 3s", got)
		}
		throttled := injector(t, "throttle=1:1s", faults.Config{})
		if _, err := throttled.Store(truth, faults.Reactor).Append(t.Context(), stream, 4, newEvents(1)); !errors.As(err, &failed) || failed.Kind != faults.Throttle {
			t.Errorf("got error %v, want throttling", err)
		}
		if after, err := throttled.Store(truth, faults.Client).Append(t.Context(), stream, 4, newEvents(1)); err != nil || after != 5 {
			t.Errorf("got version %d and error %v for a client, want 5 and none", after, err)
		}
	})
}

// TestReadsTogetherMeetFaults has two streams read together, each of which meets what it
// would meet alone.
func TestReadsTogetherMeetFaults(t *testing.T) {
	t.Parallel()
	truth := memory.New()
	streams := []es.StreamName{jar(t, "1"), jar(t, "2")}
	for _, stream := range streams {
		_, err := truth.Append(t.Context(), stream, 0, newEvents(5))
		check.Must(t, err)
	}
	for spec, fails := range map[string]bool{"failed-load=1": true, "throttle=1:1ns": true, "stale=1": false} {
		i := injector(t, spec, faults.Config{})
		all, err := es.ManyReaderOf(i.Store(truth, faults.Reactor)).ReadMany(t.Context(), streams, es.FromReplica)
		if fails {
			if _, ok := errors.AsType[*faults.Error](err); !ok || len(i.Log()) != 1 {
				t.Errorf("%s: got error %v and the faults %v, want one", spec, err, i.Log())
			}
			continue
		}
		check.Must(t, err)
		if len(all[0]) == 5 || len(all[1]) == 5 || len(i.Log()) != 2 {
			t.Errorf("%s: got %d and %d events of five, and the faults %v, want fewer of each", spec, len(all[0]), len(all[1]), i.Log())
		}
	}
	if es.ManyReaderOf(injector(t, "stale", faults.Config{}).Store(struct{ es.Store }{truth}, faults.Reactor)) != nil {
		t.Error("a store that reads alone reads together when it is wrapped")
	}
}

func TestStreamsOfNobodyAreLeftAlone(t *testing.T) {
	t.Parallel()
	i := injector(t, "conflict=1,failed-load=1,lost-reply=1", faults.Config{
		Name: func(es.StreamName) (string, bool) { return "", false },
	})
	store := i.Store(memory.New(), faults.Reactor)
	if _, err := store.Append(t.Context(), aStream(t), 0, newEvents(1)); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if _, err := store.Read(t.Context(), aStream(t), 0, es.FromReplica); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if got := i.Log(); len(got) > 0 {
		t.Errorf("got %v, want no faults", got)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	stream := aStream(t)
	i := injector(t, "conflict=1", faults.Config{
		Name: func(es.StreamName) (string, bool) { return "a scenario | the jar", true },
	})
	store := i.Store(memory.New(), faults.Reactor)
	for range 2 {
		if _, err := store.Append(t.Context(), stream, 0, newEvents(1)); err == nil {
			t.Error("got no error, want a conflict")
		}
	}
	if got := i.Disturbed(stream); got != 0 {
		t.Errorf("got %d faults in handler calls, want none: there was no call", got)
	}
	got := i.Of("a scenario | ")
	if len(got) != 2 || got[0].String() != "conflict at append 0 of a scenario | the jar by the reactor" {
		t.Errorf("got %v, want two conflicts", got)
	}
	if got := i.Of("another"); len(got) > 0 {
		t.Errorf("got %v, want none", got)
	}
	i.Rest()
	if _, err := store.Append(t.Context(), stream, 0, newEvents(1)); err != nil {
		t.Errorf("at rest: got error %v, want none", err)
	}
}

// TestBounds tries again and again, as any caller does, and counts.
func TestBounds(t *testing.T) {
	t.Parallel()
	stream, ctx := aStream(t), t.Context()
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom([]string{
			"failed-load=1", "failed-load=0.5,stale", "throttle=1:1ns,stale=1", "conflict=1,lost-reply=1,throttle=0.5:1ns", "failed-load=1,conflict=1",
		}).Draw(t, "spec")
		i := injector(t, spec, faults.Config{Seed: rapid.Uint64().Draw(t, "seed")})
		truth := memory.New()
		store := i.Store(truth, faults.Reactor)
		rows := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			operation := rapid.SampledFrom([]string{"leader", "replica", "append"}).Draw(t, "operation")
			held, err := truth.Read(ctx, stream, 0, es.FromLeader)
			check.Must(t, err)
			failed := false
			switch operation {
			case "append":
				_, err = store.Append(ctx, stream, es.Version(len(held)), newEvents(1))
			case "leader":
				_, err = store.Read(ctx, stream, 0, es.FromLeader)
			case "replica":
				var got []es.Event
				got, err = store.Read(ctx, stream, 0, es.FromReplica)
				failed = len(got) < len(held)
			}
			if failed = failed || err != nil; !failed {
				rows[operation] = 0
				continue
			}
			if rows[operation]++; rows[operation] > faults.MaxInARow {
				t.Fatalf("got %d faults of %s in a row, want up to %d: %v", rows[operation], operation, faults.MaxInARow, i.Log())
			}
		}
		if got := len(i.Log()); got > faults.MaxPerStream {
			t.Fatalf("got %d faults, want up to %d: %v", got, faults.MaxPerStream, i.Log())
		}
	})
}
