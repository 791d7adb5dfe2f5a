package monitor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// Metrics counts, for Prometheus, what a reactor does. It is a [reactor.Observer] and
// a [prometheus.Collector]: give it to the reactor's Config and register it.
// What a reactor is at, rather than what it did, is told by [Gauges].
//
// Labels are tranches, outcomes and the types of skipped events, never streams:
// those are named on the status page and in the log.
type Metrics struct {
	events       *prometheus.CounterVec
	readFailures *prometheus.CounterVec
	calls        *prometheus.CounterVec
	callSeconds  prometheus.Histogram
	latency      prometheus.Histogram
	hung         *prometheus.CounterVec
	outages      *prometheus.CounterVec
	retries      *prometheus.CounterVec
	skipped      *prometheus.CounterVec
	saves        *prometheus.CounterVec
	saveFailures *prometheus.CounterVec
	slots        *prometheus.CounterVec
	skippedTypes bounded
	all          []prometheus.Collector
}

// NewMetrics makes counters that are all zero.
func NewMetrics() *Metrics {
	m := &Metrics{}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.all = append(m.all, c)
		return c
	}
	m.events = counter("reactor_events_read_total", "Events that the feed delivered, again or for the first time.", "tranche")
	m.readFailures = counter("reactor_read_failures_total", "Reads of the feed that failed.", "tranche")
	m.calls = counter("reactor_calls_total", "Handler calls that returned, by outcome: ok, error or panic.", "outcome")
	m.outages = counter("reactor_outages_total", "Times that a server of the store could not be reached.", "server")
	m.hung = counter("reactor_hung_calls_total", "Handler calls that went on although their time was over.")
	m.retries = counter("reactor_retries_total", "Handler calls that have to be repeated, by cause: failure, or lag if the handler saw less of the stream than the feed had told of.", "cause")
	m.skipped = counter("reactor_skipped_events_total", "Events of a type that nothing here knows, each time that one is read.", "type")
	m.saves = counter("reactor_checkpoint_saves_total", "Checkpoints that were saved.", "tranche")
	m.saveFailures = counter("reactor_checkpoint_failures_total", "Checkpoints that could not be saved.", "tranche")
	m.slots = counter("reactor_slot_changes_total", "Slots that came to this process or left it: taken, given to another in good order, or lost.", "change")
	m.callSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "reactor_call_duration_seconds",
		Help:    "How long handler calls took.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 16), // 1 ms to 33 s
	})
	m.latency = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "reactor_event_to_handled_seconds",
		Help:    "How old events were when a call had handled them, by the clocks of the store and of this machine; nothing where the feed does not tell when they were appended. What is read again after a restart counts again.",
		Buckets: prometheus.ExponentialBuckets(0.004, 2.5, 16), // 4 ms to an hour
	})
	m.all = append(m.all, m.callSeconds, m.latency)
	for _, outcome := range []string{"ok", "error", "panic"} {
		m.calls.WithLabelValues(outcome) // shown as zero before there is one
	}
	m.hung.WithLabelValues()
	for _, change := range []string{"taken", "given", "lost"} {
		m.slots.WithLabelValues(change)
	}
	for _, cause := range []string{"failure", "lag"} {
		m.retries.WithLabelValues(cause)
	}
	return m
}

// Observe implements [reactor.Observer].
func (m *Metrics) Observe(occurrence reactor.Occurrence) {
	switch o := occurrence.(type) {
	case reactor.BatchRead:
		m.events.WithLabelValues(label(o.Tranche)).Add(float64(o.Events))
	case reactor.ReadFailed:
		m.readFailures.WithLabelValues(label(o.Tranche)).Inc()
	case reactor.StoreDown:
		m.outages.WithLabelValues(o.Server).Inc()
	case reactor.Hung:
		m.hung.WithLabelValues().Inc()
	case reactor.Returned:
		m.calls.WithLabelValues(outcomeOf(o.Err)).Inc()
		m.callSeconds.Observe(o.Took.Seconds())
	case reactor.Troubled:
		m.retries.WithLabelValues(causeOf(o.Cause)).Inc()
	case reactor.EventSkipped:
		m.skipped.WithLabelValues(label(m.skippedTypes.name(o.Type))).Inc()
	case reactor.Retired:
		for _, at := range o.Appended {
			m.latency.Observe(age(time.Now(), at))
		}
	case reactor.CheckpointSaved:
		m.saves.WithLabelValues(label(o.Tranche)).Inc()
	case reactor.SlotTaken:
		m.slots.WithLabelValues("taken").Inc()
	case reactor.SlotGiven:
		m.slots.WithLabelValues("given").Inc()
	case reactor.SlotLost:
		m.slots.WithLabelValues("lost").Inc()
	case reactor.CheckpointFailed:
		m.saveFailures.WithLabelValues(label(o.Tranche)).Inc()
	case reactor.SetAside, reactor.TakenUp, reactor.QuarantineFailed, reactor.StoreUp, reactor.NotesMissing, reactor.EventsErased, reactor.RosterFailed, reactor.StoodStill, reactor.GotOn, reactor.ReadRecovered, reactor.Called, reactor.Recovered: // nothing that the others do not tell
	}
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(descs)
	}
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(metrics)
	}
}

