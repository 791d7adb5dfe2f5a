package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// IngesterConfig says how an [Ingester] works. A zero field means the default
// named with it.
type IngesterConfig struct {
	Limits   Limits       // of an epoch
	Heal     Healer       // finds what the stream of changes lost; default none: a gap is a [*GapError]
	WarnGaps bool         // index what comes behind a gap and only log it, instead of healing; readers on .NET then fail on the epoch
	Logger   *slog.Logger // default none
}

// IngesterStats counts what an [Ingester] did since it was made.
type IngesterStats struct {
	Events     int // indexed
	Appends    int // to the table: events Ingested
	Duplicates int // events that came again and were left out
	Gaps       int // that were healed, or only logged
	Healed     int // events found in the table of events
	Closed     int // epochs
	Conflicts  int // appends that met a tip that somebody else had written
}

// onlyPartition is the partition that is written. Propulsion writes no other either.
const onlyPartition Partition = 0

// Ingester writes spans to a partition of the index, each event once to an
// epoch. Its calls may overlap; one waits for the other.
//
// It trusts nothing that it remembers: every append demands the tip that the
// decision was made on, and a conflict leads to another decision. So several
// ingesters of one partition do no harm, except to each other's speed.
type Ingester struct {
	index  *table.Table
	config IngesterConfig
	// guard is asked before every write; recheck, if the last one met a
	// conflict. An error ends the ingestion.
	guard func(ctx context.Context, recheck bool) error

	mu        sync.Mutex
	stats     IngesterStats
	opened    bool // epoch is known
	epoch     Epoch
	loaded    bool // tip and contents are those of the epoch
	tip       table.Tip
	contents  *contents
	before    map[string]es.Version // what the epoch before holds, if this ingester left it
	announced Epoch                 // the highest that the list of epochs is known to have; -1 for none
}

// NewIngester returns an ingester into an index table, which [TableConfig] is
// for. It returns an error for a config that cannot be used.
func NewIngester(index *table.Table, config IngesterConfig) (*Ingester, error) {
	var err error
	if config.Limits, err = config.Limits.withDefaults(); err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Ingester{
		index: index, config: config, announced: -1,
		guard: func(context.Context, bool) error { return nil },
	}, nil
}

// TableConfig is how the indexers of Propulsion configure the index table.
func TableConfig() table.Config { return table.Config{MaxBytes: 48 * 1024} }

// Stats returns the counts.
func (g *Ingester) Stats() IngesterStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stats
}

const (
	// maxChunkBytes is how many bytes of JSON go into one event, which even
	// uncompressed fits into an item.
	maxChunkBytes = 200 * 1024
	// maxConflicts is how many conflicts in a row are taken to be others at
	// work. After that something is wrong.
	maxConflicts = 20
)

// Ingest adds spans, in the order in which they come, to the index. When it
// returns nil all of them are in it. After an error some may be; the same spans
// can be ingested again.
//
// Errors are those of the table, a [*GapError] and a [*BodyError].
func (g *Ingester) Ingest(ctx context.Context, spans []Span) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	runs, duplicates := flatten(spans)
	g.stats.Duplicates += duplicates
	for _, chunk := range chunks(runs, maxChunkBytes) {
		if err := g.walk(ctx, chunk); err != nil {
			g.loaded = false // the outcome of an append may be unknown
			return fmt.Errorf("index %d spans in partition %d: %w", len(chunk), onlyPartition, err)
		}
	}
	return nil
}

// walk goes from the epoch that is thought to be the active one to the one
// that is, and leaves in each what belongs there.
func (g *Ingester) walk(ctx context.Context, runs []Span) error {
	for conflicts := 0; ; {
		if err := g.load(ctx); err != nil {
			return err
		}
		healed, err := g.heal(ctx, runs)
		if err != nil {
			return err
		}
		rest, duplicates := g.contents.rest(healed)
		if !g.contents.closed {
			switch err := g.append(ctx, rest); {
			case err == nil:
				g.stats.Duplicates += duplicates
				return g.announce(ctx)
			case !isConflict(err) || conflicts == maxConflicts:
				return err
			}
			conflicts++
			if err := g.conflict(ctx); err != nil {
				return err
			}
			continue
		}
		g.stats.Duplicates += duplicates
		g.advance()
		if runs = rest; len(runs) == 0 {
			return g.announce(ctx)
		}
	}
}

