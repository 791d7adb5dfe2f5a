package monitor_test

import (
	"slices"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/monitor"
)

func TestPoolsAndStreamsAreTold(t *testing.T) {
	t.Parallel()
	told := scrape(t, monitor.Streams(nil, es.NewCache(0, 0)), monitor.Pools(func() []monitor.Pool {
		return []monitor.Pool{{Name: "writing", Busy: 2, Idle: 1, Most: 10, Waits: 4, Waited: 1500 * time.Millisecond}}
	}))
	for _, want := range []string{
		`reactor_pool_connections{pool="writing",state="busy"} 2`,
		`reactor_pool_connections{pool="writing",state="idle"} 1`,
		`reactor_pool_connections_max{pool="writing"} 10`,
		`reactor_pool_wait_seconds_total{pool="writing"} 1.5`,
		`reactor_pool_waits_total{pool="writing"} 4`,
		`reactor_appends_total{outcome="uncertain"} 0`,
		`reactor_snapshots_total{outcome="error"} 0`,
		`reactor_cache_looks_total{found="no"} 0`,
		`reactor_cache_states 0`,
		`reactor_cache_bytes 0`,
	} {
		if !slices.Contains(told, want) {
			t.Errorf("%s is not told: %q", want, told)
		}
	}
}
