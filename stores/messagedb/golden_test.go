package messagedb

import (
	stdcmp "cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// These tests hold the rows against those that the .NET programs write and
// read. Their bodies are copied from what those programs emit.

// row is a row of the table messages as it lies there.
type row struct {
	ID, Stream, Type string
	Position         int64
	Data, Metadata   *string
	Global           int64
	Time             time.Time
}

func rawRows(t testing.TB, stream es.StreamName) []row {
	t.Helper()
	rows, err := connect(t, appDSN(t)).Query(within(t), `SELECT id::text, stream_name, type, position, data::text, metadata::text, global_position, time
		FROM message_store.messages WHERE stream_name = $1 ORDER BY position`, stream.String())
	check.Must(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	check.Must(t, err)
	return found
}

// Rows that are written without write_message are those that it writes, in the same order.
func TestRowsAreThoseOfWriteMessage(t *testing.T) {
	t.Parallel()
	bodies := []es.EventData{
		{Type: "Charged", Data: []byte(`{"amount":100.50,"at":"2026-11-23T11:35:27.687685+00:00"}`), Meta: []byte(`{"$correlationId":"x"}`)},
		{Type: "{\"}, NULL", Data: []byte(`"\\,\"{}\u00e4"`)},
		{Type: "X", Meta: []byte(`[null]`)},
		{Type: "X"},
	}
	written := map[bool][]row{}
	for _, via := range []bool{true, false} {
		db, category := open(t, Config{ViaWriteMessage: via}), newCategory()
		check.Equal(t, "written as rows", !via, db.direct)
		several, alone := streamOf(t, category), streamOf(t, category)
		var events []es.EventData
		for _, e := range bodies {
			e.ID = uuid.New()
			events = append(events, e)
		}
		last := es.EventData{ID: uuid.New(), Type: "Last"}
		check.Must(t, writeTogether(t, db, write{several, 0, events[:3]}, write{alone, 0, events[3:]}, write{several, 3, []es.EventData{last}}))
		rows := append(rawRows(t, several), rawRows(t, alone)...)
		slices.SortFunc(rows, func(a, b row) int { return stdcmp.Compare(a.Global, b.Global) })
		for i, e := range append(events, last) {
			check.Equal(t, "id", e.ID.String(), rows[i].ID)
			if age := time.Since(rows[i].Time); age.Abs() > time.Hour {
				t.Errorf("got the time %v, which is not now in UTC", rows[i].Time)
			}
			rows[i].ID, rows[i].Stream, rows[i].Time, rows[i].Global = "", "", time.Time{}, 0 // which differ from run to run
		}
		written[via] = rows
	}
	if diff := cmp.Diff(written[true], written[false]); diff != "" {
		t.Errorf("rows differ from those of write_message (-write_message +rows):\n%s", diff)
	}
}

// What is not as Message DB installs it may do more than to write a row, or to read one.
func TestWhatWasChangedIsCalled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change       string
		writes, read bool   // through the functions
		want         string // the type of what is written, as it is read
	}{
		"nothing":                          {"SELECT 1", false, false, "Happened"},
		"write_message":                    {"DO $$ BEGIN EXECUTE replace(pg_get_functiondef('message_store.write_message'::regproc), 'write_message.type', 'upper(write_message.type)'); END $$", true, false, "HAPPENED"},
		"get_stream_messages":              {"DO $$ BEGIN EXECUTE replace(pg_get_functiondef('message_store.get_stream_messages'::regproc), 'type::varchar', 'upper(type)::varchar'); END $$", false, true, "HAPPENED"},
		"settings of acquire_lock":         {"ALTER FUNCTION message_store.acquire_lock SET search_path = message_store", true, false, "Happened"},
		"stream_version runs as its owner": {"ALTER FUNCTION message_store.stream_version SECURITY DEFINER SET search_path = message_store", true, false, "Happened"},
		"a trigger that keeps the row elsewhere": {`CREATE TABLE message_store.elsewhere () INHERITS (message_store.messages); GRANT INSERT, SELECT ON message_store.elsewhere TO message_store;
			CREATE FUNCTION message_store.elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO message_store.elsewhere VALUES (NEW.*); RETURN NULL; END $$;
			CREATE TRIGGER elsewhere BEFORE INSERT ON message_store.messages FOR EACH ROW EXECUTE FUNCTION message_store.elsewhere()`, true, false, "Happened"},
		"a rule": {"CREATE RULE also AS ON INSERT TO message_store.messages DO ALSO NOTHING", true, false, "Happened"},
		"row level security": {`ALTER TABLE message_store.messages ENABLE ROW LEVEL SECURITY;
			CREATE POLICY reading ON message_store.messages FOR SELECT USING (type <> 'Hidden'); CREATE POLICY writing ON message_store.messages FOR INSERT WITH CHECK (true)`, true, true, "Happened"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := freshDatabase(t)
			mustExec(t, connect(t, withDatabase(adminDSN(t), database)), test.change)
			db := open(t, Config{Connection: withDatabase(appDSN(t), database)})
			check.Equal(t, "rows are written through write_message", test.writes, !db.direct)
			check.Equal(t, "streams are read through get_stream_messages", test.read, db.sql == readsOf(false))
			one, other := newStream(t), newStream(t)
			check.Must(t, writeTogether(t, db, write{one, 0, newEvents(1)}, write{other, 0, newEvents(2)}, write{one, 1, newEvents(1)}))
			for _, stream := range []es.StreamName{one, other} {
				events, err := db.Store().Read(within(t), stream, 0, es.FromLeader)
				check.Must(t, err)
				check.Equal(t, "events", 2, len(events))
				for _, e := range events {
					check.Equal(t, "type", test.want, e.Type)
				}
				found, err := db.Store().ReadSnapshots(within(t), []es.StreamName{stream}, "Snapshotted", es.FromLeader)
				check.Must(t, err)
				check.Equal(t, "events behind no snapshot", 2, len(found[0].Events))
			}
		})
	}
}

