package messagedb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// checkpointTableName is Propulsion's.
const checkpointTableName = "propulsion_checkpoint"

func checkpointTable(schema string) string {
	return pgx.Identifier{schema, checkpointTableName}.Sanitize()
}

var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// parseIdentifier reads a name as SQL does: without quotes it is folded to
// lower case, with double quotes it stands as it is. Propulsion puts the name
// into its statements without quotes, so both find the same schema.
func parseIdentifier(text string) (string, error) {
	name := strings.ToLower(text)
	if inner, ok := strings.CutPrefix(text, `"`); ok {
		inner, ok = strings.CutSuffix(inner, `"`)
		name = strings.ReplaceAll(inner, `""`, `"`)
		if !ok || strings.Contains(strings.ReplaceAll(inner, `""`, ``), `"`) || strings.ContainsRune(name, 0) {
			return "", fmt.Errorf("%s is not a name in double quotes", named(text))
		}
	} else if !plainIdentifier.MatchString(text) {
		return "", fmt.Errorf("%s is not a plain name; write it in double quotes if it is meant so", named(text))
	}
	switch {
	case name == "":
		return "", errors.New("the name is empty")
	case len(name) > 63:
		return "", fmt.Errorf("%s has %d bytes, and PostgreSQL would cut it off after 63", named(text), len(name))
	}
	return name, nil
}

// named is what was given as a name, unless it looks more like a connection string,
// which would have a password in it.
func named(text string) string {
	if strings.ContainsAny(text, "=:@/") {
		return "what was given, which is not repeated,"
	}
	return strconv.Quote(text)
}

// InitReport says what [Init] found and what it made.
type InitReport struct {
	Role          string // who did it, and owns what was made
	Database      string
	Table         string // quoted, with its schema
	SchemaCreated bool
	TableCreated  bool
	NotesCreated  bool // the table beside it, of what only this project keeps
}

// String is for an operator: a sentence, and behind it the grants that another role needs if
// something was created.
func (r InitReport) String() string {
	in, by := fmt.Sprintf("in the database %q", r.Database), fmt.Sprintf("as the role %q", r.Role)
	switch {
	case r.SchemaCreated:
		return fmt.Sprintf("created the schema and the tables %s and %s %s %s", r.Table, noteTableName, in, by) + r.grants()
	case r.TableCreated && r.NotesCreated:
		return fmt.Sprintf("created the tables %s and %s %s %s", r.Table, noteTableName, in, by) + r.grants()
	case r.TableCreated:
		return fmt.Sprintf("created the table %s %s %s", r.Table, in, by) + r.grants()
	case r.NotesCreated:
		return fmt.Sprintf("found the table %s %s and created the table %s beside it %s", r.Table, in, noteTableName, by) + r.grants()
	}
	return fmt.Sprintf("found the tables %s and %s %s; nothing was changed", r.Table, noteTableName, in)
}

// grants are what a role needs that uses the tables.
func (r InitReport) grants() string {
	schema := r.Table[:strings.LastIndex(r.Table, ".")]
	return fmt.Sprintf(`; no privileges were granted to others. A reactor of another role, here message_store, needs:
    GRANT USAGE ON SCHEMA %s TO message_store;
    GRANT SELECT, INSERT, UPDATE ON %s TO message_store;
    GRANT SELECT, INSERT, UPDATE, DELETE ON %s.%s TO message_store;`, schema, r.Table, schema, noteTableName)
}

