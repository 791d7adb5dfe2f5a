package index

import (
	"context"
	"errors"
	"log/slog"
)

// Take indexes what records say was appended, in the order in which they come. When
// it returns nil all of it is in the index. After an error some may be; the same
// records can be taken again.
//
// A record that cannot be understood is set aside: it is logged by its sequence
// number and the name of its stream, and the stream is read from the table of events
// instead, now or, if that fails too, when something is appended to it again. So no
// record keeps the others from being indexed.
//
// Errors are those of [Ingester.Ingest], a [*RecordError] for a stream of changes
// that does not show what is needed, an [*AheadError], and a [*HaltError] where the first
// index of a table would lack its past.
func (g *Ingester) Take(ctx context.Context, records []Record) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var spans []Span
	var known []Record // what spans are of
	for _, record := range records {
		span, ok, err := record.Span()
		bad, is := errors.AsType[*RecordError](err)
		switch {
		case is && !bad.View:
			if spare, ok := g.setAside(ctx, bad); ok {
				spans, known = append(spans, spare), append(known, Record{})
			}
		case err != nil:
			return err
		case ok:
			spans, known = append(spans, span), append(known, record)
		}
	}
	if len(spans) == 0 {
		return nil
	}
	if err := g.load(ctx); err != nil {
		return err
	}
	if err := g.begins(ctx, records[0].From); err != nil {
		return err
	}
	if err := g.know(ctx, spans); err != nil {
		return err
	}
	for i, span := range spans {
		if err := g.compare(known[i], span); err != nil {
			return err
		}
	}
	return g.ingest(ctx, spans)
}

// setAside names a record that cannot be understood, and returns what the table has
// of its stream.
func (g *Ingester) setAside(ctx context.Context, bad *RecordError) (Span, bool) {
	g.stats.SetAside++
	var span Span
	err := errNoHealer
	if g.config.Stream != nil && bad.Stream != "" {
		span, err = g.config.Stream(ctx, bad.Stream)
	}
	g.config.Logger.ErrorContext(ctx, "a record of the stream of changes was set aside", slog.String("sequence", bad.Sequence),
		slog.String("stream", bad.Stream), slog.String("reason", bad.Reason), slog.Bool("readFromTheTable", err == nil))
	return span, err == nil && len(span.Types) > 0
}

// compare makes sure that a record which tells of events that the index has already
// is an old one that came again. If it was written long after they were indexed then
// the stream went back in between.
func (g *Ingester) compare(record Record, span Span) error {
	has, ok := g.has(span.Stream)
	if !ok || span.Index >= has.nextIndex() || has.at == 0 || record.Written.IsZero() {
		return nil
	}
	late := func(seconds int64) bool { return seconds > has.at+int64(clockTolerance.Seconds()) }
	if !late(record.Written.Unix()) {
		return nil
	}
	// Pruning, and whoever touches an item, tell of the newest events again: those
	// are old, and the version is the one that is known.
	appended := record.since(span, span.Index)
	if span.Next() < has.nextIndex() || !appended.IsZero() && late(appended.Unix()) {
		return &AheadError{span.Stream, has.nextIndex(), span.Next()}
	}
	return nil
}
