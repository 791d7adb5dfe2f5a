package messagedb

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// SourceID is the ID of a [Source]. Propulsion's feed of Message DB has the
// same, so the two share their checkpoints.
const SourceID = "messageDb"

// Source is the feed of some categories. Each is a tranche, named as the
// category. Its calls may overlap.
//
// It reads where streams are read, so a replica will do: within a category
// events become visible in the order of their positions there too. It does so
// through connections of its own, since what it delivers keeps the others busy.
type Source struct {
	db       *DB
	tranches []feed.Tranche
}

var (
	_ feed.Source = (*Source)(nil)
	_ feed.Waker  = (*Source)(nil)
)

// Source returns the feed of the categories, each a tranche of its own, in batches
// of [Config.BatchSize] events at most.
func (db *DB) Source(categories ...string) (*Source, error) {
	tranches := make([]feed.Tranche, len(categories))
	for i, category := range categories {
		if err := es.ValidateCategory(category); err != nil {
			return nil, fmt.Errorf("messagedb: a feed of categories: %w", err)
		}
		if slices.Contains(categories[:i], category) {
			return nil, fmt.Errorf("messagedb: a feed of categories: %q is named twice", category)
		}
		tranches[i] = feed.Tranche(category)
	}
	db.listening()
	return &Source{db: db, tranches: tranches}, nil
}

// ID implements [feed.Source].
func (s *Source) ID() string { return SourceID }

// Tranches implements [feed.Source].
func (s *Source) Tranches(context.Context) ([]feed.Tranche, error) {
	return slices.Clone(s.tranches), nil
}

const categorySQL = "SELECT position, type, data, metadata, id, time, global_position, stream_name FROM get_category_messages($1, $2, $3)"

// Read implements [feed.Source]. The events are whole, data and metadata
// included. Only an empty page is the tail: events may have come since a short
// one was read.
//
// Message DB does not check names, so other programs may have written a row
// whose name is a category alone, with a dash or without. No stream can have
// that name and so nobody can be waiting for the event; an error would hold up
// the category for ever. Such a row is passed over, and the logger is told.
func (s *Source) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	if err := es.ValidateCategory(string(tranche)); err != nil {
		return feed.Batch{}, fmt.Errorf("read a feed: %w", err)
	}
	batch, err := onceMore(ctx, s.db.feed, func() (feed.Batch, error) {
		rows, err := s.db.feed.Query(ctx, categorySQL, string(tranche), int64(from), s.db.config.BatchSize)
		if err != nil {
			return feed.Batch{}, err
		}
		return s.collect(ctx, rows, tranche, from)
	})
	if err != nil {
		return feed.Batch{}, readError(fmt.Sprintf("the category %s from %d on", tranche, from), err)
	}
	return batch, nil
}

// collect makes a batch of rows.
func (s *Source) collect(ctx context.Context, rows pgx.Rows, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	defer rows.Close()
	batch := feed.Batch{Next: from, Tail: true}
	names := map[string]es.StreamName{} // a stream comes more than once in most batches
	var id, name pgtype.PreallocBytes
	for rows.Next() {
		if batch.Tail {
			batch.Tail, batch.Events = false, make([]feed.Delivery, 0, min(s.db.config.BatchSize, defaultBatchSize))
		}
		var e es.Event
		var global int64
		var err error
		if err := rows.Scan(&e.Index, &e.Type, &e.Data, &e.Meta, &id, &e.Time, &global, &name); err != nil {
			return feed.Batch{}, err
		}
		if e.ID, err = uuid.ParseBytes(id); err != nil {
			return feed.Batch{}, err
		}
		e.Time = e.Time.In(time.UTC)
		batch.Next = feed.Position(global + 1)
		stream, seen := names[string(name)]
		if !seen {
			if stream, err = es.ParseStreamName(string(name)); err != nil {
				s.db.config.Logger.WarnContext(ctx, "passed over an event whose stream has no valid name",
					slog.String("category", string(tranche)), slog.Int64("globalPosition", global), slog.Any("error", err))
				continue
			}
			names[string(name)] = stream
		}
		batch.Events = append(batch.Events, feed.Delivery{Stream: stream, Event: e, Next: batch.Next})
	}
	return batch, rows.Err()
}

// An aggregate over no rows is one row that holds NULL.
const endSQL = "SELECT coalesce(max(global_position) + 1, 0) FROM messages WHERE category(stream_name) = $1"

// End implements [feed.Source]: it asks the leader.
func (s *Source) End(ctx context.Context, tranche feed.Tranche) (feed.Position, error) {
	if err := es.ValidateCategory(string(tranche)); err != nil {
		return 0, fmt.Errorf("find the end of a feed: %w", err)
	}
	end, err := onceMore(ctx, s.db.watch, func() (end feed.Position, err error) {
		err = s.db.watch.QueryRow(ctx, endSQL, string(tranche)).Scan(&end)
		return end, err
	})
	if err != nil {
		return 0, readError(fmt.Sprintf("the end of the category %s", tranche), err)
	}
	return end, nil
}