// Init creates the table for checkpoints, and its schema, where they do not
// exist yet, through [Config.CheckpointConnection]. It may be run again, and
// by several at once. It grants nothing: a role other than the one that Init
// ran as needs USAGE on the schema, SELECT, INSERT and UPDATE on the
// table, and also DELETE on the table reactor_note, which Init creates beside it. A table of that name with other columns is left alone and is an
// error.
func Init(ctx context.Context, config Config) (InitReport, error) {
	config, err := config.withDefaults()
	if err != nil {
		return InitReport{}, err
	}
	if config.CheckpointSchema == "" {
		return InitReport{}, errNoSchema()
	}
	schema, err := parseIdentifier(config.CheckpointSchema)
	if err != nil {
		return InitReport{}, &SetupError{Problem: BadCheckpointSchema, Connection: ForCheckpoints, Err: err}
	}
	pool, err := newPool(config, config.CheckpointConnection, ForCheckpoints, 1, "init")
	if err != nil {
		return InitReport{}, err
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return InitReport{}, connectError(ForCheckpoints, err)
	}
	defer conn.Release()
	report := InitReport{Table: checkpointTable(schema)}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return initTable(ctx, tx, schema, &report) })
	return report, err
}

// initLock keeps two runs of Init apart: "if not exists" is no help to one
// that looks before the other has committed. The number is arbitrary.
const initLock = 0x70726f7063686b70

func initTable(ctx context.Context, tx pgx.Tx, schema string, report *InitReport) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(initLock)); err != nil {
		return fmt.Errorf("create the checkpoint table: %w", err)
	}
	var schemaThere, tableThere bool
	err := tx.QueryRow(ctx, `SELECT current_user::text, current_database()::text,
		EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
		EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)`,
		schema, checkpointTableName).Scan(&report.Role, &report.Database, &schemaThere, &tableThere)
	if err != nil {
		return fmt.Errorf("look for the checkpoint table: %w", err)
	}
	if tableThere {
		if err := checkColumns(ctx, tx, schema, report.Table); err != nil {
			return err
		}
		return initNotes(ctx, tx, schema, report)
	}
	if !schemaThere {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{schema}.Sanitize()); err != nil {
			return report.cannot("create the schema "+pgx.Identifier{schema}.Sanitize(),
				fmt.Sprintf("CREATE on the database %q", report.Database), err)
		}
		report.SchemaCreated = true
	}
	_, err = tx.Exec(ctx, "CREATE TABLE "+report.Table+` (
		source text NOT NULL,
		tranche text NOT NULL,
		consumer_group text NOT NULL,
		position bigint NOT NULL,
		PRIMARY KEY (source, tranche, consumer_group))`)
	if err != nil {
		report.SchemaCreated = false // it is rolled back
		return report.cannot("create the table "+report.Table, "CREATE and USAGE on its schema", err)
	}
	report.TableCreated = true
	return initNotes(ctx, tx, schema, report)
}

func (r *InitReport) cannot(do, privilege string, err error) error {
	if hasCode(err, codeNoPrivilege) {
		return &SetupError{Problem: MissingPrivilege, Connection: ForCheckpoints, Err: fmt.Errorf(
			"the role %q may not %s: grant it %s, or run this with a connection string of a role that has it: %w", r.Role, do, privilege, err)}
	}
	return fmt.Errorf("%s: %w", do, err)
}

// checkColumns accepts a table that is as Init would have made it; more
// columns are no harm as long as they need no value.
func checkColumns(ctx context.Context, tx pgx.Tx, schema, table string) error {
	rows, err := tx.Query(ctx, `SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`, schema, checkpointTableName)
	if err != nil {
		return fmt.Errorf("look at the columns of %s: %w", table, err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look at the columns of %s: %w", table, err)
	}
	for _, needed := range []string{"source text", "tranche text", "consumer_group text", "position bigint"} {
		if !slices.Contains(columns, needed) {
			return &SetupError{Problem: ForeignTable, Connection: ForCheckpoints, Err: fmt.Errorf(
				"%s has no column %q; it has %s", table, needed, strings.Join(columns, ", "))}
		}
	}
	var unique bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indpred IS NULL AND ARRAY['consumer_group', 'source', 'tranche'] =
		ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) ORDER BY 1))`,
		schema, checkpointTableName).Scan(&unique)
	if err != nil {
		return fmt.Errorf("look at the indexes of %s: %w", table, err)
	}
	if !unique {
		return &SetupError{Problem: ForeignTable, Connection: ForCheckpoints, Err: fmt.Errorf(
			"%s has no primary key (source, tranche, consumer_group)", table)}
	}
	return nil
}
