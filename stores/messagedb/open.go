package messagedb

import (
	"cmp"
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is a Message DB that was found usable. It may be used by many goroutines
// at once.
type DB struct {
	config      Config
	write, read *pgxpool.Pool
	committers  *committers
	wakes       *wakes
	notifier    *notifier     // nil if nobody else is to be told
	stop        func()        // ends what runs beside the calls, and waits for it
	unrehearse  func()        // ends what prepares the connections, and waits for it
	listening   func()        // has it listen; calling it twice is fine
	feed        *pgxpool.Pool // leads to where read does; the streams' reads cannot starve it
	watch       *pgxpool.Pool // leads to where write does; appends cannot starve it
	checkpoint  *pgxpool.Pool // nil without a checkpoint schema
	schema      string        // of the checkpoint table, as PostgreSQL stores the name
	pooled      bool          // a pooler stands in between
	direct      bool          // write_message does what we know it to do, so rows may be written without it
	sql         streamSQL     // how streams are read
}

// Open connects to the write and the read server and makes sure that each has
// Message DB, in a version that this package knows, with the privileges that
// it takes. It returns a [*SetupError] that names what is amiss and what to do
// about it. The end of ctx ends Open, not the DB.
//
// The checkpoint server is connected to when a checkpoint is first used.
func Open(ctx context.Context, config Config) (*DB, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	db := &DB{config: config, wakes: newWakes(), stop: func() {}, unrehearse: func() {}, listening: func() {}}
	if config.CheckpointSchema != "" {
		if db.schema, err = parseIdentifier(config.CheckpointSchema); err != nil {
			return nil, &SetupError{Problem: BadCheckpointSchema, Connection: ForCheckpoints, Err: err}
		}
	}
	if err := db.connect(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if config.Notify {
		db.beside()
	}
	return db, nil
}

// beside prepares what runs beside the calls.
func (db *DB) beside() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	db.notifier = newNotifier()
	running.Go(func() { db.notify(ctx) })
	db.listening = sync.OnceFunc(func() { running.Go(func() { db.listen(ctx) }) })
	db.stop = func() {
		cancel()
		running.Wait()
	}
}

func (db *DB) connect(ctx context.Context) (err error) {
	// All three strings are judged before the first connection is made, so
	// that a typing error in any of them is reported at once.
	if db.write, err = newPool(db.config, db.config.Connection, ForWriting, db.config.MaxConns, "writing"); err != nil {
		return err
	}
	db.committers = newCommitters(db)
	if db.read, err = newPool(db.config, db.config.ReadConnection, ForReading, db.config.MaxConns, "reading"); err != nil {
		return err
	}
	if db.feed, err = newPool(db.config, db.config.ReadConnection, ForReading, feedMaxConns, "feed"); err != nil {
		return err
	}
	if db.watch, err = newPool(db.config, db.config.Connection, ForWriting, watchMaxConns, watchRole); err != nil {
		return err
	}
	if db.config.CheckpointSchema != "" {
		if db.checkpoint, err = newPool(db.config, db.config.CheckpointConnection, ForCheckpoints, checkpointMaxConns, "checkpoints"); err != nil {
			return err
		}
	}
	if err := db.checkPoolers(ctx); err != nil {
		return err
	}
	if db.config.Ready {
		ready := db.makeReady(ctx)
		defer func() { ready(err == nil) }()
	}
	var unreadable error
	var reading sync.WaitGroup
	if db.config.ReadConnection != db.config.Connection { // whoever can write there can read
		reading.Go(func() { _, unreadable = checkServer(ctx, db.read, ForReading) }) // at the same time: it is half of a start
	}
	have, err := checkServer(ctx, db.write, ForWriting)
	db.direct = !db.config.ViaWriteMessage && have.writesRows()
	db.sql = readsOf(have.readsRows())
	reading.Wait()
	return cmp.Or(err, unreadable) // one is enough to begin with
}

// Close waits for the calls under way and closes all connections. It may be
// called more than once.
func (db *DB) Close() {
	if db.committers != nil {
		db.committers.close()
	}
	db.stop()
	db.unrehearse()
	for _, pool := range []*pgxpool.Pool{db.write, db.read, db.feed, db.watch, db.checkpoint} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Store returns the streams.
func (db *DB) Store() *Store { return &Store{db: db} }
