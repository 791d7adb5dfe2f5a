package messagedb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A pooler, such as PgBouncer, stands between us and the server. What we set in a
// session, the statements that we prepare and LISTEN need a backend of our own for as
// long as the connection is open. One that pools sessions gives that. One that gives a
// backend for a transaction, or a statement, does not: what is set comes to others, and
// an append could run with their search path.

// poolerPatience is how long a pooler may take to give a connection.
const poolerPatience = 10 * time.Second

// throughPooler tells whether the server knows the backend by another pid than the one
// that we were told while connecting.
func throughPooler(conn *pgxpool.Conn) bool {
	return uint32(sessionOf(conn.Conn()).pid) != conn.Conn().PgConn().PID() //nolint:gosec // a pid is positive
}

// checkPoolers makes sure that a pooler in between, if there is one, gives sessions, and
// as many as it takes to get on.
func (db *DB) checkPoolers(ctx context.Context) error {
	var held []*pgxpool.Conn
	defer func() {
		for _, conn := range held {
			conn.Release()
		}
	}()
	pooled, straight, before := false, false, 0 // before is how many are held of other connection strings
	hold := func(pool *pgxpool.Pool, use Use) (*pgxpool.Conn, error) {
		limited := ctx
		if pooled {
			var cancel context.CancelFunc
			limited, cancel = context.WithTimeout(ctx, poolerPatience)
			defer cancel()
		}
		conn, err := pool.Acquire(limited)
		switch {
		case err == nil:
			held = append(held, conn)
			pooled = pooled || throughPooler(conn)
			db.pooled = db.pooled || pooled
			return conn, nil
		case pooled && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			if use == ForCheckpoints && db.ownCheckpoints() {
				most := int(pool.Config().MaxConns)
				return nil, tooFew(use, len(held)-before, most, most, err)
			}
			return nil, tooFew(use, len(held), 5, db.mostConnections(), err)
		}
		return nil, connectError(use, err)
	}
	pairs := []struct {
		first, second *pgxpool.Pool
		use           Use
	}{{db.write, db.watch, ForWriting}, {db.read, db.feed, ForReading}}
	if db.ownCheckpoints() {
		pairs = append(pairs, struct {
			first, second *pgxpool.Pool
			use           Use
		}{db.checkpoint, db.checkpoint, ForCheckpoints})
	}
	for _, pair := range pairs {
		if pair.use == ForReading && straight {
			continue // this way leads to the same server
		}
		if pair.use == ForCheckpoints {
			pooled, before = false, len(held)
		}
		first, err := hold(pair.first, pair.use)
		if err != nil {
			return err
		}
		if !throughPooler(first) {
			straight = pair.use == ForWriting && db.config.ReadConnection == db.config.Connection
			continue
		}
		second, err := hold(pair.second, pair.use)
		if err != nil {
			return err
		}
		if pooling := pooledBy(ctx, first, second); pooling != "" {
			return &SetupError{Problem: Pooler, Connection: pair.use, Err: fmt.Errorf(
				"it pools %ss, and what a session sets and prepares has to stay: set pool_mode = session for this database in the pooler's configuration, "+
					"or connect to the server directly", pooling)}
		}
		db.config.Logger.Info("a connection pooler stands in between, and pools sessions", "connection", pair.use, "connectionsAtMost", db.mostConnections())
	}
	if pooled && !db.ownCheckpoints() && db.checkpoint != nil && db.write.Config().MaxConns > 1 {
		if _, err := hold(db.write, ForCheckpoints); err != nil { // in place of that for checkpoints, which may lack its table
			return err
		}
	}
	return nil
}

// ownCheckpoints tells whether checkpoints have a connection string of their own, and so
// may have a pooler of their own.
func (db *DB) ownCheckpoints() bool {
	return db.checkpoint != nil && db.config.CheckpointConnection != db.config.Connection
}

// makeReady connects everything that a reactor uses, side by side, and returns what waits
// for that and is told whether the server will do. Then it rehearses, which nobody waits for
// but Close. What goes wrong is of no interest: whoever needs the connection tries again, and
// says so. A pooler may have none to spare, so there it does nothing.
func (db *DB) makeReady(ctx context.Context) (wait func(usable bool)) {
	rehearsing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var connecting, rehearsals sync.WaitGroup
	begin := func(pool *pgxpool.Pool) {
		if conn, err := pool.Acquire(ctx); err == nil {
			rehearsals.Go(func() {
				defer conn.Release()
				db.rehearse(rehearsing, conn, pool)
			})
		}
	}
	db.unrehearse = func() {
		cancel()
		rehearsals.Wait()
	}
	if db.pooled {
		return func(bool) {}
	}
	for _, pool := range []*pgxpool.Pool{db.read, db.feed, db.watch, db.checkpoint} {
		if pool != nil && (pool != db.checkpoint || !db.ownCheckpoints()) {
			connecting.Go(func() { begin(pool) })
		}
	}
	return func(usable bool) {
		connecting.Wait()
		if usable {
			begin(db.write) // which the server was checked with meanwhile
		}
	}
}

