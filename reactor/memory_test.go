package reactor

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// TestMemoryIsWhatIsCounted compares what a core says that it holds with what the heap
// has grown by. In the worst case for it all events of a batch are of different streams.
// It does not run beside other tests, since they have the same heap.
//
//nolint:paralleltest // see above
func TestMemoryIsWhatIsCounted(t *testing.T) {
	const events, size = 200_000, 1000
	for _, test := range []struct {
		name    string
		streams int
		whole   int // at most
		most    float64
	}{
		{"whole, different streams", size, math.MaxInt, math.Inf(1)},
		{"whole, long streams", 20, math.MaxInt, math.Inf(1)},
		{"bare, different streams", size, 1, 45},
		{"bare, long streams", 20, 1, 30},
		{"whole, short streams", events / 5, math.MaxInt, math.Inf(1)},
		{"bare, short streams", events / 5, 1, 150},
		{"whole, streams of one event", events, math.MaxInt, math.Inf(1)},
		{"bare, streams of one event", events, 8 << 20, 450},
	} {
		t.Run(test.name, func(t *testing.T) {
			core := newCore(limits{maxWriters: 1, maxHeld: math.MaxInt, maxWhole: test.whole, maxStuck: 1, costs: inMemory(), remember: 10}, newDoubling)
			core.start("A", 0)
			core.hold("A", 0, 0)
			names := make([]es.StreamName, test.streams)
			for i := range names {
				names[i] = streamNamed(fmt.Sprint(i))
			}
			before := heap()
			for from := 0; from < events; from += size {
				batch := feed.Batch{Next: feed.Position(from + size)}
				for at := from; at < from+size; at++ {
					batch.Events = append(batch.Events, feed.Delivery{
						Stream: names[at%len(names)], Next: feed.Position(at + 1),
						Event: es.Event{Index: es.Version(at / len(names)), EventData: es.EventData{
							ID: uuid.New(), Type: "Happened", Data: make([]byte, 128), Time: epoch().Add(time.Duration(at) * time.Second),
						}},
					})
				}
				core.submit("A", batch)
			}
			took := float64(heap() - before)
			counted := float64(core.held())
			t.Logf("%.1f bytes for an event, %.1f counted", took/events, counted/events)
			if ratio := counted / took; ratio < 0.9 || ratio > 1.5 {
				t.Errorf("counted %.0f bytes, took %.0f", counted, took)
			}
			if took/events > test.most {
				t.Errorf("an event takes %.1f bytes, want at most %.1f", took/events, test.most)
			}
			runtime.KeepAlive(core)
		})
	}
}

// TestMemoryOfWhatIsInTroubleIsCounted has every stream of an event fail. Batches that
// wait for nothing else give their slots back, up to a bound in bytes.
//
//nolint:paralleltest // see above
func TestMemoryOfWhatIsInTroubleIsCounted(t *testing.T) {
	const events, size = 20_000, 1000
	pauses := func() backoff.BackOff { return GrowingPauses(50*time.Millisecond, 30*time.Second, 0.5)() }
	core := newCore(limits{
		maxWriters: size, hangs: time.Hour, maxHeld: math.MaxInt, maxWhole: 1, maxStuck: math.MaxInt, costs: inMemory(), remember: 10,
	}, pauses)
	core.start("A", 0)
	core.hold("A", 0, 0)
	before := heap()
	for from := 0; from < events; from += size {
		batch := feed.Batch{Next: feed.Position(from + size)}
		for at := from; at < from+size; at++ {
			batch.Events = append(batch.Events, feed.Delivery{
				Stream: streamNamed(fmt.Sprint(at)), Next: feed.Position(at + 1),
				Event: es.Event{EventData: es.EventData{Type: "Happened", Time: epoch()}},
			})
		}
		core.submit("A", batch)
		for _, call := range core.dispatch(epoch()) {
			core.returned(call.stream, 0, errors.New("boom"), epoch())
		}
		core.drain()
	}
	took, counted := float64(heap()-before), float64(core.tranches["A"].stuck)
	t.Logf("%.1f bytes for an event, %.1f counted", took/events, counted/events)
	if slots := core.tranches["A"].slots; slots > 0 {
		t.Errorf("%d batches have a slot, want none", slots)
	}
	if ratio := counted / took; ratio < 0.9 || ratio > 1.5 {
		t.Errorf("counted %.0f bytes, took %.0f", counted, took)
	}
	runtime.KeepAlive(core)
}

// heap is the memory in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // it is far less
}
