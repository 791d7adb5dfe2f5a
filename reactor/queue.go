package reactor

import (
	"cmp"
	"math"
	"slices"
	"time"

	"example.com/groupcheckout/es"
)

// queue is what waits for a call of a stream, in the order of the stream: events as
// the feed has delivered them, and behind them those that are bare. Of a bare event
// nothing is kept but that it is there, and when it was appended.
type queue struct {
	whole []es.Event // a running call may hold it: what is in it does not change
	bare  []span
	bytes queued
}

// span is bare events that follow each other.
type span struct {
	from, to es.Version // to is behind the last
	base     int64      // ms since 1970 that times count from
	times    []uint32   // when each was appended, in ms; 0 if the feed did not tell; nil if it told none
}

// queued is how many bytes queues take.
type queued struct{ whole, bare int }

func (q queued) sum() int { return q.whole + q.bare }

// costs are how many bytes things take in memory. Slices have room to grow, which is
// counted in.
type costs struct {
	event   func(es.Event) int // a whole one, on its way and with its place among others
	bare    int                // a bare event
	span    int
	place   int // of a delivery in its batch
	claim   int // of a batch on a stream
	stream  int // of which something waits
	trouble int // of a stream, with its pauses
}

// inMemory are the costs as they are; a test compares them with what is really taken.
func inMemory() costs {
	return costs{
		event: func(e es.Event) int { return 160 + len(e.Type) + len(e.Data) + len(e.Meta) },
		bare:  5, span: 64, place: 16, claim: 18, stream: 300, trouble: 190,
	}
}

// len is how many events wait.
func (q *queue) len() int {
	n := len(q.whole)
	for _, s := range q.bare {
		n += int(s.to - s.from)
	}
	return n
}

// empty tells whether none does.
func (q *queue) empty() bool { return len(q.whole)+len(q.bare) == 0 }

// end is the version behind the last event, 0 if there is none.
func (q *queue) end() es.Version {
	switch {
	case len(q.bare) > 0:
		return q.bare[len(q.bare)-1].to
	case len(q.whole) > 0:
		return q.whole[len(q.whole)-1].Index + 1
	}
	return 0
}

// oldest is when the first event was appended; zero if the feed did not tell.
func (q *queue) oldest() time.Time {
	switch {
	case len(q.whole) > 0:
		return q.whole[0].Time
	case len(q.bare) > 0:
		return q.bare[0].time(0)
	}
	return time.Time{}
}

// events are those for a call. A span is there by its first event and its last.
func (q *queue) events() []es.Event {
	if len(q.bare) == 0 {
		return slices.Clip(q.whole)
	}
	events := make([]es.Event, len(q.whole), len(q.whole)+2*len(q.bare))
	copy(events, q.whole)
	for _, s := range q.bare {
		events = append(events, s.event(0))
		if n := int(s.to - s.from); n > 1 {
			events = append(events, s.event(n-1))
		}
	}
	return events
}

// add puts an event in its place, unless it is there already. It is kept whole unless
// there is a bare one in front of it.
func (q *queue) add(e es.Event, c costs) {
	if len(q.bare) > 0 && e.Index > q.bare[0].from {
		q.addBare(e, c)
		return
	}
	if n := len(q.whole); n == 0 || q.whole[n-1].Index < e.Index {
		if len(q.bare) > 0 && e.Index == q.bare[0].from {
			return
		}
		q.whole = append(q.whole, e)
	} else {
		at, found := slices.BinarySearchFunc(q.whole, e.Index, byIndex)
		if found {
			return
		}
		q.whole = slices.Insert(slices.Clone(q.whole), at, e)
	}
	q.bytes.whole += c.event(e)
}

// addBare does so with an event of which only the version is kept.
func (q *queue) addBare(e es.Event, c costs) {
	at, _ := slices.BinarySearchFunc(q.bare, e.Index, // the first that ends behind it
		func(s span, index es.Version) int {
			if s.to > index {
				return 1
			}
			return -1
		})
	if at < len(q.bare) && q.bare[at].from <= e.Index {
		return
	}
	if at > 0 && q.bare[at-1].to == e.Index && q.bare[at-1].takes(e.Time) {
		at--
		q.bare[at].follow(e.Time)
	} else {
		added := span{from: e.Index, to: e.Index}
		added.follow(e.Time)
		q.bare = slices.Insert(q.bare, at, added)
		q.bytes.bare += c.span
	}
	q.bytes.bare += c.bare
	if at+1 < len(q.bare) && q.bare[at].to == q.bare[at+1].from && q.bare[at].join(q.bare[at+1]) {
		q.bare = slices.Delete(q.bare, at+1, at+2)
		q.bytes.bare -= c.span
	}
}

