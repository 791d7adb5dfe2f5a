package messagedb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/reactor/feed"
)

// The roster of a group is a note of a kind of its own. Its version is in its body, and a
// write is conditional on that. The time of the write, by the server's clock, stands
// there too.

const rosterKind = "roster"

var _ feed.Slots = (*Checkpoints)(nil)

// rosterBody is a roster with when it was written, in seconds of the server's clock.
type rosterBody struct {
	feed.Roster
	At float64 `json:"at"`
}

// serverNow is the clock of the server, as a JSON number of seconds.
const serverNow = "to_jsonb(extract(epoch FROM clock_timestamp())::float8)"

// Roster implements [feed.Slots].
func (c *Checkpoints) Roster(ctx context.Context, group string) (feed.Roster, error) {
	found := feed.Roster{Group: group}
	_, err := onceMore(ctx, c.pool, func() (none struct{}, err error) {
		var body []byte
		var now float64
		err = c.pool.QueryRow(ctx, "SELECT body, extract(epoch FROM clock_timestamp())::float8 FROM "+c.notes+
			" WHERE consumer_group = $1 AND kind = $2 AND name = $2", group, rosterKind).Scan(&body, &now)
		if errors.Is(err, pgx.ErrNoRows) || err != nil {
			return none, err
		}
		read := rosterBody{}
		if err := json.Unmarshal(body, &read); err != nil {
			return none, fmt.Errorf("it is not a roster: %w", err)
		}
		found = read.Roster
		found.Group = group
		found.Unwritten = max(0, time.Duration((now-read.At)*float64(time.Second)))
		return none, nil
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return feed.Roster{}, c.noteError("read the roster in", err)
	}
	return found, nil
}

// PutRoster implements [feed.Slots]. As a position, it is not tried again after a broken
// connection.
func (c *Checkpoints) PutRoster(ctx context.Context, r feed.Roster) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the roster of %q: %w", r.Group, err)
	}
	var sql string
	args := []any{r.Group, rosterKind, string(body)}
	if r.Version == 1 {
		sql = "INSERT INTO " + c.notes + " (consumer_group, kind, name, body) VALUES ($1, $2, $2, jsonb_set($3, '{at}', " + serverNow + "))" +
			" ON CONFLICT (consumer_group, kind, name) DO NOTHING"
	} else {
		sql = "UPDATE " + c.notes + " SET body = jsonb_set($3, '{at}', " + serverNow + ")" +
			" WHERE consumer_group = $1 AND kind = $2 AND name = $2 AND (body ->> 'version')::bigint = $4"
		args = append(args, r.Version-1)
	}
	tag, err := c.pool.Exec(ctx, sql, args...)
	switch {
	case err != nil:
		return c.noteError("write the roster in", err)
	case tag.RowsAffected() == 0:
		return fmt.Errorf("write the roster of %q: %w", r.Group, feed.ErrRosterMoved)
	}
	return nil
}

// heldSQL finds the roster if it says that the slot $6 of the group $5 has the token $7,
// and keeps it from being changed until the statement is over: who takes the slot
// meanwhile waits, and whoever has taken it is seen.
func (c *Checkpoints) heldSQL() string {
	return "WITH held AS MATERIALIZED (SELECT FROM " + c.notes + " WHERE consumer_group = $5 AND kind = '" + rosterKind + "' AND name = '" + rosterKind + "'" +
		" AND body #>> ARRAY['slots', $6::text, 'holder'] <> '' AND (body #>> ARRAY['slots', $6::text, 'token'])::bigint = $7 FOR SHARE)" +
		" INSERT INTO " + c.table + " AS saved (source, tranche, consumer_group, position) SELECT $1, $2, $3, $4::bigint FROM held" +
		" ON CONFLICT (source, tranche, consumer_group) DO UPDATE SET position = "
}

func heldArgs(key feed.Key, hold feed.Hold, pos feed.Position) []any {
	return []any{key.Source, string(key.Tranche), key.Group, int64(pos), hold.Group, fmt.Sprint(hold.Slot), hold.Token}
}

// Claim implements [feed.Slots].
func (c *Checkpoints) Claim(ctx context.Context, key feed.Key, hold feed.Hold, first feed.Position) (pos feed.Position, err error) {
	err = c.pool.QueryRow(ctx, c.heldSQL()+"saved.position RETURNING position", heldArgs(key, hold, first)...).Scan(&pos)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("claim the checkpoint: %w", &feed.SlotLostError{Hold: hold})
	}
	if err != nil {
		return 0, c.error("claim", err)
	}
	return pos, nil
}

// SaveHeld implements [feed.Slots]. It is not tried again after a broken connection, as
// Save is not.
func (c *Checkpoints) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	tag, err := c.pool.Exec(ctx, c.heldSQL()+"EXCLUDED.position", heldArgs(key, hold, pos)...)
	if err != nil {
		return c.error("save", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("save the checkpoint: %w", &feed.SlotLostError{Hold: hold})
	}
	return nil
}
