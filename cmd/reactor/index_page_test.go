//go:build unix

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/stores/dynamodb"
)

func TestAnIndexerServesItsOwnPage(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	p := start(t, env, "index", "--listen", "127.0.0.1:0", "--log-format", "json", "dynamo")
	url := "http://" + p.awaitLog(t, "serving the status page")["address"].(string)
	eventually(t, "the indexer is ready", func() bool {
		status, _ := get(t, url+"/readyz")
		return status == http.StatusOK
	})
	h := openDynamoHotel(t, env)
	h.receive(t, 1)
	eventually(t, "the index tells how far it lags", func() bool {
		_, body := get(t, url+"/metrics")
		return strings.Contains(body, "\nindex_lag_seconds{")
	})
	for path, wants := range map[string][]string{
		"/healthz":     {"healthy\n"},
		"/metrics":     {`index_events_total{partition="0"} `, "dynamodb_units_total{", "reactor_build_info{", "process_start_time_seconds "},
		"/status.json": {`"consumerGroup": "index of ` + env["EQUINOX_DYNAMO_TABLE"], `"label": "lag at most"`, `"lagSeconds": null`},
		"/":            {"lag at most"},
	} {
		status, body := get(t, url+path)
		for _, want := range wants {
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: got status %d and %s, want %q in it", path, status, body, want)
			}
		}
	}
	stopped(t, p)
}

func TestAnIndexIsSilentWithoutAnIndexer(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	started := now.Add(-time.Hour)
	for _, test := range []struct {
		name   string
		status dynamodb.IndexStatus
		why    string // a part of it; "" if somebody is at work
		since  time.Time
	}{
		{"nobody ever", dynamodb.IndexStatus{}, "has ever held", started},
		{"somebody", dynamodb.IndexStatus{Owner: "a", Heartbeat: now.Add(-10 * time.Second), TTL: 15 * time.Second}, "", time.Time{}},
		{"one that died", dynamodb.IndexStatus{Owner: "a", Heartbeat: now.Add(-20 * time.Second), TTL: 15 * time.Second}, "the indexer a does not renew", now.Add(-5 * time.Second)},
		{"one that left", dynamodb.IndexStatus{Heartbeat: now.Add(-time.Second), TTL: 15 * time.Second}, "has given the lease back", now.Add(-time.Second)},
	} {
		why, since := silence(test.status, started, now)
		if !strings.Contains(why, test.why) || (why == "") != (test.why == "") || !since.Equal(test.since) {
			t.Errorf("%s: got %q since %v, want %q since %v", test.name, why, since, test.why, test.since)
		}
	}
}

func TestAnIndexerThatEndsByItselfServesNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"index", "--status", "--listen", ":0", "dynamo"}, {"index", "--listen-cert", "x", "dynamo", "--rebuild"}} {
		status, _, errors := call(t, unreachableDynamo(), args...)
		if status != statusConfiguration || !strings.Contains(errors, "have no meaning beside --status and --rebuild") {
			t.Errorf("%v: got status %d and %q, want a refusal", args, status, errors)
		}
	}
}
