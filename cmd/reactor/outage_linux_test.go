package main

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/proxy"
)

// proxyTo puts two proxies in front of a server: one that can refuse, and one before it
// that counts who tries to log in.
func proxyTo(t testing.TB, connection string, logins *atomic.Int64) (*proxy.Proxy, string) {
	t.Helper()
	listen := func(target string, config proxy.Config) *proxy.Proxy {
		p, err := proxy.Listen(t.Context(), target, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	_, target, err := proxy.Redirect(connection, "127.0.0.1:1")
	if err != nil {
		t.Skip(err)
	}
	through := listen(target, proxy.Config{})
	var seen sync.Map
	counting := listen(through.Addr(), proxy.Config{Request: func(c *proxy.Conn, _ []byte) bool {
		if _, known := seen.LoadOrStore(c, true); !known {
			logins.Add(1)
		}
		return true
	}})
	connection, _, err = proxy.Redirect(connection, counting.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return through, connection
}

// TestAnOutageOfTheStore cuts a running reactor, with groups under way, off from its
// server for half a minute, as a restart does: whoever connects is refused. It counts
// who tries, and what is logged.
func TestAnOutageOfTheStore(t *testing.T) {
	t.Parallel()
	env := initialised(t)
	h := openHotel(t, env)
	group := newGroup(t, h, env)
	var logins atomic.Int64
	through, connection := proxyTo(t, env["MDB_CONNECTION_STRING"], &logins)
	cut := map[string]string{"MDB_CONNECTION_STRING": connection, "MDB_SCHEMA": env["MDB_SCHEMA"]}
	p, _ := startRun(t, cut, group)
	before := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, before), before)

	const lasts = 20 * time.Second
	through.Refuse(lasts)
	through.Cut()
	logins.Store(0)
	type work struct {
		checkout domain.GroupID
		stays    []domain.StayID
	}
	var waiting []work
	for range 20 {
		stays := h.receive(t, 3)
		waiting = append(waiting, work{h.selectStays(t, stays), stays})
	}
	p.awaitLog(t, "the store cannot be reached; everything waits for it, and one question at a time probes it")
	p.awaitLog(t, "the store can be reached again; everything goes on")
	back, tried := time.Now(), logins.Load()
	for _, w := range waiting {
		h.awaitMerged(t, w.checkout, w.stays)
	}
	if took := time.Since(back); took > time.Minute {
		t.Errorf("the groups that waited were merged after %s", took)
	}
	if tried > 300 {
		t.Errorf("got %d logins in %s, want about two a second, and those that look for what became of an append", tried, lasts)
	}
	warnings := 0
	for line := range strings.Lines(p.output()) {
		var l struct{ Level string }
		if err := json.Unmarshal([]byte(line), &l); err == nil && (l.Level == "WARN" || l.Level == "ERROR") {
			warnings++
		}
	}
	if warnings > 10 {
		t.Errorf("got %d warnings of one outage, want the one that says it, and a few of what was cut off:\n%s", warnings, p.output())
	}
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
}