func TestGoldenRows(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	tests := []struct{ eventType, body, stored string }{
		{
			"CheckedIn", `{"at":"2026-11-23T11:35:27.687685+00:00"}`,
			`{"at": "2026-11-23T11:35:27.687685+00:00"}`,
		},
		{
			"Charged", `{"amount":100.50,"at":"2026-11-23T11:35:27.687685+00:00","chargeId":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}`,
			`{"at": "2026-11-23T11:35:27.687685+00:00", "amount": 100.50, "chargeId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}`,
		},
		{
			"Paid", `{"amount":42,"at":"2026-11-23T11:35:27+00:00","paymentId":"16fd2706-8baf-433b-82eb-8c7fada847da"}`,
			`{"at": "2026-11-23T11:35:27+00:00", "amount": 42, "paymentId": "16fd2706-8baf-433b-82eb-8c7fada847da"}`,
		},
		{
			"StaysSelected", `{"at":"2026-11-23T11:35:27.687685+00:00","stays":["0f8fad5b-d9cb-469f-a165-70867728950e"]}`,
			`{"at": "2026-11-23T11:35:27.687685+00:00", "stays": ["0f8fad5b-d9cb-469f-a165-70867728950e"]}`,
		},
		{
			"StaysMerged", `{"residuals":[{"stay":"0f8fad5b-d9cb-469f-a165-70867728950e","residual":58.50}]}`,
			`{"residuals": [{"stay": "0f8fad5b-d9cb-469f-a165-70867728950e", "residual": 58.50}]}`,
		},
	}
	stream := newStream(t)
	var events []es.EventData
	for _, test := range tests {
		events = append(events, es.EventData{ID: uuid.New(), Type: test.eventType, Data: []byte(test.body)})
	}
	mustAppend(t, db.Store(), stream, 0, events[0])
	mustAppend(t, db.Store(), stream, 1, events[1:]...)

	rows := rawRows(t, stream)
	if len(rows) != len(tests) {
		t.Fatalf("got %d rows, want %d", len(rows), len(tests))
	}
	for i, got := range rows {
		want := row{
			ID: events[i].ID.String(), Stream: stream.String(), Type: tests[i].eventType, Position: int64(i), Data: &tests[i].stored,
			Global: got.Global, Time: got.Time, // the server's to choose
		}
		check.Same(t, fmt.Sprintf("row %d", i), want, got)
	}
	if !rows[1].Time.Equal(rows[4].Time) {
		t.Errorf("got times %v and %v in one append, want one: that of the transaction", rows[1].Time, rows[4].Time)
	}
}

