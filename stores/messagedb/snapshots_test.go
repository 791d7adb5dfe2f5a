package messagedb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

const snapshotType = "Snapshotted.1"

// taken appends events, and a snapshot for the version behind them.
func taken(t testing.TB, db *DB, stream es.StreamName, expected es.Version, count int) es.Version {
	t.Helper()
	after, err := db.Store().AppendSnapshot(within(t), stream, expected, newEvents(count), es.SnapshotTaking{
		Type: snapshotType, Every: 1,
		State: func() ([]byte, error) { return fmt.Appendf(nil, `{"events": %d}`, int(expected)+count), nil },
		Ended: func(err error) { check.OK(t, err) },
	})
	check.Must(t, err)
	return after
}

// Equinox.MessageDb's adjacent snapshots: the name of the stream, and the version in
// Message DB's count in the metadata. Besides, there is the id of the last event.
func TestGoldenSnapshot(t *testing.T) {
	t.Parallel()
	db, stream := open(t, Config{}), newStream(t)
	taken(t, db, stream, taken(t, db, stream, 0, 3), 2)
	name := stream.Category() + ":snapshot-" + stream.ID()
	rows := mustGet[string](t, connect(t, appDSN(t)), `SELECT
		string_agg(concat_ws(' ', s.position, s.type, s.data, s.metadata - 'event', s.metadata ->> 'event' = e.id::text), E'\n' ORDER BY s.position)
		FROM message_store.messages s JOIN message_store.messages e ON e.stream_name = $2 AND e.position = (s.metadata ->> 'streamVersion')::bigint
		WHERE s.stream_name = $1`, name, stream.String())
	want := "0 Snapshotted.1 {\"events\": 3} {\"streamVersion\": 2} t\n1 Snapshotted.1 {\"events\": 5} {\"streamVersion\": 4} t"
	check.Same(t, "rows", want, rows)
	category := mustGet[string](t, connect(t, appDSN(t)), "SELECT message_store.category($1)", name)
	if category != stream.Category()+":snapshot" {
		t.Errorf("snapshots are of the category %s", category)
	}
}

// What stands in the stream of snapshots need not be ours, nor fit the stream.
func TestSnapshotsThatCannotBeTrustedArePassedOver(t *testing.T) {
	t.Parallel()
	db := open(t, Config{BatchSize: 3})
	for name, test := range map[string]struct {
		meta any
		want es.Version
	}{
		"as it should be":            {`{"streamVersion": 4}`, 5},
		"with more in it":            {`{"streamVersion": 0, "other": [1]}`, 1},
		"the last event":             {`{"streamVersion": 6}`, 7},
		"beyond the stream":          {`{"streamVersion": 7}`, 0},
		"far beyond the stream":      {`{"streamVersion": 4000000000}`, 0},
		"beyond any number":          {`{"streamVersion": 40000000000000000000}`, 0},
		"below":                      {`{"streamVersion": -1}`, 0},
		"a text":                     {`{"streamVersion": "4"}`, 0},
		"a fraction":                 {`{"streamVersion": 4.5}`, 0},
		"null":                       {`{"streamVersion": null}`, 0},
		"without a version":          {`{}`, 0},
		"metadata that are a list":   {`[4]`, 0},
		"metadata that are a number": {`4`, 0},
		"without metadata":           {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := newStream(t)
			mustAppend(t, db.Store(), stream, 0, newEvents(7)...)
			mustExec(t, connect(t, appDSN(t)), "SELECT message_store.write_message($1, $2, $3, '{}', $4, NULL)",
				uuid.NewString(), snapshotsOf(stream), snapshotType, test.meta)
			found, err := db.Store().ReadSnapshots(within(t), []es.StreamName{stream}, snapshotType, es.FromReplica)
			check.Must(t, err)
			if got := found[0]; got.Snapshot.Version != test.want || len(got.Events) != 7-int(test.want) {
				t.Errorf("got version %d and %d events behind it, want %d and %d", got.Snapshot.Version, len(got.Events), test.want, 7-test.want)
			}
			for i, event := range found[0].Events {
				if event.Index != test.want+es.Version(i) {
					t.Errorf("got event %d at place %d behind version %d", event.Index, i, test.want)
				}
			}
		})
	}
}

// A stream that was set back and went on in another way reaches the version of a snapshot
// that is none of it.
func TestASnapshotOfAnotherPastIsPassedOver(t *testing.T) {
	t.Parallel()
	db, stream := open(t, Config{BatchSize: 3}), newStream(t)
	mustAppend(t, db.Store(), stream, taken(t, db, stream, 0, 7), newEvents(2)...)
	mustExec(t, connect(t, adminDSN(t)), "DELETE FROM message_store.messages WHERE stream_name = $1 AND position >= 4", stream.String())
	mustAppend(t, db.Store(), stream, 4, newEvents(8)...)
	found, err := db.Store().ReadSnapshots(within(t), []es.StreamName{stream}, snapshotType, es.FromReplica)
	check.Must(t, err)
	if got := found[0]; got.Snapshot.Version != 0 || len(got.Events) != 12 {
		t.Errorf("got a snapshot for version %d and %d events behind it, want none and 12", got.Snapshot.Version, len(got.Events))
	}
	taken(t, db, stream, 12, 1)
	if found, err = db.Store().ReadSnapshots(within(t), []es.StreamName{stream}, snapshotType, es.FromReplica); err != nil {
		t.Fatal(err)
	}
	if got := found[0]; got.Snapshot.Version != 13 || len(got.Events) != 0 {
		t.Errorf("got a snapshot for version %d and %d events behind it, want 13 and none", got.Snapshot.Version, len(got.Events))
	}
}

// However long a stream is, one round trip reads it, and no event that its snapshot stands
// for but the last.
func TestRoundTripsOfSnapshots(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 1, BatchSize: 10})
	sent := onTheWire(t, &db.read)
	short, long := newStream(t), newStream(t)
	mustAppend(t, db.Store(), short, 0, newEvents(10)...)
	mustAppend(t, db.Store(), long, taken(t, db, long, 0, 500), newEvents(5)...)
	trips := func(what string, want int, streams ...es.StreamName) {
		t.Helper()
		before := sent.countTrips()
		check.Must(t, check.Error(db.Store().ReadSnapshots(within(t), streams, snapshotType, es.FromReplica)))
		if got := sent.countTrips() - before; got != want && want > 0 {
			t.Errorf("%s took %d round trips, want %d", what, got, want)
		}
	}
	trips("the first reads, which prepare statements", 0, long, short)
	trips("a stream of 505 events", 1, long)
	trips("three of them", 1, long, long, long)
	trips("a full page and nothing behind it", 2, short)
	if _, err := db.Store().ReadSnapshots(within(t), []es.StreamName{{}}, snapshotType, es.FromReplica); !errors.As(err, new(*es.NameError)) {
		t.Errorf("without a name: got error %v, want a NameError", err)
	}
}
