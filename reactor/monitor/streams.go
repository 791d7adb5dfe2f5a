package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/es"
)

// Streams tells Prometheus what became of appends and snapshots, and how the cache of states does.
func Streams(counts *es.Counts, cache *es.Cache) prometheus.Collector {
	return collector(func(tell teller) {
		now := counts.Now()
		for outcome, n := range map[string]int64{"ok": now.Appended, "conflict": now.Conflicts, "uncertain": now.Uncertain, "error": now.Failed} {
			tell("reactor_appends_total", "Appends that were tried, those after a conflict included, by outcome: ok, conflict, uncertain if nobody could find out, or error.",
				prometheus.CounterValue, float64(n), "outcome", outcome)
		}
		for outcome, n := range map[string]int64{"ok": now.Snapshots, "error": now.SnapshotsFailed} {
			tell("reactor_snapshots_total", "Snapshots of long streams, by outcome: ok if one was taken, or error if one could not be taken or read. Nothing is lost then.",
				prometheus.CounterValue, float64(n), "outcome", outcome)
		}
		hits, misses := cache.Looks()
		for found, n := range map[string]int64{"yes": hits, "no": misses} {
			tell("reactor_cache_looks_total", "Looks for a state in the cache, by whether it was there.", prometheus.CounterValue, float64(n), "found", found)
		}
		tell("reactor_cache_states", "States that the cache holds.", prometheus.GaugeValue, float64(cache.Len()))
		tell("reactor_cache_bytes", "About as much memory as the states in the cache take.", prometheus.GaugeValue, float64(cache.Bytes()))
	})
}

// Pool is what a pool of connections is at.
type Pool struct {
	Name       string // what the connections are for
	Busy, Idle int
	Most       int           // that there may be
	Waits      int64         // times that none was free
	Waited     time.Duration // for all of those together
}

// Pools tells Prometheus what the pools of connections are at.
func Pools(now func() []Pool) prometheus.Collector {
	return collector(func(tell teller) {
		for _, p := range now() {
			connections := func(state string, n int) {
				tell("reactor_pool_connections", "Connections of a pool, by state: busy or idle.", prometheus.GaugeValue, float64(n), "pool", p.Name, "state", state)
			}
			connections("busy", p.Busy)
			connections("idle", p.Idle)
			tell("reactor_pool_connections_max", "As many connections as a pool may have.", prometheus.GaugeValue, float64(p.Most), "pool", p.Name)
			tell("reactor_pool_waits_total", "Times that no connection of a pool was free.", prometheus.CounterValue, float64(p.Waits), "pool", p.Name)
			tell("reactor_pool_wait_seconds_total", "For how long all together waited for a connection of a pool.", prometheus.CounterValue, p.Waited.Seconds(), "pool", p.Name)
		}
	})
}

// teller tells a figure, with names and values of labels in turn.
type teller func(name, help string, kind prometheus.ValueType, value float64, labels ...string)

// collector asks what there is at each look.
type collector func(teller)

// Describe implements [prometheus.Collector]. It describes nothing, since which figures
// there are is known when they are asked for.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	c(func(name, help string, kind prometheus.ValueType, value float64, labels ...string) {
		var names, values []string
		for i := 0; i < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, label(labels[i+1]))
		}
		metrics <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, value, values...)
	})
}
