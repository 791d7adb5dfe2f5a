package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Healer returns the types of the events of a gap, all of them, or an error.
type Healer func(ctx context.Context, gap Gap) ([]string, error)

// HealFrom reads what is missing from the table of events.
func HealFrom(events *table.Table) Healer {
	return func(ctx context.Context, gap Gap) ([]string, error) {
		stream, err := es.ParseStreamName(gap.Stream)
		if err != nil {
			return nil, err
		}
		s, err := events.Load(ctx, stream, gap.From, true)
		if err != nil {
			return nil, err
		}
		if s.Tip.Version() < gap.Until {
			return nil, fmt.Errorf("the table has only %d events of %s; is it the table of these changes?", s.Tip.Version(), stream)
		}
		var names []string
		for _, e := range s.Events[:gap.Until-gap.From] {
			names = append(names, e.Type)
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

// errNoHealer is why a gap cannot be healed without a [Healer].
var errNoHealer = errors.New("there is no table of events to read them from")

// heal fills the gaps before and between runs.
func (g *Ingester) heal(ctx context.Context, runs []Span) ([]Span, error) {
	gaps := g.contents.gaps(runs, g.before)
	if len(gaps) == 0 {
		return runs, nil
	}
	healed := slices.Clone(runs)
	for _, gap := range gaps {
		g.config.Logger.WarnContext(ctx, "events are missing in the stream of changes",
			slog.String("stream", gap.Stream), slog.Int64("from", int64(gap.From)), slog.Int64("until", int64(gap.Until)),
			slog.Bool("healing", !g.config.WarnGaps))
		if g.config.WarnGaps {
			g.stats.Gaps++
			continue
		}
		if g.config.Heal == nil {
			return nil, &GapError{gap, errNoHealer}
		}
		names, err := g.config.Heal(ctx, gap)
		if err != nil {
			return nil, &GapError{gap, err}
		}
		if got, want := len(names), int(gap.Until-gap.From); got != want {
			return nil, &GapError{gap, fmt.Errorf("got %d events, want %d", got, want)}
		}
		g.stats.Gaps++
		g.stats.Healed += len(names)
		healed = append(healed, Span{gap.Stream, gap.From, names})
	}
	// What is healed and what it borders on become one run, where the stream
	// first arrived.
	healed, _ = flatten(healed)
	return healed, nil
}
