package messagedb

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/stores/messagedb/dsn"
)

// Use says what a connection is for.
type Use string

// The uses of a connection.
const (
	ForWriting     Use = "writing"
	ForReading     Use = "reading"
	ForCheckpoints Use = "checkpoints"
)

// applicationName says who connects, to which kind of store, and what for. PostgreSQL keeps
// 63 bytes, and replaces what is not ASCII, so the part that tells connections apart comes
// whole.
func applicationName(application, role string) string {
	const most = 63
	role = backendName + " " + role
	if room := most - len(role) - 1; len(application) > room {
		application = application[:room]
	}
	return strings.TrimSpace(strings.ToValidUTF8(application, "?") + " " + role)
}

// newPool makes a pool without connecting. Every connection of it is pinned. If
// maxConns is 0, the connection string says how large the pool may get. The server shows
// the application and the role as the name of the sessions.
func newPool(c Config, text string, use Use, maxConns int, role string) (*pgxpool.Pool, error) {
	said, err := dsn.Parse(text)
	if err != nil {
		return nil, &SetupError{Problem: BadConnectionString, Connection: use, Err: err}
	}
	connConfig, err := said.Config()
	if err != nil {
		return nil, &SetupError{Problem: BadConnectionString, Connection: use, Err: err}
	}
	if c.RequireTLS {
		if err := onlyEncrypted(connConfig); err != nil {
			return nil, &SetupError{Problem: NotEncrypted, Connection: use, Err: err}
		}
	}
	// The pool's own defaults come with a configuration that it has parsed.
	config, err := pgxpool.ParseConfig("host=localhost")
	if err != nil {
		return nil, &SetupError{Problem: BadConnectionString, Connection: use, Err: err}
	}
	config.ConnConfig = connConfig
	if text := applicationName(cmp.Or(connConfig.RuntimeParams["application_name"], c.Application), role); text != "" {
		config.ConnConfig.RuntimeParams["application_name"] = text
	}
	config.MaxConns = int32(cmp.Or(maxConns, said.MaxConns(), defaultMaxConns)) //nolint:gosec // both were checked to be small
	if use != ForCheckpoints {                                                  // which are not saved again
		// A connection that was broken while it rested is found out by its first use:
		// an append is settled and a read is made again. So no ping goes ahead.
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	}
	if use == ForCheckpoints || role == watchRole {
		// What is asked seldom is not worth the round trip that prepares it.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		c.plain.look(conn, use)
		return pin(ctx, conn, use)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, &SetupError{Problem: BadConnectionString, Connection: use, Err: err}
	}
	return pool, nil
}

// pinSQL sets what every session of ours relies on. It is sent after the
// connection is made and not as a parameter of the start-up, so that it has
// the last word over the connection string's options and the role's settings,
// and so that a pooler which refuses unknown parameters lets it pass. Every
// name is qualified: until this has run, the search path is anyone's.
//
// message_store.sql_condition would let a caller of the read functions add SQL
// to them. We pass no condition, and turn it off besides. The function behind the view
// pg_stat_activity is asked: to plan the view takes a new backend a millisecond.
const pinSQL = `SELECT
	pg_catalog.set_config('search_path', $1, false),
	pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
	pg_catalog.set_config('message_store.sql_condition', 'off', false),
	pg_catalog.set_config('enable_seqscan', $2, false),
	pg_catalog.set_config('lock_timeout', $3, false),
	pg_catalog.pg_backend_pid(),
	(SELECT backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()))`

// session says which backend of the server a connection talks to. The pid
// alone would not do: it is given again to another.
type session struct {
	pid     int32
	started time.Time
	// direct is false if the server knows the backend by another pid than the
	// one that we were told while connecting. Then a pooler is in between,
	// and what the backend does is not only for us. It is also false if the
	// server hides the start time: a session whose role was changed may not
	// see that of its own backend.
	direct bool
}

const sessionKey = "messagedb.session"

// usualLockTimeout is for what is not an append: nobody holds those locks for long but a
// change of a table, and who waits for that keeps a connection from the others.
const usualLockTimeout = "5s"

// pin prepares a new connection for its use and notes its session.
func pin(ctx context.Context, conn *pgx.Conn, use Use) error {
	path, seqscan, lockTimeout := "message_store,pg_temp", "off", usualLockTimeout
	switch use {
	case ForWriting:
		lockTimeout = strconv.FormatInt(firstLockTimeout.Milliseconds(), 10)
	case ForCheckpoints:
		path, seqscan = "pg_catalog,pg_temp", "on"
	case ForReading:
	}
	var s session
	var started *time.Time
	err := conn.QueryRow(ctx, pinSQL, pgx.QueryExecModeExec, path, seqscan, lockTimeout).
		Scan(nil, nil, nil, nil, nil, &s.pid, &started)
	if err != nil {
		return fmt.Errorf("prepare a connection for %s: %w", use, err)
	}
	if started != nil {
		s.started, s.direct = *started, uint32(s.pid) == conn.PgConn().PID() //nolint:gosec // a pid is positive
	}
	conn.PgConn().CustomData()[sessionKey] = s
	return nil
}

func sessionOf(conn *pgx.Conn) session {
	s, _ := conn.PgConn().CustomData()[sessionKey].(session)
	return s
}
