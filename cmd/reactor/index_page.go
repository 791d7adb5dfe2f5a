package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/dynamodb"
)

// indexPage is how an index is doing, in the form in which a reactor tells how it is, so
// that the same page, judgement and probes serve for both. It is a [monitor.Reactor].
type indexPage struct {
	table string
	since time.Time

	mu      sync.Mutex
	figures *dynamoFigures // nil until the tables are open
	failing time.Time      // since when it cannot be asked; zero if it can
}

func newIndexPage(table string) *indexPage { return &indexPage{table: table, since: time.Now()} }

// is says which tables it is about, once they are open.
func (x *indexPage) is(db *dynamodb.DB) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.figures = figuresOf(db)
}

// watch implements watchable.
func (x *indexPage) watch() (prometheus.Collector, func(context.Context) monitor.Section) {
	return x.figures, x.figures.section
}

// Status implements [monitor.Reactor].
func (x *indexPage) Status(ctx context.Context) (reactor.Status, error) {
	x.mu.Lock()
	figures := x.figures
	x.mu.Unlock()
	if figures == nil {
		return reactor.Status{At: x.since}, monitor.ErrStarting
	}
	partitions, err := figures.status(ctx)
	now := time.Now()
	status := reactor.Status{At: now, Group: "index of " + x.table}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		if x.failing.IsZero() {
			x.failing = now
		}
		status.Outages = []reactor.OutageStatus{{Server: "the index", Since: x.failing, Error: err.Error()}}
		return status, nil
	}
	x.failing = time.Time{}
	for _, p := range partitions {
		// How far the index lags is told by the figures of the store; no end is known here.
		shown := reactor.TrancheStatus{Tranche: feed.Tranche(fmt.Sprint(p.Partition)), Read: p.End, Completed: p.End, Saved: p.End}
		shown.Silent, shown.SilentSince = silence(p, x.since, now)
		status.Tranches = append(status.Tranches, shown)
	}
	return status, nil
}

// silence is why nothing comes into a partition of the index, and since when; "" if an
// indexer holds the lease, or something else has indexed since.
func silence(p dynamodb.IndexStatus, started, now time.Time) (why string, since time.Time) {
	switch {
	case p.Elsewhere():
		return "", time.Time{}
	case p.Heartbeat.IsZero():
		return "no indexer of this program has ever held the lease", started
	case p.Owner == "":
		return "the indexer of before has given the lease back, and no other has taken it", p.Heartbeat
	case now.Sub(p.Heartbeat) > p.TTL:
		return "the indexer " + p.Owner + " does not renew its lease", p.Heartbeat.Add(p.TTL)
	}
	return "", time.Time{}
}
