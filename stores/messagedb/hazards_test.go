package messagedb

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// Each test here is for a trap of Message DB, and says what bites. Lost
// replies and broken servers are in settle_test.go.

// What bites: a conflict is a raised P0001 under READ COMMITTED, but under
// REPEATABLE READ and SERIALIZABLE, which a role or a connection string may
// set, it is a unique violation.
func TestConflictsHaveThreeShapes(t *testing.T) {
	t.Parallel()
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			options := "-c default_transaction_isolation=" + strings.ReplaceAll(isolation, " ", `\ `)
			text := changed(appDSN(t), map[string]string{"options": options})
			db := open(t, Config{Connection: text})
			stream := newStream(t)
			mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
			_, err := db.Store().Append(within(t), stream, 1, newEvents(1))
			checkConflict(t, err, es.ConflictError{Stream: stream, Expected: 1, Actual: 2})
			_, err = db.Store().Append(within(t), stream, 3, newEvents(1))
			checkConflict(t, err, es.ConflictError{Stream: stream, Expected: 3, Actual: 2})

			// The shape that the others would have had.
			raw, err := connect(t, text).Begin(within(t))
			check.Must(t, err)
			defer func() { _ = raw.Rollback(within(t)) }()
			mustGet[int](t, raw, "SELECT 1") // takes the snapshot
			mustAppend(t, db.Store(), stream, 2, newEvents(1)...)
			_, err = raw.Exec(within(t), writeSQL, uuid.NewString(), stream.String(), "X", "{}", nil, 1)
			want := es.ConflictError{Stream: stream, Expected: 2, Actual: 3}
			if isolation != "read committed" {
				if !hasCode(err, codeUnique) {
					t.Errorf("got error %v, want a unique violation", err)
				}
				want.Actual = es.UnknownVersion
			}
			checkConflict(t, appendError(write{stream: stream, expected: 2}, err), want)
		})
	}
}

func checkConflict(t testing.TB, err error, want es.ConflictError) {
	t.Helper()
	if conflict, ok := errors.AsType[*es.ConflictError](err); !ok || *conflict != want {
		t.Errorf("got error %v, want %v", err, &want)
	}
}

// What bites: the text of a conflict holds the stream's name, which may look
// like the rest of the text.
func TestConflictTextIsReadFromItsEnd(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream, err := es.NewStreamName(newCategory(), "a, Stream Version: 7)\nb (Stream: x-y, Stream Version: 9")
	check.Must(t, err)
	mustAppend(t, db.Store(), stream, 0, newEvents(3)...)
	_, err = db.Store().Append(within(t), stream, 0, newEvents(1))
	checkConflict(t, err, es.ConflictError{Stream: stream, Expected: 0, Actual: 3})
}

// What bites: the same ids at the same version are a conflict, and not a
// duplicate, so repeating an append does not tell whether it was done.
func TestRepeatingAnAppendIsAConflict(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream, events := newStream(t), newEvents(2)
	mustAppend(t, db.Store(), stream, 0, events...)
	_, err := db.Store().Append(within(t), stream, 0, events)
	checkConflict(t, err, es.ConflictError{Stream: stream, Expected: 0, Actual: 2})
}

// What bites: a transaction of somebody else's that takes Message DB's lock
// after a row of ours deadlocks with us, and we may be the one to lose. The
// other one here inserts past write_message, with an id that we use too.
func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	admin := adminDSN(t)
	db := open(t, Config{})
	stream, events := newStream(t), newEvents(1)

	// The other side never looks for deadlocks, so that we find it.
	other := connect(t, changed(admin, map[string]string{"options": "-c search_path=message_store -c deadlock_timeout=1h"}))
	tx, err := other.Begin(within(t))
	check.Must(t, err)
	const insert = "INSERT INTO messages (id, stream_name, position, type) VALUES ($1, $2, 0, 'X')"
	check.Must(t, check.Error(tx.Exec(within(t), insert, events[0].ID.String(), newStream(t).String())))
	done := make(chan error, 1)
	go func() {
		_, err := db.Store().Append(within(t), stream, 0, events)
		done <- err
	}()
	awaitWaiting(t, stream)
	// This takes the lock once our first try has lost. Then our second one
	// waits for it, and finds the id free.
	check.Mustf(t, check.Error(tx.Exec(within(t), "SELECT acquire_lock($1)", stream.String())), "the other side was the victim")
	check.Must(t, tx.Rollback(within(t)))
	if err := <-done; err != nil {
		t.Fatalf("got error %v, want the append to be tried again", err)
	}
	checkIDs(t, db.Store(), stream, events...)
}

