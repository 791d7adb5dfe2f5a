package messagedb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/reactor/feed"
)

var _ feed.Historian = (*Source)(nil)

// idsSQL asks for events by their places. A position lies behind its event.
const idsSQL = "SELECT global_position + 1, id::text FROM messages WHERE global_position = ANY ($1::bigint[])"

// courseSQL asks which history the server writes: the timeline is the beginning of the
// name of a WAL file. A replica writes none.
const courseSQL = `SELECT pg_is_in_recovery(),
	CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
	CASE WHEN pg_is_in_recovery() THEN 0 ELSE (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint END`

// History implements [feed.Historian]. It asks for both over one connection, so that
// they are of one server. A server that does not tell its timeline, as some that others
// run, has no course. What a replica lacks is not lost, so of one nothing is told.
func (s *Source) History(ctx context.Context, tranche feed.Tranche, at []feed.Mark) (feed.History, error) {
	history, err := onceMore(ctx, s.db.watch, func() (feed.History, error) { return s.history(ctx, at) })
	if err != nil {
		elsewhere(s.db.watch, err)
		return feed.History{}, readError(fmt.Sprintf("the history of the category %s", tranche), err)
	}
	return history, nil
}

func (s *Source) history(ctx context.Context, at []feed.Mark) (feed.History, error) {
	conn, err := s.db.watch.Acquire(ctx)
	if err != nil {
		return feed.History{}, err
	}
	defer conn.Release()
	var history feed.History
	var replica bool
	err = conn.QueryRow(ctx, courseSQL).Scan(&replica, &history.Course.Timeline, &history.Course.Reached)
	if _, refused := asServerError(err); err != nil && (!refused || lostConnection(err)) {
		return feed.History{}, err
	}
	if replica {
		return feed.History{}, errNotLeader
	}
	if len(at) == 0 {
		return history, nil
	}
	places := make([]int64, len(at))
	for i, mark := range at {
		places[i] = int64(mark.Position) - 1
	}
	rows, err := conn.Query(ctx, idsSQL, places)
	if err != nil {
		return feed.History{}, err
	}
	ids := map[feed.Position]string{}
	var position feed.Position
	var id string
	if _, err := pgx.ForEachRow(rows, []any{&position, &id}, func() error { ids[position] = id; return nil }); err != nil {
		return feed.History{}, err
	}
	history.Events = make([]string, len(at))
	for i, mark := range at {
		history.Events[i] = ids[mark.Position]
	}
	return history, nil
}
