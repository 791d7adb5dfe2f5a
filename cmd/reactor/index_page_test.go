//go:build unix

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/groupcheckout/internal/check"
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
		{"one that died, and a Lambda since", dynamodb.IndexStatus{End: 7, Owner: "a", Heartbeat: now.Add(-time.Hour), TTL: 15 * time.Second, Indexed: now.Add(-time.Minute)}, "", time.Time{}},
		{"one that left", dynamodb.IndexStatus{Heartbeat: now.Add(-time.Second), TTL: 15 * time.Second}, "has given the lease back", now.Add(-time.Second)},
	} {
		why, since := silence(test.status, started, now)
		if !strings.Contains(why, test.why) || (why == "") != (test.why == "") || !since.Equal(test.since) {
			t.Errorf("%s: got %q since %v, want %q since %v", test.name, why, since, test.why, test.since)
		}
	}
}

// TestTheStatusOfAnIndexSaysWhoMakesIt as far as that can be seen.
func TestTheStatusOfAnIndexSaysWhoMakesIt(t *testing.T) {
	t.Parallel()
	now := noon()
	const nobody, lambda = "nothing new gets into the feed", "Something other than an indexer of this program indexed last"
	died := dynamodb.IndexStatus{End: 7, Owner: "a", Heartbeat: now.Add(-time.Hour), TTL: 15 * time.Second, Proven: now.Add(-time.Hour), Indexed: now.Add(-2 * time.Hour)}
	works, since := died, died
	works.Heartbeat, since.Indexed = now, now.Add(-time.Minute)
	for name, test := range map[string]struct {
		status    dynamodb.IndexStatus
		want, not []string
	}{
		"one that works":                    {works, []string{"2h0m0s ago a "}, []string{nobody, lambda, "something else"}},
		"one that died":                     {died, []string{nobody, "2h0m0s ago a ", "1h0m0s ago 1h0m0s"}, []string{lambda}},
		"one that died, and a Lambda since": {since, []string{lambda, "1m0s ago something else 1h0m0s ago unknown"}, []string{nobody}},
		"a Lambda":                          {dynamodb.IndexStatus{End: 7, Indexed: now}, []string{lambda, "something else - unknown"}, []string{nobody}},
		"nobody ever":                       {dynamodb.IndexStatus{}, []string{nobody, "none - unknown"}, []string{lambda}},
	} {
		var out strings.Builder
		check.Must(t, (&indexCommand{}).print(streams{out: &out}, []dynamodb.IndexStatus{test.status}, now))
		got := strings.Join(strings.Fields(out.String()), " ")
		for _, want := range test.want {
			check.Contains(t, got, want)
		}
		for _, not := range test.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: got %s, want no %q", name, got, not)
			}
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
