package messagedb

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
)

const (
	beginSQL  = "BEGIN ISOLATION LEVEL READ COMMITTED"
	commitSQL = "COMMIT"

	patienceSQL = "SELECT set_config('lock_timeout', $1, true)"

	// writeSQL is for an append that has a transaction to itself. An event that does
	// not fit aborts it.
	writeSQL = "SELECT write_message($1, $2, $3, $4, $5, $6)"

	// lockSQL takes the lock that write_message takes, so that what a guard finds
	// holds until the end of the transaction.
	lockSQL = "SELECT acquire_lock($1)"

	// guardedSQL is for an append of one event that shares its transaction. It looks at
	// the version of the stream, as the appends before it have left it, and writes the
	// event or, at another version, nothing, and aborts nothing. It says at which version
	// it found the stream and which one it wrote last, in Message DB's count; the
	// latter is NULL if it wrote nothing.
	guardedSQL = `SELECT stream.version, CASE WHEN stream.version = $2 THEN write_message($3, $1, $4, $5, $6, $2) END AS written
		FROM (SELECT coalesce(stream_version($1), -1) AS version OFFSET 0) stream`

	// guardedManySQL is for an append of several events, which are guarded once. To take
	// arrays apart costs too much for one.
	guardedManySQL = `SELECT stream.version, (
			SELECT max(write_message(e.id, $1, e.type, e.data, e.metadata, $2 + e.number - 1))
			FROM unnest($3::varchar[], $4::varchar[], $5::jsonb[], $6::jsonb[]) WITH ORDINALITY e(id, type, data, metadata, number)
			WHERE stream.version = $2
		) AS written
		FROM (SELECT coalesce(stream_version($1), -1) AS version OFFSET 0) stream`

	// insertSQL is for appends to different streams that share a transaction, where
	// write_message is Message DB's own: it does what that does to each, in their order, but
	// looks at the lock once and at the versions in one go, which takes the server a third of
	// the time of a guarded call for each. Its rows are those of guardedSQL, one for each
	// append. The lock has to be held by a statement before it, or it would not see what
	// others wrote in between.
	insertSQL = `WITH appends AS MATERIALIZED (
			SELECT a.*, coalesce((SELECT max(m.position) FROM messages m WHERE m.stream_name = a.stream), -1) AS version
			FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY a(stream, expected, number)
		), written AS (
			INSERT INTO messages (id, stream_name, position, type, data, metadata)
			SELECT e.id, a.stream, e.position, e.type, e.data, e.metadata
			FROM unnest($3::int[], $4::bigint[], $5::uuid[], $6::text[], $7::jsonb[], $8::jsonb[])
				WITH ORDINALITY e(append, position, id, type, data, metadata, number)
			JOIN appends a ON a.number = e.append
			WHERE a.version = a.expected
			ORDER BY e.number
			RETURNING stream_name, position
		)
		SELECT a.version, max(w.position) AS written
		FROM appends a LEFT JOIN written w ON w.stream_name = a.stream
		GROUP BY a.number, a.version ORDER BY a.number`
)

// transaction is appends to one category that are written together.
type transaction struct {
	writes      []write
	lockTimeout time.Duration
	direct      bool // insertSQL does what write_message does

	apart   bool // each append goes through write_message in a statement of its own, so that it can be told which one is refused
	refused int  // once it failed: the append that the server refused, -1 for none of them in particular
}

// lostReplyError is the error of a transaction whose outcome is not known.
type lostReplyError struct {
	session session
	err     error
}

func (e *lostReplyError) Error() string { return e.err.Error() }
func (e *lostReplyError) Unwrap() error { return e.err }

