package monitor

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// Log writes what a reactor does to a log. It is a [reactor.Observer]; Run adds a
// summary each minute.
//
// What goes wrong is a warning at its first occurrence and then at the second,
// fourth, eighth in a row and so on: since pauses grow, it becomes ever rarer.
// Its end is an information. Calls and reads that go well are for debugging.
type Log struct {
	to *slog.Logger

	mu       sync.Mutex
	counts   counts // since the last summary
	troubled map[es.StreamName]troubled
	saving   map[feed.Tranche]int // failed saves in a row
	hung     map[es.StreamName]time.Time
	down     map[string]bool // servers that cannot be reached
	unlisted failures        // looks at what is set aside
	skipped  map[string]int  // by type, in all
	types    bounded
}

// counts is what happened in a while.
type counts struct {
	events, calls, failures, lags, readFailures, saves, saveFailures int
}

// failures are those of something that is done again and again and tells only of them.
type failures struct {
	inARow int
	last   time.Time
}

// longestRowPause is how long there may be between two failures in a row: nothing tells of the
// end of the row.
const longestRowPause = 15 * time.Minute

// failed counts a failure, and tells whether it is worth a line.
func (f *failures) failed(now time.Time) bool {
	if now.Sub(f.last) > longestRowPause {
		f.inARow = 0
	}
	f.inARow, f.last = f.inARow+1, now
	return loud(f.inARow)
}

// troubled is a stream that was not handled yet.
type troubled struct {
	stream es.StreamName
	since  time.Time
	warned bool // so that its recovery is worth a line too
}

// summaryInterval is how often a log is given a summary.
const summaryInterval = time.Minute

// NewLog writes to a logger.
func NewLog(to *slog.Logger) *Log {
	return &Log{
		to:       to,
		troubled: map[es.StreamName]troubled{}, saving: map[feed.Tranche]int{}, hung: map[es.StreamName]time.Time{}, down: map[string]bool{}, skipped: map[string]int{},
	}
}

// Run writes a summary each minute and returns when ctx ends.
func (l *Log) Run(ctx context.Context) {
	ticker := time.NewTicker(summaryInterval)
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
	happened := l.counts
	l.counts = counts{}
	now := slices.SortedFunc(maps.Values(l.troubled), func(a, b troubled) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.stream.String(), b.stream.String()))
	})
	down := slices.Sorted(maps.Keys(l.down))
	l.mu.Unlock()
	attrs := []slog.Attr{
		slog.Int("events", happened.events), slog.Int("calls", happened.calls),
		slog.Int("failures", happened.failures), slog.Int("lags", happened.lags),
		slog.Int("readFailures", happened.readFailures),
		slog.Int("saves", happened.saves), slog.Int("saveFailures", happened.saveFailures),
		slog.Int("troubled", len(now)),
	}
	if len(down) > 0 {
		attrs = append(attrs, slog.Any("down", down))
	}
	if len(now) > 0 {
		var names []string
		for _, t := range now[:min(len(now), maxNamed)] {
			names = append(names, t.stream.String())
		}
		attrs = append(attrs, slog.Any("longest", names))
	}
	l.to.LogAttrs(ctx, slog.LevelInfo, "summary of the reactor", attrs...)
}

// maxNamed is how many troubled streams a summary or a list of reasons names.
const maxNamed = 10