// An event without data or metadata is written as NULL, and with both as such.
func TestGoldenMetadata(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0,
		es.EventData{ID: uuid.New(), Type: "Bare"},
		es.EventData{ID: uuid.New(), Type: "Full", Data: []byte(`{}`), Meta: []byte(`{"correlationStreamName":"a-b"}`)})
	rows := rawRows(t, stream)
	if rows[0].Data != nil || rows[0].Metadata != nil {
		t.Errorf("got data %v and metadata %v, want NULL", rows[0].Data, rows[0].Metadata)
	}
	if *rows[1].Data != `{}` || *rows[1].Metadata != `{"correlationStreamName": "a-b"}` {
		t.Errorf("got data %s and metadata %s", *rows[1].Data, *rows[1].Metadata)
	}
}

// The statement is the one that Equinox.MessageDb sends, with its casts.
func TestGoldenRowsWrittenByDotNet(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	category := newCategory()
	stream := streamOf(t, category)
	ids := []uuid.UUID{uuid.New(), uuid.New()}
	dotNet := connect(t, appDSN(t))
	tx, err := dotNet.Begin(within(t))
	check.Must(t, err)
	for i, data := range []string{`{"at":"2026-11-23T11:35:27.6876851+00:00"}`, `{"residuals":[]}`} {
		const sql = "SELECT write_message($1::uuid::text, $2, $3, $4::jsonb, $5::jsonb, $6::bigint)"
		check.Must(t, check.Error(tx.Exec(within(t), sql, ids[i].String(), stream.String(), "CheckedOut", data, nil, int64(i)-1)))
	}
	check.Must(t, tx.Commit(within(t)))

	raw := rawRows(t, stream)
	want := []es.Event{
		{Index: 0, EventData: es.EventData{ID: ids[0], Type: "CheckedOut", Data: []byte(`{"at": "2026-11-23T11:35:27.6876851+00:00"}`), Time: raw[0].Time.UTC()}},
		{Index: 1, EventData: es.EventData{ID: ids[1], Type: "CheckedOut", Data: []byte(`{"residuals": []}`), Time: raw[1].Time.UTC()}},
	}
	got, err := db.Store().Read(within(t), stream, 0, es.FromReplica)
	check.Must(t, err)
	check.Same(t, "stream", want, got)

	source := newSource(t, db, 0, category)
	batch, err := source.Read(within(t), feed.Tranche(category), 0)
	check.Must(t, err)
	deliveries := feed.Batch{
		Events: []feed.Delivery{{Stream: stream, Event: want[0], Next: feed.Position(raw[0].Global + 1)}, {Stream: stream, Event: want[1], Next: feed.Position(raw[1].Global + 1)}},
		Next:   feed.Position(raw[1].Global + 1),
	}
	check.Same(t, "feed", deliveries, batch, cmp.Comparer(func(a, b es.StreamName) bool { return a == b }))
	mustAppend(t, db.Store(), stream, 2, newEvents(1)...)
}

// newSource opens a feed; a batch size of 0 is that of the DB.
func newSource(t testing.TB, db *DB, batchSize int, categories ...string) *Source {
	t.Helper()
	source, err := inBatches(db, batchSize).Source(categories...)
	check.Must(t, err)
	return source
}

// inBatches is a DB with another batch size, unless that is 0.
func inBatches(db *DB, batchSize int) *DB {
	other := *db
	if batchSize > 0 {
		other.config.BatchSize = batchSize
	}
	return &other
}

func TestGoldenHashes(t *testing.T) {
	t.Parallel()
	conn := connect(t, appDSN(t))
	for text, want := range map[string]int64{
		"GroupCheckout": -4688761718100115650, "GuestStay": -6238642356973174860, "GroupCheckout:snapshot": 8236673410173427824,
		"account": -2132379389342958165, strings.Repeat("a", 32): 6830443119344336902,
	} {
		if got := mustGet[int64](t, conn, "SELECT message_store.hash_64($1)", text); got != want {
			t.Errorf("hash_64(%q): got %d, want %d", text, got, want)
		}
	}
}

