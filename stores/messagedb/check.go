package messagedb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// oldestVersion is the first Message DB that Equinox and Propulsion are
// written for, and the one that this package is tested with.
const oldestVersion = "1.3.0"

// The sources of functions, in the order of their names. One that runs as somebody else, or
// with settings of its own, is not what its source says.
const (
	sourcesOf = `coalesce((SELECT string_agg(CASE WHEN p.prosecdef OR p.proconfig IS NOT NULL THEN 'changed' ELSE p.prosrc END, '' ORDER BY p.proname, p.oid)
		FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proname IN `
	endOfSources = `), '')`
)

// inventorySQL looks Message DB up in the catalogs, which every role may read,
// instead of trying it out. It gives one row in any case.
const inventorySQL = `
SELECT
	current_user::text, current_database()::text, pg_is_in_recovery(),
	n.oid IS NOT NULL,
	coalesce(has_schema_privilege(n.oid, 'USAGE'), false),
	t.oid IS NOT NULL,
	coalesce(has_table_privilege(t.oid, 'SELECT'), false),
	coalesce(has_table_privilege(t.oid, 'INSERT'), false),
	coalesce(has_sequence_privilege(s.oid, 'USAGE'), false),
	EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proname = 'write_message' AND p.prosecdef),
	` + sourcesOf + `('acquire_lock', 'stream_version', 'write_message')` + endOfSources + `,
	` + sourcesOf + `('get_stream_messages')` + endOfSources + `,
	coalesce(t.relrowsecurity, false),
	coalesce(t.relhastriggers OR t.relhasrules, false) OR EXISTS (
		SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = t.oid AND (c.relhastriggers OR c.relhasrules)),
	ARRAY(SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = n.oid),
	ARRAY(SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = n.oid AND NOT has_function_privilege(p.oid, 'EXECUTE'))
FROM (SELECT 1) one
LEFT JOIN pg_namespace n ON n.nspname = 'message_store'
LEFT JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = 'messages' AND t.relkind IN ('r', 'p')
LEFT JOIN pg_class s ON s.relnamespace = n.oid AND s.relname = 'messages_global_position_seq' AND s.relkind = 'S'`

type inventory struct {
	role, database                   string
	replica                          bool
	schema, usage                    bool
	table, selects, inserts, numbers bool
	hardened                         bool   // write_message runs as its owner
	writing, reading                 string // the sources of what an append, and the read of a stream, run through
	rowSecurity                      bool   // not every role sees, or may write, each row
	more                             bool   // the table does more with a row than to keep it
	functions, forbidden             []string
}

// The SHA-256 of what Message DB 1.3.0 and 1.3.1 have: the sources of acquire_lock,
// stream_version and write_message, in this order, and that of get_stream_messages.
const (
	knownWriting = "9486cca179d8c00a22ff67c10a409b51a744261f4f87de639bb5f3346467e204"
	knownReading = "a53a9b7fbec5d7bb6ff85a81cd2290f1b8f98aee5d46ade2bac6a8a0e6166ec5"
)

func isKnown(source, sum string) bool {
	of := sha256.Sum256([]byte(source))
	return hex.EncodeToString(of[:]) == sum
}

// writesRows tells whether [insertSQL] does what write_message does: that is Message DB's own,
// this role may do what it does, and the table only keeps its rows.
func (have inventory) writesRows() bool {
	return isKnown(have.writing, knownWriting) && have.inserts && have.numbers && !have.rowSecurity && !have.more
}

// readsRows tells whether what is in the table is what get_stream_messages gives.
func (have inventory) readsRows() bool {
	return isKnown(have.reading, knownReading) && !have.rowSecurity
}

// checkServer makes sure that a server can be used as intended, and returns what it found.
func checkServer(ctx context.Context, pool *pgxpool.Pool, use Use) (have inventory, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return have, connectError(use, err)
	}
	defer conn.Release()
	err = conn.QueryRow(ctx, inventorySQL, pgx.QueryExecModeExec).Scan(
		&have.role, &have.database, &have.replica, &have.schema, &have.usage,
		&have.table, &have.selects, &have.inserts, &have.numbers, &have.hardened, &have.writing, &have.reading, &have.rowSecurity, &have.more, &have.functions, &have.forbidden)
	if err != nil {
		return have, &SetupError{Problem: Unusable, Connection: use, Err: err}
	}
	if problem, err := have.judge(use); problem != "" {
		return have, &SetupError{Problem: problem, Connection: use, Err: err}
	}
	var version string
	if err := conn.QueryRow(ctx, "SELECT message_store_version()", pgx.QueryExecModeExec).Scan(&version); err != nil {
		return have, &SetupError{Problem: Unusable, Connection: use, Err: err}
	}
	if !atLeast(version, oldestVersion) {
		return have, &SetupError{Problem: OldSchema, Connection: use, Err: fmt.Errorf(
			"it is %q, and %s or later is needed: run its update scripts", version, oldestVersion)}
	}
	return have, nil
}

// judge names the first problem, if there is one.
func (have inventory) judge(use Use) (Problem, error) {
	needed := []string{"message_store_version", "category", "is_category", "get_stream_messages", "get_category_messages"}
	if use == ForWriting {
		needed = append(needed, "write_message", "acquire_lock", "hash_64", "stream_version")
	}
	switch {
	case !have.schema:
		return MissingSchema, fmt.Errorf("the database %q has no schema message_store: run Message DB's database/install.sh against it, or correct the database's name", have.database)
	case !have.usage:
		return have.lacks("USAGE on the schema message_store")
	case !have.table:
		return MissingSchema, errors.New("the schema message_store has no table messages: the installation is incomplete")
	}
	for _, function := range needed {
		if !slices.Contains(have.functions, function) {
			return MissingSchema, fmt.Errorf("the schema message_store has no function %s: the installation is incomplete or very old", function)
		}
		if slices.Contains(have.forbidden, function) {
			return have.lacks("EXECUTE on the function message_store." + function)
		}
	}
	switch {
	case !have.selects:
		return have.lacks("SELECT on the table message_store.messages")
	case use != ForWriting:
		return "", nil
	case !have.inserts && !have.hardened:
		return have.lacks("INSERT on the table message_store.messages")
	case !have.numbers && !have.hardened:
		return have.lacks("USAGE on the sequence message_store.messages_global_position_seq")
	case have.replica:
		return ReadOnly, errors.New("the connection string for writing has to lead to the leader")
	}
	return "", nil
}

func (have inventory) lacks(privilege string) (Problem, error) {
	return MissingPrivilege, fmt.Errorf("the role %q needs %s: log in as message_store, or grant that role to it", have.role, privilege)
}

// atLeast compares versions of the form 1.3.0, number by number. What cannot
// be read counts as zero.
func atLeast(version, oldest string) bool {
	have, want := strings.Split(version, "."), strings.Split(oldest, ".")
	for i := range want {
		wanted, _ := strconv.Atoi(want[i])
		given := 0
		if i < len(have) {
			given, _ = strconv.Atoi(have[i])
		}
		if given != wanted {
			return given > wanted
		}
	}
	return true
}
