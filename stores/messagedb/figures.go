package messagedb

import (
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolFigures are what a pool of connections is at.
type PoolFigures struct {
	Name       string // as the sessions on the server are called: writing, reading, feed, watch, checkpoints
	Busy, Idle int
	Most       int           // that there may be
	Waits      int64         // times that none was free, so that one had to be waited for or made
	Waited     time.Duration // for all of those together
}

// Pools are what the pools of connections are at now. It asks no server.
func (db *DB) Pools() (all []PoolFigures) {
	for _, p := range []struct {
		name string
		pool *pgxpool.Pool
	}{{"writing", db.write}, {"reading", db.read}, {"feed", db.feed}, {"watch", db.watch}, {"checkpoints", db.checkpoint}} {
		if p.pool == nil {
			continue
		}
		s := p.pool.Stat()
		all = append(all, PoolFigures{
			Name: p.name, Busy: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Most: int(s.MaxConns()),
			Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
		})
	}
	return all
}
