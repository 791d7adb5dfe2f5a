package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// IngesterConfig says how an [Ingester] works. A zero field means the default
// named with it.
type IngesterConfig struct {
	Limits   Limits       // of an epoch
	Heal     Healer       // finds what the stream of changes lost; default none: a gap is a [*GapError]
	WarnGaps bool         // index what comes behind a gap that cannot be healed, and only log it
	Logger   *slog.Logger // default none

	// Stream reads all that the table of events has of a stream, for a record that
	// cannot be understood; default none.
	Stream func(ctx context.Context, stream string) (Span, error)
	// Older tells whether the table of events holds some that were appended before a
	// moment; default unknown. It is asked before an index is begun with records that
	// say which stream of changes they came by.
	Older func(ctx context.Context, before time.Time) (bool, error)

	events string // the name of the table of events, for messages
}

// From makes the ingester read from a table of events what the stream of changes
// lost.
func (c IngesterConfig) From(events *table.Table) IngesterConfig {
	c.Heal, c.Older, c.events = HealFrom(events), events.Older, events.Name()
	c.Stream = func(ctx context.Context, stream string) (Span, error) {
		left, err := events.Left(ctx, stream, 0)
		return spanOf(left), err
	}
	return c
}

// spanOf is all that a table has of a stream.
func spanOf(whole table.Whole) Span {
	span := Span{Stream: whole.Stream, Index: whole.First}
	for _, e := range whole.Events {
		span.Types = append(span.Types, e.Type)
	}
	return span
}

// IngesterStats counts what an [Ingester] did since it was made.
type IngesterStats struct {
	Events     int // indexed
	Appends    int // to the table: events Ingested
	Duplicates int // events that came again and were left out
	Gaps       int // that were healed, or only logged
	Healed     int // events found in the table of events
	Lost       int // events that are in no table either
	SetAside   int // records that cannot be understood
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
	past      past
	gone      map[Gap]bool // that are in no table
	announced Epoch        // the highest that the list of epochs is known to have; -1 for none
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
		index: index, config: config, announced: -1, past: past{streams: map[string]known{}}, gone: map[Gap]bool{},
		guard: func(context.Context, bool) error { return nil },
	}, nil
}

// TableConfig is how an index table is written. Propulsion's own indexers let a tip
// grow to 48 KiB, all of which each append pays for; who reads does not mind.
func TableConfig() table.Config { return table.Config{MaxBytes: 4 * 1024, QueryMaxItems: 250} }

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

// empty tells whether nothing was ever indexed. It has to be loaded.
func (g *Ingester) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.epoch == 0 && !g.tip.Exists()
}

// kept is for how long a stream of changes keeps them, certainly.
const kept = 23 * time.Hour

// begins refuses to begin an index that would lack the past of its table: with a stream
// of changes, of the given ARN, that was switched on after events were there, or that
// has lost them since. It has to be loaded.
func (g *Ingester) begins(ctx context.Context, arn string) error {
	if arn == "" || g.config.Older == nil || g.epoch > 0 || g.tip.Exists() {
		return nil
	}
	since := time.Now().Add(-kept)
	_, label, _ := strings.Cut(arn, "/stream/")
	if on, err := time.Parse("2006-01-02T15:04:05.000", label); err == nil && on.After(since) {
		since = on
	}
	past, err := g.config.Older(ctx, since)
	if err == nil && past {
		g.loaded = false // somebody is to make the index meanwhile
		err = halt(haltID(arn, reached{}), &UnindexedError{g.config.events, g.index.Name()})
	}
	return err
}

// Ingest adds spans, in the order in which they come, to the index. When it
// returns nil all of them are in it. After an error some may be; the same spans
// can be ingested again.
//
// Errors are those of the table, a [*GapError] and a [*BodyError].
func (g *Ingester) Ingest(ctx context.Context, spans []Span) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ingest(ctx, spans)
}

func (g *Ingester) ingest(ctx context.Context, spans []Span) error {
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
		if g.contents.closed {
			g.advance()
			continue
		}
		if err := g.know(ctx, runs); err != nil {
			return err
		}
		healed, err := g.heal(ctx, runs)
		if err != nil {
			return err
		}
		rest, duplicates := g.rest(healed)
		now, later := g.contents.fit(rest)
		switch err := g.append(ctx, now, len(later) > 0); {
		case err == nil && len(later) == 0:
			g.stats.Duplicates += duplicates
			return g.announce(ctx)
		case err == nil:
			g.stats.Duplicates += duplicates
			runs = later
		case !isConflict(err) || conflicts == maxConflicts:
			return err
		default:
			conflicts++
			if err := g.conflict(ctx, err, conflicts); err != nil {
				return err
			}
		}
	}
}

