package storetest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// many is about stores that are an [es.ManyReader]. Others have nothing to prove here.
func many() []leaf {
	return []leaf{
		{"several streams are read together as each is alone", readsTogether},
		{"what was read together is the caller's to change", ownsReadTogether},
		{"nothing is read of no stream, nor once the context has ended", readsNothingTogether},
	}
}

func mustReadMany(t testing.TB, f Fixture, freshness es.Freshness, streams ...es.StreamName) [][]es.Event {
	t.Helper()
	all, err := es.ManyReaderOf(f.Store).ReadMany(patient(t), streams, freshness)
	check.Must(t, err)
	if len(all) != len(streams) {
		t.Fatalf("got %d lists of events for %d streams", len(all), len(streams))
	}
	return all
}

func readsTogether(t testing.TB, f Fixture) {
	if es.ManyReaderOf(f.Store) == nil {
		return
	}
	var streams []es.StreamName
	for _, size := range []int{3, 0, 1101, 1} {
		stream := UniqueStream()
		events := NewEvents(size)
		for at := 0; at < size; {
			n := min(100, size-at)
			mustAppend(t, f.Store, stream, es.Version(at), events[at:at+n]...)
			at += n
		}
		streams = append(streams, stream)
	}
	streams = append(streams, streams[0])
	for i, events := range mustReadMany(t, f, es.FromLeader, streams...) {
		if diff := cmp.Diff(append([]es.Event{}, mustRead(t, f.Store, streams[i], 0)...), append([]es.Event{}, events...)); diff != "" {
			t.Errorf("stream %d of the list (-alone +together):\n%s", i, diff)
		}
	}
	for i, events := range mustReadMany(t, f, es.FromReplica, streams...) {
		for n, event := range events {
			if event.Index != es.Version(n) {
				t.Fatalf("stream %d of the list, from a replica: got event %d at place %d", i, event.Index, n)
			}
		}
	}
}

func ownsReadTogether(t testing.TB, f Fixture) {
	if es.ManyReaderOf(f.Store) == nil {
		return
	}
	stream, other := UniqueStream(), UniqueStream()
	events := withBodies()
	mustAppend(t, f.Store, stream, 0, events...)
	got := mustReadMany(t, f, es.FromLeader, stream, other, stream)
	for i := range got[0] {
		scribble(&got[0][i].EventData)
	}
	check.OKf(t, compareEvents(got[2], 0, events), "the same stream at another place")
	checkStream(t, f.Store, stream, events...)
}

func readsNothingTogether(t testing.TB, f Fixture) {
	if es.ManyReaderOf(f.Store) == nil {
		return
	}
	if got := mustReadMany(t, f, es.FromLeader); len(got) != 0 {
		t.Errorf("got %d lists for no stream", len(got))
	}
	if got := mustReadMany(t, f, es.FromLeader, UniqueStream()); len(got[0]) != 0 {
		t.Errorf("got %d events of a stream that is not there", len(got[0]))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := es.ManyReaderOf(f.Store).ReadMany(ctx, []es.StreamName{UniqueStream(), UniqueStream()}, es.FromLeader); err == nil {
		t.Error("got no error although the context had ended")
	}
}