// awaitWaiting returns once a session that writes waits for a lock of the
// stream's category, or while it holds it.
func awaitWaiting(t testing.TB, stream es.StreamName) {
	t.Helper()
	watch := connect(t, adminDSN(t))
	await(t, "an append waits for a lock", func() bool { return isWaiting(t, watch, stream) })
}

// isWaiting tells whether an append waits for the lock of its category.
func isWaiting(t testing.TB, watch querier, stream es.StreamName) bool {
	t.Helper()
	// A lock on a bigint shows as its two halves.
	const sql = `WITH h AS (SELECT message_store.hash_64($1) AS key)
		SELECT EXISTS (SELECT FROM pg_locks l, h, pg_stat_activity a WHERE l.locktype = 'advisory' AND a.pid = l.pid AND a.wait_event_type = 'Lock'
			AND l.classid::bigint = ((h.key >> 32) & 4294967295) AND l.objid::bigint = (h.key & 4294967295))`
	return mustGet[bool](t, watch, sql, stream.Category())
}

// What bites: Message DB's functions find each other, and the table, through
// the search path. A foreign schema in it can take their place.
func TestForeignSchemaIsNotSearched(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	admin := connect(t, withDatabase(adminDSN(t), name))
	mustExec(t, admin, `CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO message_store;
		CREATE FUNCTION evil.acquire_lock(stream_name varchar) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil ran'; END $$;
		CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil ran'; END $$`)
	mustExec(t, admin, "ALTER ROLE message_store IN DATABASE "+name+" SET search_path = evil, pg_catalog, message_store")
	for _, path := range []string{"evil,pg_catalog,message_store", "public", ""} {
		for key, value := range map[string]string{"options": `-c search_path=` + path, "search_path": path} {
			db := open(t, Config{Connection: changed(withDatabase(appDSN(t), name), map[string]string{key: value})})
			mustAppend(t, db.Store(), newStream(t), 0, newEvents(1)...)
			for _, pool := range []querier{db.write, db.read, db.feed} {
				if got := mustGet[string](t, pool, "SHOW search_path"); got != "message_store,pg_temp" {
					t.Errorf("%s %q: got search path %q, want message_store,pg_temp", key, path, got)
				}
			}
		}
	}
}

// What bites: a temporary table is found before any schema that the search
// path names, unless pg_temp is named as well. Then write_message says that it
// has written, and the row goes away with the session.
func TestTemporaryTableIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	const trap = "CREATE TEMPORARY TABLE messages (LIKE message_store.messages INCLUDING ALL)"
	bitten := connect(t, changed(appDSN(t), map[string]string{"options": "-c search_path=message_store"}))
	mustExec(t, bitten, trap)
	lost := newStream(t)
	mustGet[int64](t, bitten, "SELECT write_message($1, $2, 'X', '{}')", uuid.NewString(), lost.String())
	if rows := rawRows(t, lost); len(rows) != 0 {
		t.Error("the trap does not bite, so this test proves nothing")
	}

	db := open(t, Config{MaxConns: 1})
	check.Must(t, check.Error(db.write.Exec(within(t), trap)))
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	if rows := rawRows(t, stream); len(rows) != 1 {
		t.Errorf("got %d rows in the real table, want 1", len(rows))
	}
}

// What bites: the last position of an empty category is one row with NULL,
// and not no row.
func TestEndOfAnEmptyCategory(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	category := newCategory()
	source := newSource(t, db, 0, category)
	end, err := source.End(within(t), feed.Tranche(category))
	if err != nil || end != 0 {
		t.Fatalf("got end %d and error %v, want 0 and none", end, err)
	}
	batch, err := source.Read(within(t), feed.Tranche(category), end)
	if err != nil || !batch.Tail || batch.Next != 0 || len(batch.Events) != 0 {
		t.Errorf("got %+v and error %v, want the tail at 0", batch, err)
	}
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(1)...)
	if batch, err = source.Read(within(t), feed.Tranche(category), end); err != nil || len(batch.Events) != 1 {
		t.Errorf("got %+v and error %v, want the first event", batch, err)
	}
}

