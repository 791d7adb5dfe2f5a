package messagedb

import "testing"

// The category's lock is held from the first write until the commit, so what
// an append costs all others is its round trips.
func TestRoundTripsOfAnAppend(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 1})
	sent := onTheWire(t, &db.write)

	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...) // prepares the statements

	before := sent.countTrips()
	mustAppend(t, db.Store(), stream, 1, newEvents(10)...)
	if got := sent.countTrips() - before; got != 1 {
		t.Errorf("an append of 10 events took %d round trips, want 1", got)
	}
	before = sent.countTrips()
	if _, err := db.Store().Append(within(t), stream, 0, newEvents(10)); err == nil {
		t.Error("got no conflict")
	}
	if got := sent.countTrips() - before; got != 2 {
		t.Errorf("a conflict took %d round trips, want 2: the append and the rollback", got)
	}
}
