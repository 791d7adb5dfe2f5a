package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/reactor/monitor"
	"example.com/groupcheckout/stores/dynamodb"
)

// watch is what operators see of the tables and of the index.
func (c *runDynamo) watch() (prometheus.Collector, func(context.Context) monitor.Section) {
	w := figuresOf(c.db)
	return w, w.section
}

func figuresOf(db *dynamodb.DB) *dynamoFigures {
	return &dynamoFigures{db: db, indexer: db.Indexer(dynamodb.IndexerConfig{})}
}

// dynamoFigures asks, at each look, how the index is doing, whoever makes it, and what
// this process asked of the tables.
type dynamoFigures struct {
	db      *dynamodb.DB
	indexer *dynamodb.Indexer
}

// lookLimit bounds how long a look at the index takes.
const lookLimit = 3 * time.Second

func (w *dynamoFigures) status(ctx context.Context) ([]dynamodb.IndexStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	return w.indexer.Status(ctx)
}

// section is the part of the status page.
func (w *dynamoFigures) section(ctx context.Context) monitor.Section {
	section := monitor.Section{Title: "Index"}
	line := func(label, format string, values ...any) {
		section.Lines = append(section.Lines, monitor.Line{Label: label, Value: fmt.Sprintf(format, values...)})
	}
	partitions, err := w.status(ctx)
	if err != nil {
		line("status", "unknown: %v", err)
	}
	now := time.Now()
	for _, p := range partitions {
		line("indexer", "%s", indexerOf(p))
		if !p.Indexed.IsZero() {
			line("something was indexed", "%s", ago(now.Sub(p.Indexed)))
		}
		if !p.Heartbeat.IsZero() {
			line("heartbeat", "%s", ago(now.Sub(p.Heartbeat)))
		}
		if lag, known := p.Lag(now); known {
			spare, _ := p.Spare(now)
			line("lag at most", "%v", round(lag))
			line("may stand still for", "%v", round(spare))
		} else {
			line("lag", "unknown")
		}
		if !p.Newest.IsZero() {
			line("newest change", "%s", ago(now.Sub(p.Newest)))
		}
		line("end of feed", "%d", p.End)
		c := p.Counts
		line("since the start of the indexer", "%s, %s, %s, %s lost, %s set aside, %s, %d throttled, %.0f read and %.0f write units",
			plural.Of(c.Events, "event"), plural.Of(c.Conflicts, "conflict"), plural.Of(c.Gaps, "gap"), plural.Of(c.Lost, "event"), plural.Of(c.SetAside, "record"), plural.Of(c.Retries, "repetition"), c.Throttled, c.ReadUnits, c.WriteUnits)
	}
	for table, operations := range w.db.Usage() {
		var throttled int64
		var units float64
		for _, u := range operations {
			throttled += u.Throttled
			units += u.Units
		}
		line("table "+table+", by this process", "%.0f units, %s throttled", units, plural.Of(throttled, "request"))
	}
	return section
}

// indexerOf names who makes a partition of the index, as far as that can be seen.
func indexerOf(p dynamodb.IndexStatus) string {
	switch {
	case p.Elsewhere():
		return "none of this program; something else indexes, such as a Lambda"
	case p.Owner == "":
		return "none"
	}
	return p.Owner
}

// indexMetric is a figure of a partition of the index.
type indexMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(p dynamodb.IndexStatus, now time.Time) (value float64, known bool)
}

