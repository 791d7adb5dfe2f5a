package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// RebuildConfig says how a [Rebuild] works. A zero field means the default named with
// it.
type RebuildConfig struct {
	Segments int                   // parts of the table that are read side by side; default 4
	Units    float64               // read units a second at the most, about; default no limit
	PageSize int                   // items in a page; default as many as fit into a megabyte
	Logger   *slog.Logger          // default none
	Progress func(RebuildProgress) // is told of each page; default nobody
}

// RebuildProgress is how far a [Rebuild] is.
type RebuildProgress struct {
	Segments int   `json:"-"`       // of the table
	Done     int   `json:"-"`       // of them, those that were read to their ends
	Resumed  bool  `json:"-"`       // it goes on where another one was interrupted
	Items    int64 `json:"items"`   // read
	Streams  int64 `json:"streams"` // read
	Events   int64 `json:"events"`  // that these have
	Missing  int64 `json:"missing"` // streams of which the index lacked events
	Indexed  int64 `json:"indexed"` // events that it lacked and has now
	Bad      int64 `json:"bad"`     // streams with an item that cannot be read; the log names them
}

// rebuilding is the unfold that keeps the progress, in a stream of its own.
type rebuilding struct {
	Table    string          `json:"table"`
	At       stamp           `json:"at"`
	Segments []table.Segment `json:"segments"` // none once it was done
	Progress RebuildProgress `json:"progress"`
}

const (
	rebuildCategory = "$Rebuild"
	typeRebuilding  = "Rebuilding"
	// saveEvery is how much of a rebuild is done again after an interruption.
	saveEvery = 5 * time.Second
)

