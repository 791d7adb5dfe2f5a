package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	streamstypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// IndexerConfig says how an [Indexer] works. A zero field means the default
// named with it.
type IndexerConfig struct {
	Ingest IngesterConfig // Heal reads the table of events by default
	Shards shards.Config
	TTL    time.Duration // how long the lease of an indexer that died is respected; default 15 s, at least 1 s
	Poll   time.Duration // pause when nothing is new; default 250 ms. AWS allows five looks at a shard each second
	Name   string        // who this is, for people; default the name of the host
	Logger *slog.Logger  // default none
}

func (c IndexerConfig) withDefaults(events *table.Table) (IndexerConfig, error) {
	if c.TTL == 0 {
		c.TTL = 15 * time.Second
	}
	if c.Poll == 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.TTL < time.Second || c.Poll < 0 {
		return c, fmt.Errorf("TTL %v must be at least a second, and poll %v must not be negative", c.TTL, c.Poll)
	}
	if c.Name == "" {
		var err error
		if c.Name, err = os.Hostname(); err != nil {
			return c, fmt.Errorf("find a name for the indexer: %w", err)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Ingest.Logger == nil {
		c.Ingest.Logger = c.Logger
	}
	if c.Shards.Logger == nil {
		c.Shards.Logger = c.Logger
	}
	if c.Ingest.Heal == nil && events != nil {
		c.Ingest.Heal = HealFrom(events)
	}
	return c, nil
}

// Indexer follows the stream of changes of a table of events and writes the
// index.
type Indexer struct {
	api      shards.API
	arn      string
	index    *table.Table
	config   IndexerConfig
	owner    string
	ingester *Ingester
	reader   atomic.Pointer[shards.Reader] // nil before the lease is held
}

// IndexerStats counts what an [Indexer] did since it was made.
type IndexerStats struct {
	Ingested IngesterStats
	Read     shards.Stats
}

// NewIndexer returns an indexer of the stream with an ARN, that of the table of
// events, which is read only where the stream lost something.
func NewIndexer(api shards.API, arn string, events, index *table.Table, config IndexerConfig) (*Indexer, error) {
	config, err := config.withDefaults(events)
	if err != nil {
		return nil, fmt.Errorf("indexer of %s: %w", arn, err)
	}
	if _, err := shards.NewReader(api, arn, nil, config.Shards); err != nil {
		return nil, err
	}
	ingester, err := NewIngester(index, config.Ingest)
	if err != nil {
		return nil, fmt.Errorf("indexer of %s: %w", arn, err)
	}
	return &Indexer{
		api: api, arn: arn, index: index, config: config,
		owner:    config.Name + "/" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12],
		ingester: ingester,
	}, nil
}

// Stats returns the counts. It may be called at any time.
func (x *Indexer) Stats() IndexerStats {
	stats := IndexerStats{Ingested: x.ingester.Stats()}
	if reader := x.reader.Load(); reader != nil {
		stats.Read = reader.Stats()
	}
	return stats
}

// StreamReplacedError says that the table of events has another stream than
// the one that was indexed last: its stream was switched off and on again.
// What was written in between is in neither.
type StreamReplacedError struct {
	Old, New string // ARNs
}

func (e *StreamReplacedError) Error() string {
	return fmt.Sprintf("the index was made from stream %s, and the table has another one now, %s; events written in between may be missing: accept the loss to go on",
		e.Old, e.New)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*StreamReplacedError) NeedsPerson() bool { return true }

// Run waits for the lease, then indexes until ctx ends, which is no error. Call
// it once.
//
// It returns a [*LeaseLostError] if another indexer takes over, a
// [*StreamReplacedError], and the errors of [shards.Reader.Next],
// [Record.Span] and [Ingester.Ingest]. After any of them another Indexer can go
// on where this one stopped.
func (x *Indexer) Run(ctx context.Context) (err error) {
	l := &lease{
		index: x.index, partition: onlyPartition, owner: x.owner, ttl: x.config.TTL,
		log: x.config.Logger.With(slog.String("indexer", x.owner)),
	}
	if err := l.acquire(ctx); err != nil {
		return unlessEnded(ctx, fmt.Errorf("acquire the lease of partition %d: %w", l.partition, err))
	}
	l.log.InfoContext(ctx, "the lease is held", slog.Int("partition", int(l.partition)))
	group, groupCtx := errgroup.WithContext(ctx)
	working, stop := context.WithCancel(groupCtx)
	group.Go(func() error { return l.beat(working) })
	group.Go(func() error {
		defer stop() // the heart stops when the work does
		return x.work(working, l)
	})
	err = unlessEnded(ctx, group.Wait())
	// The lease is given back even though ctx has ended, in no more time than
	// it lasts.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), x.config.TTL)
	defer cancel()
	return errors.Join(err, l.release(last))
}

// unlessEnded is nil if ctx has ended, which is success.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // whatever it is, we were told to stop
	}
	return err
}