// strip makes all events bare.
func (q *queue) strip(c costs) {
	if len(q.whole) == 0 {
		return
	}
	whole, bare := q.whole, q.bare
	*q = queue{}
	for _, e := range whole {
		q.addBare(e, c)
	}
	for _, s := range bare {
		q.bytes.bare += int(s.to-s.from) * c.bare
		if n := len(q.bare); n > 0 && q.bare[n-1].to == s.from && q.bare[n-1].join(s) {
			continue
		}
		q.bare = append(q.bare, s)
		q.bytes.bare += c.span
	}
}

// retire takes out the events below a version, and returns when they were appended, as
// far as the feed has told.
func (q *queue) retire(below es.Version, c costs) (appended []time.Time) {
	note := func(at time.Time) {
		if !at.IsZero() {
			appended = append(appended, at)
		}
	}
	keep, _ := slices.BinarySearchFunc(q.whole, below, byIndex)
	for _, e := range q.whole[:keep] {
		note(e.Time)
		q.bytes.whole -= c.event(e)
	}
	q.whole = slices.Clone(q.whole[keep:])
	over := 0 // spans
	for ; over < len(q.bare) && q.bare[over].from < below; over++ {
		s := &q.bare[over]
		gone := int(min(s.to, below) - s.from)
		for i := range gone {
			note(s.time(i))
		}
		q.bytes.bare -= gone * c.bare
		if s.from += es.Version(gone); s.from < s.to {
			if s.times != nil {
				s.times = slices.Clone(s.times[gone:])
			}
			break
		}
		q.bytes.bare -= c.span
	}
	q.bare = slices.Delete(q.bare, 0, over)
	return appended
}

// weight is how many bytes an event takes that waits.
func (q *queue) weight(index es.Version, c costs) int {
	if at, found := slices.BinarySearchFunc(q.whole, index, byIndex); found {
		return c.event(q.whole[at])
	}
	return c.bare
}

// byIndex orders an event and an index.
func byIndex(e es.Event, index es.Version) int { return cmp.Compare(e.Index, index) }

// event is the one at a place of a span.
func (s *span) event(at int) es.Event {
	return es.Event{Index: s.from + es.Version(at), EventData: es.EventData{Time: s.time(at)}}
}

// time is when that was appended.
func (s *span) time(at int) time.Time {
	if s.times == nil || s.times[at] == 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.base + int64(s.times[at])).UTC()
}

// takes tells whether an event can follow that was appended then.
func (s *span) takes(appended time.Time) bool {
	return appended.IsZero() || s.times == nil || fits(appended.UnixMilli()-s.base)
}

func fits(time int64) bool { return time > 0 && time <= math.MaxUint32 }

// follow adds an event behind the last.
func (s *span) follow(appended time.Time) {
	told := uint32(0)
	if !appended.IsZero() {
		if s.times == nil {
			s.base = appended.UnixMilli() - time.Hour.Milliseconds() // those that follow are hardly older
			s.times = make([]uint32, s.to-s.from)
		}
		told = uint32(appended.UnixMilli() - s.base) //nolint:gosec // it fits
	}
	if s.times != nil {
		s.times = appendTight(s.times, told)
	}
	s.to++
}

// join adds a span that follows, unless its times do not fit.
func (s *span) join(next span) bool {
	if s.times == nil && next.times != nil {
		s.base, s.times = next.base, make([]uint32, s.to-s.from)
	}
	shift := next.base - s.base
	for _, at := range next.times {
		if at != 0 && !fits(int64(at)+shift) {
			return false
		}
	}
	for i := range int(next.to - next.from) {
		at := uint32(0)
		if next.times != nil && next.times[i] != 0 {
			at = uint32(int64(next.times[i]) + shift) //nolint:gosec // it fits
		}
		if s.times != nil {
			s.times = appendTight(s.times, at)
		}
	}
	s.to = next.to
	return true
}

// appendTight is append for lists that there are many of: they grow by an eighth, not to
// twice their size.
func appendTight[T any](list []T, last T) []T {
	if n := len(list); n == cap(list) {
		grown := make([]T, n, n+max(1, n/8))
		copy(grown, list)
		list = grown
	}
	return append(list, last)
}
