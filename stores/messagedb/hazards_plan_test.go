package messagedb

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// What bites: a session that first writes while the table is empty and has
// been vacuumed caches a plan with a sequential scan, and keeps it as the
// table grows. Then every append reads the whole table.
func TestWritersScanNoTable(t *testing.T) {
	t.Parallel()
	t.Run("the trap", func(t *testing.T) {
		t.Parallel()
		read := rowsScanned(t, 1, func(text, name string) (appendOne func(), end func()) {
			conn := connect(t, changed(text, map[string]string{
				"options": "-c search_path=message_store,pg_temp", "application_name": name,
			}))
			write := func() {
				mustGet[int64](t, conn, "SELECT write_message($1, $2, 'X', '{}', NULL, -1)", uuid.NewString(), newStream(t).String())
			}
			return write, func() { closeConn(t, conn) }
		})
		if read < rowsGrown*appendsAfter {
			t.Errorf("%d appends scanned %d rows; the trap does not bite, so this test proves nothing", appendsAfter, read)
		}
	})
	t.Run("this package", func(t *testing.T) {
		t.Parallel()
		read := rowsScanned(t, 3, func(text, name string) (appendOne func(), end func()) {
			// The setting must have the last word over the connection string.
			db := open(t, Config{MaxConns: 1, Connection: changed(text, map[string]string{
				"options": "-c enable_seqscan=on", "application_name": name,
			})})
			write := func() {
				stream, store := newStream(t), db.Store()
				mustAppend(t, store, stream, 0, es.EventData{ID: uuid.New(), Type: "X"})
				if found, err := store.Read(within(t), stream, 0, es.FromLeader); err != nil || len(found) != 1 {
					t.Errorf("got %d events and error %v, want one", len(found), err)
				}
				check.Must(t, check.Error(store.ReadSnapshots(within(t), []es.StreamName{stream}, "S", es.FromLeader)))
				another := streamOf(t, stream.Category())
				check.Must(t, writeTogether(t, db, write{stream, 1, newEvents(1)}, write{another, 0, newEvents(1)}))
			}
			return write, db.Close
		})
		if read != 0 {
			t.Errorf("%d appends, each with two in one transaction and two reads, scanned %d rows, want none", appendsBefore+appendsAfter, read)
		}
	})
}

const (
	appendsBefore = 10 // after the fifth, a prepared plan is kept for good
	rowsGrown     = 2000
	appendsAfter  = 20
)

// rowsScanned has a session append, so many events each time, to an empty table that has been vacuumed,
// lets the table grow, has the session append more, and returns how many rows
// were read by sequential scans: of a database of its own, in which nobody else
// looks at the table. The server counts what a session did at the latest when
// the session ends.
func rowsScanned(t *testing.T, each int64, session func(text, name string) (appendOne func(), end func())) int64 {
	t.Helper()
	database := freshDatabase(t)
	admin := connect(t, withDatabase(adminDSN(t), database))
	// The autovacuum worker would have sessions make their plans anew.
	mustExec(t, admin, "ALTER TABLE message_store.messages SET (autovacuum_enabled = false)")
	mustExec(t, admin, "VACUUM ANALYZE message_store.messages")
	// A database that was copied brings along what was known of the rows that it
	// had, and then the trap does not bite.
	mustExec(t, admin, "DELETE FROM pg_statistic WHERE starelid = 'message_store.messages'::regclass")

	name := "plans_" + newCategory()
	appendOne, end := session(withDatabase(appDSN(t), database), name)
	for range appendsBefore {
		appendOne()
	}
	mustExec(t, admin, fmt.Sprintf(`INSERT INTO message_store.messages (stream_name, position, type)
		SELECT 'Grown-' || n, 0, 'X' FROM generate_series(1, %d) n`, rowsGrown))
	for range appendsAfter {
		appendOne()
	}
	end()
	await(t, "the session is gone", func() bool {
		return mustGet[int](t, admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name) == 0
	})
	// The administrator's own rows are counted only now and then, so they are
	// not waited for.
	const inserted = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relid = 'message_store.messages'::regclass"
	await(t, "the appends are counted", func() bool {
		return mustGet[int64](t, admin, inserted)%rowsGrown == each*(appendsBefore+appendsAfter)
	})
	return mustGet[int64](t, admin, "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relid = 'message_store.messages'::regclass")
}

