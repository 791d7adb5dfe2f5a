package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// Stream is the part of a stream that was asked for, and its tip.
type Stream struct {
	Events []Event // in order and without a gap; they share memory with the tip
	Tip    Tip     // NoTip if there is no such stream
}

// Load returns the events of a stream from an index on. For a whole stream
// that is short it is one request.
//
// A read that is not consistent may return an older version of the stream, at
// half the price. Either way the events are without a gap and end at the
// version of the tip. Events that were pruned are a [*MissingError].
func (t *Table) Load(ctx context.Context, stream es.StreamName, from es.Version, consistent bool) (Stream, error) {
	if from > 0 {
		return t.Tail(ctx, NoTip(stream), from, consistent)
	}
	return t.gather(ctx, stream, consistent, func(consistent bool) (Stream, error) {
		return t.query(ctx, &collector{stream: stream}, consistent)
	})
}

// Tail is Load for the holder of a tip: it reads the tip item first, and only
// if events from the index on are in calves, those. If the item has the etag of
// the tip that is held, then that is the one returned.
func (t *Table) Tail(ctx context.Context, held Tip, from es.Version, consistent bool) (Stream, error) {
	return t.gather(ctx, held.stream, consistent, func(consistent bool) (Stream, error) {
		tip, err := t.revalidate(ctx, held, consistent)
		if err != nil {
			return Stream{}, err
		}
		c := &collector{stream: held.stream, from: max(from, 0)}
		if c.start(tip); c.complete() {
			return c.result(), nil
		}
		return t.query(ctx, c, consistent)
	})
}

// Tip reads the tip of a stream, and nothing else. If the item has the etag of
// the tip that is held, then that is the one returned; [NoTip] holds none.
func (t *Table) Tip(ctx context.Context, held Tip, consistent bool) (Tip, error) {
	tip, err := t.revalidate(ctx, held, consistent)
	if err != nil {
		return Tip{}, fmt.Errorf("read the tip of %s: %w", held.stream, err)
	}
	return tip, nil
}

func (t *Table) revalidate(ctx context.Context, held Tip, consistent bool) (Tip, error) {
	var output *dynamodb.GetItemOutput
	err := t.read(ctx, "GetItem", func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
		var err error
		output, err = t.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &t.name, Key: key(held.stream, tipKey), ConsistentRead: aws.Bool(consistent),
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		}, option)
		if err != nil {
			return nil, err
		}
		return consumed(output.ConsumedCapacity), nil
	})
	switch {
	case err != nil:
		return Tip{}, err
	case len(output.Item) == 0:
		return NoTip(held.stream), nil
	case held.Exists() && (&decoder{}).text(output.Item, "etag") == held.etag:
		return held, nil
	}
	b, err := decodeItem(held.stream, output.Item)
	return b.Tip, err
}

// gatherAttempts is how often a stream is read that seems to have a gap.
const gatherAttempts = 4

// gather reads until there is no gap. A tip and the calf that it leaves are
// written at once, but a query does not see them at once, nor do two reads that
// are answered by different replicas. So a gap is looked at again, consistently.
func (t *Table) gather(ctx context.Context, stream es.StreamName, consistent bool, read func(consistent bool) (Stream, error)) (Stream, error) {
	pauses := newPauses()
	for attempt := 0; ; attempt++ {
		result, err := read(consistent || attempt > 0)
		if _, gap := errors.AsType[*MissingError](err); !gap || attempt+1 == gatherAttempts || pause.For(ctx, pauses.NextBackOff()) != nil {
			if err != nil {
				return Stream{}, fmt.Errorf("read %s: %w", stream, err)
			}
			return result, nil
		}
	}
}

// query collects items from the end of the stream, or from the lowest one that
// the collector has, down to where it asks for.
func (t *Table) query(ctx context.Context, c *collector, consistent bool) (Stream, error) {
	return t.queryName(ctx, c.stream.String(), c, consistent)
}

