package reactor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// TestCoreModel feeds the core with whatever can happen and compares it, after
// every step, with a model that keeps all deliveries for ever and looks through
// all of them to answer anything.
func TestCoreModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t, 1_000, 1_000)
		t.Repeat(map[string]func(*rapid.T){
			"submit": m.submit,
			"return": m.giveBack,
			"wait":   m.wait,
			"":       m.checkExactly,
		})
		m.finish(t)
	})
}

// TestCoreModelForgetting does the same with a core that forgets nearly every
// idle stream, so that it makes calls that the model would not, and that may hold
// little for streams in trouble. It must still never be ahead of the model, and
// be equal to it in the end.
func TestCoreModelForgetting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t, rapid.IntRange(0, 5).Draw(t, "stuck at most"), 1)
		t.Repeat(map[string]func(*rapid.T){
			"submit": m.submit,
			"return": m.giveBack,
			"wait":   m.wait,
			"":       m.checkNotAhead,
		})
		m.finish(t)
	})
}

// model is what a core is compared with.
type model struct {
	core    *core
	now     time.Time
	writers int
	hung    int // calls that hang and do not count as writers

	batches  map[feed.Tranche][]feed.Batch // all that were submitted
	start    map[feed.Tranche]feed.Position
	handled  map[es.StreamName]es.Version  // the highest that a call observed
	known    map[es.StreamName]es.Version  // the highest that a delivery told of
	calls    map[es.StreamName]call        // running
	given    map[es.StreamName]string      // the events of those, when they began
	began    map[es.StreamName]time.Time   // when they did
	paused   map[es.StreamName]time.Time   // no call before
	troubled map[es.StreamName]bool        // whether the last call did not go well
	stuck    map[feed.Tranche]map[int]bool // the batches that ever waited for nothing but troubled streams
	freed    map[feed.Tranche]int          // slots, by the core
}

func newModel(t *rapid.T, maxStuck, remember int) *model {
	maxWhole := rapid.SampledFrom([]int{0, 1, 3, 6}).Draw(t, "whole at most")
	writers, hung := rapid.IntRange(1, 4).Draw(t, "writers"), rapid.IntRange(0, 2).Draw(t, "hung at most")
	m := &model{
		core: newCore(limits{maxWriters: writers, maxHung: hung, hangs: callHangs, costs: counting(), maxStuck: maxStuck, maxHeld: 1000, maxWhole: maxWhole, remember: remember}, newDoubling), now: epoch(), writers: writers, hung: hung, began: map[es.StreamName]time.Time{},
		batches: map[feed.Tranche][]feed.Batch{}, start: map[feed.Tranche]feed.Position{"A": 10, "B": 0},
		handled: map[es.StreamName]es.Version{}, known: map[es.StreamName]es.Version{},
		calls: map[es.StreamName]call{}, given: map[es.StreamName]string{}, paused: map[es.StreamName]time.Time{},
		troubled: map[es.StreamName]bool{}, stuck: map[feed.Tranche]map[int]bool{"A": {}, "B": {}}, freed: map[feed.Tranche]int{},
	}
	for tranche, from := range m.start {
		m.core.start(tranche, from)
		m.core.hold(tranche, 0, from)
	}
	return m
}

// streams are those that the model knows.
func streams() []es.StreamName {
	return []es.StreamName{streamNamed("a"), streamNamed("b"), streamNamed("c"), streamNamed("d"), streamNamed("e")}
}

