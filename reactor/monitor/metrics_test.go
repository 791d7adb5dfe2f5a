package monitor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// scrape is what Prometheus reads, without comments and histogram buckets.
func scrape(t *testing.T, collectors ...prometheus.Collector) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	equal(t, "status of the scrape", recorder.Code, 200)
	var lines []string
	for line := range strings.Lines(recorder.Body.String()) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	m := monitor.NewMetrics()
	for _, o := range []reactor.Occurrence{
		reactor.BatchRead{Tranche: "A", Events: 3},
		reactor.BatchRead{Tranche: "A", Events: 4},
		reactor.BatchRead{Tranche: "B", Events: 1},
		reactor.ReadFailed{Tranche: "B", Err: errBoom},
		reactor.ReadRecovered{Tranche: "B"},
		reactor.Called{Stream: stream("a")},
		reactor.Hung{Stream: stream("a")},
		reactor.StoreDown{Server: "the store"},
		reactor.Returned{Stream: stream("a"), Took: 2 * time.Second},
		reactor.Returned{Stream: stream("a"), Err: fmt.Errorf("call: %w", errBoom), Took: time.Second},
		reactor.Troubled{Stream: stream("a"), Cause: errBoom},
		reactor.Returned{Stream: stream("a"), Err: &reactor.PanicError{}, Took: time.Second},
		reactor.Troubled{Stream: stream("a"), Cause: &reactor.PanicError{}},
		reactor.Troubled{Stream: stream("a"), Cause: &reactor.LagError{}},
		reactor.Recovered{Stream: stream("a")},
		reactor.Retired{Stream: stream("a")},
		reactor.EventSkipped{Type: "Renamed"},
		reactor.EventSkipped{Type: "Renamed"},
		reactor.EventSkipped{Type: "not \xff UTF-8"},
		reactor.CheckpointSaved{Tranche: "A"},
		reactor.CheckpointFailed{Tranche: "A", Err: errBoom},
		reactor.SlotTaken{Slot: 1},
		reactor.SlotTaken{Slot: 2},
		reactor.SlotGiven{Slot: 1},
		reactor.SlotLost{Slot: 2},
	} {
		m.Observe(o)
	}
	want := []string{
		"reactor_call_duration_seconds_sum 4",
		"reactor_call_duration_seconds_count 3",
		`reactor_calls_total{outcome="error"} 1`,
		`reactor_calls_total{outcome="ok"} 1`,
		`reactor_calls_total{outcome="panic"} 1`,
		`reactor_checkpoint_failures_total{tranche="A"} 1`,
		`reactor_checkpoint_saves_total{tranche="A"} 1`,
		"reactor_event_to_handled_seconds_sum 0",
		"reactor_event_to_handled_seconds_count 0",
		`reactor_events_read_total{tranche="A"} 7`,
		`reactor_events_read_total{tranche="B"} 1`,
		"reactor_hung_calls_total 1",
		`reactor_outages_total{server="the store"} 1`,
		`reactor_read_failures_total{tranche="B"} 1`,
		`reactor_retries_total{cause="failure"} 2`,
		`reactor_retries_total{cause="lag"} 1`,
		`reactor_skipped_events_total{type="Renamed"} 2`,
		"reactor_skipped_events_total{type=\"not \uFFFD UTF-8\"} 1",
		`reactor_slot_changes_total{change="given"} 1`,
		`reactor_slot_changes_total{change="lost"} 1`,
		`reactor_slot_changes_total{change="taken"} 2`,
	}
	check.Same(t, "metrics", want, scrape(t, m))
}

func TestMetricsTellHowOldEventsWereWhenTheyWereHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := monitor.NewMetrics()
		now := time.Now()
		m.Observe(reactor.Retired{Stream: stream("a"), UpTo: 3, Appended: []time.Time{now.Add(-3 * time.Second), now.Add(-time.Second)}})
		m.Observe(reactor.Retired{Stream: stream("a"), UpTo: 4})                                            // ahead of the feed
		m.Observe(reactor.Retired{Stream: stream("b"), UpTo: 1, Appended: []time.Time{now.Add(time.Hour)}}) // by a clock that is fast
		lines := scrape(t, m)
		for _, want := range []string{"reactor_event_to_handled_seconds_sum 4", "reactor_event_to_handled_seconds_count 3"} {
			if !slices.Contains(lines, want) {
				t.Errorf("metrics: got %v, want %s among them", lines, want)
			}
		}
	})
}

