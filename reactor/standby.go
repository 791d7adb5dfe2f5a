package reactor

import (
	"context"
	"math"
	"time"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// A process that stands by reads nothing, so it would not find out that it cannot. Others
// rely on it all the same. So it looks now and then whether the leader tells the end of a
// tranche, whether what the feed is read from gets there, and whether anything comes in.

// standByInterval is how long it waits between two looks. On DynamoDB each costs.
const standByInterval = 15 * time.Second

// watched is what a process that stands by has seen of a tranche.
type watched struct {
	failed row    // looks, in a row
	server string // that failed
	begun  bool
	at     feed.Position // behind which something is to be found once the feed goes on
	end    feed.Position // as the leader said
	behind time.Time     // since when nothing is found there although the feed goes on; zero if it does not

	silent      string // why nothing new comes into the feed
	silentSince time.Time
}

// watch looks until ctx ends.
func (r *Running) watch(ctx context.Context, t *tranche) {
	defer t.watched.Store(nil)
	var seen watched
	for pause.For(ctx, standByInterval) == nil {
		r.lookOn(ctx, t, &seen)
		if ctx.Err() == nil {
			now := seen
			t.watched.Store(&now)
		}
	}
}

// lookOn looks once.
func (r *Running) lookOn(ctx context.Context, t *tranche, seen *watched) {
	servers := r.config.Breakers.servers()
	lag, err := r.lag(ctx, t.name, math.MaxInt64, r.config.ReadLimit) // behind that nothing has to be counted
	if err != nil {
		seen.failed, seen.server = seen.failed.and(err), servers.Leader
		return
	}
	end := lag.End
	if seen.silent = lag.Silent; seen.silent == "" {
		seen.silentSince = time.Time{}
	} else if seen.silentSince.IsZero() {
		seen.silentSince = time.Now()
	}
	if !seen.begun || end < seen.at {
		seen.begun, seen.at = true, end
	}
	var batch feed.Batch
	err = r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Reads, func(ctx context.Context) (err error) {
		batch, err = r.source.Read(ctx, t.name, seen.at)
		return err
	})
	if err != nil {
		seen.failed, seen.server = seen.failed.and(err), servers.Reads
		return
	}
	seen.failed, seen.server, seen.end = row{}, "", end
	switch {
	case end == seen.at:
		seen.behind = time.Time{}
	case batch.Next > seen.at:
		seen.at, seen.behind = end, time.Time{}
	case seen.behind.IsZero():
		seen.behind = time.Now()
	}
}

// describe tells what was seen.
func (w *watched) describe(tranche feed.Tranche, now time.Time) StandByStatus {
	status := StandByStatus{Tranche: tranche, Position: w.at, End: w.end, Silent: w.silent, SilentSince: w.silentSince}
	if w.failed.attempts > 0 {
		status.Error, status.ErrorSince, status.Server = w.failed.err.Error(), w.failed.since, w.server
	}
	if !w.behind.IsZero() && now.Sub(w.behind) >= standsStill {
		status.StillSince = w.behind
	}
	return status
}