// submit hands over a batch: mostly the events that come next in a stream, and
// some that came before, or are missing others before them.
func (m *model) submit(t *rapid.T) {
	tranche := rapid.SampledFrom([]feed.Tranche{"A", "B"}).Draw(t, "tranche")
	var batch feed.Batch
	for range rapid.IntRange(0, 5).Draw(t, "size") {
		stream := rapid.SampledFrom(streams()).Draw(t, "stream")
		index := max(0, m.known[stream]+es.Version(rapid.SampledFrom([]int{0, 0, 0, 0, -3, -1, 2}).Draw(t, "step")))
		m.known[stream] = max(m.known[stream], index+1)
		batch.Events = append(batch.Events, feed.Delivery{Stream: stream, Event: es.Event{Index: index, EventData: es.EventData{Time: appended(index)}}})
	}
	batch.Next = m.read(tranche) + feed.Position(rapid.IntRange(0, 3).Draw(t, "moves"))
	if rapid.Bool().Draw(t, "has places") {
		next := m.read(tranche)
		for i := range batch.Events {
			next += feed.Position(rapid.SampledFrom([]int{1, 1, 1, 0, 2, -1}).Draw(t, "place")) // shared places, gaps, and disorder
			batch.Events[i].Next = max(next, 1)
		}
		batch.Next = max(next+feed.Position(rapid.SampledFrom([]int{0, 0, 1, -1}).Draw(t, "beyond")), m.read(tranche))
	}
	m.batches[tranche] = append(m.batches[tranche], batch)
	m.core.submit(tranche, batch)
	m.noteStuck()
	m.dispatch(t)
}

// giveBack ends a running call in some way.
func (m *model) giveBack(t *rapid.T) {
	if len(m.calls) == 0 {
		t.Skip("no call is running")
	}
	running := slices.SortedFunc(maps.Keys(m.calls), func(a, b es.StreamName) int { return cmp.Compare(a.String(), b.String()) })
	stream := rapid.SampledFrom(running).Draw(t, "stream")
	var err error
	observed := max(0, m.known[stream]+es.Version(rapid.IntRange(-3, 2).Draw(t, "observed")))
	if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
		err = errors.New("boom")
	}
	m.endCall(t, stream, observed, err)
	m.dispatch(t)
}

func (m *model) endCall(t *rapid.T, stream es.StreamName, observed es.Version, err error) {
	events := m.calls[stream].events
	if got, want := indexes(events), m.given[stream]; got != want {
		t.Fatalf("the events of the call for %s changed while it ran: got %s, want %s", stream, got, want)
	}
	delete(m.calls, stream)
	delete(m.began, stream)
	delete(m.paused, stream)
	if err == nil {
		m.handled[stream] = max(m.handled[stream], observed)
	}
	m.troubled[stream] = err != nil || observed <= events[len(events)-1].Index
	if m.troubled[stream] {
		m.paused[stream] = m.now.Add(time.Second) // the first pause is the shortest
	}
	m.core.returned(stream, observed, err, m.now)
	m.noteStuck()
}

// noteStuck notes the batches that wait for troubled streams alone.
func (m *model) noteStuck() {
	for tranche, batches := range m.batches {
		for i, batch := range batches {
			waits, well := false, false
			for _, d := range batch.Events {
				if d.Event.Index >= m.handled[d.Stream] {
					waits = true
					well = well || !m.troubled[d.Stream] && !m.hangs(d.Stream)
				}
			}
			if waits && !well {
				m.stuck[tranche][i] = true
			}
		}
	}
}

// wait lets time pass.
func (m *model) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "seconds")) * time.Second)
	m.dispatch(t)
}

// dispatch makes the calls and checks each.
func (m *model) dispatch(t *rapid.T) {
	for _, call := range m.core.dispatch(m.now) {
		if _, twice := m.calls[call.stream]; twice {
			t.Fatalf("%s is called twice at once", call.stream)
		}
		if m.now.Before(m.paused[call.stream]) {
			t.Fatalf("%s is called before its pause is over", call.stream)
		}
		if len(call.events) == 0 {
			t.Fatalf("%s is called for nothing", call.stream)
		}
		if !slices.IsSortedFunc(call.events, func(a, b es.Event) int {
			if a.Index >= b.Index {
				return 1
			}
			return -1
		}) {
			t.Fatalf("%s is given events out of order: %s", call.stream, indexes(call.events))
		}
		m.calls[call.stream], m.given[call.stream], m.began[call.stream] = call, indexes(call.events), m.now
	}
	if m.busy() > m.writers {
		t.Fatalf("%d calls run at once, %d of them without those that hang, with %d writers", len(m.calls), m.busy(), m.writers)
	}
	m.noteStuck()
	for _, tranche := range m.core.drain().freed {
		m.freed[tranche]++
	}
}

