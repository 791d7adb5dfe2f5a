package es

import (
	"sync"
	"testing"
)

// TestPutKeepsTheNewestOfMany lets callers that loaded different versions put
// them at the same moment.
func TestPutKeepsTheNewestOfMany(t *testing.T) {
	t.Parallel()
	const callers = 8
	stream, err := NewStreamName("Counter", "a")
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		cache := NewCache(0, 0)
		start := make(chan struct{})
		var all sync.WaitGroup
		for version := range Version(callers) {
			all.Go(func() {
				<-start
				cache.put(stream, cached{version, version})
			})
		}
		close(start)
		all.Wait()
		if got := cache.get(stream); got.version != callers-1 {
			t.Fatalf("got version %d, want %d", got.version, callers-1)
		}
	}
}
