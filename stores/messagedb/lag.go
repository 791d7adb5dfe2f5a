package messagedb

import (
	"context"
	"fmt"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

var _ feed.Lagger = (*Source)(nil)

// maxCounted is how many events a lag counts at the most: counting is not free.
const maxCounted = 10_000

// lagSQL asks for the end of a category, how much it has from a position on, and how old
// the first of that is. An aggregate over no rows is one row that holds NULL.
const lagSQL = `SELECT
	(SELECT coalesce(max(global_position) + 1, 0) FROM messages WHERE category(stream_name) = $1),
	(SELECT count(*) FROM (SELECT FROM messages WHERE category(stream_name) = $1 AND global_position >= $2 LIMIT $3) AS counted),
	(SELECT time FROM messages WHERE category(stream_name) = $1 AND global_position >= $2 ORDER BY global_position LIMIT 1)`

// Lag implements [feed.Lagger]: it asks the leader.
func (s *Source) Lag(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Lag, error) {
	if err := es.ValidateCategory(string(tranche)); err != nil {
		return feed.Lag{}, fmt.Errorf("find the end of a feed: %w", err)
	}
	lag, err := onceMore(ctx, s.db.watch, func() (lag feed.Lag, err error) {
		var oldest *time.Time
		err = s.db.watch.QueryRow(ctx, lagSQL, string(tranche), int64(from), maxCounted+1).Scan(&lag.End, &lag.Events, &oldest)
		if oldest != nil {
			lag.Oldest = oldest.In(time.UTC)
		}
		return lag, err
	})
	if err != nil {
		return feed.Lag{}, readError(fmt.Sprintf("the end of the category %s", tranche), err)
	}
	if lag.Events > maxCounted {
		lag.Events, lag.More = maxCounted, true
	}
	return lag, nil
}
