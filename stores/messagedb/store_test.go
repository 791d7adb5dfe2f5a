package messagedb

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	db := open(t, Config{CheckpointSchema: checkpointSchema(t), MaxConns: 20})
	storetest.Run(t, storetest.Fixture{
		Store: db.Store(),
		Source: func(batchSize int, categories ...string) (feed.Source, error) {
			return inBatches(db, batchSize).Source(categories...)
		},
		Checkpoints: func() (feed.Checkpoints, error) { return db.Checkpoints() },
	})
}

// A page that is smaller than what there is must make no difference.
func TestStoreInSmallPages(t *testing.T) {
	t.Parallel()
	db := open(t, Config{BatchSize: 2})
	stream := newStream(t)
	events := newEvents(5)
	mustAppend(t, db.Store(), stream, 0, events...)
	checkIDs(t, db.Store(), stream, events...)
	mustAppend(t, db.Store(), stream, 5, newEvents(1)...) // six: the last page is full
	for from := range 8 {
		got, err := db.Store().Read(within(t), stream, es.Version(from), es.FromReplica)
		if want := max(6-from, 0); err != nil || len(got) != want {
			t.Errorf("read from %d: got %d events and error %v, want %d and none", from, len(got), err, want)
		}
	}
}

// A reactor whose visits use up the connections would otherwise not learn what
// comes next.
func TestFeedDoesNotWaitForReads(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 2})
	occupy := func(pool *pgxpool.Pool) {
		for range pool.Config().MaxConns {
			conn, err := pool.Acquire(within(t))
			check.Must(t, err)
			t.Cleanup(conn.Release)
		}
	}
	category := newCategory()
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(1)...)
	occupy(db.read)
	occupy(db.write)
	batch, err := newSource(t, db, 0, category).Read(within(t), feed.Tranche(category), 0)
	if err != nil || len(batch.Events) != 1 {
		t.Errorf("got %d events and error %v, want 1 and none", len(batch.Events), err)
	}
}

func TestSizesOfThePools(t *testing.T) {
	t.Parallel()
	text := changed(appDSN(t), map[string]string{"pool_max_conns": "7"})
	for _, test := range []struct {
		config Config
		want   int32
	}{
		{Config{Connection: appDSN(t)}, 10},
		{Config{Connection: text}, 7},
		{Config{Connection: text, MaxConns: 3}, 3},
	} {
		db, err := Open(within(t), test.config)
		check.Must(t, err)
		if write, read, feed := db.write.Config().MaxConns, db.read.Config().MaxConns, db.feed.Config().MaxConns; write != test.want || read != test.want || feed != 4 {
			t.Errorf("%v: got pools of %d, %d and %d connections, want %d, %d and 4", test.config, write, read, feed, test.want, test.want)
		}
		db.Close()
	}
}

// checkpointSchema makes a schema with a checkpoint table for the role of the
// application, as an operator would: Init as a superuser, then grants.
func checkpointSchema(t testing.TB) string {
	t.Helper()
	admin := connect(t, adminDSN(t))
	schema := "checkpoints_" + newCategory()[4:]
	check.Mustf(t, check.Error(Init(within(t), Config{Connection: adminDSN(t), CheckpointSchema: schema})), "init")
	mustExec(t, admin, "GRANT USAGE ON SCHEMA "+schema+" TO message_store")
	mustExec(t, admin, "GRANT SELECT, INSERT, UPDATE ON "+schema+".propulsion_checkpoint TO message_store")
	mustExec(t, admin, "GRANT SELECT, INSERT, UPDATE, DELETE ON "+schema+".reactor_note TO message_store")
	return schema
}