// queryName is query for a name that need not be one by our rules.
func (t *Table) queryName(ctx context.Context, name string, c *collector, consistent bool) (Stream, error) {
	input := &dynamodb.QueryInput{
		TableName: &t.name, KeyConditionExpression: aws.String("p = :p"), ExpressionAttributeValues: item{":p": text(name)},
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(t.config.QueryMaxItems)), ConsistentRead: aws.Bool(consistent),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	if c.started {
		input.KeyConditionExpression = aws.String("p = :p AND i < :i")
		input.ExpressionAttributeValues[":i"] = number(c.lowest)
	}
	if c.from > 0 {
		input.FilterExpression = aws.String("n > :from")
		input.ExpressionAttributeValues[":from"] = number(c.from)
	}
	for {
		page, err := t.page(ctx, input)
		if err != nil {
			return Stream{}, err
		}
		for _, it := range page.Items {
			b, err := decodeItem(c.stream, it)
			if err != nil {
				return Stream{}, err
			}
			if err := c.add(b); err != nil {
				return c.result(), err
			}
		}
		if c.complete() || len(page.LastEvaluatedKey) == 0 {
			return c.result(), c.missing()
		}
		if c.tip.before > spreadBytes {
			err := t.spread(ctx, name, c, consistent)
			if err == nil {
				err = c.missing()
			}
			return c.result(), err
		}
		input.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

// A stream whose calves hold more than spreadBytes is read in several parts side by
// side: a page has a megabyte at the most, and each takes its time.
const (
	spreadBytes = 1 << 20
	spreadParts = 4
)

// spread reads what is left of a stream, below the lowest event that the collector has.
func (t *Table) spread(ctx context.Context, name string, c *collector, consistent bool) error {
	width := (c.lowest-c.from)/spreadParts + 1
	found := make([][]batch, spreadParts)
	group, ctx := errgroup.WithContext(ctx)
	for n := range found {
		low := c.from + es.Version(n)*width
		high := min(low+width, c.lowest)
		if low >= high {
			break
		}
		group.Go(func() (err error) {
			found[n], err = t.calves(ctx, name, c.stream, low, high, n == 0, consistent)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, part := range slices.Backward(found) {
		for _, b := range part {
			if err := c.add(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// calves reads those that begin between two events, the last one first, and the one
// before them too if it holds the first of the two.
func (t *Table) calves(ctx context.Context, name string, stream es.StreamName, low, high es.Version, before, consistent bool) ([]batch, error) {
	input := &dynamodb.QueryInput{
		TableName: &t.name, KeyConditionExpression: aws.String("p = :p AND i BETWEEN :low AND :high"),
		ExpressionAttributeValues: item{":p": text(name), ":low": number(low), ":high": number(high - 1)},
		ScanIndexForward:          aws.Bool(false), Limit: aws.Int32(int32(t.config.QueryMaxItems)), ConsistentRead: aws.Bool(consistent),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	if before {
		input.ExpressionAttributeValues[":low"] = number(0)
	}
	var all []batch
	for {
		page, err := t.page(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			b, err := decodeItem(stream, it)
			if err != nil {
				return nil, err
			}
			if all = append(all, b); b.Base() <= low {
				return all, nil
			}
		}
		if input.ExclusiveStartKey = page.LastEvaluatedKey; len(input.ExclusiveStartKey) == 0 {
			return all, nil
		}
	}
}

// page makes a request of a query.
func (t *Table) page(ctx context.Context, input *dynamodb.QueryInput) (page *dynamodb.QueryOutput, err error) {
	err = t.read(ctx, "Query", func(ctx context.Context, option func(*dynamodb.Options)) ([]types.ConsumedCapacity, error) {
		var err error
		if page, err = t.client.Query(ctx, input, option); err != nil {
			return nil, err
		}
		return consumed(page.ConsumedCapacity), nil
	})
	return page, err
}

// collector puts a stream together from its items, the last one first.
type collector struct {
	stream  es.StreamName
	from    es.Version
	started bool
	tip     Tip
	lowest  es.Version // the index of the first event that it has
	parts   [][]Event  // the last one first
}

func (c *collector) start(tip Tip) {
	c.started, c.tip, c.lowest = true, tip, tip.Base()
	c.parts = append(c.parts, tip.events)
}

// add takes the next item downwards. An event may come twice, in the tip and
// then in a calf that the tip left after it was read.
func (c *collector) add(b batch) error {
	switch {
	case b.tip && !c.started:
		c.start(b.Tip)
	case !c.started:
		// There are calves, so there is a tip somewhere.
		return &MissingError{Stream: c.stream, From: b.version}
	case b.version < c.lowest:
		return &MissingError{c.stream, b.version, c.lowest}
	case b.Base() < c.lowest:
		c.parts = append(c.parts, b.events[:c.lowest-b.Base()])
		c.lowest = b.Base()
	}
	return nil
}

func (c *collector) complete() bool { return c.started && c.lowest <= c.from }

// missing returns an error unless all events that were asked for are there.
func (c *collector) missing() error {
	if c.started && !c.complete() {
		return &MissingError{c.stream, c.from, c.lowest}
	}
	return nil
}

func (c *collector) result() Stream {
	if !c.started {
		return Stream{Tip: NoTip(c.stream)}
	}
	if len(c.parts) == 1 {
		return Stream{since(c.parts[0], c.from), c.tip}
	}
	slices.Reverse(c.parts)
	return Stream{since(slices.Concat(c.parts...), c.from), c.tip}
}

// since are the events from an index on.
func since(events []Event, from es.Version) []Event {
	if len(events) == 0 || events[0].Index >= from {
		return events
	}
	return slices.Clip(events[min(from-events[0].Index, es.Version(len(events))):])
}