func closeConn(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	check.OKf(t, conn.Close(within(t)), "close the session")
}

// What bites: with a consumer group the server hashes the name of every row,
// which makes each eight times slower to read; and its last argument is SQL.
func TestFeedAsksTheServerForAllOfACategory(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	sent := onTheWire(t, &db.feed)
	category := newCategory()
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(3)...)
	source := newSource(t, db, 2, category)
	next := feed.Position(0)
	for _, want := range []int{2, 1, 0} {
		batch, err := source.Read(within(t), feed.Tranche(category), next)
		if err != nil || len(batch.Events) != want {
			t.Errorf("read from %d: got %d events and error %v, want %d", next, len(batch.Events), err, want)
		}
		next = batch.Next
	}

	call := regexp.MustCompile(`get_category_messages\s*\(([^)]*)\)`)
	calls := 0
	for _, sql := range sent.statements() {
		for _, found := range call.FindAllStringSubmatch(sql, -1) {
			calls++
			if got := strings.Join(strings.Fields(found[1]), ""); got != "$1,$2,$3" {
				t.Errorf("got the arguments %s, want $1,$2,$3: category, position and batch size", found[1])
			}
		}
	}
	if calls == 0 {
		t.Errorf("no call of get_category_messages was seen among %q", sent.statements())
	}
}

// What bites: NOTIFY in a transaction that writes takes a lock of the whole
// database when it commits, and so undoes Message DB's locks by category.
func TestNothingListensNorNotifies(t *testing.T) {
	t.Parallel()
	db := open(t, Config{CheckpointSchema: checkpointSchema(t)})
	sent := onTheWire(t, &db.write, &db.read, &db.feed, &db.watch, &db.checkpoint)
	category := newCategory()
	stream := streamOf(t, category)
	mustAppend(t, db.Store(), stream, 0, newEvents(2)...)
	for count := range 2 { // with a transaction around it, and without
		if _, err := db.Store().Append(within(t), stream, 0, newEvents(1+count)); err == nil {
			t.Error("got no conflict")
		}
	}
	for _, freshness := range []es.Freshness{es.FromReplica, es.FromLeader} {
		check.OK(t, check.Error(db.Store().Read(within(t), stream, 0, freshness)))
	}
	source := newSource(t, db, 0, category)
	check.OK(t, check.Error(source.Read(within(t), feed.Tranche(category), 0)))
	check.OK(t, check.Error(source.End(within(t), feed.Tranche(category))))
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	check.OK(t, checkpoints.Save(within(t), checkpointKey, 1))
	if _, _, err := checkpoints.Load(within(t), checkpointKey); err != nil {
		t.Error(err)
	}
	gone := session{pid: 1 << 30, started: time.Now(), direct: true}
	w := write{stream: stream, expected: 2, events: newEvents(1)}
	if err := db.Store().settle(within(t), []write{w}, &lostReplyError{session: gone, err: errors.New("cut off")})[0]; err == nil {
		t.Error("an append that was never sent counts as done")
	}

	all := strings.Join(sent.statements(), "\n")
	for _, part := range []string{
		"search_path", "BEGIN", "write_message", "COMMIT", "ROLLBACK", "get_stream_messages", "get_category_messages",
		"max(global_position)", "propulsion_checkpoint", "pg_terminate_backend",
	} {
		if !strings.Contains(all, part) {
			t.Errorf("%s was not seen, so this test proves little; seen was:\n%s", part, all)
		}
	}
	if found := regexp.MustCompile(`(?i)\b(un)?listen\b|notify`).FindString(all); found != "" {
		t.Errorf("%s was sent:\n%s", found, all)
	}
}
