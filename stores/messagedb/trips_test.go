package messagedb

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// The category's lock is held from the first write until the commit, so what
// an append costs all others is its round trips.
func TestRoundTripsOfAnAppend(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 1})
	sent := onTheWire(t, &db.write)

	stream := newStream(t)
	trips := func(what string, expected es.Version, events, want int, conflict bool) {
		t.Helper()
		before := sent.countTrips()
		_, err := db.Store().Append(within(t), stream, expected, newEvents(events))
		if errors.As(err, new(*es.ConflictError)) != conflict || !conflict && err != nil {
			t.Errorf("%s: got error %v", what, err)
		}
		if got := sent.countTrips() - before; got != want && want > 0 {
			t.Errorf("%s took %d round trips, want %d", what, got, want)
		}
	}
	trips("the first one, which prepares a statement", 0, 1, 0, false)
	trips("the first one of several events", 1, 2, 0, false)
	trips("an append of one event", 3, 1, 1, false)
	trips("an append of ten", 4, 10, 1, false)
	trips("a conflict of one event", 0, 1, 1, true)
	trips("a conflict of ten: the append and the rollback", 0, 10, 2, true)
}

// Streams that are read together take one round trip, and two more for what one of them
// has beyond a page.
func TestRoundTripsOfReadsTogether(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 1, BatchSize: 3})
	sent := onTheWire(t, &db.read)
	var streams []es.StreamName
	for _, size := range []int{2, 0, 3, 7} {
		stream := newStream(t)
		mustAppend(t, db.Store(), stream, 0, newEvents(size)...)
		streams = append(streams, stream)
	}
	trips := func(what string, want int, streams ...es.StreamName) {
		t.Helper()
		before := sent.countTrips()
		all, err := db.Store().ReadMany(within(t), streams, es.FromReplica)
		if err != nil {
			t.Fatal(err)
		}
		for i, stream := range streams {
			alone, err := db.Store().Read(within(t), stream, 0, es.FromLeader) // which is not on the wire that is watched
			if err != nil || len(all[i]) != len(alone) {
				t.Errorf("%s: got %d events of stream %d, want %d, and error %v", what, len(all[i]), i, len(alone), err)
			}
		}
		if got := sent.countTrips() - before; got != want && want > 0 {
			t.Errorf("%s took %d round trips, want %d", what, got, want)
		}
	}
	trips("the first read, which prepares a statement", 0, streams...)
	trips("short streams", 1, streams[:2]...)
	trips("a full page and more", 4, streams...)
	if _, err := db.Store().ReadMany(within(t), []es.StreamName{{}}, es.FromReplica); !errors.As(err, new(*es.NameError)) {
		t.Errorf("without a name: got error %v, want a NameError", err)
	}
}

// What a reactor does first takes a round trip each, on the connections that Open has made
// ready, and so does what it asks seldom.
func TestRoundTripsOfAStart(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 1, CheckpointSchema: checkpointSchema(t)})
	category := newCategory()
	source, err := db.Source(category)
	if err != nil {
		t.Fatal(err)
	}
	stream, tranche, group := streamOf(t, category), feed.Tranche(category), newCategory()
	sent := onTheWire(t, &db.write, &db.read, &db.feed, &db.watch, &db.checkpoint)
	checkpoints, err := db.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, pool := range []*pgxpool.Pool{db.write, db.read, db.feed, db.watch, db.checkpoint} {
		conn, err := pool.Acquire(within(t))
		if err != nil {
			t.Fatal(err)
		}
		db.rehearse(within(t), conn, pool)
		conn.Release()
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"a page of the feed", func() error { _, err := source.Read(within(t), tranche, 0); return err }},
		{"a stream with its snapshot", func() error {
			_, err := db.Store().ReadSnapshots(within(t), []es.StreamName{stream}, snapshotType, es.FromReplica)
			return err
		}},
		{"an append", func() error { _, err := db.Store().Append(within(t), stream, 0, newEvents(1)); return err }},
		{"the end of the feed", func() error { _, err := source.End(within(t), tranche); return err }},
		{"the course of the server", func() error { _, err := source.History(within(t), tranche, nil); return err }},
		{"a checkpoint", func() error {
			_, _, err := checkpoints.Load(within(t), feed.Key{Source: SourceID, Tranche: tranche, Group: group})
			return err
		}},
		{"a note", func() error { return checkpoints.PutNote(within(t), group, "kind", "name", []byte(`{"a": [1]}`)) }},
		{"the notes", func() error { _, err := checkpoints.Notes(within(t), group, "kind"); return err }},
		{"a new roster", func() error { return checkpoints.PutRoster(within(t), feed.Roster{Group: group, Version: 1}) }},
		{"the roster", func() error { _, err := checkpoints.Roster(within(t), group); return err }},
	} {
		before := sent.countTrips()
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if got := sent.countTrips() - before; got != 1 {
			t.Errorf("%s took %d round trips, want 1", step.what, got)
		}
	}
}
