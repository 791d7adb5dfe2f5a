package messagedb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// Config says which servers to use, and how. A zero field means the default
// named with it.
//
// A connection string may be written as Npgsql's (Host=db;Username=app;…), as
// a postgres:// URL, or as libpq's key=value text; package dsn says what becomes
// of which key. A password may also come from PGPASSWORD or a password file.
//
// An append or read uses one connection, and waits for one if all of MaxConns
// are in use: where there are more calls at once they take turns, and nothing
// fails. Beside these there are up to 4 connections for the feed, which never
// waits for the streams' calls, up to 2 for checkpoints, and one for each append
// whose reply was lost while its outcome is looked for. Connections are made when
// they are needed.
type Config struct {
	Connection           string // the leader, for writes; required
	ReadConnection       string // where reads may lag; default Connection
	CheckpointConnection string // where checkpoints are kept; default Connection

	// CheckpointSchema is the schema that holds the checkpoint table, written
	// as in SQL: a plain name, which PostgreSQL folds to lower case, or one in
	// double quotes. Without it there are no checkpoints.
	CheckpointSchema string

	BatchSize     int           // events in a page of a stream or of a category; default 1000
	MaxConns      int           // connections in each of the write and the read pool, see above; default: as the connection string says, else 10
	SettleTimeout time.Duration // how long to look for the outcome of an append whose reply was lost; default 5 s
	Logger        *slog.Logger  // hears of what is passed over; default: nobody
}

const (
	defaultBatchSize     = 1000
	defaultMaxConns      = 10
	feedMaxConns         = 4 // a reader has one read under way for each category
	checkpointMaxConns   = 2
	defaultSettleTimeout = 5 * time.Second
)

// String leaves the connection strings out, since they may hold passwords.
func (c Config) String() string {
	return fmt.Sprintf("checkpoint schema %q, batch size %d, max connections %d, settle timeout %v",
		c.CheckpointSchema, c.BatchSize, c.MaxConns, c.SettleTimeout)
}

func (c Config) withDefaults() (Config, error) {
	if c.BatchSize < 0 || c.MaxConns < 0 || c.SettleTimeout < 0 {
		return c, fmt.Errorf("messagedb: batch size %d, max connections %d and settle timeout %v must not be negative",
			c.BatchSize, c.MaxConns, c.SettleTimeout)
	}
	if c.MaxConns > dsn.LargestPool {
		return c, fmt.Errorf("messagedb: at most %d connections can be asked for, not %d", dsn.LargestPool, c.MaxConns)
	}
	if c.BatchSize == 0 {
		c.BatchSize = defaultBatchSize
	}
	if c.SettleTimeout == 0 {
		c.SettleTimeout = defaultSettleTimeout
	}
	if c.ReadConnection == "" {
		c.ReadConnection = c.Connection
	}
	if c.CheckpointConnection == "" {
		c.CheckpointConnection = c.Connection
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// DB is a Message DB that was found usable. It may be used by many goroutines
// at once.
type DB struct {
	config      Config
	write, read *pgxpool.Pool
	feed        *pgxpool.Pool // leads to where read does; the streams' reads cannot starve it
	checkpoint  *pgxpool.Pool // nil without a checkpoint schema
	schema      string        // of the checkpoint table, as PostgreSQL stores the name
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
	db := &DB{config: config}
	if config.CheckpointSchema != "" {
		if db.schema, err = parseIdentifier(config.CheckpointSchema); err != nil {
			return nil, &SetupError{Problem: BadCheckpointSchema, Connection: ForCheckpoints, Err: err}
		}
	}
	if err := db.connect(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (db *DB) connect(ctx context.Context) (err error) {
	// All three strings are judged before the first connection is made, so
	// that a typing error in any of them is reported at once.
	if db.write, err = newPool(db.config.Connection, ForWriting, db.config.MaxConns); err != nil {
		return err
	}
	if db.read, err = newPool(db.config.ReadConnection, ForReading, db.config.MaxConns); err != nil {
		return err
	}
	if db.feed, err = newPool(db.config.ReadConnection, ForReading, feedMaxConns); err != nil {
		return err
	}
	if db.config.CheckpointSchema != "" {
		if db.checkpoint, err = newPool(db.config.CheckpointConnection, ForCheckpoints, checkpointMaxConns); err != nil {
			return err
		}
	}
	if err := checkServer(ctx, db.write, ForWriting); err != nil {
		return err
	}
	return checkServer(ctx, db.read, ForReading)
}

// Close waits for the calls under way and closes all connections. It may be
// called more than once.
func (db *DB) Close() {
	for _, pool := range []*pgxpool.Pool{db.write, db.read, db.feed, db.checkpoint} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Store returns the streams.
func (db *DB) Store() *Store { return &Store{db: db} }

// Source returns the feed of the categories, each a tranche of its own. A
// batch holds at most batchSize events; 0 means [Config.BatchSize].
func (db *DB) Source(batchSize int, categories ...string) (*Source, error) {
	if batchSize < 0 {
		return nil, fmt.Errorf("messagedb: a batch of %d events cannot be read", batchSize)
	}
	if batchSize == 0 {
		batchSize = db.config.BatchSize
	}
	tranches := make([]feed.Tranche, len(categories))
	for i, category := range categories {
		if err := es.ValidateCategory(category); err != nil {
			return nil, fmt.Errorf("messagedb: a feed of categories: %w", err)
		}
		tranches[i] = feed.Tranche(category)
	}
	return &Source{db: db, batchSize: batchSize, tranches: tranches}, nil
}

// errNoSchema is returned where checkpoints are asked for and
// [Config.CheckpointSchema] is not set.
func errNoSchema() error {
	return &SetupError{Problem: BadCheckpointSchema, Connection: ForCheckpoints, Err: errors.New("none is configured")}
}

// Checkpoints returns the checkpoints kept in [Config.CheckpointSchema]; if there is
// none, a [*SetupError]. It does not connect, so a table that is missing is reported
// by the first call.
func (db *DB) Checkpoints() (*Checkpoints, error) {
	if db.checkpoint == nil {
		return nil, errNoSchema()
	}
	return newCheckpoints(db.checkpoint, db.schema), nil
}
