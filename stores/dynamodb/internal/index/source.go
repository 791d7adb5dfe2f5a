package index

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// SourceID is the ID of a [Source]. Propulsion's feed of DynamoDB has the
// same, so the two share their checkpoints.
const SourceID = "dynamoStore"

// SourceConfig says how a [Source] reads. A zero field means the default named
// with it.
type SourceConfig struct {
	BatchSize int          // spans after which a batch ends, if it can; default 100
	Logger    *slog.Logger // default none

	// Appended tells when an event was appended, which the index does not say; zero if the
	// event is not there. Without it that is not known.
	Appended func(ctx context.Context, stream es.StreamName, event es.Version) (time.Time, error)
}

// Source is the feed of some categories. Each partition of the index is a
// tranche. Its calls may overlap.
//
// Its events are notifications: stream, index and type. Whoever wants the body
// reads the stream. Only streams whose category is exactly one of those given
// are delivered, whereas Propulsion compares the beginning of the name, so that
// Truck there also means TruckX.
//
// The feed says what the indexer indexed, which may come again: once for each
// epoch. A read may be answered by a copy that lags behind.
type Source struct {
	index      *table.Table
	config     SourceConfig
	categories map[string]bool

	mu     sync.Mutex
	loaded map[feed.Tranche]loaded
}

var _ feed.Source = (*Source)(nil)

// loaded is what was read of an epoch and not yet delivered, so that the pages
// of an epoch cost one read.
type loaded struct {
	epoch  Epoch
	from   es.Version   // the index of the first event
	events []epochEvent // up to the version that was read
	closed bool         // there is nothing behind them in the epoch
	tip    table.Tip
}

// NewSource returns the feed of some categories, at least one, from an index
// table.
func NewSource(index *table.Table, config SourceConfig, categories ...string) (*Source, error) {
	if len(categories) == 0 {
		return nil, fmt.Errorf("a feed from the index needs at least one category")
	}
	if config.BatchSize < 0 {
		return nil, fmt.Errorf("batch size %d must not be negative", config.BatchSize)
	}
	if config.BatchSize == 0 {
		config.BatchSize = 100
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{index: index, config: config, categories: map[string]bool{}, loaded: map[feed.Tranche]loaded{}}
	for _, category := range categories {
		if err := es.ValidateCategory(category); err != nil {
			return nil, fmt.Errorf("feed from the index: %w", err)
		}
		s.categories[category] = true
	}
	return s, nil
}

// ID implements [feed.Source].
func (s *Source) ID() string { return SourceID }

// Tranches implements [feed.Source]. Where nothing was indexed yet it is that
// of partition 0.
func (s *Source) Tranches(ctx context.Context) ([]feed.Tranche, error) {
	active, _, err := loadActive(ctx, s.index)
	if err != nil {
		return nil, fmt.Errorf("list the partitions of the index: %w", err)
	}
	var tranches []feed.Tranche
	for _, partition := range partitions(active) {
		tranches = append(tranches, partition.Tranche())
	}
	return tranches, nil
}

// partitions are those that have an active epoch, or the first one.
func partitions(active map[Partition]Epoch) []Partition {
	list := []Partition{}
	for p := range active {
		list = append(list, p)
	}
	if len(list) == 0 {
		list = append(list, 0)
	}
	slices.Sort(list)
	return list
}

// Read implements [feed.Source]. A position within an epoch counts the events
// of the epoch, each of which has one span or more, so a batch ends between two
// of them. At the end of an epoch that is closed the next position is the
// beginning of the epoch behind it.
func (s *Source) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	if err := ctx.Err(); err != nil {
		return feed.Batch{}, err
	}
	partition, err := ParseTranche(tranche)
	if err == nil && from < 0 {
		err = fmt.Errorf("position %d is before the beginning", from)
	}
	var have loaded
	if err == nil {
		have, err = s.load(ctx, tranche, partition, from)
	}
	if err != nil {
		return feed.Batch{}, fmt.Errorf("read the index, tranche %q from %d: %w", tranche, from, err)
	}
	return s.page(ctx, have, from), nil
}