func TestGoldenConflictText(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
	_, err := connect(t, appDSN(t)).Exec(within(t), writeSQL, uuid.NewString(), stream.String(), "X", "{}", nil, 0)
	reply, ok := asServerError(err)
	if !ok {
		t.Fatalf("got error %v, want one of the server's", err)
	}
	want := "Wrong expected version: 0 (Stream: " + stream.String() + ", Stream Version: 1)"
	if reply.Code != "P0001" || reply.Message != want {
		t.Errorf("got %s %q, want P0001 %q", reply.Code, reply.Message, want)
	}
}

// A page that ends at the global position 1234 is checkpointed as 1235, under
// the key that `propulsion checkpoint -s messageDb -t GroupCheckout -g group`
// looks for.
func TestGoldenCheckpoint(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	admin := connect(t, withDatabase(adminDSN(t), name))
	mustExec(t, admin, "SELECT setval('message_store.messages_global_position_seq', 1232)")
	config := Config{Connection: withDatabase(adminDSN(t), name), CheckpointSchema: "Checkpoints"}
	check.Must(t, check.Error(Init(within(t), config)))
	db := open(t, config)
	stream, err := es.NewStreamName("GroupCheckout", "5b1f7e0c9f3a4d528a7b0c1d2e3f4a5b")
	check.Must(t, err)
	mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
	source := newSource(t, db, 0, "GroupCheckout")
	batch, err := source.Read(within(t), "GroupCheckout", 0)
	check.Must(t, err)
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	key := feed.Key{Source: source.ID(), Tranche: "GroupCheckout", Group: "my_group"}
	check.Must(t, checkpoints.Save(within(t), key, batch.Next))
	// Unquoted, as Propulsion writes it.
	rows, err := admin.Query(within(t), "SELECT source, tranche, consumer_group, position FROM Checkpoints.propulsion_checkpoint")
	check.Must(t, err)
	type checkpoint struct {
		Source, Tranche, Group string
		Position               int64
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[checkpoint])
	check.Must(t, err)
	check.Same(t, "the result", []checkpoint{{"messageDb", "GroupCheckout", "my_group", 1235}}, got)
	if end, err := source.End(within(t), "GroupCheckout"); err != nil || end != 1235 {
		t.Errorf("end: got %d and error %v, want 1235", end, err)
	}
}

// Other programs may write names that no stream can have. They must not hold
// up the category.
func TestFeedPassesOverInvalidNames(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	category := newCategory()
	foreign := connect(t, appDSN(t))
	for _, name := range []string{category, category + "-"} {
		mustExec(t, foreign, "SELECT write_message($1, $2, 'X', '{}')", uuid.NewString(), name)
	}
	source := newSource(t, db, 1, category)
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(1)...)
	var at feed.Position
	var delivered []feed.Delivery
	for range 4 {
		batch, err := source.Read(within(t), feed.Tranche(category), at)
		check.Must(t, err)
		if batch.Next < at || batch.Tail != (batch.Next == at) {
			t.Errorf("read from %d: got next %d and tail %t", at, batch.Next, batch.Tail)
		}
		at, delivered = batch.Next, append(delivered, batch.Events...)
	}
	check.Equal(t, "deliveries", 1, len(delivered))
}

func TestDuplicateID(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	events := newEvents(3)
	first, second := newStream(t), newStream(t)
	mustAppend(t, db.Store(), first, 0, events[1])
	_, err := db.Store().Append(within(t), second, 0, events)
	if duplicate, ok := errors.AsType[*es.DuplicateIDError](err); !ok || duplicate.ID != events[1].ID || duplicate.Stream != second {
		t.Errorf("got error %v, want a duplicate of %s in %s", err, events[1].ID, second)
	}
	checkIDs(t, db.Store(), second)
	mustAppend(t, db.Store(), second, 0, newEvents(1)...) // the connection is fit for use
}
