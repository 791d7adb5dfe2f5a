package dynamodb

import (
	"context"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
)

// Source is the feed of some categories.
type Source = index.Source

// Source returns the feed of the categories, at least one. It says what an indexer
// has indexed; each partition of the index is a tranche.
func (db *DB) Source(categories ...string) (*Source, error) {
	return index.NewSource(db.index, index.SourceConfig{BatchSize: db.config.BatchSize, Logger: db.config.Logger, Appended: db.appended}, categories...)
}

// appended is when an event was appended.
func (db *DB) appended(ctx context.Context, stream es.StreamName, event es.Version) (time.Time, error) {
	found, err := db.streams.Load(ctx, stream, event, false)
	if err != nil || len(found.Events) == 0 || found.Events[0].Index != event {
		return time.Time{}, err
	}
	return found.Events[0].Time, nil
}
