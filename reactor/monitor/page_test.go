package monitor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/monitor"
)

// get asks a page.
func get(t *testing.T, monitored monitor.Reactor, path string) *httptest.ResponseRecorder {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(monitor.Gauges(monitored))
	recorder := httptest.NewRecorder()
	monitor.NewPage(monitored, registry).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder
}

// busy is a reactor with a bit of everything.
func busy() fixed {
	return fixed{status: reactor.Status{
		At: noon(), Group: "hotel", Servers: reactor.Servers{Leader: "the store", Reads: "the copy"}, Aside: []reactor.AsideStatus{{Stream: stream("aside"), Since: ago(time.Minute), Cause: "boom", UpTo: 4, Retrying: true}}, Outages: []reactor.OutageStatus{{Server: "the store", Since: ago(2 * time.Second), Error: "refused"}},
		Tranches: []reactor.TrancheStatus{
			{
				Tranche: "A", Read: 1234, Completed: 1200, Saved: 1100, Incomplete: 16, Full: true, FullSince: ago(6 * time.Minute),
				EndAt: noon(), End: 1300, Unread: 10000, UnreadMore: true, OldestUnread: ago(20 * time.Second), Silent: "no indexer", SilentSince: ago(time.Second),
			},
			{Tranche: "B", Saved: -1, Error: "no route to <host>", ErrorSince: ago(10 * time.Second), ErrorAt: "the copy", SaveError: "read-only", SaveErrorSince: ago(20 * time.Second), StillSince: ago(time.Minute)},
		},
		Calls:    []reactor.CallStatus{{Stream: stream("slow"), Since: ago(90 * time.Second), Hung: true}},
		Troubled: []reactor.TroubleStatus{{Stream: stream("bad"), Since: ago(time.Hour), Attempts: 42, NextTry: noon().Add(1500 * time.Millisecond), Cause: "boom & <script>\nstack", NeedsPerson: true}},
		Waiting:  3, Unhandled: 5,
	}}
}

func TestPageForPeople(t *testing.T) {
	t.Parallel()
	response := get(t, busy(), "/")
	equal(t, "status", response.Code, http.StatusOK)
	equal(t, "content type", response.Header().Get("Content-Type"), "text/html; charset=utf-8")
	body := response.Body.String()
	check.Contains(t, body,
		"Reactor, consumer group hotel", "Not healthy", "2024-01-01 12:00:00",
		"1234", "1200", "1100", "full for 6m0s", "never", "reads fail for 10s: no route to &lt;host&gt;", "the checkpoint cannot be saved for 20s: read-only",
		"Stream-slow", "hangs", "1m30s", "Stream-bad", "1h0m0s", "42", "in 1.5s", "boom &amp; &lt;script&gt; …",
		"wait for a free writer: 3", "are not handled: 5", "1300", "10000+ events, 20s", "unknown events, unknown time", "no indexer", "stands still for 1m0s", "For a person to settle:", "Streams that are set aside (1)", "being retried: boom", "the store cannot be reached for 2s",
	)
	for _, not := range []string{"<script>", "stack"} {
		if strings.Contains(body, not) {
			t.Errorf("page: want no %q in it, got\n%s", not, body)
		}
	}
}

func TestPageOfAQuietReactor(t *testing.T) {
	t.Parallel()
	body := get(t, fixed{status: reactor.Status{At: noon(), Tranches: []reactor.TrancheStatus{{Tranche: "A"}}}}, "/").Body.String()
	if !strings.Contains(body, "Healthy") || strings.Count(body, "None.") != 2 {
		t.Errorf("page: want it healthy, with no calls and no troubled streams, got\n%s", body)
	}
}

func TestPageListsAHundredTroubledStreams(t *testing.T) {
	t.Parallel()
	var status reactor.Status
	for n := range 120 {
		status.Troubled = append(status.Troubled, reactor.TroubleStatus{Stream: stream(fmt.Sprintf("n%dx", n))})
	}
	status.Tranches = []reactor.TrancheStatus{{}}
	body := get(t, fixed{status: status}, "/").Body.String()
	if !strings.Contains(body, "n99x") || strings.Contains(body, "n100x") || !strings.Contains(body, "And 20 more") {
		t.Errorf("page: want 100 streams and the mention of 20 more, got\n%s", body)
	}
}

