package reactor

import (
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// TestWhatIsHandledTellsWhenItWasAppended follows four events of a stream, in two
// batches, of which a call handles three and one comes ahead of the feed.
func TestWhatIsHandledTellsWhenItWasAppended(t *testing.T) {
	t.Parallel()
	noon := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	name := streamNamed("a")
	delivery := func(index es.Version, appended time.Time) feed.Delivery {
		return feed.Delivery{Stream: name, Event: es.Event{Index: index, EventData: es.EventData{Time: appended}}, Next: feed.Position(index + 1)}
	}
	core := newCore(limits{
		maxWriters: 1, maxHung: 1, hangs: time.Hour, still: time.Hour,
		costs: counting(), maxStuck: 100, maxHeld: 100, remember: 100,
	}, newDoubling)
	// told are the times that the core has told since it was asked last.
	told := func() (times [][]time.Time) {
		for _, o := range core.drain().occurred {
			if r, ok := o.(Retired); ok {
				times = append(times, r.Appended)
			}
		}
		return times
	}
	core.start("A", 0)
	core.hold("A", 0, 0)
	core.submit("A", feed.Batch{Next: 2, Events: []feed.Delivery{delivery(0, at(0)), delivery(1, time.Time{})}})
	core.submit("A", feed.Batch{Next: 3, Events: []feed.Delivery{delivery(2, at(2))}})
	core.dispatch(at(3))
	core.returned(name, 4, nil, at(3)) // it has written event 3
	core.submit("A", feed.Batch{Next: 4, Events: []feed.Delivery{delivery(3, at(3))}})
	want := [][]time.Time{{at(0), at(2)}, nil, nil}
	check.Same(t, "times of what is retired, batch by batch", want, told())
}
