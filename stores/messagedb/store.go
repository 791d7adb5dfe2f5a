package messagedb

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
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

// Append implements [es.Appender]. The time of an event is the server's, that
// of the start of the transaction, and not [es.EventData.Time].
//
// An id that another event of the store has gives a [*es.DuplicateIDError]. Every
// error names the stream.
//
// Appends to one category that wait at the same time share a transaction, at most
// [Config.Gather] of them; each has its own outcome, and its own context: one that ends
// takes nothing from the others. An append that was sent before its context ended
// returns with its outcome, at the latest after one and a half times
// [Config.SettleTimeout] if nobody else waits for the same transaction, and otherwise
// when that is over.
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
	if err := s.db.committers.append(ctx, w); err != nil {
		return 0, err
	}
	return w.after(), nil
}

// streamSQL is how streams are read: a page from a position on, and a page with the newest
// snapshot in front, see newestSnapshotSQL.
type streamSQL struct{ page, snapshot string }

// readsOf is how streams are read where the table has what get_stream_messages gives, and
// elsewhere by that function. It makes its query of text and plans it anew in each call,
// which takes the server three times as long as a query that is prepared. Every role that
// reads has SELECT on the table anyway: [Open] asks for it.
func readsOf(table bool) streamSQL {
	const columns = "position, type, data::varchar, metadata::varchar, id::varchar, time"
	page := func(from, limit string) string {
		if table {
			return "SELECT " + columns + " FROM messages WHERE stream_name = $1 AND position >= " + from + " ORDER BY position LIMIT " + limit
		}
		return "SELECT " + columns + " FROM get_stream_messages($1, " + from + ", " + limit + ")"
	}
	return streamSQL{
		page:     page("$2::bigint", "$3::bigint"),
		snapshot: newestSnapshotSQL + "(" + page("coalesce((SELECT covers FROM snapshot), 0)", "$4::bigint") + ")",
	}
}

// Read implements [es.Reader], in pages of [Config.BatchSize]. Every error names
// the stream.
func (s *Store) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) ([]es.Event, error) {
	if stream.IsZero() {
		return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
	}
	return s.readFrom(ctx, stream, from, nil, s.pool(freshness))
}

func (s *Store) pool(freshness es.Freshness) *pgxpool.Pool {
	if freshness == es.FromLeader {
		return s.db.write
	}
	return s.db.read
}

// ReadMany implements [es.ManyReader]. All streams are asked for in one round trip, and
// what is longer than a page goes on from there.
func (s *Store) ReadMany(ctx context.Context, streams []es.StreamName, freshness es.Freshness) ([][]es.Event, error) {
	pool := s.pool(freshness)
	for _, stream := range streams {
		if stream.IsZero() {
			return nil, &es.NameError{Kind: "stream name", Reason: "it is the zero value"}
		}
	}
	all, err := onceMore(ctx, pool, func() ([][]es.Event, error) { return s.firstPages(ctx, streams, pool) })
	if err != nil {
		return nil, readError(plural.Of(len(streams), "stream"), err)
	}
	for i, events := range all {
		if len(events) < s.db.config.BatchSize {
			continue
		}
		if all[i], err = s.readFrom(ctx, streams[i], es.Version(len(events)), events, pool); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// firstPages reads a page of each of several streams.
func (s *Store) firstPages(ctx context.Context, streams []es.StreamName, pool *pgxpool.Pool) ([][]es.Event, error) {
	all := make([][]es.Event, len(streams))
	var batch pgx.Batch
	for i, stream := range streams {
		batch.Queue(s.db.sql.page, stream.String(), 0, s.db.config.BatchSize).Query(func(rows pgx.Rows) (err error) {
			all[i], err = pgx.CollectRows(rows, scanEvent)
			return err
		})
	}
	return all, pool.SendBatch(ctx, &batch).Close()
}

// readFrom reads a stream from a version on, and puts it behind events.
func (s *Store) readFrom(ctx context.Context, stream es.StreamName, from es.Version, events []es.Event, pool *pgxpool.Pool) ([]es.Event, error) {
	for {
		page, err := onceMore(ctx, pool, func() ([]es.Event, error) {
			rows, err := pool.Query(ctx, s.db.sql.page, stream.String(), int64(from), s.db.config.BatchSize)
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
