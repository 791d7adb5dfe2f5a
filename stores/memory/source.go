package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// SourceID is the [feed.Source] id of every [Source].
const SourceID = "memoryStore"

// DefaultBatchSize is how many events one read of a [Source] returns at most,
// unless its [SourceConfig] says otherwise.
const DefaultBatchSize = 1000

// SourceConfig says what a [Source] reads. Categories is required.
type SourceConfig struct {
	Categories []string // the categories to deliver, each once; each is a tranche
	BatchSize  int      // at most so many events a read; 0 means DefaultBatchSize
}

// Source is the change feed of a [Store]: a [feed.Source] and a
// [feed.Notifier]. A position is the global position of an event, and the next
// read starts one behind the last event delivered. Calls may overlap.
type Source struct {
	store      *Store
	categories []string
	batchSize  int
}

// Source opens the feed of some categories. They need not hold anything yet.
// It returns an error for a config that cannot be used.
func (s *Store) Source(config SourceConfig) (*Source, error) {
	if len(config.Categories) == 0 {
		return nil, errors.New("source of a memory store: no categories; name at least one to read")
	}
	if config.BatchSize < 0 {
		return nil, fmt.Errorf("source of a memory store: the batch size is %d; give a positive one, or 0 for %d", config.BatchSize, DefaultBatchSize)
	}
	if config.BatchSize == 0 {
		config.BatchSize = DefaultBatchSize
	}
	for i, name := range config.Categories {
		if err := es.ValidateCategory(name); err != nil {
			return nil, fmt.Errorf("source of a memory store: %w", err)
		}
		if slices.Contains(config.Categories[:i], name) {
			return nil, fmt.Errorf("source of a memory store: the category %q is named twice", name)
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range config.Categories {
		s.category(name)
	}
	return &Source{store: s, categories: slices.Clone(config.Categories), batchSize: config.BatchSize}, nil
}

// ID implements [feed.Source].
func (s *Source) ID() string { return SourceID }

// Tranches implements [feed.Source]: one for each category, in the order of the
// config.
func (s *Source) Tranches(ctx context.Context) ([]feed.Tranche, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list the tranches of a memory store: %w", err)
	}
	tranches := make([]feed.Tranche, len(s.categories))
	for i, name := range s.categories {
		tranches[i] = feed.Tranche(name)
	}
	return tranches, nil
}

// Read implements [feed.Source]. A tranche that is not one of the source's
// categories is an error.
func (s *Source) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	records, err := s.records(ctx, tranche)
	if err != nil {
		return feed.Batch{}, fmt.Errorf("read the feed of %q: %w", tranche, err)
	}
	rest := records[firstAt(records, from):]
	page := rest[:min(len(rest), s.batchSize)]

	batch := feed.Batch{Next: from, Tail: len(page) == len(rest)}
	for _, r := range page {
		batch.Events = append(batch.Events, feed.Delivery{Stream: r.stream, Event: copyEvent(r.event), Next: r.position + 1})
		batch.Next = r.position + 1
	}
	return batch, nil
}

// End implements [feed.Source].
func (s *Source) End(ctx context.Context, tranche feed.Tranche) (feed.Position, error) {
	records, err := s.records(ctx, tranche)
	if err != nil {
		return 0, fmt.Errorf("find the end of the feed of %q: %w", tranche, err)
	}
	if len(records) == 0 {
		return 0, nil
	}
	return records[len(records)-1].position + 1, nil
}

// Lag implements [feed.Lagger].
func (s *Source) Lag(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Lag, error) {
	records, err := s.records(ctx, tranche)
	if err != nil {
		return feed.Lag{}, fmt.Errorf("find the end of the feed of %q: %w", tranche, err)
	}
	rest := records[firstAt(records, from):]
	lag := feed.Lag{Events: len(rest)}
	if len(records) > 0 {
		lag.End = records[len(records)-1].position + 1
	}
	if len(rest) > 0 {
		lag.Oldest = rest[0].event.Time
	}
	return lag, nil
}

// Changed implements [feed.Notifier]. All who wait for a category share one
// channel, so a wait that is given up costs nothing. A wait for a position
// beyond the next event ends with the next event too. For a tranche that the
// source does not have the channel is closed, since a read of it has an error
// to tell.
func (s *Source) Changed(tranche feed.Tranche, from feed.Position) <-chan struct{} {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	if slices.Contains(s.categories, string(tranche)) {
		c := s.store.categories[string(tranche)]
		if firstAt(c.records, from) == len(c.records) {
			return c.changed
		}
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}

// records returns what the category of a tranche holds at this moment.
func (s *Source) records(ctx context.Context, tranche feed.Tranche) ([]*record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !slices.Contains(s.categories, string(tranche)) {
		return nil, fmt.Errorf("no such tranche; the source has %q", s.categories)
	}
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return s.store.categories[string(tranche)].records, nil
}

// firstAt returns the index of the first record at or behind a position.
func firstAt(records []*record, from feed.Position) int {
	i, _ := slices.BinarySearchFunc(records, from, func(r *record, p feed.Position) int {
		return cmp.Compare(r.position, p)
	})
	return i
}
