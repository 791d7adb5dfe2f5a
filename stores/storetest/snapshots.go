package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// snapshots is about stores that are an [es.Snapshotter]. Others have nothing to prove here.
func snapshots() []leaf {
	return []leaf{
		{"a stream is read from its snapshot on, and what was taken stands for what it says", readsFromSnapshot},
		{"streams without a snapshot, and with one of another type, are read whole", readsWithoutSnapshot},
		{"a snapshot that cannot be made changes nothing about the append", appendsWithoutSnapshot},
		{"an append with a snapshot meets conflicts as any other", conflictsWithSnapshot},
		{"a snapshot is in no feed and in no stream that is read", keepsSnapshotsApart},
	}
}

const (
	snapshotType  = "Snapshotted.1"
	snapshotEvery = 10
)

// taker takes snapshots that say which version they stand for.
type taker struct {
	es.SnapshotTaking

	taken []error // what became of them
}

func taking(stands es.Version, fail error) *taker {
	t := &taker{}
	t.SnapshotTaking = es.SnapshotTaking{
		Type: snapshotType, Every: snapshotEvery, Ended: func(err error) { t.taken = append(t.taken, err) },
		State: func() ([]byte, error) { return stateAt(stands), fail },
	}
	return t
}

// stateAt is large enough to be told from an event.
func stateAt(version es.Version) []byte { return fmt.Appendf(nil, `{"events":%d}`, version) }

// grow appends to a stream in portions, each with the chance of a snapshot, and returns
// all events.
func grow(t testing.TB, f Fixture, stream es.StreamName, portion, portions int) (events []es.EventData) {
	t.Helper()
	for range portions {
		added := NewEvents(portion)
		expected := es.Version(len(events))
		events = append(events, added...)
		take := taking(es.Version(len(events)), nil)
		after, err := es.SnapshotterOf(f.Store).AppendSnapshot(patient(t), stream, expected, added, take.SnapshotTaking)
		if err != nil || after != es.Version(len(events)) {
			t.Fatalf("got version %d and error %v, want %d", after, err, len(events))
		}
		for _, err := range take.taken {
			check.OKf(t, err, "take a snapshot at version %d", after)
		}
	}
	return events
}

func mustReadSnapshots(t testing.TB, f Fixture, snapshotType string, streams ...es.StreamName) []es.Snapshotted {
	t.Helper()
	all, err := es.SnapshotterOf(f.Store).ReadSnapshots(patient(t), streams, snapshotType, es.FromLeader)
	check.Must(t, err)
	if len(all) != len(streams) {
		t.Fatalf("got %d for %d streams", len(all), len(streams))
	}
	return all
}

// checkSnapshotted compares what was read with the events of a stream.
func checkSnapshotted(t testing.TB, found es.Snapshotted, events []es.EventData) {
	t.Helper()
	from := found.Snapshot.Version
	if from > es.Version(len(events)) {
		t.Errorf("got a snapshot for version %d of %d", from, len(events))
		return
	}
	if from > 0 && (found.Snapshot.Type != snapshotType || diffJSON(found.Snapshot.Data, stateAt(from)) != "") {
		t.Errorf("got the snapshot %q of type %s for version %d", found.Snapshot.Data, found.Snapshot.Type, from)
	}
	check.OKf(t, compareEvents(found.Events, from, events[from:]), "behind the snapshot for version %d", from)
}

func readsFromSnapshot(t testing.TB, f Fixture) {
	if es.SnapshotterOf(f.Store) == nil {
		return
	}
	long, longer, short := UniqueStream(), UniqueStream(), UniqueStream()
	all := map[es.StreamName][]es.EventData{
		long: grow(t, f, long, 3, 9), longer: grow(t, f, longer, 7, 60), short: grow(t, f, short, 2, 2),
	}
	streams := []es.StreamName{long, short, longer, long, UniqueStream()}
	got := mustReadSnapshots(t, f, snapshotType, streams...)
	for i, stream := range streams {
		checkSnapshotted(t, got[i], all[stream])
		checkSnapshotted(t, mustReadSnapshots(t, f, snapshotType, stream)[0], all[stream])
	}
	if got[2].Snapshot.Version == 0 {
		t.Errorf("a stream of %d events, with a snapshot every %d, has none", len(all[longer]), snapshotEvery)
	}
	for i := range got[0].Snapshot.Data {
		got[0].Snapshot.Data[i] = ' '
	}
	checkSnapshotted(t, got[3], all[long])
	checkSnapshotted(t, mustReadSnapshots(t, f, snapshotType, long)[0], all[long])
}