func TestPageForPrograms(t *testing.T) {
	t.Parallel()
	response := get(t, busy(), "/status.json")
	equal(t, "content type", response.Header().Get("Content-Type"), "application/json")
	var got any
	check.Must(t, json.Unmarshal(response.Body.Bytes(), &got))
	want := map[string]any{
		"at": "2024-01-01T12:00:00Z", "consumerGroup": "hotel", "healthy": false, "outages": []any{map[string]any{"server": "the store", "forSeconds": 2.0, "error": "refused"}}, "quarantined": []any{map[string]any{"stream": "Stream-aside", "forSeconds": 60.0, "cause": "boom", "upTo": 4.0, "retrying": true}}, "ready": false, "callsInAll": 1.0, "troubledInAll": 1.0, "quarantinedInAll": 1.0, "waitingStreams": 3.0, "unhandledEvents": 5.0,
		"reasons": []any{
			`tranche "A" is full for 6m0s: nothing more is read before more of its 16 incomplete batches is handled`,
			`tranche "B" stands still for 1m0s: reads over the connection to the copy find nothing after position 0, although the leader's feed ends at 0. What answers the reads of the feed does not get on: is it a replica whose replay is paused or broken?`,
			"the call for Stream-slow runs for 1m30s and ignores that its time is over: nothing but a restart ends it",
			"for a person to settle: Stream-bad is troubled for 1h0m0s, after 42 attempts: boom & <script> …",
			"for a person to settle: Stream-aside is set aside for 1m0s: boom",
		},
		"servers": map[string]any{"leader": "the store", "reads": "the copy", "checkpoints": ""},
		"tranches": []any{
			map[string]any{"tranche": "A", "read": 1234.0, "completed": 1200.0, "saved": 1100.0, "incompleteBatches": 16.0, "full": true, "fullForSeconds": 360.0, "error": "", "errorForSeconds": 0.0, "errorAt": "", "saveError": "", "saveErrorForSeconds": 0.0, "end": 1300.0, "lagEvents": 10000.0, "lagEventsMore": true, "lagSeconds": 20.0, "standsStillForSeconds": 0.0, "silent": "no indexer", "silentForSeconds": 1.0},
			map[string]any{"tranche": "B", "read": 0.0, "completed": 0.0, "saved": -1.0, "incompleteBatches": 0.0, "full": false, "fullForSeconds": 0.0, "error": "no route to <host>", "errorForSeconds": 10.0, "errorAt": "the copy", "saveError": "read-only", "saveErrorForSeconds": 20.0, "end": nil, "lagEvents": nil, "lagEventsMore": false, "lagSeconds": nil, "standsStillForSeconds": 60.0, "silent": "", "silentForSeconds": 0.0},
		},
		"calls":    []any{map[string]any{"stream": "Stream-slow", "forSeconds": 90.0, "hung": true}},
		"troubled": []any{map[string]any{"stream": "Stream-bad", "forSeconds": 3600.0, "attempts": 42.0, "nextTry": "2024-01-01T12:00:01.5Z", "cause": "boom & <script>\nstack", "needsPerson": true}},
	}
	check.Same(t, "status.json", any(want), got)
	if body := get(t, fixed{}, "/status.json").Body.String(); strings.Contains(body, "null") {
		t.Errorf("status.json of a quiet reactor: want empty lists rather than null, got %s", body)
	}
}

func TestPageForProbes(t *testing.T) {
	t.Parallel()
	response := get(t, busy(), "/healthz")
	equal(t, "status", response.Code, http.StatusServiceUnavailable)
	equal(t, "body", response.Body.String(), "not healthy\n"+
		`tranche "A" is full for 6m0s: nothing more is read before more of its 16 incomplete batches is handled`+"\n"+
		`tranche "B" stands still for 1m0s: reads over the connection to the copy find nothing after position 0, although the leader's feed ends at 0. What answers the reads of the feed does not get on: is it a replica whose replay is paused or broken?`+"\n"+
		"the call for Stream-slow runs for 1m30s and ignores that its time is over: nothing but a restart ends it\n"+
		"for a person to settle: Stream-bad is troubled for 1h0m0s, after 42 attempts: boom & <script> …\n"+
		"for a person to settle: Stream-aside is set aside for 1m0s: boom\n")

	poisoned := fixed{status: reactor.Status{At: noon(), Troubled: []reactor.TroubleStatus{{Stream: stream("bad"), Since: ago(time.Hour), Cause: "boom"}}}}
	response = get(t, poisoned, "/healthz")
	equal(t, "status with a poisoned stream", response.Code, http.StatusOK)
	equal(t, "body", response.Body.String(), "healthy\nStream-bad is troubled for 1h0m0s, after 0 attempts: boom\n")
}

func TestPageOfAReactorThatDoesNotRun(t *testing.T) {
	t.Parallel()
	gone := fixed{err: reactor.ErrNotRunning}
	response := get(t, gone, "/healthz")
	equal(t, "status", response.Code, http.StatusServiceUnavailable)
	equal(t, "body", response.Body.String(), "not healthy\nthe reactor does not tell its status: the reactor does not run\n")
	for _, path := range []string{"/", "/status.json"} {
		response := get(t, gone, path)
		equal(t, "status of "+path, response.Code, http.StatusOK)
		if !strings.Contains(response.Body.String(), "the reactor does not run") {
			t.Errorf("%s: want the reason in it, got\n%s", path, response.Body)
		}
	}
}