// load returns what there is of an epoch from a position on, read before or now.
func (s *Source) load(ctx context.Context, tranche feed.Tranche, partition Partition, from feed.Position) (loaded, error) {
	epoch, offset := splitPosition(from)
	s.mu.Lock()
	have := s.loaded[tranche]
	s.mu.Unlock()
	if have.epoch != epoch {
		have = loaded{epoch: epoch}
	}
	if skip := offset - have.from; skip >= 0 && skip < es.Version(len(have.events)) {
		have.events, have.from = have.events[skip:], offset
		return have, nil
	}
	stream := epochStream(partition, epoch)
	if have.tip.Stream() != stream {
		have.tip = table.NoTip(stream)
	}
	read, err := s.index.Tail(ctx, have.tip, offset, false)
	if err != nil {
		return loaded{}, err
	}
	now := loaded{epoch: epoch, from: offset, tip: read.Tip, closed: endsEpoch(read.Tip)}
	for _, e := range read.Events {
		event, err := decodeEpochEvent(stream, e)
		if err != nil {
			return loaded{}, err
		}
		now.events = append(now.events, event)
	}
	s.mu.Lock()
	s.loaded[tranche] = now
	s.mu.Unlock()
	return now, nil
}

// page takes a batch from what was loaded: events of the epoch until the spans
// that are asked for become more than a batch holds, but at least one.
func (s *Source) page(ctx context.Context, have loaded, from feed.Position) feed.Batch {
	batch := feed.Batch{Next: from}
	spans, taken := 0, 0
	for _, event := range have.events {
		wanted := s.wanted(ctx, event)
		if spans > 0 && len(wanted) > 0 && spans+len(wanted) > s.config.BatchSize {
			break
		}
		spans += len(wanted)
		taken++
		for _, w := range wanted {
			for _, d := range w {
				d.Next = from + feed.Position(taken)
				batch.Events = append(batch.Events, d)
			}
		}
	}
	batch.Next += feed.Position(taken)
	if taken == len(have.events) {
		if have.closed {
			batch.Next = positionOf(have.epoch+1, 0)
			return batch
		}
		// A page that only passed over others' events is not called the
		// tail: the next one is, with the position that it is given.
		batch.Tail = len(batch.Events) > 0 || taken == 0
	}
	return batch
}

// wanted are the deliveries of an event, by span. A name that is none by our
// rules cannot be of a category that was asked for.
func (s *Source) wanted(ctx context.Context, event epochEvent) (wanted [][]feed.Delivery) {
	for span := range event.spans() {
		name, err := es.ParseStreamName(span.Stream)
		if err != nil {
			s.config.Logger.WarnContext(ctx, "passed over events whose stream has no valid name",
				slog.String("stream", span.Stream), slog.Int64("index", int64(span.Index)))
			continue
		}
		if !s.categories[name.Category()] {
			continue
		}
		var deliveries []feed.Delivery
		for i, typ := range span.Types {
			deliveries = append(deliveries, feed.Delivery{
				Stream: name,
				Event:  es.Event{Index: span.Index + es.Version(i), EventData: es.EventData{Type: typ}},
			})
		}
		wanted = append(wanted, deliveries)
	}
	return wanted
}

// End implements [feed.Source]. Events that were appended and are not indexed
// yet are behind the end.
func (s *Source) End(ctx context.Context, tranche feed.Tranche) (feed.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	partition, err := ParseTranche(tranche)
	if err == nil {
		var end feed.Position
		if end, _, err = endOf(ctx, s.index, partition); err == nil {
			return end, nil
		}
	}
	return 0, fmt.Errorf("find the end of the index, tranche %q: %w", tranche, err)
}

// endOf is the end of a partition, and the tip of the epoch that it is in. The
// epoch that is announced may be closed already.
func endOf(ctx context.Context, index *table.Table, partition Partition) (feed.Position, table.Tip, error) {
	active, _, err := loadActive(ctx, index)
	if err != nil {
		return 0, table.Tip{}, err
	}
	for epoch := active[partition]; ; epoch++ {
		tip, err := index.Tip(ctx, table.NoTip(epochStream(partition, epoch)), true)
		if err != nil {
			return 0, table.Tip{}, err
		}
		if !endsEpoch(tip) {
			return positionOf(epoch, tip.Version()), tip, nil
		}
	}
}

// endsEpoch tells whether an epoch with a tip is closed. The mark of the end is
// the last event, so it is in the tip, whatever position one asks from.
func endsEpoch(tip table.Tip) bool {
	held := tip.Events()
	return len(held) > 0 && held[len(held)-1].Type == typeClosed
}