// callHangs is after how long a call of the model hangs.
const callHangs = 5 * time.Second

// hangs tells whether a stream has a call that hangs.
func (m *model) hangs(stream es.StreamName) bool {
	began, calling := m.began[stream]
	return calling && m.now.Sub(began) >= callHangs
}

// busy is how many writers are.
func (m *model) busy() int {
	hung := 0
	for stream := range m.calls {
		if m.hangs(stream) {
			hung++
		}
	}
	return len(m.calls) - min(hung, m.hung)
}

// read is how far a tranche was submitted.
func (m *model) read(tranche feed.Tranche) feed.Position {
	if n := len(m.batches[tranche]); n > 0 {
		return m.batches[tranche][n-1].Next
	}
	return m.start[tranche]
}

// position is how far a tranche is completed, and freed counts the batches that
// need no slot: those completed, also behind it, and those that are stuck or were.
func (m *model) position(tranche feed.Tranche) (position feed.Position, freed int) {
	position = m.start[tranche]
	before, gap := position, false
	for i, batch := range m.batches[tranche] {
		waits := m.waits(batch)
		switch {
		case !gap && waits:
			gap, position = true, m.within(batch, before)
		case !gap:
			position, before = batch.Next, batch.Next
		}
		if !waits || m.stuck[tranche][i] {
			freed++
		}
	}
	return position, freed
}

// within is how far a batch is completed that waits for something.
func (m *model) within(batch feed.Batch, from feed.Position) (position feed.Position) {
	position = from
	last := from
	for i, d := range batch.Events {
		if d.Next < last || d.Next > batch.Next {
			return from // its places mean nothing
		}
		last = d.Next
		if i > 0 && !slices.ContainsFunc(batch.Events[:i], func(d feed.Delivery) bool { return d.Event.Index >= m.handled[d.Stream] }) &&
			batch.Events[i-1].Next < d.Next {
			position = max(position, batch.Events[i-1].Next)
		}
	}
	return position
}

func (m *model) waits(batch feed.Batch) bool {
	return slices.ContainsFunc(batch.Events, func(d feed.Delivery) bool { return d.Event.Index >= m.handled[d.Stream] })
}

// waiting lists the indexes that wait for a call of a stream.
func (m *model) waiting(stream es.StreamName) []es.Event {
	found := map[es.Version]es.Event{}
	for _, batches := range m.batches {
		for _, batch := range batches {
			for _, d := range batch.Events {
				if d.Stream == stream && d.Event.Index >= m.handled[stream] {
					found[d.Event.Index] = d.Event
				}
			}
		}
	}
	var events []es.Event
	for _, index := range slices.Sorted(maps.Keys(found)) {
		events = append(events, found[index])
	}
	return events
}

// checkExactly compares a core that forgets nothing.
func (m *model) checkExactly(t *rapid.T) {
	for tranche := range m.start {
		position, freed := m.position(tranche)
		if got := m.core.position(tranche); got != position {
			t.Fatalf("position of %s: got %d, want %d", tranche, got, position)
		}
		if m.freed[tranche] != freed {
			t.Fatalf("freed slots of %s: got %d, want %d", tranche, m.freed[tranche], freed)
		}
		m.checkSlots(t, tranche)
	}
	for _, stream := range streams() {
		want := m.waiting(stream)
		var got []es.Event
		if s := m.core.streams[stream]; s != nil {
			got = all(s)
		}
		if indexes(got) != indexes(want) {
			t.Fatalf("waiting for %s: got %s, want %s", stream, indexes(got), indexes(want))
		}
		_, running := m.calls[stream]
		if len(want) > 0 && !running && m.paused[stream].IsZero() && m.busy() < m.writers {
			t.Fatalf("%s waits although a writer is free", stream)
		}
	}
}

// checkNotAhead checks a core that may do more than it needs to.
func (m *model) checkNotAhead(t *rapid.T) {
	for tranche := range m.start {
		position, freed := m.position(tranche)
		if got := m.core.position(tranche); got > position {
			t.Fatalf("position of %s: got %d, want at most %d", tranche, got, position)
		}
		if m.freed[tranche] > freed {
			t.Fatalf("freed slots of %s: got %d, want at most %d", tranche, m.freed[tranche], freed)
		}
		m.checkSlots(t, tranche)
	}
}

