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
	// Poll is the longest pause between two looks at the stream of changes; default 1 s.
	// The pause is a quarter of it while there are changes, so that those of some
	// moments are indexed together, and none while there is more to read at once. AWS
	// allows five looks at a shard each second.
	Poll time.Duration
	// Complete says that the stream has every change that was ever made to the table.
	// Without it an indexer does not begin an index of a table that holds events.
	Complete bool
	// Accept is the ID of a [HaltError], to go on behind what it is about. It has no
	// meaning for any other.
	Accept string
	// Rebuild says that the table is being scanned, so that whatever was lost by the
	// beginning will be found.
	Rebuild bool
	Name    string       // who this is, for people; default the name of the host
	Logger  *slog.Logger // default none
	// Ended tells whether the owner of a lease is known to have ended, so that nobody
	// waits for it. Nil means that it is known of none.
	Ended func(owner string) bool
}

func (c IndexerConfig) withDefaults(events *table.Table) (IndexerConfig, error) {
	if c.TTL == 0 {
		c.TTL = 15 * time.Second
	}
	if c.Poll == 0 {
		c.Poll = time.Second
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
		c.Ingest = c.Ingest.From(events)
	}
	return c, nil
}

// Indexer follows the stream of changes of a table of events and writes the
// index.
type Indexer struct {
	api      shards.API
	arn      string
	events   *table.Table
	index    *table.Table
	config   IndexerConfig
	owner    string
	ingester *Ingester
	reader   atomic.Pointer[shards.Reader] // nil before the lease is held
	begun    chan struct{}                 // closed when every shard was looked at once
}

// IndexerStats counts what an [Indexer] did since it was made.
type IndexerStats struct {
	Ingested IngesterStats
	Read     shards.Stats
}

// counts are those for people, from the indexer and both of its tables.
func (x *Indexer) counts() Counts {
	ingested, c := x.ingester.Stats(), Counts{}
	c.Events, c.Gaps, c.Lost = int64(ingested.Events), int64(ingested.Gaps), int64(ingested.Lost)
	c.SetAside, c.Conflicts = int64(ingested.SetAside), int64(ingested.Conflicts)
	if reader := x.reader.Load(); reader != nil {
		c.Retries = reader.Stats().Retries
	}
	for _, t := range []*table.Table{x.events, x.index} {
		if t == nil {
			continue
		}
		for operation, u := range t.Usage() {
			c.Retries += u.Retries
			c.Throttled += u.Throttled
			if table.Writes(operation) {
				c.WriteUnits += u.Units
			} else {
				c.ReadUnits += u.Units
			}
		}
	}
	return c
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
		api: api, arn: arn, events: events, index: index, config: config, begun: make(chan struct{}),
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

// Owner is who the lease names while this one holds it.
func (x *Indexer) Owner() string { return x.owner }

// Begun is closed when the indexer holds the lease and has looked at every shard once.
// What is appended from then on does not get lost as long as an indexer works each day.
func (x *Indexer) Begun() <-chan struct{} { return x.begun }

// Run waits for the lease, then indexes until ctx ends, which is no error. Call
// it once.
//
// It returns a [*LeaseLostError] if another indexer takes over, a [*HaltError] where
// somebody has to decide, and the errors of [shards.Reader.Next] and
// [Ingester.Take]. After any of them another Indexer can go on where this one
// stopped.
func (x *Indexer) Run(ctx context.Context) (err error) {
	l := &lease{
		index: often(x.index), partition: onlyPartition, owner: x.owner, ttl: x.config.TTL,
		log: x.config.Logger.With(slog.String("indexer", x.owner)), ended: x.config.Ended,
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
	x.ingester.guard = l.guard
	if err := x.ingester.fence(ctx, l.mark()); err != nil {
		return err
	}
	for {
		at := l.progress()
		stream := at.Stream
		if stream == "" {
			stream = x.arn
		}
		id := haltID(x.arn, at)
		accepted := x.config.Rebuild || x.config.Accept == id
		err := x.begin(ctx, at, accepted)
		if err == nil {
			err = x.follow(ctx, l, stream, at, accepted)
		}
		if _, ended := errors.AsType[*shards.EndedError](err); ended && stream != x.arn {
			err = nil
		}
		if err != nil || stream == x.arn {
			return halt(id, err)
		}
		// The stream of before is read to its end, or as far as it is there.
		at = l.progress()
		id = haltID(x.arn, at)
		replaced := &StreamReplacedError{stream, x.arn}
		if !accepted && x.config.Accept != id {
			return halt(id, replaced)
		}
		x.config.Logger.ErrorContext(ctx, "events may be missing in the index", slog.Any("error", replaced))
		l.reach(reached{Stream: x.arn})
	}
}

// begin refuses to begin an index that would lack the past of its table.
func (x *Indexer) begin(ctx context.Context, at reached, accepted bool) error {
	if at.Stream != "" || x.config.Complete || accepted || x.events == nil {
		return nil
	}
	if !x.ingester.empty() {
		x.config.Logger.WarnContext(ctx, "an indexer of another kind made the index up to now; "+
			"if it stood still for a day or more then events are missing, and an audit names their streams")
		return nil
	}
	past, err := x.events.Any(ctx)
	if err == nil && past {
		err = &UnindexedError{x.events.Name(), x.index.Name()}
	}
	return err
}

// follow indexes what a stream of changes tells. Of a stream that was replaced it is
// the rest: if that cannot be read it returns nil.
func (x *Indexer) follow(ctx context.Context, l *lease, stream string, at reached, accepted bool) error {
	config := x.config.Shards
	config.AcceptLoss = config.AcceptLoss || accepted
	reader, err := shards.NewReader(x.api, stream, at.Cursors, config)
	if err != nil {
		return err
	}
	old := stream != x.arn
	if old {
		// One that is in use is that of another table.
		if rest, err := reader.Disabled(ctx); err != nil || !rest {
			return err
		}
	}
	x.reader.Store(reader)
	shortest := max(x.config.Poll/4, 1)
	wait := shortest
	at.Stream = stream
	begun := old
	for {
		page, err := reader.Next(ctx)
		if _, lost := errors.AsType[*shards.LossError](err); lost && old {
			x.config.Logger.ErrorContext(ctx, "the rest of a stream that was replaced is lost", slog.Any("error", err))
			return nil
		}
		if err != nil {
			return err
		}
		if err := x.ingester.Take(ctx, recordsOf(page.Records)); err != nil {
			return err
		}
		at.Cursors, at.Proven = page.Cursors, stamp(shards.Proven(page.Cursors))
		at.Counts = x.counts()
		l.reach(at)
		if page.Whole && !begun {
			begun = true
			close(x.begun)
		}
		switch {
		case page.Full:
			continue
		case len(page.Records) > 0:
			wait = shortest
		}
		if err := pause.For(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, x.config.Poll)
	}
}

// recordsOf are the records as an ingester takes them.
func recordsOf(records []streamstypes.Record) []Record {
	all := make([]Record, len(records))
	for i, record := range records {
		all[i] = recordOf(record)
	}
	return all
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
	r.Written = aws.ToTime(d.ApproximateCreationDateTime)
	if e, ok := d.NewImage["e"].(*streamstypes.AttributeValueMemberL); ok {
		for _, event := range e.Value {
			var t string
			if event, ok := event.(*streamstypes.AttributeValueMemberM); ok {
				if at, ok := event.Value["t"].(*streamstypes.AttributeValueMemberS); ok {
					t = at.Value
				}
			}
			r.Image.Times = append(r.Image.Times, t)
		}
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