// send sends the transaction: one round trip, another to roll back after a refusal, and
// two more if it has to be found out which append is refused. The first on a connection
// takes one more for each kind of statement. It returns the outcome of each append, nil or
// a conflict, if the transaction was committed. It returns a [*lostReplyError] where it may or may
// not have been; after any other error it was not.
func (t *transaction) send(ctx context.Context, conn *pgxpool.Conn) (outcomes []error, err error) {
	t.refused = -1
	if w := t.writes[0]; len(t.writes) == 1 && len(w.events) == 1 && t.lockTimeout <= firstLockTimeout {
		if err := prepare(ctx, conn, writeSQL); err != nil {
			return nil, err
		}
		return []error{nil}, t.sendOne(ctx, conn, w)
	}
	batch, parts := t.batch()
	for _, query := range batch.QueuedQueries {
		if err := prepare(ctx, conn, query.SQL); err != nil {
			return nil, err
		}
	}
	results := conn.SendBatch(ctx, batch)
	outcomes = make([]error, len(t.writes))
	err = t.read(results, parts, outcomes)
	// Whatever breaks behind the reply to COMMIT, it comes too late to matter.
	_ = results.Close()
	switch reply, replied := asServerError(err); {
	case err == nil:
		return outcomes, nil
	case errors.Is(err, errRolledBack):
		return nil, err
	case replied && !endsSession(reply):
		// The server said no and has aborted the transaction; it is left
		// standing open until it is rolled back. If that fails, the pool
		// throws the connection away, and the server the transaction.
		_, broken := conn.Exec(ctx, "ROLLBACK", pgx.QueryExecModeExec)
		if t.refused == oneOfSeveral {
			t.refused = -1
			if broken == nil {
				t.apart = true
				return t.send(ctx, conn)
			}
		}
		return nil, err
	case replied && !errors.As(err, new(*commitError)), pgconn.SafeToRetry(err):
		// The session ended before it came to the COMMIT, or nothing was sent.
		return nil, err
	}
	return nil, lostReply(ctx, conn, err)
}

// sendOne sends an append of one event, which takes no more than its statement: that is
// a transaction by itself, of the isolation that was pinned. The server says that it is
// ready once it has committed.
func (t *transaction) sendOne(ctx context.Context, conn *pgxpool.Conn, w write) error {
	_, err := conn.Exec(ctx, writeSQL, writeArgs(w, 0)...)
	switch reply, replied := asServerError(err); {
	case err == nil, replied && !endsSession(reply), pgconn.SafeToRetry(err):
		return err
	}
	return lostReply(ctx, conn, err) // also if the session ended: that may have been behind the commit
}

