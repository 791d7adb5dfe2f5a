package es

import (
	"sync"
	"sync/atomic"
	"testing"

	"example.com/groupcheckout/internal/check"
)

// TestNoPutUndoesAnother lets callers put ever newer versions at the same time.
// What is cached is at no moment older than what a caller has put. Were a put
// not one step, one run in two would show it; hence the many versions.
func TestNoPutUndoesAnother(t *testing.T) {
	t.Parallel()
	const (
		callers  = 8
		versions = 100_000
	)
	stream, err := NewStreamName("Counter", "a")
	check.Must(t, err)
	cache := NewCache(0, 0)
	var last atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for version := Version(last.Add(1)); version <= versions && !t.Failed(); version = Version(last.Add(1)) {
				cache.put(stream, cached{version: version, state: version})
				if got := cache.get(stream); got.version < version {
					t.Errorf("got version %d after version %d was put", got.version, version)
				}
			}
		})
	}
	all.Wait()
}
