package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/messagedb"
)

// feeds is row 3: a backlog goes through the scheduler to a handler that does nothing, and is
// checkpointed.
func feeds() []figure {
	const streams, length = 500, 40
	return []figure{{
		row: "3", name: "feed through the scheduler ÷ bare get_category_messages", unit: "events/s", target: atLeast(0.6),
		prepare: func(ctx context.Context, g *ground) (*pair, error) {
			schema, err := g.checkpoints(ctx)
			if err != nil {
				return nil, err
			}
			pool, err := g.bare(ctx)
			if err != nil {
				return nil, err
			}
			category := newCategory("Feed")
			if err := fillCategory(ctx, pool, category, streams, length); err != nil {
				pool.Close()
				return nil, err
			}
			db, err := g.open(ctx, messagedb.Config{CheckpointSchema: schema})
			if err != nil {
				pool.Close()
				return nil, err
			}
			return &pair{
				subject: func(ctx context.Context) (float64, error) {
					began := time.Now()
					err := handle(ctx, db, category, streams*length)
					return perSecond(streams*length, time.Since(began)), err
				},
				floor: func(ctx context.Context) (float64, error) {
					began := time.Now()
					events, err := readCategory(ctx, pool, category, 0)
					if err == nil && events != streams*length {
						err = fmt.Errorf("got %d events, want %d", events, streams*length)
					}
					return perSecond(events, time.Since(began)), err
				},
				close: func() {
					db.Close()
					pool.Close()
				},
			}, nil
		},
	}}
}

func fillCategory(ctx context.Context, pool *pgxpool.Pool, category string, streams, length int) error {
	const sql = `SELECT count(write_message(gen_random_uuid()::varchar, $1 || '-' || md5((i % $2)::text), 'Charged', $3)) FROM generate_series(1, $4::int) i`
	_, err := pool.Exec(ctx, sql, category, streams, []byte(body), streams*length)
	return err
}

// counting is a handler that counts what it is given.
type counting struct {
	left atomic.Int64
	done chan struct{} // closed when none is left
}

// Handle implements reactor.Handler.
func (c *counting) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	if c.left.Add(-int64(len(events))) == 0 {
		close(c.done)
	}
	return events[len(events)-1].Index + 1, nil
}

// handle runs a reactor from the beginning until it has handled so many events.
func handle(ctx context.Context, db *messagedb.DB, category string, events int) error {
	source, err := db.Source(category)
	if err != nil {
		return err
	}
	checkpoints, err := db.Checkpoints()
	if err != nil {
		return err
	}
	handler := &counting{done: make(chan struct{})}
	handler.left.Store(int64(events))
	running, err := reactor.Start(ctx, source, checkpoints, handler, reactor.Config{Group: "bench-" + uuid.NewString()})
	if err != nil {
		return err
	}
	select {
	case <-handler.done:
	case <-running.Done():
	}
	running.Stop()
	return running.Wait(context.WithoutCancel(ctx)) // the last checkpoint is part of it
}