// prepare prepares a statement unless the connection has it. What the driver prepares by
// itself it forgets after an error, and a conflict of one append would cost the next
// ones round trips.
func prepare(ctx context.Context, conn *pgxpool.Conn, sql string) error {
	_, err := conn.Conn().Prepare(ctx, sql, sql)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

func lostReply(ctx context.Context, conn *pgxpool.Conn, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return &lostReplyError{sessionOf(conn.Conn()), err}
}

// part is a statement of a transaction: the first of the appends that it belongs to, -1
// for none, and of how many it says what became of them.
type part struct {
	of      int
	guarded int
}

// oneOfSeveral is in place of the append that was refused if it is among those that share
// a statement.
const oneOfSeveral = -2

// batch is the statements of the transaction. COMMIT, the last one, is not among the
// parts.
func (t *transaction) batch() (*pgx.Batch, []part) {
	batch, parts := &pgx.Batch{}, []part{}
	queue := func(p part, sql string, args ...any) {
		batch.Queue(sql, args...)
		parts = append(parts, p)
	}
	queue(part{of: -1}, beginSQL)
	if t.lockTimeout > firstLockTimeout {
		queue(part{of: -1}, patienceSQL, strconv.FormatInt(t.lockTimeout.Milliseconds(), 10))
	}
	if len(t.writes) == 1 {
		w := t.writes[0]
		for i := range w.events {
			queue(part{}, writeSQL, writeArgs(w, i)...)
		}
	} else {
		queue(part{of: -1}, lockSQL, t.writes[0].stream.String())
		for i := 0; i < len(t.writes); {
			if !t.direct || t.apart {
				sql, args := guarded(t.writes[i])
				queue(part{i, 1}, sql, args...)
				i++
				continue
			}
			n := toDifferentStreams(t.writes[i:])
			queue(part{i, n}, insertSQL, inserted(t.writes[i:i+n])...)
			i += n
		}
	}
	batch.Queue(commitSQL)
	return batch, parts
}

// writeArgs are those of an event of an append that has a transaction to itself.
func writeArgs(w write, i int) []any {
	e := w.events[i]
	return []any{e.ID.String(), w.stream.String(), e.Type, jsonb(e.Data), jsonb(e.Meta), int64(w.expected) - 1 + int64(i)}
}

// toDifferentStreams is how many of the first appends can share a statement: each has to see
// those before it.
func toDifferentStreams(writes []write) int {
	seen := make(map[es.StreamName]bool, len(writes))
	for n, w := range writes {
		if seen[w.stream] {
			return n
		}
		seen[w.stream] = true
	}
	return len(writes)
}

// inserted is the arguments of insertSQL: the appends, and then their events.
func inserted(writes []write) []any {
	n := len(writes)
	streams, expected := make([]string, 0, n), make([]int64, 0, n)
	of, positions := make([]int32, 0, n), make([]int64, 0, n)
	ids, types := make([][16]byte, 0, n), make([]string, 0, n)
	data, meta := make([]any, 0, n), make([]any, 0, n)
	for i, w := range writes {
		streams, expected = append(streams, w.stream.String()), append(expected, int64(w.expected)-1)
		for j, e := range w.events {
			of, positions = append(of, int32(i+1)), append(positions, int64(w.expected)+int64(j)) //nolint:gosec // as many appends as may be gathered
			ids, types = append(ids, e.ID), append(types, e.Type)
			data, meta = append(data, jsonb(e.Data)), append(meta, jsonb(e.Meta))
		}
	}
	return []any{streams, expected, of, positions, ids, types, data, meta}
}

// guarded is the statement of an append that shares its transaction.
func guarded(w write) (sql string, args []any) {
	stream, expected := w.stream.String(), int64(w.expected)-1
	if len(w.events) == 1 {
		e := w.events[0]
		return guardedSQL, []any{stream, expected, e.ID.String(), e.Type, jsonb(e.Data), jsonb(e.Meta)}
	}
	n := len(w.events)
	ids, types, data, meta := make([]string, n), make([]string, n), make([]any, n), make([]any, n)
	for i, e := range w.events {
		ids[i], types[i], data[i], meta[i] = e.ID.String(), e.Type, jsonb(e.Data), jsonb(e.Meta)
	}
	return guardedManySQL, []any{stream, expected, ids, types, data, meta}
}

// commitError marks an error that came in reply to COMMIT.
type commitError struct{ err error }

func (e *commitError) Error() string { return e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

var errRolledBack = errors.New("the server answered COMMIT with ROLLBACK")

// read reads the replies in the order of the statements. It returns no error if and
// only if the server said that it has committed.
func (t *transaction) read(results pgx.BatchResults, parts []part, outcomes []error) error {
	for _, p := range parts {
		var err error
		if p.guarded > 0 {
			err = readGuarded(results, t.writes[p.of:p.of+p.guarded], outcomes[p.of:])
		} else {
			_, err = results.Exec()
		}
		if err != nil {
			if _, replied := asServerError(err); replied {
				t.refused = p.of
				if t.direct && !t.apart && p.guarded > 0 {
					t.refused = oneOfSeveral
				}
			}
			return err
		}
	}
	tag, err := results.Exec()
	switch {
	case err != nil:
		return &commitError{err}
	case tag.String() != "COMMIT":
		return errRolledBack
	}
	return nil
}

// readGuarded reads what became of appends that share a statement.
func readGuarded(results pgx.BatchResults, writes []write, outcomes []error) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; n < len(writes) && rows.Next(); n++ {
		var version int64
		var written *int64
		if err := rows.Scan(&version, &written); err != nil {
			return err
		}
		w, actual := writes[n], es.Version(version)+1
		switch {
		case actual != w.expected && written == nil:
			outcomes[n] = &es.ConflictError{Stream: w.stream, Expected: w.expected, Actual: actual}
		case written == nil || es.Version(*written)+1 != w.after():
			return errHalf
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	if n < len(writes) {
		return errHalf
	}
	return nil
}

// errHalf is never met: an append is written whole. If it were, COMMIT is on its way already,
// so what became of the appends is looked for.
var errHalf = errors.New("the server wrote a part of an append")

// jsonb turns no bytes into NULL, as Equinox.MessageDb does.
func jsonb(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	return body
}
