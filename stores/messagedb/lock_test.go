package messagedb

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// Who meets a table that somebody has locked is told so, and does not keep a connection for
// as long as the lock is held.
func TestReadsAndCheckpointsDoNotWaitForALockForEver(t *testing.T) {
	t.Parallel()
	text := withDatabase(adminDSN(t), freshDatabase(t))
	config := Config{Connection: text, CheckpointSchema: "public"}
	check.Must(t, check.Error(Init(within(t), config)))
	db := open(t, config)
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	stream := newStream(t)
	source, err := db.Source(stream.Category())
	check.Must(t, err)
	locks := connect(t, text)
	mustExec(t, locks, "BEGIN")
	mustExec(t, locks, "LOCK TABLE message_store.messages, public.propulsion_checkpoint")
	for name, ask := range map[string]func() error{
		"a stream":     func() error { _, err := db.Store().Read(within(t), stream, 0, es.FromReplica); return err },
		"the feed":     func() error { _, err := source.Read(within(t), feed.Tranche(stream.Category()), 0); return err },
		"a checkpoint": func() error { _, _, err := checkpoints.Load(within(t), checkpointKey); return err },
		"a save":       func() error { return checkpoints.Save(within(t), checkpointKey, 7) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := ask()
			if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != codeLockTimeout || es.NeedsPerson(err) {
				t.Errorf("got error %v, want that the lock cannot be had", err)
			}
		})
	}
}