func outcomeOf(err error) string {
	var panicked *reactor.PanicError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &panicked):
		return "panic"
	}
	return "error"
}

func causeOf(err error) string {
	var lag *reactor.LagError
	if errors.As(err, &lag) {
		return "lag"
	}
	return "failure"
}

// label is a text that Prometheus accepts: it panics on one that is not UTF-8.
func label[T ~string](text T) string { return strings.ToValidUTF8(string(text), "\uFFFD") }

// bounded keeps a set of names from growing without end, whatever a store
// holds. The zero value is ready to use.
type bounded struct {
	mu    sync.Mutex
	names map[string]struct{}
}

const (
	maxNames   = 50
	otherNames = "(other)" // stands for all names after the first maxNames
)

// name returns the name, or otherNames if there are too many.
func (b *bounded) name(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.names[name]; known {
		return name
	}
	if len(b.names) == maxNames {
		return otherNames
	}
	if b.names == nil {
		b.names = map[string]struct{}{}
	}
	b.names[name] = struct{}{}
	return name
}

// Reactor tells what a reactor is at, as [reactor.Running] does. Calls overlap.
type Reactor interface {
	Status(ctx context.Context) (reactor.Status, error)
}

// statusLimit is how long a reactor may take to tell its status.
const statusLimit = 5 * time.Second

// Gauges tells Prometheus what a reactor is at when it asks. While the reactor
// does not run, or does not answer within 5 s, there is only reactor_running,
// which is then 0.
func Gauges(monitored Reactor) prometheus.Collector { return gauges{monitored} }

type gauges struct{ monitored Reactor }

// Describe implements [prometheus.Collector]. It describes nothing, since which
// gauges there are depends on whether the reactor runs.
func (g gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g gauges) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), statusLimit)
	defer cancel()
	status, err := g.monitored.Status(ctx)
	gauge := func(name, help string, value float64) {
		metrics <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value)
	}
	gauge("reactor_running", "Whether the reactor runs and answers.", asNumber(err == nil))
	if err != nil {
		return
	}
	gauge("reactor_busy_writers", "Handler calls that run.", float64(len(status.Calls)))
	hung := 0
	for _, c := range status.Calls {
		if c.Hung {
			hung++
		}
	}
	gauge("reactor_hung_calls", "Handler calls that go on although their time is over.", float64(hung))
	gauge("reactor_waiting_streams", "Streams that wait for a free writer.", float64(status.Waiting))
	gauge("reactor_troubled_streams", "Streams whose calls fail, or see less than the feed told of.", float64(len(status.Troubled)))
	longestCall, longestTrouble := time.Duration(0), time.Duration(0)
	if len(status.Calls) > 0 {
		longestCall = status.At.Sub(status.Calls[0].Since)
	}
	if len(status.Troubled) > 0 {
		longestTrouble = status.At.Sub(status.Troubled[0].Since)
	}
	gauge("reactor_longest_call_seconds", "For how long the longest of the running calls has run.", longestCall.Seconds())
	gauge("reactor_longest_trouble_seconds", "For how long the stream troubled longest has been so.", longestTrouble.Seconds())
	persons, attempts := 0, 0
	for _, t := range status.Troubled {
		attempts = max(attempts, t.Attempts)
		if t.NeedsPerson {
			persons++
		}
	}
	gauge("reactor_streams_for_a_person", "Troubled streams that trying again does not cure until somebody has acted.", float64(persons))
	gauge("reactor_most_attempts", "How often the call failed of the troubled stream whose call failed most.", float64(attempts))
	gauge("reactor_unhandled_events", "Events that were read and are not handled.", float64(status.Unhandled))
	if status.Unhandled == 0 || !status.OldestUnhandled.IsZero() {
		gauge("reactor_oldest_unhandled_seconds", "How old the oldest event is that was read and is not handled; not there if the feed does not tell.", age(status.At, status.OldestUnhandled))
	}
	ok, _ := health(status)
	gauge("reactor_quarantined_streams", "Streams that are set aside.", float64(len(status.Aside)))
	longestOutage := time.Duration(0)
	for _, o := range status.Outages {
		longestOutage = max(longestOutage, status.At.Sub(o.Since))
	}
	gauge("reactor_longest_outage_seconds", "For how long the server cannot be reached that is away longest.", longestOutage.Seconds())
	gauge("reactor_servers_down", "Servers of the store that cannot be reached: one question at a time probes each.", float64(len(status.Outages)))
	gauge("reactor_healthy", "Whether /healthz says so.", asNumber(ok))
	if len(status.Slots) > 0 {
		gauge("reactor_slots_unknown_seconds", "For how long it has not been known who holds the slots; 0 if it is known. Until then the figures of free slots are old.", age(status.At, status.RosterSince))
		held, free, longest := 0, 0, time.Time{}
		for _, s := range status.Slots {
			if s.Working {
				held++
			}
			if !s.FreeSince.IsZero() {
				free++
				if longest.IsZero() || s.FreeSince.Before(longest) {
					longest = s.FreeSince
				}
			}
		}
		gauge("reactor_slots", "Slots that the work of the consumer group is divided into.", float64(len(status.Slots)))
		gauge("reactor_slots_held", "Slots that this process works on; 0 if it stands by.", float64(held))
		gauge("reactor_slots_free", "Slots that nobody holds, as far as this process knows.", float64(free))
		gauge("reactor_slot_free_seconds", "For how long the slot that is free longest has been so; 0 if none is.", age(status.At, longest))
	}
	for _, t := range status.Tranches {
		collectTranche(metrics, status.At, t)
	}
	for _, t := range status.StandBy {
		collectTrouble(metrics, t.Tranche, !t.StillSince.IsZero(), t.Error != "")
		if t.Error == "" || t.Silent != "" { // else it was not found out
			collectSilence(metrics, t.Tranche, t.Silent)
		}
	}
}

