package dynamodb

import (
	"context"
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Ingester writes to the index what somebody else tells it of; see [OpenIngester].
type Ingester = index.Ingester

// IndexStatus is how a partition of the index is doing.
type IndexStatus = index.Status

// IndexerStats counts what an [Indexer] did since it was begun last.
type IndexerStats = index.IndexerStats

// IndexerConfig says how an [Indexer] works. A zero field means the default named
// with it.
type IndexerConfig struct {
	// Poll is the longest pause between two looks at the changes; default 1 s. It is a
	// quarter of that while there are some, so that those of a few moments are indexed
	// together. AWS allows five looks at a shard each second, and charges for each.
	Poll time.Duration
	// Lease is how long an indexer that died keeps the others waiting; default 15 s, at
	// least 1 s. It is renewed three times in that time.
	Lease time.Duration
	// AcceptLoss is the ID of a [*HaltError], to go on behind the loss that it is about.
	AcceptLoss string
}

// Indexer makes the index that the feed is read from. One works at a time, in
// whichever process.
type Indexer struct {
	db      *DB
	streams *dynamodbstreams.Client
	config  index.IndexerConfig
	working atomic.Pointer[index.Indexer] // the one that was begun last; nil before the first
	ended   sync.Map                      // owners of the lease that were begun here and have ended
}

// Indexer returns what makes the index. It does nothing before it is run.
func (db *DB) Indexer(config IndexerConfig) *Indexer {
	return &Indexer{db: db, streams: streamsClient(db.client), config: index.IndexerConfig{
		Accept: config.AcceptLoss,
		Poll:   config.Poll,
		TTL:    config.Lease,
		Logger: db.config.Logger,
	}}
}

// Stats returns the counts. It may be called at any time.
func (x *Indexer) Stats() IndexerStats {
	if working := x.working.Load(); working != nil {
		return working.Stats()
	}
	return IndexerStats{}
}

// Pauses between an indexer that failed and its successor.
const (
	firstIndexerPause   = time.Second
	longestIndexerPause = 30 * time.Second
	// steadyIndexer is how long one has to have run to count as well.
	steadyIndexer = time.Minute
)

// Run waits until no other indexer works, and then indexes until ctx ends,
// which is no error. One that loses its turn waits for the next; one that fails
// is followed by another after a pause. Only where somebody has to decide
// something does it return an error, one of those that [es.NeedsPerson] is true for:
// a [*HaltError] where something is lost to the index or may be, an [*AheadError],
// changes or an index of another form, a gap that cannot be filled, a stream that was
// switched off, a refusal of access.
func (x *Indexer) Run(ctx context.Context) error {
	pauses := pause.Doubling(firstIndexerPause, longestIndexerPause)
	for failed := 1; ; failed++ {
		began := time.Now()
		err := x.once(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was told to stop
		case es.NeedsPerson(err):
			return err
		}
		if time.Since(began) > steadyIndexer {
			pauses.Reset()
			failed = 1
		}
		next, level := pauseAfter(err, pauses), slog.LevelWarn
		if bits.OnesCount(uint(failed)) > 1 { // the first, second, fourth and so on in a row are enough
			level = slog.LevelDebug
		}
		x.config.Logger.Log(ctx, level, "the indexer stopped and will be started again", "reason", err, "pause", next)
		if pause.For(ctx, next) != nil {
			return nil //nolint:nilerr // it was told to stop
		}
	}
}

// pauseAfter is how long to wait after an error. A server that cannot be reached is asked
// again soon, however long it has been away: nothing new comes into the feed before the
// indexer is back.
func pauseAfter(err error, pauses backoff.BackOff) time.Duration {
	if unavailable(err) {
		return firstIndexerPause
	}
	return pauses.NextBackOff()
}

// once runs one indexer to its end.
func (x *Indexer) once(ctx context.Context) error {
	indexer, err := x.begin(ctx)
	if err != nil {
		return err
	}
	defer x.ended.Store(indexer.Owner(), true)
	return indexer.Run(ctx)
}

// begin makes an indexer of the stream that the table has now.
func (x *Indexer) begin(ctx context.Context) (*index.Indexer, error) {
	shape := x.db.config.shapes()[0]
	found, err := describe(ctx, x.db.client, shape.name)
	if err == nil {
		err = checkUsable(shape, found)
	}
	if err != nil {
		return nil, err
	}
	config := x.config
	config.Complete = complete(found, time.Now())
	config.Ended = func(owner string) bool { // so an outage is not followed by a wait for ourselves
		_, ended := x.ended.Load(owner)
		return ended
	}
	indexer, err := index.NewIndexer(x.streams, aws.ToString(found.LatestStreamArn), x.db.streams, x.db.index, config)
	if err == nil {
		x.working.Store(indexer)
	}
	return indexer, err
}

// complete tells whether the stream of a table has every change that was ever made to
// it: if it was switched on with the table, not so long ago that it has lost some.
func complete(found *types.TableDescription, now time.Time) bool {
	const (
		labelFormat = "2006-01-02T15:04:05.000"
		together    = 2 * time.Second
		kept        = 23 * time.Hour // by the stream, certainly
	)
	created := aws.ToTime(found.CreationDateTime)
	switchedOn, err := time.Parse(labelFormat, aws.ToString(found.LatestStreamLabel))
	return err == nil && !created.IsZero() && switchedOn.Sub(created).Abs() < together && now.Sub(created) < kept
}

// Status tells how each partition of the index is doing, whoever writes it.
func (x *Indexer) Status(ctx context.Context) ([]IndexStatus, error) {
	return index.ReadStatus(ctx, x.db.index)
}

// OpenIngester returns what writes to the index, for a caller that gets the changes
// from elsewhere, as a Lambda does; see package lambda. Where config names the table
// of events, what the changes lost is read from that; otherwise a gap is an error,
// unless warnGaps says that it is only to be logged. Neither table is looked for.
func OpenIngester(ctx context.Context, config Config, warnGaps bool) (*Ingester, error) {
	config, err := config.indexDefaults()
	if err != nil {
		return nil, err
	}
	client, _, err := config.connect(ctx)
	if err != nil {
		return nil, err
	}
	indexed, err := table.New(client, config.IndexTable, config.indexConfig())
	if err != nil {
		return nil, err
	}
	ingest := index.IngesterConfig{WarnGaps: warnGaps, Logger: config.Logger}
	if config.Table != "" {
		events, err := table.New(client, config.Table, config.tableConfig())
		if err != nil {
			return nil, err
		}
		ingest = ingest.From(events)
	}
	return index.NewIngester(indexed, ingest)
}
