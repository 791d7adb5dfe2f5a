package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// ScanConfig says how a table is scanned. A zero field means the default named
// with it.
type ScanConfig struct {
	Segments int       // parts that are read side by side; default 4
	Units    float64   // read units a second at the most, about; default no limit
	From     []Segment // where the segments go on; default at their beginnings
	PageSize int       // items in a page; default as many as fit into a megabyte
}

// Segment is how far the scan of a part of the table is.
type Segment struct {
	Stream string `json:"p,omitzero"` // of the last item that was read; "" if none was
	Index  int64  `json:"i,omitzero"` // its sort key
	Done   bool   `json:"done,omitzero"`
}

// ScanPage is what a page of a scan completed.
type ScanPage struct {
	Streams  []Whole
	Items    int       // in the page
	Segments []Segment // of all parts, behind this page
}

// Whole is all that a table has of a stream.
type Whole struct {
	Stream  string     // as it is stored, whether or not it is a name by our rules
	First   es.Version // of the first event that is there; above 0 if the stream was pruned
	Version es.Version
	Events  []Event // from First on
	Err     error   // an item that cannot be read; nothing but Stream is known then
}

// Scan visits every stream of the table once, but for those of the index and other
// systems, whose names begin with a dollar. The visits are made one after the
// other. Streams that are written to meanwhile are visited at some version that
// they had.
//
// The order of streams is arbitrary. It may be interrupted, and go on from the
// segments of the last page that was visited; then, and never otherwise, it may
// visit streams again.
func (t *Table) Scan(ctx context.Context, config ScanConfig, visit func(ScanPage) error) error {
	if config.Segments == 0 {
		config.Segments = 4
	}
	if config.Segments < 0 || config.Units < 0 || config.PageSize < 0 {
		return fmt.Errorf("scan %s: segments %d, units %v and page size %d must not be negative", t.name, config.Segments, config.Units, config.PageSize)
	}
	at := make([]Segment, config.Segments)
	if len(config.From) == config.Segments {
		copy(at, config.From)
	}
	type found struct {
		number int
		at     Segment
		page   ScanPage
	}
	pages := make(chan found)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		segments, ctx := errgroup.WithContext(ctx)
		for i := range at {
			s := segment{table: t, config: config, number: i, at: at[i]}
			segments.Go(func() error {
				for !s.at.Done {
					page, units, err := s.next(ctx)
					if err != nil {
						return fmt.Errorf("scan segment %d of %d of %s: %w", s.number+1, config.Segments, t.name, err)
					}
					select {
					case pages <- found{s.number, s.at, page}:
					case <-ctx.Done():
						return ctx.Err()
					}
					if err := s.rest(ctx, units); err != nil {
						return err
					}
				}
				return nil
			})
		}
		defer close(pages)
		return segments.Wait()
	})
	group.Go(func() error {
		for f := range pages {
			at[f.number] = f.at
			f.page.Segments = slices.Clone(at)
			if err := visit(f.page); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// segment is the scan of a part.
type segment struct {
	table  *Table
	config ScanConfig
	number int
	at     Segment
	calves []batch // of the stream that is being read
	stream string  // of calves
}

func (s *segment) next(ctx context.Context) (page ScanPage, units float64, err error) {
	input := &dynamodb.ScanInput{
		TableName: &s.table.name, Segment: aws.Int32(int32(s.number)), TotalSegments: aws.Int32(int32(s.config.Segments)),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	if s.config.PageSize > 0 {
		input.Limit = aws.Int32(int32(s.config.PageSize))
	}
	if s.at.Stream != "" {
		input.ExclusiveStartKey = item{"p": text(s.at.Stream), "i": number(s.at.Index)}
	}
	var output *dynamodb.ScanOutput
	err = s.table.read(ctx, "Scan", func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
		var err error
		if output, err = s.table.client.Scan(ctx, input, option); err != nil {
			return nil, err
		}
		return consumed(output.ConsumedCapacity), nil
	})
	if err != nil {
		return page, 0, err
	}
	page.Items = len(output.Items)
	for _, it := range output.Items {
		whole, ok, err := s.take(ctx, it)
		if err != nil {
			return page, 0, err
		}
		if ok {
			page.Streams = append(page.Streams, whole)
		}
	}
	if s.at, err = segmentAt(output.LastEvaluatedKey); err != nil {
		return page, 0, err
	}
	if output.ConsumedCapacity != nil {
		units = aws.ToFloat64(output.ConsumedCapacity.CapacityUnits)
	}
	return page, units, nil
}

// rest keeps to the rate.
func (s *segment) rest(ctx context.Context, units float64) error {
	if s.config.Units == 0 || s.at.Done {
		return ctx.Err()
	}
	return pause.For(ctx, time.Duration(units*float64(s.config.Segments)/s.config.Units*float64(time.Second)))
}

// take takes the next item. The items of a stream come one after the other, its
// tip last; where they do not, the stream is read by itself.
func (s *segment) take(ctx context.Context, it item) (whole Whole, ok bool, err error) {
	stream := value(textOf(it["p"]))
	if strings.HasPrefix(stream, "$") {
		return Whole{}, false, nil
	}
	if stream != s.stream {
		s.stream, s.calves = stream, nil
	}
	name, _ := es.ParseStreamName(stream) // one that is none by our rules is visited as well
	b, err := decodeItem(name, it)
	whole.Stream = stream
	switch {
	case err != nil && !isTip(it):
		return Whole{}, false, nil // found again behind the tip, which lacks these
	case err != nil:
		whole.Err = err
		return whole, true, nil //nolint:nilerr // it is the visitor's to judge
	case !b.tip:
		s.calves = append(s.calves, b)
		return Whole{}, false, nil
	}
	c := &collector{}
	c.start(b.Tip)
	for i := len(s.calves) - 1; i >= 0 && !c.complete(); i-- {
		if c.add(s.calves[i]) != nil {
			break
		}
	}
	if c.complete() {
		loaded := c.result()
		return Whole{Stream: stream, Version: b.version, Events: loaded.Events}, true, nil
	}
	whole, err = s.table.Left(ctx, stream, 0)
	if _, bad := errors.AsType[*ItemError](err); bad {
		return Whole{Stream: stream, Err: err}, true, nil
	}
	return whole, err == nil, err
}

func segmentAt(key item) (Segment, error) {
	if len(key) == 0 {
		return Segment{Done: true}, nil
	}
	i, ok := key["i"].(*types.AttributeValueMemberN)
	if !ok {
		return Segment{}, errors.New("a page ends at a key without a number i")
	}
	index, err := strconv.ParseInt(i.Value, 10, 64)
	return Segment{Stream: value(textOf(key["p"])), Index: index}, err
}

func textOf(v types.AttributeValue) *string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return &s.Value
	}
	return nil
}

// Left reads what the table has of a stream from an index on, consistently: all of
// it, or what pruning left. Where the stream begins later, First says so. It takes
// names that are none by our rules.
func (t *Table) Left(ctx context.Context, stream string, from es.Version) (Whole, error) {
	name, _ := es.ParseStreamName(stream)
	for attempt := 0; ; attempt++ {
		c := &collector{stream: name, from: from}
		loaded, err := t.queryName(ctx, stream, c, true)
		missing, pruned := errors.AsType[*MissingError](err)
		switch {
		case pruned && missing.Until == 0, err != nil && !pruned:
			return Whole{}, fmt.Errorf("read %s: %w", stream, err)
		case pruned && attempt+1 < gatherAttempts:
			continue // a calf that was written meanwhile is seen by the next look
		}
		first := loaded.Tip.Version() - es.Version(len(loaded.Events))
		return Whole{Stream: stream, First: first, Version: loaded.Tip.Version(), Events: loaded.Events}, nil
	}
}

// Older tells whether the table holds an event that was appended before a moment, of
// the streams that Scan visits. It ends with the first that it finds.
func (t *Table) Older(ctx context.Context, before time.Time) (bool, error) {
	found := errors.New("found")
	err := t.Scan(ctx, ScanConfig{}, func(page ScanPage) error {
		for _, stream := range page.Streams {
			for _, e := range stream.Events {
				if !e.Time.IsZero() && e.Time.Before(before) {
					return found
				}
			}
		}
		return nil
	})
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

// Any tells whether there is any stream in the table, but for those of systems.
func (t *Table) Any(ctx context.Context) (bool, error) {
	input := &dynamodb.ScanInput{
		TableName: &t.name, Limit: aws.Int32(20), ProjectionExpression: aws.String("p"), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	for {
		var output *dynamodb.ScanOutput
		err := t.read(ctx, "Scan", func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
			var err error
			if output, err = t.client.Scan(ctx, input, option); err != nil {
				return nil, err
			}
			return consumed(output.ConsumedCapacity), nil
		})
		if err != nil {
			return false, fmt.Errorf("look for events in %s: %w", t.name, err)
		}
		for _, it := range output.Items {
			if !strings.HasPrefix(value(textOf(it["p"])), "$") {
				return true, nil
			}
		}
		if input.ExclusiveStartKey = output.LastEvaluatedKey; len(input.ExclusiveStartKey) == 0 {
			return false, nil
		}
	}
}