// rehearse does once, with what is not there, what a connection is for. A new backend of
// the server takes milliseconds to load, compile and plan it, which would otherwise pass
// while the first event waits.
func (db *DB) rehearse(ctx context.Context, conn *pgxpool.Conn, pool *pgxpool.Pool) {
	const nothing = "Nothing-0"
	run := func(sql string, args ...any) {
		if rows, err := conn.Query(ctx, sql, args...); err == nil {
			rows.Close()
		}
	}
	switch pool {
	case db.feed:
		run(categorySQL, "Nothing", int64(math.MaxInt64), 1)
	case db.read:
		run(readsOf(true).snapshot, nothing, nothing, nothing, 1)
	case db.watch:
		run(endSQL, "Nothing")
	case db.write: // all of write_message but the row
		_ = prepare(ctx, conn, writeSQL)
		run("SELECT acquire_lock($1), stream_version($1)", pgx.QueryExecModeExec, nothing)
	}
}

func (db *DB) mostConnections() int {
	most := 0
	for _, pool := range []*pgxpool.Pool{db.write, db.read, db.feed, db.watch, db.checkpoint} {
		if pool != nil {
			most += int(pool.Config().MaxConns)
		}
	}
	if db.config.Notify {
		most++
	}
	return most
}

func tooFew(use Use, got, fewest, most int, err error) error {
	return &SetupError{Problem: SmallPool, Connection: use, Err: fmt.Errorf(
		"it gave %d at once, and no more within %v; it takes %d to get on, and up to %d are used: "+
			"raise default_pool_size (or pool_size of this database) in the pooler's configuration, or lower Maximum Pool Size in the connection string: %w",
		got, poolerPatience, fewest, most, err)}
}

// pooledBy is what a pooler gives a backend for, if it is less than a session:
// transactions, or statements. While one connection holds a backend by a
// transaction the other gets another backend; once that is over, it may be given the
// first, and then its backend has changed.
func pooledBy(ctx context.Context, first, second *pgxpool.Conn) string {
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	run := func(conn *pgxpool.Conn, sql string) error {
		_, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	backend := func(conn *pgxpool.Conn) (pid int32, err error) {
		err = conn.QueryRow(ctx, "SELECT pg_catalog.pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
		return pid, err
	}
	if err := run(first, "BEGIN"); err != nil {
		if strings.Contains(err.Error(), "statement pooling") {
			return "statement"
		}
		return "" // whatever it is, the next call meets it
	}
	before, err := backend(second)
	if err != nil {
		_ = run(first, "ROLLBACK")
		if errors.Is(err, context.DeadlineExceeded) {
			return "transaction" // there is one backend, and both connections were given it
		}
		return ""
	}
	changed := sessionOf(second.Conn()).pid != before
	if err := run(first, "ROLLBACK"); err != nil {
		return ""
	}
	// A pooler gives out the backend that came back last, or the one that rested longest.
	for range 2 {
		now, err := backend(second)
		if err != nil {
			break
		}
		changed = changed || now != before
	}
	if !changed {
		return ""
	}
	// What was set on the backends of others is taken back.
	for _, conn := range []*pgxpool.Conn{first, second} {
		_ = run(conn, "BEGIN")
		_ = run(conn, "RESET ALL")
	}
	for _, conn := range []*pgxpool.Conn{first, second} {
		_ = run(conn, "COMMIT")
	}
	return "transaction"
}

// codeProtocol is what PgBouncer gives with whatever it has to say by itself.
const codeProtocol = "08P01"

// poolerError translates what a pooler says by itself, instead of the server.
func poolerError(err error) (Problem, string) {
	reply, ok := asServerError(err)
	if !ok {
		return "", ""
	}
	switch text := reply.Message; {
	case reply.Code != codeProtocol:
	case strings.Contains(text, "query_wait_timeout"):
		return SmallPool, "no connection became free in its time: raise default_pool_size, or pool_size of this database, in the pooler's configuration"
	case strings.Contains(text, "no more connections allowed"):
		return SmallPool, "raise max_client_conn in the pooler's configuration"
	case strings.Contains(text, "unsupported startup parameter"):
		return Pooler, "add what it names to ignore_startup_parameters in the pooler's configuration, or leave it out of the connection string"
	}
	return "", ""
}
