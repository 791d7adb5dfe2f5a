package shards

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// result is what a look at one shard found.
type result struct {
	records  []types.Record
	full     bool   // there may be more at once
	cursor   Cursor // behind the records
	iterator string // "" at the end of the shard
	gone     bool   // the shard is, and its loss was accepted
	failed   error  // why nothing could be read, which may pass
}

// read looks at a shard once. An iterator lives for 15 minutes; one that has
// expired is made again from the cursor, as is one that was never made.
func (r *Reader) read(ctx context.Context, c Cursor, iterator string, retries int) (result, error) {
	for attempt := 0; ; attempt++ {
		output, err := r.ask(ctx, c, iterator, retries)
		if err == nil {
			return r.advanced(c, output), nil
		}
		kind := kindOf(err)
		switch {
		case kind == fatal, kind == passing, attempt == r.config.Retries:
			return result{}, fmt.Errorf("read shard %s of stream %s: %w", c.Shard, r.stream, err)
		case kind == expired:
			r.expired.Add(1)
		case kind == trimmed && c.From == types.ShardIteratorTypeTrimHorizon:
			// Whatever is left was to be read, and it becomes less while we ask.
		default:
			if err := r.lose(ctx, &LossError{r.stream, c.Shard, c.Sequence, err.Error()}); err != nil {
				return result{}, err
			}
			c.From, c.Sequence = types.ShardIteratorTypeTrimHorizon, ""
			if kind == gone {
				c.Done = true
				return result{cursor: c, gone: true}, nil
			}
		}
		iterator = ""
	}
}

// ask reads a page with an iterator, or with a new one at the cursor.
func (r *Reader) ask(ctx context.Context, c Cursor, iterator string, retries int) (page *dynamodbstreams.GetRecordsOutput, err error) {
	if iterator == "" {
		input := &dynamodbstreams.GetShardIteratorInput{StreamArn: &r.stream, ShardId: &c.Shard, ShardIteratorType: c.From}
		if c.From != types.ShardIteratorTypeTrimHorizon {
			input.SequenceNumber = &c.Sequence
		}
		err := r.try(ctx, retries, func(ctx context.Context) error {
			output, err := r.api.GetShardIterator(ctx, input)
			if err == nil {
				iterator = aws.ToString(output.ShardIterator)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	err = r.try(ctx, retries, func(ctx context.Context) (err error) {
		page, err = r.api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator, Limit: aws.Int32(int32(r.config.PageSize))})
		return err
	})
	return page, err
}

// advanced is the cursor behind a page. A page without records leaves it where
// it is, though the iterator moves.
func (r *Reader) advanced(c Cursor, output *dynamodbstreams.GetRecordsOutput) result {
	n := len(output.Records)
	if n > 0 && output.Records[n-1].Dynamodb != nil {
		last := output.Records[n-1].Dynamodb
		c.From, c.Sequence = types.ShardIteratorTypeAfterSequenceNumber, aws.ToString(last.SequenceNumber)
		c.prove(aws.ToTime(last.ApproximateCreationDateTime))
	}
	next := aws.ToString(output.NextShardIterator)
	if c.Done = next == ""; c.Done {
		c.prove(r.open[c.Shard])
	}
	return result{records: output.Records, full: n >= r.config.PageSize, cursor: c, iterator: next}
}

func (c *Cursor) prove(at time.Time) {
	if at.After(c.Proven) {
		c.Proven = at.UTC()
	}
}

// try makes a request, and makes it again after an error that may pass.
func (r *Reader) try(ctx context.Context, retries int, request func(context.Context) error) error {
	pauses := pause.Doubling(max(r.config.MaxPause/64, 1), r.config.MaxPause)
	for attempt := 0; ; attempt++ {
		err := r.once(ctx, request)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case kindOf(err) != passing || attempt == retries:
			return err
		}
		r.retries.Add(1)
		if err := pause.For(ctx, pauses.NextBackOff()); err != nil {
			return err
		}
	}
}

func (r *Reader) once(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return table.Translated(request(ctx))
}
