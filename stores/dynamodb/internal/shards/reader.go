package shards

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"golang.org/x/sync/errgroup"
)

// API is the part of [dynamodbstreams.Client] that a [Reader] calls. Its calls
// may overlap.
type API interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Config says how a [Reader] reads. A zero field means the default named with
// it.
type Config struct {
	PageSize   int           // records that one request may return; default 1,000, which is the most
	Retries    int           // of a request, after errors that may pass; default 9
	MaxPause   time.Duration // between two tries, about; default 10 s. The first is a 64th of it
	AcceptLoss bool          // go on behind records that are gone, and only log it, until every shard was looked at once
	Logger     *slog.Logger  // default none
}

const (
	parallel       = 4                // shards that are read at once
	refreshEvery   = time.Minute      // how often to look for shards that nobody expects
	requestTimeout = 10 * time.Second // of one request
	// staleList is how old a list of shards may be that the service returns.
	staleList = time.Minute
)

func (c Config) withDefaults() (Config, error) {
	if c.PageSize < 0 || c.PageSize > 1000 || c.Retries < 0 || c.MaxPause < 0 {
		return c, fmt.Errorf("page size %d must lie between 0 and 1000, and retries %d and max pause %v must not be negative", c.PageSize, c.Retries, c.MaxPause)
	}
	setDefault(&c.PageSize, 1000)
	setDefault(&c.Retries, 9)
	setDefault(&c.MaxPause, 10*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Stats counts what a [Reader] met since it was made.
type Stats struct {
	Records   int64
	Shards    int64 // that were read to their ends
	Expired   int64 // iterators that had to be made again
	Retries   int64 // requests that were made again, because of throttling and the like
	Losses    int64 // that were accepted
	Refreshes int64 // lists of shards
}

// Reader reads a stream. It belongs to one goroutine, except for Stats.
type Reader struct {
	api       API
	stream    string
	config    Config
	fresh     bool            // no list was seen, now or in an earlier life
	first     map[string]bool // the shards of the first list of all, if this reader saw it
	progress  progress
	iterators map[string]string    // of shards that were begun; none if one has to be made
	open      map[string]time.Time // when a shard was certainly open
	listed    time.Time            // when the shards were listed last
	disabled  bool

	records, ended, expired, retries, losses, refreshes atomic.Int64
}

// NewReader returns a reader of the stream with an ARN that goes on from some
// cursors, or, without any, from the oldest record that there is.
func NewReader(api API, stream string, from []Cursor, config Config) (*Reader, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("reader of stream %s: %w", stream, err)
	}
	r := &Reader{api: api, stream: stream, config: config, fresh: len(from) == 0, progress: progress{}, iterators: map[string]string{}, open: map[string]time.Time{}}
	for _, c := range from {
		r.progress[c.Shard] = &c
	}
	return r, nil
}

// Stats returns the counts.
func (r *Reader) Stats() Stats {
	return Stats{r.records.Load(), r.ended.Load(), r.expired.Load(), r.retries.Load(), r.losses.Load(), r.refreshes.Load()}
}

// Page is what one look at all open shards found.
type Page struct {
	Records []types.Record // of an item in order; of different shards in any
	Cursors []Cursor       // behind the records
	Full    bool           // a shard has more to read, as far as it is known
	Whole   bool           // every shard was looked at; false if one cannot be read for now
}

// Next looks at each shard whose turn it is, once. It returns at once if there
// is nothing new.
//
// It returns a [*LossError] for records that are gone, an [*EndedError] at the
// end of a stream that was disabled, and what the API returns if that does not
// pass. After an error the Reader can go on: nothing was passed over.
func (r *Reader) Next(ctx context.Context) (Page, error) {
	if err := r.refresh(ctx); err != nil {
		return Page{}, fmt.Errorf("list the shards of stream %s: %w", r.stream, err)
	}
	var open []*Cursor
	for _, id := range slices.Sorted(maps.Keys(r.progress)) {
		if c := r.progress[id]; !c.Done {
			open = append(open, c)
		}
	}
	if len(open) == 0 && r.disabled {
		return Page{}, &EndedError{r.stream}
	}
	// One of several shards that is throttled must not hold up the others for long. It
	// is read again at the next look.
	retries := r.config.Retries
	if len(open) > 1 {
		retries = min(retries, 1)
	}
	found := make([]result, len(open))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, c := range open {
		iterator := r.iterators[c.Shard]
		group.Go(func() (err error) {
			found[i], err = r.read(groupCtx, *c, iterator, retries)
			if err != nil && groupCtx.Err() == nil && kindOf(err) == passing {
				found[i] = result{cursor: *c, iterator: iterator, failed: err}
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Page{}, err
	}
	if err := r.failed(ctx, open, found); err != nil {
		return Page{}, err
	}
	page := Page{Whole: !slices.ContainsFunc(found, func(f result) bool { return f.failed != nil })}
	if page.Whole {
		r.config.AcceptLoss = false // what is lost from here on is another loss
	}
	for i, c := range open {
		f := found[i]
		page.Records = append(page.Records, f.records...)
		page.Full = page.Full || f.full || f.cursor.Done
		*c = f.cursor
		r.iterators[c.Shard] = f.iterator
		if c.Done {
			r.ended.Add(1)
			delete(r.iterators, c.Shard)
			delete(r.open, c.Shard)
		}
		if f.gone {
			delete(r.progress, c.Shard)
		}
	}
	r.records.Add(int64(len(page.Records)))
	for _, id := range slices.Sorted(maps.Keys(r.progress)) {
		page.Cursors = append(page.Cursors, *r.progress[id])
	}
	return page, nil
}

// Disabled tells whether the stream is one that takes no records any more, and that
// can be read still: neither one that is in use nor one that is gone.
func (r *Reader) Disabled(ctx context.Context) (bool, error) {
	_, disabled, err := r.list(ctx)
	if err != nil && kindOf(err) == gone {
		return false, nil
	}
	return disabled, err
}

// failed is the error of a look of which every shard failed. One that could read
// some goes on.
func (r *Reader) failed(ctx context.Context, open []*Cursor, found []result) error {
	var failed []error
	for i, f := range found {
		if f.failed != nil {
			failed = append(failed, f.failed)
			r.config.Logger.WarnContext(ctx, "a shard cannot be read for now", slog.String("shard", open[i].Shard), slog.Any("error", f.failed))
		}
	}
	if len(failed) < len(found) || len(found) == 0 {
		return nil
	}
	return failed[0]
}

// refresh lists the shards if there may be some that are not known.
func (r *Reader) refresh(ctx context.Context) error {
	now := time.Now()
	if !r.listed.IsZero() && !r.progress.waiting() && now.Sub(r.listed) < refreshEvery {
		return nil
	}
	shards, disabled, err := r.list(ctx)
	if err != nil {
		return err
	}
	r.refreshes.Add(1)
	if r.fresh && len(shards) > 0 {
		r.fresh, r.first = false, map[string]bool{}
		for _, s := range shards {
			r.first[s.id] = true
		}
	}
	missing := r.progress.advance(shards, r.first, r.config.AcceptLoss)
	for _, id := range missing {
		if err := r.lose(ctx, &LossError{r.stream, id, "", "the shard is gone and it is not known whether it was read"}); err != nil {
			return err
		}
	}
	for _, s := range shards {
		if s.open {
			r.open[s.id] = now.Add(-staleList)
		}
	}
	r.listed, r.disabled = now, disabled
	return nil
}

// lose is the error, unless losses are accepted.
func (r *Reader) lose(ctx context.Context, loss *LossError) error {
	if !r.config.AcceptLoss {
		return loss
	}
	r.losses.Add(1)
	r.config.Logger.ErrorContext(ctx, "records of a stream may be lost", slog.String("stream", loss.Stream),
		slog.String("shard", loss.Shard), slog.String("sequence", loss.Sequence), slog.String("reason", loss.Reason))
	return nil
}

// list returns all shards, whatever the number of pages.
func (r *Reader) list(ctx context.Context) (shards []shard, disabled bool, err error) {
	input := &dynamodbstreams.DescribeStreamInput{StreamArn: &r.stream}
	for {
		var output *dynamodbstreams.DescribeStreamOutput
		err := r.try(ctx, r.config.Retries, func(ctx context.Context) (err error) {
			output, err = r.api.DescribeStream(ctx, input)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		description := output.StreamDescription
		if description == nil {
			return nil, false, fmt.Errorf("the answer has no description")
		}
		for _, s := range description.Shards {
			found := shard{id: aws.ToString(s.ShardId), parent: aws.ToString(s.ParentShardId)}
			if s.SequenceNumberRange != nil {
				found.start = aws.ToString(s.SequenceNumberRange.StartingSequenceNumber)
				found.open = aws.ToString(s.SequenceNumberRange.EndingSequenceNumber) == ""
			}
			shards = append(shards, found)
		}
		disabled = description.StreamStatus == types.StreamStatusDisabled
		if input.ExclusiveStartShardId = description.LastEvaluatedShardId; aws.ToString(input.ExclusiveStartShardId) == "" {
			return shards, disabled, nil
		}
	}
}