// append writes what an open epoch does not hold. The size that decides whether
// the epoch ends is that from before.
func (g *Ingester) append(ctx context.Context, rest []Span) error {
	if len(rest) == 0 {
		return nil
	}
	event := g.contents.decide(rest)
	events := []table.Event{newEvent(typeIngested, encode(event))}
	closing := g.config.Limits.closes(g.contents, g.tip.StreamBytes(), g.tip.Version(), event)
	if closing {
		events = append(events, newEvent(typeClosed, table.Body{}))
	}
	if err := g.guard(ctx, false); err != nil {
		return err
	}
	after, err := g.index.Append(ctx, g.tip, table.Write{Events: events, Match: table.MatchETag})
	if err != nil {
		return err
	}
	g.stats.Appends++
	for s := range event.spans() {
		g.stats.Events += len(s.Types)
	}
	g.contents.fold(epochEvent{event, closing})
	// Somebody may have written behind us before our outcome was known.
	g.loaded = after.Version() == g.tip.Version()+es.Version(len(events))
	g.tip = after
	if closing {
		g.stats.Closed++
		g.advance()
	}
	return nil
}

// advance goes on to the next epoch.
func (g *Ingester) advance() {
	g.epoch++
	g.loaded, g.before = false, g.contents.next
}

func (g *Ingester) conflict(ctx context.Context) error {
	g.stats.Conflicts++
	g.loaded = false
	return g.guard(ctx, true)
}

func isConflict(err error) bool {
	_, conflict := errors.AsType[*table.ConflictError](err)
	return conflict
}

// load makes the state that of the epoch, and of the active epoch in the
// beginning.
func (g *Ingester) load(ctx context.Context) error {
	if !g.opened {
		active, _, err := loadActive(ctx, g.index)
		if err != nil {
			return err
		}
		if epoch, ok := active[onlyPartition]; ok {
			g.epoch, g.announced = epoch, epoch
		}
		g.opened = true
	}
	if g.loaded {
		return nil
	}
	s, err := g.index.Load(ctx, epochStream(onlyPartition, g.epoch), 0, true)
	if err != nil {
		return err
	}
	contents := newContents()
	for _, e := range s.Events {
		event, err := decodeEpochEvent(s.Tip.Stream(), e)
		if err != nil {
			return err
		}
		contents.fold(event)
	}
	g.tip, g.contents, g.loaded = s.Tip, contents, true
	return nil
}

// announce makes sure that the list of epochs has the epoch as the active one.
func (g *Ingester) announce(ctx context.Context) error {
	for conflicts := 0; g.announced < g.epoch; conflicts++ {
		active, tip, err := loadActive(ctx, g.index)
		if err != nil {
			return err
		}
		if epoch, ok := active[onlyPartition]; ok && epoch >= g.epoch {
			g.announced = epoch
			return nil
		}
		active[onlyPartition] = g.epoch
		if err := g.guard(ctx, false); err != nil {
			return err
		}
		_, err = g.index.Append(ctx, tip, table.Write{
			Events:  []table.Event{newEvent(typeStarted, encode(started{Partition: new(onlyPartition), Epoch: g.epoch}))},
			Unfolds: []table.Unfold{newUnfold(typeSnapshotted, encode(snapshotted{Active: active}))},
		})
		switch {
		case err == nil:
			g.announced = g.epoch
		case !isConflict(err) || conflicts == maxConflicts:
			return err
		}
	}
	return nil
}

// fence makes the next append fail that somebody else decided on before now.
// An epoch that nobody has written to needs none: its first write demands that
// there is none.
func (g *Ingester) fence(ctx context.Context, mark table.Unfold) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conflicts := 0; ; {
		if err := g.load(ctx); err != nil {
			return err
		}
		if g.contents.closed {
			g.advance()
			continue
		}
		if !g.tip.Exists() {
			return nil
		}
		after, err := g.index.Append(ctx, g.tip, table.Write{Unfolds: []table.Unfold{mark}, Match: table.MatchETag})
		switch {
		case err == nil:
			g.loaded = after.Version() == g.tip.Version()
			g.tip = after
			return nil
		case !isConflict(err) || conflicts == maxConflicts:
			return fmt.Errorf("take over epoch %d of partition %d: %w", g.epoch, onlyPartition, err)
		}
		conflicts++
		if err := g.conflict(ctx); err != nil {
			return err
		}
	}
}