// gaugeOf makes figures of a tranche.
func gaugeOf(metrics chan<- prometheus.Metric, tranche feed.Tranche) func(name, help string, value float64) {
	return func(name, help string, value float64) {
		desc := prometheus.NewDesc(name, help, []string{"tranche"}, nil)
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, label(tranche))
	}
}

// collectTrouble tells what keeps a tranche from being read. A process that stands by
// looks for that too.
func collectTrouble(metrics chan<- prometheus.Metric, tranche feed.Tranche, still, failing bool) {
	gauge := gaugeOf(metrics, tranche)
	gauge("reactor_stands_still", "Whether reads find nothing more although the leader has events.", asNumber(still))
	gauge("reactor_reads_failing", "Whether the last read failed.", asNumber(failing))
}

func collectSilence(metrics chan<- prometheus.Metric, tranche feed.Tranche, silent string) {
	gaugeOf(metrics, tranche)("reactor_feed_silent", "Whether it is known that nothing new comes into the feed, whatever is appended.", asNumber(silent != ""))
}

// collectTranche tells how far a tranche is.
func collectTranche(metrics chan<- prometheus.Metric, now time.Time, t reactor.TrancheStatus) {
	gauge := gaugeOf(metrics, t.Tranche)
	gauge("reactor_position_read", "The position up to which the feed was read.", float64(t.Read))
	gauge("reactor_position_completed", "The position up to which everything is handled.", float64(t.Completed))
	gauge("reactor_position_saved", "The checkpoint, -1 if there is none.", float64(t.Saved))
	if !t.EndAt.IsZero() {
		gauge("reactor_position_end", "The end of the feed, as the leader of the store said last.", float64(t.End))
		gauge("reactor_position_end_age_seconds", "How long ago that was, and so how old the figures of the lag are.", age(now, t.EndAt))
		if t.Unread >= 0 {
			gauge("reactor_lag_events", "Events of the feed that are not read yet, counted up to 10,000; not there if the feed does not tell.", float64(t.Unread))
		}
		if lag, known := t.Lag(now); known {
			gauge("reactor_lag_seconds", "How old the oldest event is that is not read yet, 0 if there is none; not there if the feed does not tell, if nothing comes into it, or if it is all read and not proven to hold all that is older than a minute.", lag.Seconds())
		}
		collectSilence(metrics, t.Tranche, t.Silent)
	}
	collectTrouble(metrics, t.Tranche, !t.StillSince.IsZero(), t.Error != "")
	gauge("reactor_incomplete_batches", "Batches that were read and are not completely handled.", float64(t.Incomplete))
	gauge("reactor_full", "Whether nothing is read because too much of what was read is not handled.", asNumber(t.Full))
	gauge("reactor_saves_failing", "Whether the last save of the checkpoint failed.", asNumber(t.SaveError != ""))
}

// age is for how long something has been there, in seconds; 0 if it is not.
func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(now.Sub(since), 0).Seconds()
}

func asNumber(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
