package stores

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"

	"groupcheckout/stores/dynamodb/index"
	"groupcheckout/stores/dynamodb/index/shards"
	"groupcheckout/stores/dynamodb/table"
)

// DynamoDBIndexer makes the index that the feed of a DynamoDB is read from. One
// works at a time, in whichever process.
type DynamoDBIndexer struct {
	clients       *dynamoDBClients
	events, index *table.Table
	config        index.IndexerConfig
	log           *slog.Logger
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
// something does it return an error: a [*shards.LossError], a
// [*shards.EndedError], an [*index.StreamReplacedError], an
// [*index.RecordError], an [*index.GapError], an [*index.BodyError], or a
// refusal of access.
func (x *DynamoDBIndexer) Run(ctx context.Context) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstIndexerPause, longestIndexerPause
	for {
		began := time.Now()
		err := x.once(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was told to stop
		case err != nil && needsPerson(err):
			return err
		}
		if time.Since(began) > steadyIndexer {
			pauses.Reset()
		}
		pause := pauses.NextBackOff()
		x.log.WarnContext(ctx, "the indexer stopped and will be started again", "reason", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// once runs one indexer to its end.
func (x *DynamoDBIndexer) once(ctx context.Context) error {
	arn, err := index.StreamARN(ctx, x.clients.tables, x.events.Name())
	if err != nil {
		return err
	}
	indexer, err := index.NewIndexer(x.clients.streams, arn, x.events, x.index, x.config)
	if err != nil {
		return err
	}
	return indexer.Run(ctx)
}

// Status tells how each partition of the index is doing, whoever writes it.
func (x *DynamoDBIndexer) Status(ctx context.Context) ([]index.Status, error) {
	return index.ReadStatus(ctx, x.index)
}

// needsPerson tells whether trying again is of no use.
func needsPerson(err error) bool {
	var (
		loss     *shards.LossError
		ended    *shards.EndedError
		replaced *index.StreamReplacedError
		record   *index.RecordError
		gap      *index.GapError
		body     *index.BodyError
		api      smithy.APIError
	)
	return errors.As(err, &loss) || errors.As(err, &ended) || errors.As(err, &replaced) ||
		errors.As(err, &record) || errors.As(err, &gap) || errors.As(err, &body) ||
		errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException"
}
