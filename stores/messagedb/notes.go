package messagedb

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/reactor/feed"
)

// Notes stand in a table of this project's beside the one of the checkpoints, which
// Propulsion does not look at. It came later, so there are installations without.

const noteTableName = "reactor_note"

func noteTable(schema string) string {
	return pgx.Identifier{schema, noteTableName}.Sanitize()
}

var (
	_ feed.Notes      = (*Checkpoints)(nil)
	_ feed.NoteGroups = (*Checkpoints)(nil)
)

// Notes implements [feed.Notes].
func (c *Checkpoints) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	notes, err := onceMore(ctx, c.pool, func() (map[string][]byte, error) {
		rows, err := c.pool.Query(ctx, "SELECT name, body FROM "+c.notes+" WHERE consumer_group = $1 AND kind = $2", group, kind)
		if err != nil {
			return nil, err
		}
		found := map[string][]byte{}
		var name string
		var body []byte
		_, err = pgx.ForEachRow(rows, []any{&name, &body}, func() error {
			found[name] = append([]byte(nil), body...)
			return nil
		})
		return found, err
	})
	if err != nil {
		return nil, c.noteError("read", err)
	}
	return notes, nil
}

// NoteGroups implements [feed.NoteGroups].
func (c *Checkpoints) NoteGroups(ctx context.Context, kind string) ([]string, error) {
	groups, err := onceMore(ctx, c.pool, func() ([]string, error) {
		rows, err := c.pool.Query(ctx, "SELECT DISTINCT consumer_group FROM "+c.notes+" WHERE kind = $1", kind)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	})
	if err != nil {
		return nil, c.noteError("read", err)
	}
	slices.Sort(groups)
	return groups, nil
}

// PutNote implements [feed.Notes]. As a position, it is not tried again after a broken
// connection.
func (c *Checkpoints) PutNote(ctx context.Context, group, kind, name string, body []byte) error {
	_, err := c.pool.Exec(ctx, "INSERT INTO "+c.notes+" (consumer_group, kind, name, body) VALUES ($1, $2, $3, $4)"+
		" ON CONFLICT (consumer_group, kind, name) DO UPDATE SET body = EXCLUDED.body", group, kind, name, string(body))
	if err != nil {
		return c.noteError("write", err)
	}
	return nil
}

// ReplaceNote implements [feed.Notes]. It is not tried again after a broken connection either.
func (c *Checkpoints) ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (bool, error) {
	const of = " WHERE consumer_group = $1 AND kind = $2 AND name = $3"
	var sql string
	args := []any{group, kind, name}
	switch {
	case before == nil && body == nil:
		sql = "SELECT WHERE NOT EXISTS (SELECT FROM " + c.notes + of + ")"
	case before == nil:
		sql, args = "INSERT INTO "+c.notes+" (consumer_group, kind, name, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", append(args, string(body))
	case body == nil:
		sql, args = "DELETE FROM "+c.notes+of+" AND body = $4::jsonb", append(args, string(before))
	default:
		sql, args = "UPDATE "+c.notes+" SET body = $5"+of+" AND body = $4::jsonb", append(args, string(before), string(body))
	}
	tag, err := c.pool.Exec(ctx, sql, args...)
	if err != nil {
		return false, c.noteError("write", err)
	}
	return tag.RowsAffected() == 1, nil
}

// DropNote implements [feed.Notes].
func (c *Checkpoints) DropNote(ctx context.Context, group, kind, name string) error {
	if _, err := c.pool.Exec(ctx, "DELETE FROM "+c.notes+" WHERE consumer_group = $1 AND kind = $2 AND name = $3", group, kind, name); err != nil {
		return c.noteError("drop", err)
	}
	return nil
}

// noteError wraps an error; do is what was done to the notes.
func (c *Checkpoints) noteError(do string, err error) error {
	elsewhere(c.pool, err)
	switch reply, replied := asServerError(err); {
	case hasCode(err, codeNoTable, codeNoSchema):
		return fmt.Errorf("%s notes: %w: run \"reactor init mdb\" to create the table %s: %w", do, feed.ErrNoNotes, c.notes, err)
	case hasCode(err, codeNoPrivilege):
		return fmt.Errorf("%s notes: %w: the role may not use the table %s; it needs SELECT, INSERT, UPDATE and DELETE on it: %w", do, feed.ErrNoNotes, c.notes, standing(reply))
	case replied:
		err = standing(reply)
	}
	return fmt.Errorf("%s notes in %s: %w", do, c.notes, err)
}

// initNotes creates the table of the notes if it is missing.
func initNotes(ctx context.Context, tx pgx.Tx, schema string, report *InitReport) error {
	var there bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)`,
		schema, noteTableName).Scan(&there)
	if err != nil {
		return fmt.Errorf("look for the table of notes: %w", err)
	}
	if there {
		return nil
	}
	_, err = tx.Exec(ctx, "CREATE TABLE "+noteTable(schema)+` (
		consumer_group text NOT NULL,
		kind text NOT NULL,
		name text NOT NULL,
		body jsonb NOT NULL,
		PRIMARY KEY (consumer_group, kind, name))`)
	if err != nil {
		return report.cannot("create the table "+noteTable(schema), "CREATE and USAGE on its schema", err)
	}
	report.NotesCreated = true
	return nil
}