// Observe implements [reactor.Observer].
func (l *Log) Observe(occurrence reactor.Occurrence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch o := occurrence.(type) {
	case reactor.BatchRead:
		l.counts.events += o.Events
		l.to.Debug("a batch was read", "tranche", o.Tranche, "events", o.Events, "next", o.Next)
	case reactor.ReadFailed:
		l.counts.readFailures++
		if loud(o.Attempts) && !reactor.IsOutage(o.Err) {
			l.to.Warn("the feed could not be read", "tranche", o.Tranche, "position", o.From, "attempts", o.Attempts, "pause", o.Pause, "error", o.Err)
		}
	case reactor.ReadRecovered:
		l.to.Info("the feed can be read again", "tranche", o.Tranche, "attempts", o.Attempts, "after", o.After)
	case reactor.StoodStill:
		l.to.Error("the feed stands still: reads find nothing more, although the leader has events; is what answers them a replica that does not get on?",
			"tranche", o.Tranche, "position", o.Position, "end", o.End, "since", o.Since, "server", o.Server)
	case reactor.GotOn:
		l.to.Info("the feed gets on again", "tranche", o.Tranche, "position", o.Position)
	case reactor.Hung:
		l.hung[o.Stream] = o.Since
		l.to.Warn("a call ignores that its time is over; another is made in its place", "stream", o.Stream.String(), "since", o.Since)
	case reactor.Returned:
		l.counts.calls++
		if _, hung := l.hung[o.Stream]; hung {
			delete(l.hung, o.Stream)
			l.to.Info("a call that ignored that its time was over has returned", "stream", o.Stream.String(), "took", o.Took)
		}
		l.to.Debug("a call returned", "stream", o.Stream.String(), "observed", o.Observed, "took", o.Took, "error", o.Err)
	case reactor.Troubled:
		l.observeTrouble(o)
	case reactor.Recovered:
		warned := l.troubled[o.Stream].warned
		delete(l.troubled, o.Stream)
		if warned {
			l.to.Info("the stream is handled again", "stream", o.Stream.String(), "attempts", o.Attempts, "after", o.After)
		}
	case reactor.EventSkipped:
		name := l.types.name(o.Type)
		l.skipped[name]++
		if times := l.skipped[name]; loud(times) {
			l.to.Warn("an event of an unknown type was skipped", "type", o.Type, "stream", o.Stream.String(), "index", o.Index, "times", times)
		}
	case reactor.SetAside:
		delete(l.troubled, o.Stream)
		l.to.Error("the stream is set aside: what is appended to it is passed over until it is retried or dropped (reactor quarantine)", "stream", o.Stream.String(), "upTo", o.UpTo, "cause", o.Cause)
	case reactor.TakenUp:
		l.to.Info("the stream that was set aside is taken up again", "stream", o.Stream.String())
	case reactor.QuarantineFailed:
		if !reactor.IsOutage(o.Err) && l.unlisted.failed(time.Now()) {
			l.to.Warn("it cannot be looked up or noted which streams are set aside", "attempts", l.unlisted.inARow, "error", o.Err)
		}
	case reactor.StoreDown:
		l.down[o.Server] = true
		l.to.Error("the store cannot be reached; everything waits for it, and one question at a time probes it", "server", o.Server, "since", o.Since, "error", o.Err)
	case reactor.StoreUp:
		delete(l.down, o.Server)
		l.to.Info("the store can be reached again; everything goes on", "server", o.Server, "after", o.After, "probes", o.Probes)
	case reactor.NotesMissing:
		l.to.Warn("there is no place for notes beside the checkpoint: a loss of events while this does not run may go unnoticed, and nothing keeps another process of this name from doing the same work", "error", o.Err)
	case reactor.EventsErased:
		l.to.Warn("the last events that were read have been erased from the store; the reactor goes on", "tranche", o.Tranche, "read", o.Read, "end", o.End)
	case reactor.SlotTaken:
		l.to.Info("works on a slot", "slot", o.Slot, "token", o.Token, "from", o.From)
	case reactor.SlotGiven:
		l.to.Info("a slot was handed over to another process", "slot", o.Slot)
	case reactor.SlotLost:
		const text = "a slot was lost: this process gave no sign of life for too long, or another one has taken it"
		if o.Err == nil {
			l.to.Warn(text, "slot", o.Slot)
		} else {
			l.to.Warn(text, "slot", o.Slot, "error", o.Err)
		}
	case reactor.RosterFailed:
		if !reactor.IsOutage(o.Err) {
			l.to.Warn("it cannot be read or written who holds the slots; it is tried again", "error", o.Err)
		}
	case reactor.CheckpointSaved:
		l.counts.saves++
		if failed := l.saving[o.Tranche]; failed > 0 {
			l.to.Info("the checkpoint can be saved again", "tranche", o.Tranche, "position", o.Position, "attempts", failed)
		}
		delete(l.saving, o.Tranche)
	case reactor.CheckpointFailed:
		l.counts.saveFailures++
		l.saving[o.Tranche]++
		if attempts := l.saving[o.Tranche]; loud(attempts) && !reactor.IsOutage(o.Err) {
			l.to.Warn("the checkpoint could not be saved", "tranche", o.Tranche, "position", o.Position, "attempts", attempts, "error", o.Err)
		}
	case reactor.Called:
		l.to.Debug("a call begins", "stream", o.Stream.String(), "events", o.Events)
	case reactor.Retired: // the return of the call tells enough
	}
}

// observeTrouble warns of a failure. A lag that is over after one more try is
// what happens on a replica, and no reason for a warning.
func (l *Log) observeTrouble(o reactor.Troubled) {
	known := l.troubled[o.Stream]
	lags := causeOf(o.Cause) == "lag"
	if lags {
		l.counts.lags++
	} else {
		l.counts.failures++
	}
	warns := loud(o.Attempts) && (!lags || o.Attempts > 1) && !reactor.IsOutage(o.Cause)
	l.troubled[o.Stream] = troubled{o.Stream, o.Since, known.warned || warns}
	if warns {
		l.to.Warn("the stream could not be handled", "stream", o.Stream.String(), "attempts", o.Attempts, "since", o.Since, "nextTry", o.NextTry, "error", o.Cause)
	}
}

// loud tells whether a failure in a row is worth a line: the first, the second,
// the fourth and so on.
func loud(n int) bool { return bits.OnesCount(uint(n)) == 1 }