// appended is when an event was; the feed does not tell of each.
func appended(index es.Version) time.Time {
	if index%3 == 0 {
		return time.Time{}
	}
	return epoch().Add(time.Duration(index) * 20 * 24 * time.Hour) // far apart, which does not fit into one span
}

// all are the events that wait of a stream, the bare ones too.
func all(s *stream) []es.Event {
	events := slices.Clone(s.waiting.whole)
	for _, b := range s.waiting.bare {
		for at := range int(b.to - b.from) {
			events = append(events, b.event(at))
		}
	}
	return events
}

// checkMemory counts what is kept, and how much of it is whole.
func (m *model) checkMemory(t *rapid.T) {
	var whole, bare int
	for name, s := range m.core.streams {
		whole += len(s.waiting.whole)
		for _, b := range s.waiting.bare {
			bare += int(b.to - b.from)
			if b.from >= b.to || b.times != nil && len(b.times) != int(b.to-b.from) {
				t.Fatalf("a span of %s from %d to %d has %d times", name, b.from, b.to, len(b.times))
			}
		}
		for _, e := range all(s) {
			if !e.Time.Equal(appended(e.Index)) {
				t.Fatalf("event %d of %s was appended at %v, and is said to have been at %v", e.Index, name, appended(e.Index), e.Time)
			}
		}
		if events := all(s); len(events) != s.waiting.len() || len(events) > 0 && events[len(events)-1].Index+1 != s.waiting.end() {
			t.Fatalf("%s counts %d events up to %d, and has %s", name, s.waiting.len(), s.waiting.end(), indexes(events))
		}
	}
	if got, want := m.core.queued, (queued{whole, bare}); got != want {
		t.Fatalf("what waits: counted %d, got %d", got, want)
	}
	if most := m.core.maxWhole; most > 0 && whole > most {
		t.Fatalf("whole events: got %d, want at most %d", whole, most)
	}
}

// checkSlots counts the slots, and what waits without one.
func (m *model) checkSlots(t *rapid.T, tranche feed.Tranche) {
	m.checkMemory(t)
	progress := m.core.tranches[tranche]
	if got, want := progress.slots, len(m.batches[tranche])-m.freed[tranche]; got != want {
		t.Fatalf("slots of %s in use: got %d, want %d", tranche, got, want)
	}
	without := 0
	for _, b := range progress.parts[0].open {
		if b.stuck > 0 {
			without += m.core.weigh(b)
		}
	}
	if without > m.core.maxStuck {
		t.Fatalf("deliveries of %s that wait without a slot: got %d, want at most %d", tranche, without, m.core.maxStuck)
	}
}

// finish lets every call succeed until none is left. Then everything is
// retired, every slot was freed once and nothing is kept that may be forgotten.
func (m *model) finish(t *rapid.T) {
	for {
		for len(m.calls) > 0 {
			for stream := range maps.Clone(m.calls) {
				m.endCall(t, stream, m.known[stream], nil)
			}
			m.dispatch(t)
		}
		at, ok := m.core.wake()
		if !ok {
			break
		}
		m.now = at
		m.dispatch(t)
		if len(m.calls) == 0 {
			t.Fatal("woken for nothing")
		}
	}
	for tranche := range m.start {
		progress := m.core.tranches[tranche]
		got := fmt.Sprint(progress.parts[0].position, m.freed[tranche], len(progress.parts[0].open), progress.stuck)
		if want := fmt.Sprint(m.read(tranche), len(m.batches[tranche]), 0, 0); got != want {
			t.Fatalf("position, freed slots, open batches and stuck deliveries of %s at the end: got %s, want %s", tranche, got, want)
		}
	}
	if len(m.core.streams) > m.core.remember {
		t.Fatalf("remembered streams: got %d, want at most %d", len(m.core.streams), m.core.remember)
	}
	for name, s := range m.core.streams {
		if s.trouble != nil || len(s.claims) > 0 || !s.waiting.empty() {
			t.Fatalf("%s is not idle at the end", name)
		}
	}
}
