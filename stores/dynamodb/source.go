package dynamodb

import "example.com/groupcheckout/stores/dynamodb/internal/index"

// Source is the feed of some categories.
type Source = index.Source

// Source returns the feed of the categories, at least one. It says what an indexer
// has indexed; each partition of the index is a tranche.
func (db *DB) Source(categories ...string) (*Source, error) {
	return index.NewSource(db.index, index.SourceConfig{BatchSize: db.config.BatchSize, Logger: db.config.Logger}, categories...)
}
