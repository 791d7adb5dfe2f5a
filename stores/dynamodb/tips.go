package dynamodb

import (
	"container/list"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// tips remembers the tips of the streams that were used last, within a limit
// of memory. Calls may overlap. What it says may be out of date: a tip is
// proved by the next write, or by comparing its etag.
type tips struct {
	mu     sync.Mutex
	limit  int
	memory int
	order  *list.List // of table.Tip, the one used last in front
	places map[es.StreamName]*list.Element
}

func newTips(limit int) *tips {
	return &tips{limit: limit, order: list.New(), places: map[es.StreamName]*list.Element{}}
}

// get returns the tip of a stream, or NoTip if none is remembered.
func (t *tips) get(stream es.StreamName) table.Tip {
	t.mu.Lock()
	defer t.mu.Unlock()
	place, ok := t.places[stream]
	if !ok {
		return table.NoTip(stream)
	}
	t.order.MoveToFront(place)
	return place.Value.(table.Tip)
}

// put remembers a tip. One that may be older than that of the stream yields to
// one of a higher version: two who read at the same time may finish in either
// order.
func (t *tips) put(tip table.Tip, mayBeOld bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if place, ok := t.places[tip.Stream()]; ok {
		if mayBeOld && place.Value.(table.Tip).Version() >= tip.Version() {
			return
		}
		t.remove(place)
	}
	if !tip.Exists() || tip.Memory() > t.limit {
		return
	}
	t.places[tip.Stream()] = t.order.PushFront(tip)
	t.memory += tip.Memory()
	for t.memory > t.limit {
		t.remove(t.order.Back())
	}
}

func (t *tips) drop(stream es.StreamName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if place, ok := t.places[stream]; ok {
		t.remove(place)
	}
}

func (t *tips) remove(place *list.Element) {
	tip := place.Value.(table.Tip)
	t.order.Remove(place)
	delete(t.places, tip.Stream())
	t.memory -= tip.Memory()
}
