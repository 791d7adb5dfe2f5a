package messagedb

import (
	"testing"

	"groupcheckout/domain/es"
	"groupcheckout/reactor/feed"
	"groupcheckout/stores/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	db := open(t, Config{CheckpointSchema: checkpointSchema(t), MaxConns: 20})
	storetest.Run(t, func(testing.TB) storetest.Fixture {
		return storetest.Fixture{
			Store: db.Store(),
			Source: func(t testing.TB, batchSize int, categories ...string) feed.Source {
				t.Helper()
				source, err := db.Source(batchSize, categories...)
				if err != nil {
					t.Fatal(err)
				}
				return source
			},
			Checkpoints: func(t testing.TB) feed.Checkpoints {
				t.Helper()
				checkpoints, err := db.Checkpoints()
				if err != nil {
					t.Fatal(err)
				}
				return checkpoints
			},
		}
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

// checkpointSchema makes a schema with a checkpoint table for the role of the
// application, as an operator would: Init as a superuser, then grants.
func checkpointSchema(t testing.TB) string {
	t.Helper()
	admin := connect(t, adminDSN(t))
	schema := "checkpoints_" + newCategory()[4:]
	if _, err := Init(within(t), Config{Connection: adminDSN(t), CheckpointSchema: schema}); err != nil {
		t.Fatalf("init: %v", err)
	}
	mustExec(t, admin, "GRANT USAGE ON SCHEMA "+schema+" TO message_store")
	mustExec(t, admin, "GRANT SELECT, INSERT, UPDATE ON "+schema+".propulsion_checkpoint TO message_store")
	return schema
}