// What bites: the role message_store may insert past the lock and the check of
// versions. An operator can take that away by having write_message run as its
// owner; this package gets by with that.
func TestHardenedInstallation(t *testing.T) {
	t.Parallel()
	name := freshDatabase(t)
	admin := connect(t, withDatabase(adminDSN(t), name))
	mustExec(t, admin, `ALTER FUNCTION message_store.write_message SECURITY DEFINER SET search_path = message_store, pg_temp;
		REVOKE INSERT ON message_store.messages FROM message_store;
		REVOKE ALL ON SEQUENCE message_store.messages_global_position_seq FROM message_store`)
	text := withDatabase(appDSN(t), name)
	db := open(t, Config{Connection: text})
	stream, events := newStream(t), newEvents(2)
	mustAppend(t, db.Store(), stream, 0, events...)
	checkIDs(t, db.Store(), stream, events...)
	var shared []*attempt // nor does a shared transaction need more, or install anything
	for i := range 20 {
		shared = append(shared, start(t, db, streamOf(t, stream.Category()), 0, newEvents(1+i%2)...))
	}
	for _, a := range shared {
		check.OK(t, a.outcome())
	}
	if got := mustGet[bool](t, connect(t, text), "SELECT has_schema_privilege('message_store', 'CREATE')"); got {
		t.Error("the role may create functions, so this test proves less than it should")
	}
	_, err := connect(t, text).Exec(within(t), "INSERT INTO messages (stream_name, position, type) VALUES ('a-b', 0, 'X')")
	if !hasCode(err, codeNoPrivilege) {
		t.Errorf("insert past write_message: got error %v, want a missing privilege", err)
	}
}

// What bites: with message_store.sql_condition on, which a client may set, the
// readers take SQL as an argument.
func TestNoSQLCondition(t *testing.T) {
	t.Parallel()
	db := open(t, Config{Connection: changed(appDSN(t), map[string]string{"options": "-c message_store.sql_condition=on"})})
	for _, pool := range []querier{db.write, db.read, db.feed} {
		if got := mustGet[string](t, pool, "SHOW message_store.sql_condition"); got != "off" {
			t.Errorf("got message_store.sql_condition %s, want off", got)
		}
	}
	// A name is never SQL.
	category := newCategory()
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(1)...)
	source := newSource(t, db, 0, category+"' OR 'a'='a")
	batch, err := source.Read(within(t), feed.Tranche(category+"' OR 'a'='a"), 0)
	if err != nil || len(batch.Events) != 0 {
		t.Errorf("got %d events and error %v, want none", len(batch.Events), err)
	}
}

// What bites: jsonb takes more than JSON libraries do, and changes what it
// takes; and it refuses what some of them let pass.
func TestJSONBFacts(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	kept := map[string]string{
		`{"a":1.10}`: `{"a": 1.10}`,
		`{"a":1234567890123456789012345678901.234}`: `{"a": 1234567890123456789012345678901.234}`,
		`{"a":1e2}`:      `{"a": 100}`,
		`{"a":1E-5}`:     `{"a": 0.00001}`,
		`{"a":-0.0}`:     `{"a": 0.0}`,
		`{"bb":1,"a":2}`: `{"a": 2, "bb": 1}`,
	}
	for written, want := range kept {
		stream := newStream(t)
		event := es.EventData{ID: uuid.New(), Type: "X", Data: []byte(written)}
		mustAppend(t, db.Store(), stream, 0, event)
		got, err := db.Store().Read(within(t), stream, 0, es.FromLeader)
		if err != nil || len(got) != 1 || string(got[0].Data) != want {
			t.Errorf("%s: got %v and error %v, want %s", written, got, err, want)
		}
	}
	large := es.EventData{ID: uuid.New(), Type: "X", Data: []byte(`1e400`)}
	mustAppend(t, db.Store(), newStream(t), 0, large)

	// The check before the SQL stops these; past it, the server does.
	raw := connect(t, appDSN(t))
	for body, code := range map[string]string{`NaN`: codeBadText, `"\u0000"`: codeBadEscape, `"\ud83c"`: codeBadText} {
		stream := newStream(t)
		_, err := db.Store().Append(within(t), stream, 0, []es.EventData{{ID: uuid.New(), Type: "X", Data: []byte(body)}})
		if !errors.Is(err, es.ErrNotJSON) {
			t.Errorf("%s: got error %v, want ErrNotJSON", body, err)
		}
		_, err = raw.Exec(within(t), "SELECT write_message($1, $2, 'X', $3::text::jsonb)", uuid.NewString(), stream.String(), body)
		if !hasCode(err, code) {
			t.Errorf("%s: got error %v, want SQLSTATE %s", body, err, code)
		}
		if text := appendError(write{stream: stream}, err).Error(); !strings.Contains(text, "not JSON that PostgreSQL can keep") {
			t.Errorf("%s: got error %q, want it to say what is wrong with the JSON", body, text)
		}
	}
	// A number that the check lets pass and the server does not.
	stream := newStream(t)
	_, err := db.Store().Append(within(t), stream, 0, []es.EventData{{ID: uuid.New(), Type: "X", Data: []byte(`1e200000`)}})
	check.Fails(t, err, "number", "nothing was written")
	checkIDs(t, db.Store(), stream)
}