// Rebuild brings every event of a table into its index that the index lacks: it scans
// the table, and compares each stream with what all epochs have of it. It may run
// beside writers and beside an indexer. Where one was interrupted the next goes on, if
// it is for the same table in as many segments.
//
// Events that are appended meanwhile are those of the indexer: one has to be at work
// when it begins, or have saved its place in the stream of changes, and within a day.
//
// Of a stream whose beginning the index lacks, but not its end, all is indexed again,
// in a new epoch. Streams that the index knows more of are an [*AheadError].
func Rebuild(ctx context.Context, events, index *table.Table, config RebuildConfig) (RebuildProgress, error) {
	if config.Segments == 0 {
		config.Segments = 4
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	ingester, err := NewIngester(index, IngesterConfig{Logger: config.Logger}.From(events))
	if err != nil {
		return RebuildProgress{}, err
	}
	r := &rebuild{config: config, index: often(index), ingester: ingester, saved: time.Now()}
	if err := r.start(ctx, events.Name()); err != nil {
		return r.state.Progress, fmt.Errorf("begin the rebuild: %w", err)
	}
	scan := table.ScanConfig{Segments: config.Segments, Units: config.Units, PageSize: config.PageSize, From: r.state.Segments}
	err = events.Scan(ctx, scan, func(page table.ScanPage) error { return r.page(ctx, page) })
	if err == nil {
		err = r.again(ctx)
	}
	if err == nil {
		r.state.Segments = nil
	}
	// What was done is kept, also if it was told to stop.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveEvery)
	defer cancel()
	if failed := r.save(last); failed != nil && err == nil {
		err = failed
	}
	return r.state.Progress, err
}

type rebuild struct {
	config   RebuildConfig
	index    *table.Table
	ingester *Ingester
	tip      table.Tip
	state    rebuilding
	saved    time.Time
	heads    []Span // all of the streams whose beginning the index lacks
}

// start loads the index, and the progress of a rebuild that was interrupted.
func (r *rebuild) start(ctx context.Context, name string) error {
	g := r.ingester
	g.mu.Lock()
	err := g.load(ctx)
	if err == nil {
		err = g.knowAll(ctx)
	}
	g.mu.Unlock()
	if err != nil {
		return err
	}
	if r.tip, err = r.index.Tip(ctx, table.NoTip(mustName(rebuildCategory, "0")), true); err != nil {
		return err
	}
	if u, ok := current(r.tip, typeRebuilding); ok {
		if err := decode(r.tip.Stream(), u.Index, u.Type, u.Data, &r.state); err != nil {
			return err
		}
	}
	if r.state.Table != name || len(r.state.Segments) != r.config.Segments {
		r.state = rebuilding{Table: name, Segments: make([]table.Segment, r.config.Segments)}
	} else {
		r.state.Progress.Resumed = true
	}
	return r.save(ctx)
}

// page indexes what a page of the table has and the index has not.
func (r *rebuild) page(ctx context.Context, page table.ScanPage) error {
	p := &r.state.Progress
	var spans []Span
	for _, whole := range page.Streams {
		if whole.Err != nil {
			p.Bad++
			r.config.Logger.ErrorContext(ctx, "a stream cannot be read, and is not indexed", slog.String("stream", whole.Stream), slog.Any("error", whole.Err))
			continue
		}
		span := spanOf(whole)
		p.Streams++
		p.Events += int64(len(span.Types))
		has, _ := r.ingester.Has(whole.Stream)
		switch {
		case has.Next > whole.Version:
			// The page may be older than what an indexer has indexed since.
			left, err := r.ingester.config.Stream(ctx, whole.Stream)
			if err != nil {
				return err
			}
			if has.Next > left.Next() {
				return &AheadError{whole.Stream, has.Next, left.Next()}
			}
		case len(span.Types) == 0:
		case has.Next < whole.First:
			r.ingester.lose(Gap{whole.Stream, has.Next, whole.First})
			p.Missing++
			spans = append(spans, span)
		case has.Next > 0 && has.From > whole.First:
			p.Missing++
			r.heads = append(r.heads, span)
		case has.Next < whole.Version:
			p.Missing++
			spans = append(spans, span)
		}
	}
	before := r.ingester.Stats().Events
	if err := r.ingester.Ingest(ctx, spans); err != nil {
		return err
	}
	p.Indexed += int64(r.ingester.Stats().Events - before)
	p.Items += int64(page.Items)
	r.state.Segments = page.Segments
	r.tell()
	if time.Since(r.saved) < saveEvery || len(r.heads) > 0 { // heads are kept in memory alone
		return nil
	}
	return r.save(ctx)
}

// again indexes all of the streams whose beginning is missing.
func (r *rebuild) again(ctx context.Context) error {
	before := r.ingester.Stats().Events
	if err := r.ingester.again(ctx, r.heads); err != nil {
		return err
	}
	r.state.Progress.Indexed += int64(r.ingester.Stats().Events - before)
	r.heads = nil
	r.tell()
	return nil
}

func (r *rebuild) tell() {
	p := &r.state.Progress
	p.Segments, p.Done = r.config.Segments, 0
	for _, s := range r.state.Segments {
		if s.Done {
			p.Done++
		}
	}
	if r.config.Progress != nil {
		r.config.Progress(*p)
	}
}

// save keeps the progress. Two rebuilds at once do not get in each other's way, but
// only what one of them did is kept.
func (r *rebuild) save(ctx context.Context) error {
	if len(r.heads) > 0 {
		return nil // they would be forgotten
	}
	r.saved = time.Now()
	r.state.At = stamp(r.saved)
	after, err := r.index.Append(ctx, r.tip, table.Write{
		Unfolds: []table.Unfold{newUnfold(typeRebuilding, encode(r.state))}, Match: table.MatchETag,
	})
	if met, ok := errors.AsType[*table.ConflictError](err); ok {
		after, err = met.Actual, nil
	}
	if err != nil {
		return fmt.Errorf("save the progress of the rebuild: %w", err)
	}
	r.tip = after
	return nil
}

// Known is what an index has of a stream: the events from one to before another,
// without a gap. Of a stream with a gap it is what lies behind that.
type Known struct {
	From, Next es.Version
	At         time.Time // when the last was indexed
}

// Has is what the index has of a stream, as far as it was read. Only an ingester that
// read all of it can say that it has nothing.
func (g *Ingester) Has(stream string) (Known, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k, ok := g.has(stream)
	return Known{k.fromIndex(), k.nextIndex(), time.Unix(k.at, 0)}, ok
}

// lose notes that events are in no table, so that nobody looks for them.
func (g *Ingester) lose(gap Gap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone[gap] = true
	g.stats.Lost += int(gap.Until - gap.From)
}

// again indexes streams as if the index had nothing of them, in an epoch that has
// nothing of them.
func (g *Ingester) again(ctx context.Context, spans []Span) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(spans) == 0 {
		return nil
	}
	for conflicts := 0; ; conflicts++ {
		if err := g.load(ctx); err != nil {
			return err
		}
		if !g.contents.has(spans) {
			break
		}
		switch err := g.append(ctx, nil, true); {
		case err == nil:
		case !isConflict(err) || conflicts == maxConflicts:
			return err
		default:
			if err := g.conflict(ctx, err, conflicts); err != nil {
				return err
			}
		}
	}
	for _, s := range spans {
		delete(g.past.streams, s.Stream)
	}
	return g.ingest(ctx, spans)
}

func (c *contents) has(spans []Span) bool {
	for _, s := range spans {
		if _, ok := c.streams[s.Stream]; ok {
			return true
		}
	}
	return false
}

// Coverage is what an index has of all streams, by their names, read from its
// beginning to its end.
func Coverage(ctx context.Context, index *table.Table) (map[string]Known, error) {
	g, err := NewIngester(index, IngesterConfig{})
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.load(ctx); err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	for g.contents.closed {
		g.advance()
		if err := g.load(ctx); err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
	}
	if err := g.knowAll(ctx); err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	g.past.newer(g.contents)
	all := make(map[string]Known, len(g.past.streams))
	for stream, k := range g.past.streams {
		all[stream] = Known{k.fromIndex(), k.nextIndex(), time.Unix(k.at, 0)}
	}
	return all, nil
}
