package messagedb

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
)

// Store reads and appends to streams. Its calls may overlap.
type Store struct{ db *DB }

var _ es.Store = (*Store)(nil)

// write is one append: it goes through all attempts unchanged, ids included.
type write struct {
	stream   es.StreamName
	expected es.Version
	events   []es.EventData
}

func (w write) after() es.Version { return w.expected + es.Version(len(w.events)) }

// lostReplyError is the error of an attempt whose outcome is not known.
type lostReplyError struct {
	session session
	err     error
}

func (e *lostReplyError) Error() string { return e.err.Error() }
func (e *lostReplyError) Unwrap() error { return e.err }

// Append implements [es.Appender]. The time of an event is the server's, that
// of the start of the transaction, and not [es.EventData.Time].
//
// An id that another event of the store has gives a [*es.DuplicateIDError]. Every
// error names the stream.
//
// An append whose reply is lost takes up to [Config.SettleTimeout] longer, past
// the end of ctx too, to find out whether it was written.
func (s *Store) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (es.Version, error) {
	if stream.IsZero() {
		return 0, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	w := write{stream, expected, events}
	if err := ctx.Err(); err != nil {
		return 0, appendError(w, err)
	}
	if len(events) == 0 {
		return expected, nil
	}
	if err := es.CheckEvents(stream, events); err != nil {
		return 0, err
	}
	err := s.attempt(ctx, w)
	if s.worthRepeating(ctx, err) {
		err = s.attempt(ctx, w)
	}
	if err != nil {
		return 0, err
	}
	return w.after(), nil
}

// worthRepeating says whether an append that certainly wrote nothing may do so
// at once: it lost a deadlock, or its connection broke before it took effect.
func (s *Store) worthRepeating(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if _, ok := errors.AsType[*es.UncertainError](err); ok {
		return false
	}
	if lostConnection(err) {
		// What broke one connection has often broken them all.
		s.db.write.Reset()
		return true
	}
	return hasCode(err, codeDeadlock)
}

// attempt sends the append once and settles its outcome if the reply is lost.
func (s *Store) attempt(ctx context.Context, w write) error {
	err := s.send(ctx, w)
	var lost *lostReplyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lost):
		return s.settle(ctx, w, lost)
	}
	return appendError(w, err)
}

const (
	beginSQL  = "BEGIN ISOLATION LEVEL READ COMMITTED"
	writeSQL  = "SELECT write_message($1, $2, $3, $4, $5, $6)"
	commitSQL = "COMMIT"
)

// send writes the events in one transaction, sent as one pipeline: one round
// trip, and another to roll back after a refusal. It returns a [*lostReplyError]
// where the transaction may or may not have been committed; after any other
// error it was not.
func (s *Store) send(ctx context.Context, w write) error {
	conn, err := s.db.write.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	batch := &pgx.Batch{}
	batch.Queue(beginSQL)
	for i, e := range w.events {
		batch.Queue(writeSQL, e.ID.String(), w.stream.String(), e.Type, jsonb(e.Data), jsonb(e.Meta),
			int64(w.expected)-1+int64(i))
	}
	batch.Queue(commitSQL)

	results := conn.SendBatch(ctx, batch)
	err = readReplies(results, len(w.events))
	// Whatever breaks behind the reply to COMMIT, it comes too late to matter.
	_ = results.Close()
	switch reply, replied := asServerError(err); {
	case err == nil, errors.Is(err, errRolledBack):
		return err
	case replied && !endsSession(reply):
		// The server said no and has aborted the transaction; it is left
		// standing open until it is rolled back. If that fails, the pool
		// throws the connection away, and the server the transaction.
		_, _ = conn.Exec(ctx, "ROLLBACK", pgx.QueryExecModeExec)
		return err
	case replied && !errors.As(err, new(*commitError)), pgconn.SafeToRetry(err):
		// The session ended before it came to the COMMIT, or nothing was sent.
		return err
	}
	return &lostReplyError{sessionOf(conn.Conn()), err}
}

// commitError marks an error that came in reply to COMMIT.
type commitError struct{ err error }

func (e *commitError) Error() string { return e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

var errRolledBack = errors.New("the server answered COMMIT with ROLLBACK")

// readReplies reads the replies in the order of the statements. It returns no
// error if and only if the server said that it has committed.
func readReplies(results pgx.BatchResults, writes int) error {
	for range 1 + writes {
		if _, err := results.Exec(); err != nil {
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

// jsonb turns no bytes into NULL, as Equinox.MessageDb does.
func jsonb(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	return body
}

const readSQL = "SELECT position, type, data, metadata, id, time FROM get_stream_messages($1, $2, $3)"

// Read implements [es.Reader], in pages of [Config.BatchSize]. Every error names
// the stream.
func (s *Store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if stream.IsZero() {
		return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	pool := s.db.read
	if freshness == es.FromLeader {
		pool = s.db.write
	}
	var events []es.Event
	for {
		page, err := onceMore(ctx, pool, func() ([]es.Event, error) {
			rows, err := pool.Query(ctx, readSQL, stream.String(), int64(from), s.db.config.BatchSize)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, scanEvent)
		})
		if err != nil {
			return nil, readError(stream.String(), err)
		}
		if events == nil {
			events = page
		} else {
			events = append(events, page...)
		}
		if len(page) < s.db.config.BatchSize {
			return events, nil
		}
		from = page[len(page)-1].Index + 1
	}
}

func scanEvent(row pgx.CollectableRow) (e es.Event, err error) {
	var id string
	if err := row.Scan(&e.Index, &e.Type, &e.Data, &e.Meta, &id, &e.Time); err != nil {
		return e, err
	}
	e.ID, err = uuid.Parse(id)
	e.Time = e.Time.In(time.UTC)
	return e, err
}

// onceMore does something that may be done twice, and does it again if the
// connection broke under it.
func onceMore[T any](ctx context.Context, pool *pgxpool.Pool, do func() (T, error)) (T, error) {
	result, err := do()
	if lostConnection(err) && ctx.Err() == nil {
		pool.Reset()
		return do()
	}
	return result, err
}
