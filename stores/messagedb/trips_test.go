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