func TestMetricsKeepFewNamesOfSkippedTypes(t *testing.T) {
	t.Parallel()
	m := monitor.NewMetrics()
	for i := range 1000 {
		m.Observe(reactor.EventSkipped{Type: fmt.Sprint("Type", i)})
	}
	m.Observe(reactor.EventSkipped{Type: "Type7"})
	lines := slices.DeleteFunc(scrape(t, m), func(line string) bool { return !strings.HasPrefix(line, "reactor_skipped") })
	equal(t, "lines", len(lines), 51)
	for _, want := range []string{`reactor_skipped_events_total{type="(other)"} 950`, `reactor_skipped_events_total{type="Type7"} 2`} {
		if !slices.Contains(lines, want) {
			t.Errorf("metrics: got %v, want %s among them", lines, want)
		}
	}
}

func TestGaugesTellWhatTheReactorIsAt(t *testing.T) {
	t.Parallel()
	status := reactor.Status{
		At: noon(),
		Tranches: []reactor.TrancheStatus{
			{Tranche: "A", Read: 30, Completed: 20, Saved: 10, Incomplete: 16, Full: true, FullSince: ago(time.Minute), EndAt: ago(3 * time.Second), End: 42, Unread: 7, OldestUnread: ago(20 * time.Second), StillSince: ago(time.Minute)},
			{Tranche: "B", Saved: -1, Error: "boom", ErrorSince: ago(time.Minute), SaveError: "boom", SaveErrorSince: ago(time.Minute)},
			{Tranche: "C", EndAt: noon(), End: 5, Unread: -1, Silent: "no indexer is at work", SilentSince: ago(time.Minute)},
		},
		Calls:    []reactor.CallStatus{{Stream: stream("a"), Since: ago(3 * time.Second), Hung: true}, {Stream: stream("b"), Since: ago(time.Second)}},
		Troubled: []reactor.TroubleStatus{{Stream: stream("c"), Since: ago(time.Hour), Attempts: 9, Cause: "boom", NeedsPerson: true}},
		Outages:  []reactor.OutageStatus{{Server: "a", Since: ago(time.Second)}, {Server: "b", Since: ago(90 * time.Second)}},
		Aside:    []reactor.AsideStatus{{Stream: stream("d")}}, Waiting: 5, Unhandled: 3, OldestUnhandled: ago(4 * time.Second),
	}
	want := []string{
		"reactor_busy_writers 2",
		`reactor_feed_silent{tranche="A"} 0`,
		`reactor_feed_silent{tranche="C"} 1`,
		`reactor_full{tranche="A"} 1`,
		`reactor_full{tranche="B"} 0`,
		`reactor_full{tranche="C"} 0`,
		"reactor_healthy 0",
		"reactor_hung_calls 1",
		`reactor_incomplete_batches{tranche="A"} 16`,
		`reactor_incomplete_batches{tranche="B"} 0`,
		`reactor_incomplete_batches{tranche="C"} 0`,
		`reactor_lag_events{tranche="A"} 7`,
		`reactor_lag_seconds{tranche="A"} 20`,
		"reactor_longest_call_seconds 3",
		"reactor_longest_outage_seconds 90",
		"reactor_longest_trouble_seconds 3600",
		"reactor_most_attempts 9",
		"reactor_oldest_unhandled_seconds 4",
		`reactor_position_completed{tranche="A"} 20`,
		`reactor_position_completed{tranche="B"} 0`,
		`reactor_position_completed{tranche="C"} 0`,
		`reactor_position_end{tranche="A"} 42`,
		`reactor_position_end{tranche="C"} 5`,
		`reactor_position_end_age_seconds{tranche="A"} 3`,
		`reactor_position_end_age_seconds{tranche="C"} 0`,
		`reactor_position_read{tranche="A"} 30`,
		`reactor_position_read{tranche="B"} 0`,
		`reactor_position_read{tranche="C"} 0`,
		`reactor_position_saved{tranche="A"} 10`,
		`reactor_position_saved{tranche="B"} -1`,
		`reactor_position_saved{tranche="C"} 0`,
		"reactor_quarantined_streams 1",
		`reactor_reads_failing{tranche="A"} 0`,
		`reactor_reads_failing{tranche="B"} 1`,
		`reactor_reads_failing{tranche="C"} 0`,
		"reactor_running 1",
		`reactor_saves_failing{tranche="A"} 0`,
		`reactor_saves_failing{tranche="B"} 1`,
		`reactor_saves_failing{tranche="C"} 0`,
		"reactor_servers_down 2",
		`reactor_stands_still{tranche="A"} 1`,
		`reactor_stands_still{tranche="B"} 0`,
		`reactor_stands_still{tranche="C"} 0`,
		"reactor_streams_for_a_person 1",
		"reactor_troubled_streams 1",
		"reactor_unhandled_events 3",
		"reactor_waiting_streams 5",
	}
	check.Same(t, "gauges", want, scrape(t, monitor.Gauges(fixed{status: status})))
	check.Same(t, "gauges of a reactor that does not run", []string{"reactor_running 0"}, scrape(t, monitor.Gauges(fixed{err: reactor.ErrNotRunning})))
}