// work indexes until ctx ends or something fails.
func (x *Indexer) work(ctx context.Context, l *lease) error {
	at := l.progress()
	if at.Stream != "" && at.Stream != x.arn {
		replaced := &StreamReplacedError{at.Stream, x.arn}
		if !x.config.Shards.AcceptLoss {
			return replaced
		}
		x.config.Logger.ErrorContext(ctx, "events may be missing in the index", slog.Any("error", replaced))
		at = reached{}
	}
	reader, err := shards.NewReader(x.api, x.arn, at.Cursors, x.config.Shards)
	if err != nil {
		return err
	}
	x.reader.Store(reader)
	x.ingester.guard = l.guard
	if err := x.ingester.fence(ctx, l.mark()); err != nil {
		return err
	}
	at.Stream = x.arn
	for {
		asked := time.Now()
		page, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		spans, oldest, err := spansOf(page.Records)
		if err != nil {
			return err
		}
		if err := x.ingester.Ingest(ctx, spans); err != nil {
			return err
		}
		at.Cursors = page.Cursors
		switch {
		case page.Tail:
			at.CaughtUp = stamp(asked)
		case time.Time(at.CaughtUp).Before(oldest):
			at.CaughtUp = stamp(oldest)
		}
		l.reach(at)
		if page.Tail {
			if err := pause.For(ctx, x.config.Poll); err != nil {
				return err
			}
		}
	}
}

// spansOf are the spans of records, and when the oldest of the records was
// written.
func spansOf(records []streamstypes.Record) (spans []Span, oldest time.Time, err error) {
	for _, record := range records {
		if d := record.Dynamodb; d != nil && d.ApproximateCreationDateTime != nil &&
			(oldest.IsZero() || d.ApproximateCreationDateTime.Before(oldest)) {
			oldest = *d.ApproximateCreationDateTime
		}
		span, ok, err := recordOf(record).Span()
		if err != nil {
			return nil, oldest, err
		}
		if ok {
			spans = append(spans, span)
		}
	}
	return spans, oldest, nil
}

// recordOf is what the indexer looks at in a record of the SDK. What has
// another type than it should have is absent.
func recordOf(record streamstypes.Record) Record {
	r := Record{Name: string(record.EventName)}
	d := record.Dynamodb
	if d == nil {
		return r
	}
	r.Sequence, r.View = aws.ToString(d.SequenceNumber), string(d.StreamViewType)
	if p, ok := d.Keys["p"].(*streamstypes.AttributeValueMemberS); ok {
		r.Image.Stream = p.Value
	}
	if n, ok := d.NewImage["n"].(*streamstypes.AttributeValueMemberN); ok {
		r.Image.Version = n.Value
	}
	if a, ok := d.NewImage["a"].(*streamstypes.AttributeValueMemberN); ok {
		r.Image.Appended = a.Value
	}
	if c, ok := d.NewImage["c"].(*streamstypes.AttributeValueMemberL); ok {
		for _, name := range c.Value {
			if name, ok := name.(*streamstypes.AttributeValueMemberS); ok {
				r.Image.Types = append(r.Image.Types, name.Value)
			}
		}
	}
	return r
}