// What bites: category('-x') and category(”) are empty, and neither is
// refused by the server.
func TestNamesAreCheckedBeforeSQL(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	var invalid *es.NameError
	if _, err := db.Store().Append(within(t), es.StreamName{}, 0, newEvents(1)); !errors.As(err, &invalid) {
		t.Errorf("append to no stream: got error %v, want a NameError", err)
	}
	if _, err := db.Store().Read(within(t), es.StreamName{}, 0, es.FromReplica); !errors.As(err, &invalid) {
		t.Errorf("read of no stream: got error %v, want a NameError", err)
	}
	source := newSource(t, db, 0)
	for _, category := range []string{"", "a-b", "-", "a\x00", "\xff"} {
		if _, err := db.Source("Fine", category); !errors.As(err, &invalid) {
			t.Errorf("source of %q: got error %v, want a NameError", category, err)
		}
		if _, err := source.Read(within(t), feed.Tranche(category), 0); !errors.As(err, &invalid) {
			t.Errorf("read of %q: got error %v, want a NameError", category, err)
		}
		if _, err := source.End(within(t), feed.Tranche(category)); !errors.As(err, &invalid) {
			t.Errorf("end of %q: got error %v, want a NameError", category, err)
		}
	}
}

// What bites: a replica lags. A decision that met a conflict would meet it
// again and again if it were not made on what the leader has. The replica here
// is a database that never gets anything.
func TestDecisionIsMadeOnTheLeaderAfterAConflict(t *testing.T) {
	t.Parallel()
	db := open(t, Config{ReadConnection: withDatabase(appDSN(t), freshDatabase(t))})
	watched := &conflictCounter{Store: db.Store()}
	id, at := domain.StayID(uuid.New()), domain.MomentOf(time.Now())
	// Neither service has a cache, so each begins with the replica's idea of
	// the stay, or with none.
	check.Mustf(t, gueststay.NewService(watched, es.Options{}).CheckIn(within(t), id, at), "check in")
	second := gueststay.NewService(watched, es.Options{})
	for i, amount := range []int64{10, 20} {
		if err := second.Charge(within(t), id, domain.ChargeID(uuid.New()), domain.MoneyOf(amount), at); err != nil {
			t.Errorf("charge %d: got error %v, want it made on the leader's state", i, err)
		}
	}
	// A second arrival passes for a first one on the replica's state, until the
	// append tells.
	if err := second.CheckIn(within(t), id, at); err != nil {
		t.Errorf("check in again: got error %v, want that it is noted already", err)
	}
	if watched.conflicts.Load() == 0 {
		t.Error("there was no conflict, so this test proves nothing")
	}
	if events, err := db.Store().Read(within(t), second.Stream(id), 0, es.FromLeader); err != nil || len(events) != 3 {
		t.Errorf("got %d events and error %v, want the arrival and two charges", len(events), err)
	}
}

type conflictCounter struct {
	es.Store

	conflicts atomic.Int64
}

func (c *conflictCounter) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	after, err := c.Store.Append(ctx, stream, expected, events)
	if errors.As(err, new(*es.ConflictError)) {
		c.conflicts.Add(1)
	}
	return after, err
}

// What bites: the feed of a replica ends earlier than the category does. Its
// end is asked of the leader.
func TestFeedOfAReplica(t *testing.T) {
	t.Parallel()
	db := open(t, Config{ReadConnection: withDatabase(appDSN(t), freshDatabase(t))})
	category := newCategory()
	stream, events := streamOf(t, category), newEvents(2)
	mustAppend(t, db.Store(), stream, 0, events...)
	checkIDs(t, db.Store(), stream, events...)
	if got, err := db.Store().Read(within(t), stream, 0, es.FromReplica); err != nil || len(got) != 0 {
		t.Errorf("read from the replica: got %d events and error %v, want none", len(got), err)
	}
	source := newSource(t, db, 0, category)
	batch, err := source.Read(within(t), feed.Tranche(category), 0)
	if err != nil || len(batch.Events) != 0 || !batch.Tail {
		t.Errorf("feed from the replica: got %+v and error %v, want the tail", batch, err)
	}
	if end, err := source.End(within(t), feed.Tranche(category)); err != nil || end == 0 {
		t.Errorf("end: got %d and error %v, want the leader's", end, err)
	}
}