// indexMetrics are those of the index. What is not known is left out.
func indexMetrics() []indexMetric {
	metric := func(name, help string, kind prometheus.ValueType, of func(dynamodb.IndexStatus, time.Time) (float64, bool)) indexMetric {
		return indexMetric{prometheus.NewDesc(name, help, []string{"partition"}, nil), kind, of}
	}
	count := func(name, help string, of func(dynamodb.IndexStatus) int64) indexMetric {
		return metric(name, help+", since the start of the indexer that holds the lease.", prometheus.CounterValue,
			func(p dynamodb.IndexStatus, _ time.Time) (float64, bool) {
				return float64(of(p)), !p.Heartbeat.IsZero()
			})
	}
	return []indexMetric{
		metric("index_lag_seconds", "How old the oldest change can be that is not indexed, at most. Absent if nothing is proven.", prometheus.GaugeValue,
			func(p dynamodb.IndexStatus, now time.Time) (float64, bool) {
				lag, ok := p.Lag(now)
				return lag.Seconds(), ok
			}),
		metric("index_spare_seconds", "How long the indexer may stand still from now on until changes may be lost. Absent if nothing is proven.", prometheus.GaugeValue,
			func(p dynamodb.IndexStatus, now time.Time) (float64, bool) {
				spare, ok := p.Spare(now)
				return spare.Seconds(), ok
			}),
		metric("index_heartbeat_age_seconds", "How long ago the lease of the indexer was renewed. Absent if no indexer of this program ever was, or if something else has indexed since, as a Lambda does.", prometheus.GaugeValue,
			func(p dynamodb.IndexStatus, now time.Time) (float64, bool) {
				return max(now.Sub(p.Heartbeat), 0).Seconds(), !p.Heartbeat.IsZero() && !p.Elsewhere()
			}),
		metric("index_indexed_age_seconds", "How long ago something was indexed last, whoever did it. Absent if nothing was.", prometheus.GaugeValue,
			func(p dynamodb.IndexStatus, now time.Time) (float64, bool) {
				return max(now.Sub(p.Indexed), 0).Seconds(), !p.Indexed.IsZero()
			}),
		count("index_events_total", "Events that were indexed", func(p dynamodb.IndexStatus) int64 { return p.Counts.Events }),
		count("index_conflicts_total", "Appends that met a tip that somebody else had written", func(p dynamodb.IndexStatus) int64 { return p.Counts.Conflicts }),
		count("index_gaps_total", "Gaps in the stream of changes", func(p dynamodb.IndexStatus) int64 { return p.Counts.Gaps }),
		count("index_lost_events_total", "Events that are in no table any more", func(p dynamodb.IndexStatus) int64 { return p.Counts.Lost }),
		count("index_set_aside_total", "Records that could not be understood", func(p dynamodb.IndexStatus) int64 { return p.Counts.SetAside }),
		count("index_retries_total", "Requests of the indexer that were repeated", func(p dynamodb.IndexStatus) int64 { return p.Counts.Retries }),
	}
}

// usageMetrics are those of what this process asked of the tables.
func usageMetrics() map[*prometheus.Desc]func(dynamodb.Usage) float64 {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"table", "operation"}, nil)
	}
	return map[*prometheus.Desc]func(dynamodb.Usage) float64{
		desc("dynamodb_requests_total", "Requests that were sent, repetitions included."):       func(u dynamodb.Usage) float64 { return float64(u.Requests) },
		desc("dynamodb_retries_total", "Requests that repeated another."):                       func(u dynamodb.Usage) float64 { return float64(u.Retries) },
		desc("dynamodb_throttled_total", "Requests that the table refused as too many."):        func(u dynamodb.Usage) float64 { return float64(u.Throttled) },
		desc("dynamodb_conflicts_total", "Writes that met another version than they expected."): func(u dynamodb.Usage) float64 { return float64(u.Conflicts) },
		desc("dynamodb_units_total", "Read or write units that were consumed."):                 func(u dynamodb.Usage) float64 { return u.Units },
	}
}

// Describe implements [prometheus.Collector]. The figures are those of the moment, so
// none is named beforehand.
func (w *dynamoFigures) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (w *dynamoFigures) Collect(metrics chan<- prometheus.Metric) {
	partitions, err := w.status(context.Background())
	now := time.Now()
	if err != nil {
		partitions = nil // the reactor's own figures are there all the same
	}
	for _, m := range indexMetrics() {
		for _, p := range partitions {
			if value, known := m.of(p, now); known {
				metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, value, fmt.Sprint(p.Partition))
			}
		}
	}
	for desc, of := range usageMetrics() {
		for table, operations := range w.db.Usage() {
			for operation, usage := range operations {
				metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, of(usage), table, operation)
			}
		}
	}
}
