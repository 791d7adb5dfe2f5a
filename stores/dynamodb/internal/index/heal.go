package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Healer returns the types of the events of a gap, or those of its last ones where
// the first were pruned, or an error.
type Healer func(ctx context.Context, gap Gap) ([]string, error)

// HealFrom reads what is missing from the table of events.
func HealFrom(events *table.Table) Healer {
	return func(ctx context.Context, gap Gap) ([]string, error) {
		left, err := events.Left(ctx, gap.Stream, gap.From)
		if err != nil {
			return nil, err
		}
		if left.Version < gap.Until {
			return nil, &AheadError{gap.Stream, gap.Until, left.Version}
		}
		var names []string
		for _, e := range left.Events {
			if e.Index < gap.Until {
				names = append(names, e.Type)
			}
		}
		return names, nil
	}
}

// GapError says that events were never announced to the index and could not be
// found elsewhere. Nothing of what came behind them was indexed.
type GapError struct {
	Gap Gap
	Err error
}

func (e *GapError) Error() string {
	return fmt.Sprintf("events %d to %d of %s are missing in the stream of changes and cannot be healed: %v; "+
		"index what comes behind them by having gaps only warned of", e.Gap.From, e.Gap.Until-1, e.Gap.Stream, e.Err)
}

func (e *GapError) Unwrap() error { return e.Err }

// NeedsPerson is what [es.NeedsPerson] asks.
func (*GapError) NeedsPerson() bool { return true }

// AheadError says that the index knows more events of a stream than the stream has:
// the table of events was set back to an earlier state, or it is another one. What is
// appended to the stream would pass for events that the index has already.
type AheadError struct {
	Stream  string
	Indexed es.Version // what the index knows of
	Version es.Version // what the stream has, or had after an append that was new to it
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("the index knows %s of %s that the table does not have; there the stream came to version %d later: "+
		"the table was restored without its index, or it is another table; restore both together, "+
		"or begin with an empty index and rebuild it", plural.Of(int64(e.Indexed), "event"), e.Stream, e.Version)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*AheadError) NeedsPerson() bool { return true }

// errNoHealer is why a gap cannot be healed without a [Healer].
var errNoHealer = errors.New("there is no table of events to read them from")

// heal fills the gaps before and between runs. What was pruned is gone: it is noted
// as such, and what comes behind goes into an epoch without a gap.
func (g *Ingester) heal(ctx context.Context, runs []Span) ([]Span, error) {
	gaps := g.gaps(runs)
	if len(gaps) == 0 {
		return runs, nil
	}
	healed := slices.Clone(runs)
	for _, gap := range gaps {
		if g.gone[gap] {
			continue
		}
		_, had := g.has(gap.Stream)
		if g.config.Heal == nil && !had {
			// As Propulsion does, which takes a stream that it does not know as it is.
			g.log(ctx, "the index begins in the middle of a stream", gap)
			continue
		}
		names, err := g.fill(ctx, gap)
		if err != nil {
			return nil, &GapError{gap, err}
		}
		g.stats.Gaps++
		first := gap.Until - es.Version(len(names))
		if len(names) > 0 {
			g.stats.Healed += len(names)
			healed = append(healed, Span{gap.Stream, first, names})
			g.log(ctx, "events are missing in the stream of changes and were read from the table", gap)
		}
		if first > gap.From {
			g.stats.Lost += int(first - gap.From)
			g.gone[gap], g.gone[Gap{gap.Stream, gap.From, first}] = true, true
			g.log(ctx, "events are missing, and are not in the table either", Gap{gap.Stream, gap.From, first})
		}
	}
	// What is healed and what it borders on become one run, where the stream
	// first arrived.
	healed, _ = flatten(healed)
	return healed, nil
}

// fill returns the types of what is left of a gap.
func (g *Ingester) fill(ctx context.Context, gap Gap) ([]string, error) {
	var names []string
	err := errNoHealer
	if g.config.Heal != nil {
		names, err = g.config.Heal(ctx, gap)
	}
	if got, most := len(names), int(gap.Until-gap.From); err == nil && got > most {
		err = fmt.Errorf("got %d events, want at most %d", got, most)
	}
	if err != nil && g.config.WarnGaps {
		g.config.Logger.WarnContext(ctx, "a gap cannot be healed", slog.Any("error", err))
		return nil, nil
	}
	return names, err
}

func (g *Ingester) log(ctx context.Context, message string, gap Gap) {
	g.config.Logger.WarnContext(ctx, message, //nolint:sloglint // those of the callers are literals
		slog.String("stream", gap.Stream), slog.Int64("from", int64(gap.From)), slog.Int64("until", int64(gap.Until)))
}

// gaps are the holes before and between runs: behind what the epoch has of a stream
// or, as long as it has nothing, what the epochs before have.
func (g *Ingester) gaps(runs []Span) []Gap {
	var gaps []Gap
	ends := map[string]es.Version{} // behind the runs that were looked at
	for _, run := range runs {
		next := g.next(run.Stream)
		if end, ran := ends[run.Stream]; ran {
			next = max(next, end)
		}
		if run.Index > next {
			gaps = append(gaps, Gap{run.Stream, next, run.Index})
		}
		ends[run.Stream] = run.Next()
	}
	return gaps
}

// next is the index of the first event of a stream that is not indexed: 0 if the
// index has none. An epoch that has early events again, which happens when several
// write it, has to have those behind them again as well.
func (g *Ingester) next(stream string) es.Version {
	if here, now := g.contents.streams[stream]; now {
		return here.nextIndex()
	}
	return g.past.streams[stream].nextIndex()
}
