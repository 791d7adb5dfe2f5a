package main

import (
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/proxy"
	"example.com/groupcheckout/internal/tried"
)

// proxyTo puts two proxies in front of a server: one that can refuse, and one before it
// that counts who tries to log in.
func proxyTo(t testing.TB, connection string, logins *atomic.Int64) (*proxy.Proxy, string) {
	t.Helper()
	listen := func(target string, config proxy.Config) *proxy.Proxy {
		p, err := proxy.Listen(t.Context(), target, config)
		check.Must(t, err)
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
	check.Must(t, err)
	return through, connection
}

// Limits for a machine that has much else to do. What is usual is noted as tried.
const (
	foundAgain  = 10 * time.Second // after a server is back
	handledSoon = time.Minute      // what waited for it
)

// TestAnOutageOfTheStore cuts a running reactor, with groups under way, off from its
// server for a while, as a restart does: whoever connects is refused. It counts who
// tries, and what is logged.
func TestAnOutageOfTheStore(t *testing.T) {
	t.Parallel()
	for _, store := range realStores() {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			on := store.open(t)
			h := on.hotel
			var logins atomic.Int64
			through, connection := proxyTo(t, on.env[store.address], &logins)
			behind := *on
			behind.env = maps.Clone(on.env)
			behind.env[store.address] = connection
			p, _ := behind.begin(t, "--log-level", "debug")
			before := h.receive(t, 2)
			h.awaitMerged(t, h.selectStays(t, before), before)

			const lasts = 20 * time.Second
			through.Refuse(lasts)
			back := time.Now().Add(lasts)
			through.Cut()
			logins.Store(0)
			waiting := map[domain.GroupID][]domain.StayID{}
			for range 20 {
				stays := h.receive(t, 3)
				waiting[h.selectStays(t, stays)] = stays
			}
			p.awaitLog(t, "the store cannot be reached; everything waits for it, and one question at a time probes it")
			p.awaitLog(t, "the store can be reached again; everything goes on")
			tries := logins.Load()
			for group, stays := range waiting {
				h.awaitMerged(t, group, stays)
			}
			stopped(t, p)

			found, handled, warnings := time.Time{}, time.Time{}, 0
			for _, line := range linesOf(p.output()) {
				switch {
				case line.Msg == "the store can be reached again; everything goes on":
					found = line.Time
				case line.Msg == "a call returned":
					handled = line.Time
				case line.Level == "WARN", line.Level == "ERROR":
					warnings++
				}
			}
			tried.Times(t, store.name, "outages of 20 s", 1)
			tried.Times(t, store.name, "groups that waited", len(waiting))
			tried.Longest(t, store.name, "found reachable again after", found.Sub(back))
			tried.Longest(t, store.name, "all that waited was handled after", handled.Sub(back))
			tried.Times(t, store.name, "connections tried meanwhile", int(tries))
			tried.Times(t, store.name, "warnings logged", warnings)
			if took := found.Sub(back); took > foundAgain {
				t.Errorf("the store was found reachable again after %s", took)
			}
			if took := handled.Sub(back); took > handledSoon {
				t.Errorf("the groups that waited were merged after %s", took)
			}
			if tries > 300 {
				t.Errorf("got %d connections tried in %s, want about two a second, and those that look for what became of an append", tries, lasts)
			}
			if warnings > 10 {
				t.Errorf("got %d warnings of one outage, want the one that says it, and a few of what was cut off:\n%s", warnings, p.withoutDebugging())
			}
		})
	}
}