func readsWithoutSnapshot(t testing.TB, f Fixture) {
	if es.SnapshotterOf(f.Store) == nil {
		return
	}
	plain, other := UniqueStream(), UniqueStream()
	events := NewEvents(1101)
	for at := 0; at < len(events); at += 367 {
		mustAppend(t, f.Store, plain, es.Version(at), events[at:at+367]...)
	}
	others := grow(t, f, other, 7, 60)
	for i, found := range mustReadSnapshots(t, f, "Another.1", plain, other) {
		if found.Snapshot.Version != 0 || len(found.Snapshot.Data) > 0 {
			t.Errorf("stream %d: got the snapshot %+v, want none", i, found.Snapshot)
		}
		checkSnapshotted(t, found, [][]es.EventData{events, others}[i])
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := es.SnapshotterOf(f.Store).ReadSnapshots(ctx, []es.StreamName{plain}, snapshotType, es.FromLeader); err == nil {
		t.Error("got no error although the context had ended")
	}
}

func appendsWithoutSnapshot(t testing.TB, f Fixture) {
	if es.SnapshotterOf(f.Store) == nil {
		return
	}
	stream, failure := UniqueStream(), errors.New("no state")
	events := grow(t, f, stream, 7, 60)
	before := mustReadSnapshots(t, f, snapshotType, stream)[0].Snapshot.Version
	for range 60 {
		added := NewEvents(7)
		expected := es.Version(len(events))
		events = append(events, added...)
		take := taking(0, failure)
		if after, err := es.SnapshotterOf(f.Store).AppendSnapshot(patient(t), stream, expected, added, take.SnapshotTaking); err != nil || after != es.Version(len(events)) {
			t.Fatalf("got version %d and error %v, want %d", after, err, len(events))
		}
		for _, err := range take.taken {
			if !errors.Is(err, failure) {
				t.Errorf("told %v, want %v", err, failure)
			}
		}
	}
	found := mustReadSnapshots(t, f, snapshotType, stream)[0]
	if found.Snapshot.Version > before {
		t.Errorf("got a snapshot for version %d, and the last that was taken is for %d", found.Snapshot.Version, before)
	}
	checkSnapshotted(t, found, events)
}

func conflictsWithSnapshot(t testing.TB, f Fixture) {
	if es.SnapshotterOf(f.Store) == nil {
		return
	}
	stream := UniqueStream()
	events := grow(t, f, stream, 7, 60)
	for _, expected := range []es.Version{0, es.Version(len(events) - 3), es.Version(len(events) + 5)} {
		var conflict *es.ConflictError
		take := taking(7777, nil)
		_, err := es.SnapshotterOf(f.Store).AppendSnapshot(patient(t), stream, expected, NewEvents(snapshotEvery), take.SnapshotTaking)
		if !errors.As(err, &conflict) || conflict.Stream != stream || conflict.Expected != expected {
			t.Errorf("at version %d: got error %v, want a ConflictError", expected, err)
		}
		checkSnapshotted(t, mustReadSnapshots(t, f, snapshotType, stream)[0], events)
	}
	checkStream(t, f.Store, stream, events...)
}

func keepsSnapshotsApart(t testing.TB, f Fixture) {
	if es.SnapshotterOf(f.Store) == nil {
		return
	}
	stream := UniqueStream()
	follower := mustFollow(t, f, 100, stream.Category())
	events := grow(t, f, stream, 7, 60)
	checkStream(t, f.Store, stream, events...)
	mustAwait(t, follower, appended{stream: events})
}