func TestPageServesNothingElse(t *testing.T) {
	t.Parallel()
	equal(t, "unknown path", get(t, busy(), "/other").Code, http.StatusNotFound)
	metrics := get(t, busy(), "/metrics")
	if !strings.Contains(metrics.Body.String(), "reactor_running 1") {
		t.Errorf("metrics: want the gauges in it, got\n%s", metrics.Body)
	}
	recorder := httptest.NewRecorder()
	monitor.NewPage(busy(), prometheus.NewRegistry()).ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/", nil))
	equal(t, "a write", recorder.Code, http.StatusMethodNotAllowed)
	equal(t, "caching", recorder.Header().Get("Cache-Control"), "no-store")
}

func TestASectionOfTheStoreStandsBelow(t *testing.T) {
	t.Parallel()
	page := monitor.NewPage(busy(), prometheus.NewRegistry(), func(context.Context) []monitor.Section {
		return []monitor.Section{{Title: "The <index>", Lines: []monitor.Line{{Label: "lag at most", Value: "3s"}}}}
	})
	for path, want := range map[string]string{
		"/":            "<h2>The &lt;index&gt;</h2>\n<dl>\n<div><dt>lag at most</dt><dd>3s</dd></div>",
		"/status.json": `"label": "lag at most"`,
	} {
		recorder := httptest.NewRecorder()
		page.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("%s: got %s, want %q in it", path, recorder.Body, want)
		}
	}
}

func TestPageListsAPartAtATime(t *testing.T) {
	t.Parallel()
	many := reactor.Status{At: noon()}
	for i := range 250 {
		many.Troubled = append(many.Troubled, reactor.TroubleStatus{Stream: stream(fmt.Sprint(i))})
	}
	for query, want := range map[string]struct{ listed, status int }{
		"": {100, 200}, "?limit=7": {7, 200}, "?limit=1000": {250, 200}, "?offset=240": {10, 200}, "?offset=999": {0, 200},
		"?limit=1001": {0, 400}, "?limit=x": {0, 400}, "?offset=-1": {0, 400},
	} {
		response := get(t, fixed{status: many}, "/status.json"+query)
		var got struct {
			Troubled      []any
			TroubledInAll int
		}
		err := json.Unmarshal(response.Body.Bytes(), &got)
		if response.Code != want.status || len(got.Troubled) != want.listed || want.status == 200 && (err != nil || got.TroubledInAll != 250) {
			t.Errorf("%s: got status %d, %d of %d, want %d and %d of 250", query, response.Code, len(got.Troubled), got.TroubledInAll, want.status, want.listed)
		}
	}
}

func TestPageForReadiness(t *testing.T) {
	t.Parallel()
	equal(t, "of one that works", get(t, fixed{}, "/readyz").Code, http.StatusOK)
	old := get(t, fixed{status: reactor.Status{
		At: noon(), Outages: []reactor.OutageStatus{{Server: "the store", Since: ago(40 * time.Second), Error: "refused"}},
		Tranches: []reactor.TrancheStatus{{Tranche: "A", End: 7, EndAt: ago(40 * time.Second), Read: 7}},
	}}, "/")
	if text := old.Body.String(); strings.Contains(text, "Healthy") {
		t.Errorf("a page without its store says that all is well:\n%s", text)
	}
	check.Contains(t, old.Body.String(), `<strong class="bad">Not ready</strong>`, "as of 40s ago")
	down := get(t, fixed{status: reactor.Status{At: noon(), Outages: []reactor.OutageStatus{{Server: "the store", Since: ago(time.Second), Error: "refused"}}}}, "/readyz")
	equal(t, "while the store is down", down.Code, http.StatusServiceUnavailable)
	equal(t, "why", down.Body.String(), "not ready\nthe store cannot be reached: refused\n")
	stuck := get(t, fixed{status: reactor.Status{Member: "me", Slots: []reactor.SlotStatus{{Slot: 1, Holder: "me", Error: "locked", ErrorSince: noon()}}}}, "/readyz")
	equal(t, "while it cannot begin with a slot", stuck.Code, http.StatusServiceUnavailable)
	equal(t, "why", stuck.Body.String(), "not ready\nslot 1 cannot be worked on: locked\n")
	late := monitor.NewLate()
	for lasts, code := range map[time.Duration]int{9 * time.Second: http.StatusOK, 10 * time.Second: http.StatusServiceUnavailable} {
		unknown := fixed{status: reactor.Status{At: noon(), Lease: 10 * time.Second, Slots: make([]reactor.SlotStatus, 1), RosterError: "locked", RosterSince: ago(lasts)}}
		ready := get(t, unknown, "/readyz")
		equal(t, "of one that does not know who holds the slots", ready.Code, code)
		check.Contains(t, ready.Body.String(), "it is not known who holds the slots: locked")
		body := get(t, unknown, "/").Body.String()
		check.Contains(t, body, fmt.Sprintf("It has not been known for %s who holds", lasts), "unknown")
		if strings.Contains(body, "others do the work") {
			t.Errorf("page: want no word of others, got\n%s", body)
		}
		if lines, want := scrape(t, monitor.Gauges(unknown)), fmt.Sprintf("reactor_slots_unknown_seconds %v", lasts.Seconds()); !slices.Contains(lines, want) {
			t.Errorf("metrics: got %v, want %s among them", lines, want)
		}
	}
	equal(t, "of one that starts", get(t, late, "/readyz").Code, http.StatusServiceUnavailable)
	health := get(t, late, "/healthz")
	equal(t, "its health", health.Code, http.StatusOK)
	equal(t, "in words", health.Body.String(), "healthy\nthe reactor is starting for 0s\n")
}

func TestOneThatStartsForLongIsUnhealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := monitor.NewLate()
		time.Sleep(5*time.Minute - time.Second) // in no time
		equal(t, "just before", get(t, late, "/healthz").Code, http.StatusOK)
		time.Sleep(time.Second)
		health := get(t, late, "/healthz")
		equal(t, "after five minutes", health.Code, http.StatusServiceUnavailable)
		equal(t, "in words", health.Body.String(), "not healthy\nthe reactor is starting for 5m0s\n")
	})
}

// standsBy is a reactor that reads nothing, and has found out that it could not read much.
func standsBy() fixed {
	return fixed{status: reactor.Status{
		At: noon(), Member: "me", Slots: []reactor.SlotStatus{{Slot: 0, Holder: "other"}}, Servers: reactor.Servers{Reads: "the copy"},
		StandBy: []reactor.StandByStatus{
			{Tranche: "A", Silent: "no indexer is at work", SilentSince: ago(10 * time.Minute)},
			{Tranche: "B", Error: "no route", ErrorSince: ago(time.Minute), Server: "the copy"},
			{Tranche: "C", StillSince: ago(40 * time.Second), Position: 3, End: 5},
			{Tranche: "D"},
		},
	}}
}

// TestAProcessThatStandsByIsShownWithWhatItFound for people, for programs and for Prometheus.
func TestAProcessThatStandsByIsShownWithWhatItFound(t *testing.T) {
	t.Parallel()
	check.Contains(t, get(t, standsBy(), "/").Body.String(),
		"Not healthy", "stands by", "nothing new for 10m0s: no indexer is at work", "reads fail for 1m0s: no route", "stands still for 40s", "can be read")
	var got struct {
		StandsBy bool
		Looks    []map[string]any `json:"standByLooks"`
	}
	check.Must(t, json.Unmarshal(get(t, standsBy(), "/status.json").Body.Bytes(), &got))
	equal(t, "it stands by", got.StandsBy, true)
	look := func(tranche string, of map[string]any) map[string]any {
		all := map[string]any{"tranche": tranche, "error": "", "errorForSeconds": 0.0, "errorAt": "", "standsStillForSeconds": 0.0, "silent": "", "silentForSeconds": 0.0}
		maps.Copy(all, of)
		return all
	}
	check.Same(t, "looks", []map[string]any{
		look("A", map[string]any{"silent": "no indexer is at work", "silentForSeconds": 600.0}),
		look("B", map[string]any{"error": "no route", "errorForSeconds": 60.0, "errorAt": "the copy"}),
		look("C", map[string]any{"standsStillForSeconds": 40.0}),
		look("D", nil),
	}, got.Looks)
	var figures []string
	for _, line := range scrape(t, monitor.Gauges(standsBy())) {
		if strings.Contains(line, "{tranche=") {
			figures = append(figures, line)
		}
	}
	check.Same(t, "figures", []string{
		`reactor_feed_silent{tranche="A"} 1`, `reactor_feed_silent{tranche="C"} 0`, `reactor_feed_silent{tranche="D"} 0`, // of B it was not found out
		`reactor_reads_failing{tranche="A"} 0`, `reactor_reads_failing{tranche="B"} 1`, `reactor_reads_failing{tranche="C"} 0`, `reactor_reads_failing{tranche="D"} 0`,
		`reactor_stands_still{tranche="A"} 0`, `reactor_stands_still{tranche="B"} 0`, `reactor_stands_still{tranche="C"} 1`, `reactor_stands_still{tranche="D"} 0`,
	}, figures)
}
