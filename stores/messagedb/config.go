package messagedb

import (
	"fmt"
	"log/slog"
	"time"

	"example.com/groupcheckout/stores/messagedb/dsn"
)

// Config says which servers to use, and how. A zero field means the default
// named with it.
//
// A connection string may be written as Npgsql's (Host=db;Username=app;…), as
// a postgres:// URL, or as libpq's key=value text; package dsn says what becomes
// of which key. A password may also come from PGPASSWORD or a password file.
//
// A read uses one connection, and waits for one if all of MaxConns are in use:
// where there are more calls at once they take turns, and nothing fails. The
// appends to a category use one connection together, and those of all categories one less
// than MaxConns, so that a read from the leader always finds one. Beside these there are up to 4 connections for the feed, which never
// waits for the streams' calls, up to 2 for where the feed ends, up to 2 for checkpoints, and one for each append
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

	// Gather is how many appends may share a transaction: those to one category that
	// wait at the same time. With 1 each has a transaction to itself. Default 128.
	Gather int

	// ViaWriteMessage has every event written by Message DB's function write_message. Without
	// it, appends that share a transaction go into the table as rows where that function is
	// as Message DB installs it, and this role may do what it does. [Open] looks, once.
	ViaWriteMessage bool

	// Notify has feeds in other processes told of what is appended here, and those of
	// this DB listen to what others say. It takes a connection for each DB that has a
	// feed, and a small transaction of its own after one that appends. Who appends and
	// who follows both have to have it set. A connection pooler in between has to pool sessions.
	Notify bool

	// Ready has [Open] make the connections at once that a reactor uses, side by side,
	// instead of each when it is needed. Through a pooler it does not.
	Ready bool

	// RequireTLS refuses every connection to another machine that is not encrypted.
	// Without it such a connection is warned of, once for each use.
	RequireTLS bool

	BatchSize     int           // events in a page of a stream or of a category; default 1000
	MaxConns      int           // connections in each of the write and the read pool, see above; default: as the connection string says, else 10
	SettleTimeout time.Duration // how long to look for the outcome of an append whose reply was lost; default 5 s
	Application   string        // who connects, for those who look at the server's sessions; the connection string's wins; default "reactor"
	Logger        *slog.Logger  // hears of what is passed over; default: nobody

	plain *plainness
}

const (
	defaultBatchSize     = 1000
	defaultGather        = 128
	defaultMaxConns      = 10
	feedMaxConns         = 4 // a reader has one read under way for each category
	watchMaxConns        = 2
	checkpointMaxConns   = 2
	watchRole            = "watch"
	defaultSettleTimeout = 5 * time.Second
)

// String leaves the connection strings out, since they may hold passwords.
func (c Config) String() string {
	return fmt.Sprintf("checkpoint schema %q, appends gathered %d, batch size %d, max connections %d, settle timeout %v",
		c.CheckpointSchema, c.Gather, c.BatchSize, c.MaxConns, c.SettleTimeout)
}

// GoString leaves them out too.
func (c Config) GoString() string { return c.String() }

func (c Config) withDefaults() (Config, error) {
	if c.BatchSize < 0 || c.Gather < 0 || c.MaxConns < 0 || c.SettleTimeout < 0 {
		return c, &SetupError{Problem: BadConfig, Err: fmt.Errorf("batch size %d, appends gathered %d, max connections %d and settle timeout %v must not be negative",
			c.BatchSize, c.Gather, c.MaxConns, c.SettleTimeout)}
	}
	if c.MaxConns > dsn.LargestPool {
		return c, &SetupError{Problem: BadConfig, Err: fmt.Errorf("at most %d connections can be asked for, not %d", dsn.LargestPool, c.MaxConns)}
	}
	if c.BatchSize == 0 {
		c.BatchSize = defaultBatchSize
	}
	if c.Gather == 0 {
		c.Gather = defaultGather
	}
	if c.SettleTimeout == 0 {
		c.SettleTimeout = defaultSettleTimeout
	}
	if c.Application == "" {
		c.Application = "reactor"
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
	c.plain = &plainness{log: c.Logger, said: map[Use]bool{}}
	return c, nil
}
