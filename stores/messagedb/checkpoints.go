package messagedb

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/reactor/feed"
)

// Checkpoints keeps positions in the table that Propulsion uses. Its calls may
// overlap. A missing table is an error that says how to create it.
type Checkpoints struct {
	pool             *pgxpool.Pool
	table, notes     string // quoted
	loadSQL, saveSQL string
}

var _ feed.Checkpoints = (*Checkpoints)(nil)

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

func newCheckpoints(pool *pgxpool.Pool, schema string) *Checkpoints {
	table := checkpointTable(schema)
	return &Checkpoints{
		pool:    pool,
		table:   table,
		notes:   noteTable(schema),
		loadSQL: "SELECT position FROM " + table + " WHERE source = $1 AND tranche = $2 AND consumer_group = $3",
		saveSQL: "INSERT INTO " + table + " (source, tranche, consumer_group, position) VALUES ($1, $2, $3, $4)" +
			" ON CONFLICT (source, tranche, consumer_group) DO UPDATE SET position = EXCLUDED.position",
	}
}

// error wraps an error; do is what was done to a checkpoint.
func (c *Checkpoints) error(do string, err error) error {
	elsewhere(c.pool, err)
	return checkpointError(do, c.table, err)
}

// Load implements [feed.Checkpoints].
func (c *Checkpoints) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	pos, err := onceMore(ctx, c.pool, func() (pos feed.Position, err error) {
		err = c.pool.QueryRow(ctx, c.loadSQL, key.Source, string(key.Tranche), key.Group).Scan(&pos)
		return pos, err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, c.error("load", err)
	}
	return pos, true, nil
}

// Save implements [feed.Checkpoints]. It is not tried again after a broken
// connection: the first try may yet arrive, behind a later Save.
func (c *Checkpoints) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	if _, err := c.pool.Exec(ctx, c.saveSQL, key.Source, string(key.Tranche), key.Group, int64(pos)); err != nil {
		return c.error("save", err)
	}
	return nil
}
