package storetest

import (
	"context"
	"math"
	"sync"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

func reads() []leaf {
	return []leaf{
		{"a stream that does not exist reads as empty", readsNothing},
		{"a read begins at the index that it asks for", readsFromAnywhere},
		{"events beyond 10 and beyond 1000 come in the order of their numbers", readsInNumericOrder},
		{"a read from the leader sees every append that was acknowledged", readsOwnWrites},
		{"a read from a replica gives a part of the stream without a gap", readsFromReplica},
		{"a read beside a writer sees whole appends only", readsWholeAppends},
	}
}

func readsNothing(t testing.TB, f Fixture) {
	stream := UniqueStream()
	for _, from := range []es.Version{0, 1, 1000} {
		if got := mustRead(t, f.Store, stream, from); len(got) != 0 {
			t.Errorf("read from %d: got %d events, want none", from, len(got))
		}
	}
}

func readsFromAnywhere(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(5)
	mustAppend(t, f.Store, stream, 0, events[:3]...)
	mustAppend(t, f.Store, stream, 3, events[3:]...)
	for from := range es.Version(8) {
		checkRead(t, f, stream, events, from)
	}
	check.OKf(t, compareEvents(mustRead(t, f.Store, stream, -1), 0, events), "read from -1")
	checkRead(t, f, stream, events, math.MaxInt32)
}

// checkRead compares a read from an index with the stored events behind it.
func checkRead(t testing.TB, f Fixture, stream es.StreamName, stored []es.EventData, from es.Version) {
	t.Helper()
	want := stored[min(int(from), len(stored)):]
	check.OKf(t, compareEvents(mustRead(t, f.Store, stream, from), from, want), "read from %d", from)
}

func readsInNumericOrder(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(1101)
	for at := 0; at < len(events); {
		size := min(100, len(events)-at)
		mustAppend(t, f.Store, stream, es.Version(at), events[at:at+size]...)
		at += size
	}
	for _, from := range []es.Version{0, 1, 2, 9, 10, 11, 99, 100, 101, 110, 999, 1000, 1001, 1100, 1101} {
		checkRead(t, f, stream, events, from)
	}
}

func readsOwnWrites(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(50)
	for i := range events {
		mustAppend(t, f.Store, stream, es.Version(i), events[i])
		checkRead(t, f, stream, events[:i+1], es.Version(i))
	}
}

func readsFromReplica(t testing.TB, f Fixture) {
	stream := UniqueStream()
	events := NewEvents(20)
	for i := range events {
		mustAppend(t, f.Store, stream, es.Version(i), events[i])
		from := i / 2
		got, err := f.Store.Read(patient(t), stream, es.Version(from), es.FromReplica)
		check.Must(t, err)
		known := events[from : i+1]
		check.Mustf(t, compareEvents(got, es.Version(from), known[:min(len(got), len(known))]), "read from a replica, from %d, of %d events", from, i+1)
	}
}

func readsWholeAppends(t testing.TB, f Fixture) {
	const size, appends = 3, 40
	stream := UniqueStream()
	events := NewEvents(size * appends)
	ctx, cancel := context.WithCancelCause(patient(t))

	var writer sync.WaitGroup
	defer writer.Wait()
	defer cancel(nil)
	writer.Go(func() {
		for at := 0; at < len(events); at += size {
			if _, err := appendAll(ctx, f.Store, stream, es.Version(at), events[at:at+size]); err != nil {
				cancel(err)
				return
			}
		}
	})
	for seen := 0; seen < len(events); {
		got, err := f.Store.Read(ctx, stream, 0, es.FromLeader)
		if err != nil {
			t.Fatalf("read beside a writer: %v (%v)", err, context.Cause(ctx))
		}
		if len(got)%size != 0 || len(got) < seen {
			t.Fatalf("got %d events after %d, want whole appends of %d, and no fewer than before", len(got), seen, size)
		}
		check.Must(t, compareEvents(got, 0, events[:min(len(got), len(events))]))
		seen = len(got)
	}
}