// rest is what the index does not hold of runs. It tells how many events that
// leaves out.
func (g *Ingester) rest(runs []Span) (rest []Span, duplicates int) {
	for _, run := range runs {
		s := run.since(g.next(run.Stream))
		duplicates += len(run.Types) - len(s.Types)
		if len(s.Types) > 0 {
			rest = append(rest, s)
		}
	}
	return rest, duplicates
}

// append writes what an open epoch does not hold. The size that decides whether
// the epoch ends is that from before; it ends in any case if closing is set.
func (g *Ingester) append(ctx context.Context, rest []Span, closing bool) error {
	if len(rest) == 0 && !closing {
		return nil
	}
	var event ingested
	var events []table.Event
	if len(rest) > 0 {
		event = g.contents.decide(rest)
		events = append(events, newEvent(typeIngested, encode(event)))
		closing = closing || g.config.Limits.closes(g.contents, g.tip.StreamBytes(), g.tip.Version(), event)
	}
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
	if after.Version() != g.tip.Version()+es.Version(len(events)) {
		// Somebody had written behind us before our outcome was known.
		err = g.catchUp(ctx, after)
	} else {
		g.contents.fold(epochEvent{event, closing}, events[0].Time)
		g.tip = after
	}
	if err != nil {
		return err
	}
	if closing {
		g.stats.Closed++
		g.advance()
	}
	return nil
}

// advance goes on to the next epoch.
func (g *Ingester) advance() {
	g.past.newer(g.contents)
	g.epoch++
	g.loaded, g.tip, g.contents = false, table.NoTip(epochStream(onlyPartition, g.epoch)), newContents()
}

// conflict makes what is known of the epoch that what the winner left. A loser that
// loses again waits a little, so that each has its turn, and looks after that: what the
// winner left is old by then.
func (g *Ingester) conflict(ctx context.Context, err error, conflicts int) error {
	g.stats.Conflicts++
	g.loaded = false
	if conflicts > 1 {
		const each = 10 * time.Millisecond
		if err := pause.For(ctx, rand.N(time.Duration(conflicts)*each)); err != nil {
			return err
		}
	} else if met, ok := errors.AsType[*table.ConflictError](err); ok && met.Actual.Exists() {
		if err := g.catchUp(ctx, met.Actual); err != nil {
			return err
		}
	}
	return g.guard(ctx, true)
}

// catchUp reads what an epoch has behind the events that are known, which are mostly
// in its tip. Events that are stored never change.
func (g *Ingester) catchUp(ctx context.Context, tip table.Tip) error {
	s := table.Stream{Tip: tip}
	var err error
	switch at := g.tip.Version(); {
	case tip.Version() < at:
		return fmt.Errorf("epoch %d of partition %d had %d events, and now has %d: was the index restored?", g.epoch, onlyPartition, at, tip.Version())
	case tip.Base() <= at:
		s.Events = tip.Events()[at-tip.Base():]
	default:
		if s, err = g.index.Tail(ctx, tip, at, true); err != nil {
			return err
		}
	}
	if err := g.contents.foldAll(s); err != nil {
		return err
	}
	g.tip, g.loaded = s.Tip, true
	return nil
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
			g.epoch, g.announced, g.past.from = epoch, epoch, epoch
		}
		contents, tip, err := readEpoch(ctx, g.index, g.epoch, true)
		if err != nil {
			return err
		}
		g.contents, g.tip = contents, tip
		g.opened, g.loaded = true, true
	}
	if g.loaded {
		return nil
	}
	tip, err := g.index.Tip(ctx, g.tip, true)
	if err != nil {
		return err
	}
	return g.catchUp(ctx, tip)
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
		_, err = g.index.Small(smallBytes, listEvents).Append(ctx, tip, table.Write{
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
			return g.catchUp(ctx, after)
		case !isConflict(err) || conflicts == maxConflicts:
			return fmt.Errorf("take over epoch %d of partition %d: %w", g.epoch, onlyPartition, err)
		}
		conflicts++
		if err := g.conflict(ctx, err, conflicts); err != nil {
			return err
		}
	}
}
