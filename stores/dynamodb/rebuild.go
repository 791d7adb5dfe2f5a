package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// RebuildConfig says how [DB.Rebuild] works. A zero field means the default named with
// it.
type RebuildConfig struct {
	Segments int                   // parts of the table that are read side by side; default 4
	Units    float64               // read units a second at the most, about; default no limit
	Progress func(RebuildProgress) // is told of each page, in one call at a time; default nobody
	Indexer  IndexerConfig         // of the indexer that works meanwhile
}

// RebuildProgress is how far a rebuild is.
type RebuildProgress = index.RebuildProgress

// Rebuild brings every event of the table into the index that the index lacks. It may
// run beside writers and beside an indexer, which it replaces if none is at work: then
// whatever loss kept one from working is over. Where a rebuild was interrupted the
// next goes on, if it is in as many segments.
//
// Events that are appended meanwhile and later are the indexer's, so one has to be at
// work within a day. An index that knows more of a stream than the stream has is an
// [*AheadError].
func (db *DB) Rebuild(ctx context.Context, config RebuildConfig) (RebuildProgress, error) {
	beside := db.Indexer(config.Indexer)
	beside.config.Rebuild = true
	indexer, err := beside.begin(ctx)
	if err != nil {
		return RebuildProgress{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// Somebody else may take over: what counts is that one is at work.
		if err := indexer.Run(ctx); es.NeedsPerson(err) {
			stop(err)
		} else if err != nil {
			db.config.Logger.WarnContext(ctx, "the indexer beside the rebuild ended", "reason", err)
		}
	}()
	defer func() {
		stop(nil)
		<-ended
	}()
	done, err := db.rebuild(ctx, config, indexer)
	if cause := context.Cause(ctx); err != nil && es.NeedsPerson(cause) {
		err = cause
	}
	return done, err
}

func (db *DB) rebuild(ctx context.Context, config RebuildConfig, indexer *index.Indexer) (RebuildProgress, error) {
	// The place in the stream has to be fixed before the table is read.
	if err := db.awaitIndexer(ctx, indexer); err != nil {
		return RebuildProgress{}, err
	}
	return index.Rebuild(ctx, db.streams, db.index, index.RebuildConfig{
		Segments: config.Segments, Units: config.Units, Logger: db.config.Logger, Progress: config.Progress,
	})
}

// awaitIndexer waits until an indexer has read every shard once: ours, or the one that
// holds the lease and goes on renewing it.
func (db *DB) awaitIndexer(ctx context.Context, ours *index.Indexer) error {
	const look = 200 * time.Millisecond
	var first IndexStatus
	for {
		select {
		case <-ours.Begun():
			return nil
		default:
		}
		all, err := index.ReadStatus(ctx, db.index)
		if err != nil {
			return err
		}
		status := all[0]
		switch {
		case status.Owner != first.Owner || status.Owner == "":
			first = status
		case status.Heartbeat.After(first.Heartbeat) && status.Shards > 0:
			db.config.Logger.InfoContext(ctx, "another indexer is at work", "indexer", status.Owner)
			return nil
		}
		if err := pause.For(ctx, look); err != nil {
			return fmt.Errorf("wait for an indexer: %w", errors.Join(err, context.Cause(ctx)))
		}
	}
}

// Known is what the index has of a stream.
type Known = index.Known

// Indexed is what the index has of all streams, by their names.
func (db *DB) Indexed(ctx context.Context) (map[string]Known, error) {
	return index.Coverage(ctx, db.index)
}

// ScanConfig says how [DB.Scan] reads. A zero field means the default named with it.
type ScanConfig struct {
	Segments int     // parts of the table that are read side by side; default 4
	Units    float64 // read units a second at the most, about; default no limit
}

// Scanned is all that the table has of a stream.
type Scanned struct {
	Name    string     // as it is stored, whether or not it is a name by our rules
	First   es.Version // of the first event that is there; above 0 if the stream was pruned
	Version es.Version
	Events  []es.Event // from First on
	Err     error      // an item that cannot be read; then only Name is known
}

// Scan visits every stream of the table once, in any order and in one call at a time,
// but for those whose names begin with a dollar. A stream that is written to meanwhile
// is visited at some version that it had. It reads copies that may lag behind.
func (db *DB) Scan(ctx context.Context, config ScanConfig, visit func(Scanned) error) error {
	return db.streams.Scan(ctx, table.ScanConfig{Segments: config.Segments, Units: config.Units}, func(page table.ScanPage) error {
		for _, whole := range page.Streams {
			scanned := Scanned{Name: whole.Stream, First: whole.First, Version: whole.Version, Err: whole.Err}
			for _, e := range whole.Events {
				event, err := decoded(e)
				if err != nil {
					scanned = Scanned{Name: whole.Stream, Err: fmt.Errorf("event %d: %w", e.Index, err)}
					break
				}
				scanned.Events = append(scanned.Events, event)
			}
			if err := visit(scanned); err != nil {
				return err
			}
		}
		return nil
	})
}

// Version is the version of a stream, whose name need not be one by our rules, from
// the leader.
func (db *DB) Version(ctx context.Context, stream string) (es.Version, error) {
	left, err := db.streams.Left(ctx, stream, 0)
	return left.Version, err
}
