package main

import (
	"maps"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
)

// TestAPausedReplicaIsSeen reads the feed from a replica of which the replay is paused,
// while the leader gets on.
func TestAPausedReplicaIsSeen(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	env, admin := initialisedOn(t, server)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	read := env["MDB_CONNECTION_STRING"]
	replicaOf(t, server, &read, &admin)
	env = maps.Clone(env)
	env["MDB_CONNECTION_STRING_READ"] = read
	p, address := startRun(t, env, group, "--checkpoint-interval", "1s")
	replica := connect(t, admin)
	replay := func(function string) { check.Must(t, check.Error(replica.Exec(within(t), "SELECT "+function+"()"))) }
	before := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, before), before)

	replay("pg_wal_replay_pause")
	stays := h.receive(t, 2)
	checkout := h.selectStays(t, stays)
	eventually(t, "it is not healthy any more", func() bool {
		status, body := get(t, "http://"+address+"/healthz")
		return status == 503 && strings.Contains(body, `tranche "GroupCheckout" stands still`)
	})
	_, metrics := get(t, "http://"+address+"/metrics")
	// The outcome of the first checkout may not have come to the replica either.
	if lag := regexp.MustCompile(`reactor_lag_events\{tranche="GroupCheckout"\} [12]\n`); !lag.MatchString(metrics) {
		t.Errorf("got:\n%s\nwant in it %s", metrics, lag)
	}
	check.Contains(t, metrics, `reactor_stands_still{tranche="GroupCheckout"} 1`, "reactor_healthy 0", `reactor_lag_seconds{tranche="GroupCheckout"}`)
	p.awaitLog(t, "the feed stands still: reads find nothing more, although the leader has events; is what answers them a replica that does not get on?")

	replay("pg_wal_replay_resume")
	h.awaitMerged(t, checkout, stays)
	eventually(t, "it is healthy again", func() bool {
		status, _ := get(t, "http://"+address+"/healthz")
		return status == 200
	})
	tried.Times(t, "Message DB", "pauses of a replica", 1)
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
}
