package messagedb

import (
	"errors"
	"testing"

	"example.com/groupcheckout/es"
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
