package reactor

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"time"

	"groupcheckout/domain/es"
	"groupcheckout/reactor/feed"
)

// Log writes what a reactor does to a log. It is an [Observer]; Run adds a
// summary now and then.
//
// What goes wrong is a warning at its first occurrence and then at the second,
// fourth, eighth in a row and so on: since pauses grow, it becomes ever rarer.
// Its end is an information. Calls and reads that go well are for debugging.
type Log struct {
	to    *slog.Logger
	every time.Duration

	mu       sync.Mutex
	counts   counts // since the last summary
	troubled map[es.StreamName]Troubled
	saving   map[feed.Tranche]int // failed saves in a row
	skipped  map[string]int       // by type, in all
	types    bounded
}

// counts is what happened in a while.
type counts struct {
	events, calls, failures, lags, readFailures, saves, saveFailures int
}

// summaryInterval is the default of [NewLog].
const summaryInterval = time.Minute

// NewLog writes to a logger, slog.Default if it is nil, with a summary at each
// interval, a minute if it is zero.
func NewLog(to *slog.Logger, interval time.Duration) *Log {
	if to == nil {
		to = slog.Default()
	}
	if interval <= 0 {
		interval = summaryInterval
	}
	return &Log{
		to: to, every: interval,
		troubled: map[es.StreamName]Troubled{}, saving: map[feed.Tranche]int{}, skipped: map[string]int{},
	}
}

// Run writes a summary at each interval and returns when ctx ends.
func (l *Log) Run(ctx context.Context) {
	ticker := time.NewTicker(l.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.summarise(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// summarise writes what happened since the last time and who is troubled.
func (l *Log) summarise(ctx context.Context) {
	l.mu.Lock()
	counts := l.counts
	l.counts.reset()
	troubled := slices.SortedFunc(maps.Values(l.troubled), func(a, b Troubled) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Stream.String(), b.Stream.String()))
	})
	l.mu.Unlock()
	attrs := []slog.Attr{
		slog.Int("events", counts.events), slog.Int("calls", counts.calls),
		slog.Int("failures", counts.failures), slog.Int("lags", counts.lags),
		slog.Int("readFailures", counts.readFailures),
		slog.Int("saves", counts.saves), slog.Int("saveFailures", counts.saveFailures),
		slog.Int("troubled", len(troubled)),
	}
	if len(troubled) > 0 {
		var names []string
		for _, t := range troubled[:min(len(troubled), maxNamed)] {
			names = append(names, t.Stream.String())
		}
		attrs = append(attrs, slog.Any("longest", names))
	}
	l.to.LogAttrs(ctx, slog.LevelInfo, "summary of the reactor", attrs...)
}

// maxNamed is how many troubled streams a summary names.
const maxNamed = 10

func (c *counts) reset() { *c = counts{} }

// Observe implements [Observer].
func (l *Log) Observe(occurrence Occurrence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch o := occurrence.(type) {
	case BatchRead:
		l.counts.events += o.Events
		l.write(slog.LevelDebug, "a batch was read", "tranche", o.Tranche, "events", o.Events, "next", o.Next)
	case ReadFailed:
		l.counts.readFailures++
		l.warn(o.Attempts, "the feed could not be read", "tranche", o.Tranche, "position", o.From, "attempts", o.Attempts,
			"nextTry", o.Pause, "error", o.Err)
	case ReadRecovered:
		l.write(slog.LevelInfo, "the feed can be read again", "tranche", o.Tranche, "attempts", o.Attempts, "after", o.After)
	case Returned:
		l.counts.calls++
		l.write(slog.LevelDebug, "a call returned", "stream", o.Stream.String(), "observed", o.Observed, "took", o.Took, "error", o.Err)
	case Troubled:
		l.noteTrouble(o)
	case Recovered:
		delete(l.troubled, o.Stream)
		l.write(slog.LevelInfo, "the stream is handled again", "stream", o.Stream.String(), "attempts", o.Attempts, "after", o.After)
	case EventSkipped:
		name := l.types.name(o.Type)
		l.skipped[name]++
		l.warn(l.skipped[name], "an event of an unknown type was skipped", "type", o.Type, "stream", o.Stream.String(), "index", o.Index,
			"times", l.skipped[name])
	case CheckpointSaved:
		l.counts.saves++
		if failed := l.saving[o.Tranche]; failed > 0 {
			l.write(slog.LevelInfo, "the checkpoint can be saved again", "tranche", o.Tranche, "position", o.Position, "attempts", failed)
		}
		delete(l.saving, o.Tranche)
	case CheckpointFailed:
		l.counts.saveFailures++
		l.saving[o.Tranche]++
		l.warn(l.saving[o.Tranche], "the checkpoint could not be saved", "tranche", o.Tranche, "position", o.Position,
			"attempts", l.saving[o.Tranche], "error", o.Err)
	case Called, Retired: // the return of the call tells enough
	}
}

// noteTrouble warns of a failure. A lag that is over after one more try is what
// happens on a replica, and no reason for a warning.
func (l *Log) noteTrouble(o Troubled) {
	l.troubled[o.Stream] = o
	attrs := []any{"stream", o.Stream.String(), "attempts", o.Attempts, "since", o.Since, "nextTry", o.NextTry, "error", o.Cause}
	if causeOf(o.Cause) == "lag" {
		l.counts.lags++
		if o.Attempts == 1 {
			l.write(slog.LevelDebug, "a call saw less of its stream than the feed told of", attrs...)
			return
		}
	} else {
		l.counts.failures++
	}
	l.warn(o.Attempts, "the stream could not be handled", attrs...)
}

// warn writes the first occurrence, the second, the fourth and so on.
func (l *Log) warn(occurrence int, message string, args ...any) {
	if bits.OnesCount(uint(occurrence)) == 1 {
		l.write(slog.LevelWarn, message, args...)
	}
}

func (l *Log) write(level slog.Level, message string, args ...any) {
	l.to.Log(context.Background(), level, message, args...)
}
