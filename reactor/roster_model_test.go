package reactor

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

// rosterModel is processes that share slots through a roster, each with a clock of its
// own, seen from outside by the real time.
type rosterModel struct {
	slots   int
	lease   time.Duration
	now     time.Duration // real, since the beginning
	kept    feed.Roster
	written time.Duration // when that was
	seats   []*modelSeat
	made    int
	serves  bool // the store has a clock
}

type modelSeat struct {
	*seat
	clock  time.Time // what its clock shows at the beginning
	paused bool
	read   *feed.Roster // on its way to the process
	sent   *feed.Roster // on its way to the store
	give   map[int]bool
}

func (m *rosterModel) local(s *modelSeat) time.Time { return s.clock.Add(m.now) }

func (m *rosterModel) start(t *rapid.T) {
	if len(m.seats) == 5 {
		t.Skip("there are enough")
	}
	m.made++
	clock := epoch().Add(time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "clock")) * time.Second)
	m.seats = append(m.seats, &modelSeat{seat: newSeat(fmt.Sprint("p", m.made), m.slots, m.lease), clock: clock, give: map[int]bool{}})
}

func (m *rosterModel) some(t *rapid.T) *modelSeat {
	if len(m.seats) == 0 {
		t.Skip("there is none")
	}
	s := rapid.SampledFrom(m.seats).Draw(t, "process")
	if s.paused {
		t.Skip("it is paused")
	}
	return s
}

func (m *rosterModel) read(t *rapid.T) { m.readBy(m.some(t)) }

func (m *rosterModel) readBy(s *modelSeat) {
	found := m.kept
	found.Slots, found.Members = slices.Clone(found.Slots), slices.Clone(found.Members)
	if m.serves && found.Version > 0 {
		found.Unwritten = m.now - m.written
	}
	s.read = &found
}

// take has a process see what it has read, perhaps a while ago.
func (m *rosterModel) take(t *rapid.T) {
	s := m.some(t)
	if s.read == nil {
		t.Skip("it has read nothing")
	}
	m.takeBy(t, s)
}

func (m *rosterModel) takeBy(t *rapid.T, s *modelSeat) {
	check.Must(t, s.see(*s.read, m.local(s)))
	s.read = nil
	s.given(m.local(s))
}

// given forgets what was given and is not held any more.
func (s *modelSeat) given(now time.Time) {
	held := s.held(now)
	maps.DeleteFunc(s.give, func(slot int, _ bool) bool {
		_, ours := held[slot]
		return !ours
	})
}

func (m *rosterModel) write(t *rapid.T) {
	s := m.some(t)
	if s.watchedNothing() {
		t.Skip("it has seen nothing")
	}
	m.writeBy(s)
}

func (m *rosterModel) writeBy(s *modelSeat) {
	for _, slot := range s.excess(m.local(s)) {
		s.give[slot] = true
	}
	next := s.next(m.local(s), slices.Sorted(maps.Keys(s.give)))
	s.sent = &next
}

// beat is what a process does when nothing comes between.
func (m *rosterModel) beat(t *rapid.T) {
	s := m.some(t)
	m.readBy(s)
	m.takeBy(t, s)
	m.writeBy(s)
	m.arriveOf(t, s, true)
}

// look is a beat without a sign of life.
func (m *rosterModel) look(t *rapid.T) {
	s := m.some(t)
	m.readBy(s)
	m.takeBy(t, s)
}

func (s *modelSeat) watchedNothing() bool { return s.roster.Slots == nil }

// arrive has what a process has sent reach the store, perhaps a while later.
func (m *rosterModel) arrive(t *rapid.T) {
	s := rapid.SampledFrom(append([]*modelSeat{nil}, m.seats...)).Draw(t, "process")
	if s == nil || s.sent == nil {
		t.Skip("nothing is on its way")
	}
	m.arriveOf(t, s, !s.paused && rapid.Bool().Draw(t, "is told"))
}

func (m *rosterModel) arriveOf(t *rapid.T, s *modelSeat, told bool) {
	sent := *s.sent
	s.sent = nil
	if m.kept.Version != sent.Version-1 {
		return
	}
	sent.Group = "team"
	m.kept, m.written = sent, m.now
	if told {
		check.Must(t, s.see(sent, m.local(s)))
		s.given(m.local(s))
	}
}

func (m *rosterModel) pause(t *rapid.T) {
	if len(m.seats) == 0 {
		t.Skip("there is none")
	}
	s := rapid.SampledFrom(m.seats).Draw(t, "process")
	s.paused = !s.paused
}

func (m *rosterModel) kill(t *rapid.T) {
	if len(m.seats) == 0 || rapid.IntRange(0, 3).Draw(t, "spared") > 0 {
		t.Skip("there is none to be killed")
	}
	at := rapid.IntRange(0, len(m.seats)-1).Draw(t, "killed")
	m.seats = slices.Delete(m.seats, at, at+1)
}

// leave has a process begin to stop.
func (m *rosterModel) leave(t *rapid.T) { m.some(t).leaving = true }

func (m *rosterModel) wait(t *rapid.T) {
	m.now += time.Duration(rapid.SampledFrom([]int{1, 100, 1000, 4000, 6000, 9000, 11000}).Draw(t, "ms")) * time.Millisecond
}

// check makes sure that no two processes hold a slot, also not one that is paused and
// would go on now.
func (m *rosterModel) check(t *rapid.T) {
	holders := map[int]string{}
	for _, s := range m.seats {
		for slot := range s.held(m.local(s)) {
			if s.give[slot] {
				continue // nothing is done in it any more
			}
			if other := holders[slot]; other != "" {
				t.Fatalf("slot %d is held by %s and by %s", slot, other, s.name)
			}
			holders[slot] = s.name
		}
	}
}

// settle has everybody who lives get on, and all slots are shared fairly in the end.
func (m *rosterModel) settle(t *rapid.T) {
	for _, s := range m.seats {
		s.paused, s.read, s.sent = false, nil, nil
	}
	if len(m.seats) == 0 {
		return
	}
	const looks = 20
	for round := range 3*looks + 20*len(m.seats) {
		m.now += m.lease / looks
		s := m.seats[round%len(m.seats)]
		found := m.kept
		check.Must(t, s.see(found, m.local(s)))
		next := s.next(m.local(s), s.excess(m.local(s)))
		next.Group = "team"
		m.kept, m.written = next, m.now
		check.Must(t, s.see(next, m.local(s)))
		m.check(t)
	}
	held, staying := 0, 0
	for _, s := range m.seats {
		if !s.leaving {
			staying++
		}
	}
	for _, s := range m.seats {
		n := len(s.held(m.local(s)))
		held += n
		switch {
		case staying == 0: // nobody is there to take what they hold
			return
		case s.leaving && n > 0:
			t.Fatalf("%s is about to stop and holds %d slots, with %d others there to take them", s.name, n, staying)
		case s.leaving:
		case n < m.slots/staying || n > m.slots/staying+1:
			t.Fatalf("%s holds %d of %d slots among %d", s.name, n, m.slots, staying)
		}
	}
	if held != m.slots {
		t.Fatalf("%d of %d slots are held", held, m.slots)
	}
}

func TestNoTwoHoldASlotWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &rosterModel{
			slots: rapid.IntRange(1, 5).Draw(t, "slots"), lease: 10 * time.Second,
			kept: feed.Roster{Group: "team"}, serves: rapid.Bool().Draw(t, "the store has a clock"),
		}
		m.start(t)
		t.Repeat(map[string]func(*rapid.T){
			"start": m.start, "read": m.read, "take": m.take, "write": m.write, "arrive": m.arrive,
			"beat": m.beat, "beat, too": m.beat, "look": m.look, "pause": m.pause, "kill": m.kill, "leave": m.leave, "wait": m.wait, "": m.check,
		})
		m.settle(t)
	})
}

// A slot that is lost while its stream is called is forgotten, but for the call, and can
// be held again before that returns.
func TestASlotIsLostAndHeldAgainDuringACall(t *testing.T) {
	t.Parallel()
	limits := limits{maxWriters: 2, maxHung: 2, hangs: time.Hour, costs: counting(), maxStuck: 10, maxHeld: 1000, remember: 10}
	c, now := newCore(limits, newDoubling), epoch()
	batch := func(next feed.Position) feed.Batch {
		return feed.Batch{Next: next, Events: []feed.Delivery{{Stream: streamNamed("a"), Event: es.Event{Index: es.Version(next - 1)}, Next: next}}}
	}
	c.start("A", 0)
	c.hold("A", 0, 0)
	c.submit("A", batch(1))
	if calls := c.dispatch(now); len(calls) != 1 {
		t.Fatalf("got %d calls, want one", len(calls))
	}
	c.submit("A", batch(2))
	c.release(0)
	if freed := c.drain().freed; len(freed) != 2 || c.holds(0) || c.tranches["A"].slots != 0 {
		t.Errorf("got %v freed, and %d batches with a slot, want both free", freed, c.tranches["A"].slots)
	}
	c.hold("A", 0, 0)
	c.submit("A", batch(1))
	if calls := c.dispatch(now); len(calls) != 0 {
		t.Fatalf("got calls %v, want none while the one before runs", calls)
	}
	c.returned(streamNamed("a"), 0, errSlotLost, now)
	if calls := c.dispatch(now); len(calls) != 1 {
		t.Fatalf("got %d calls, want one at once: the failure was of the time before", len(calls))
	}
	c.returned(streamNamed("a"), 1, nil, now)
	check.Equal(t, "position", 1, c.position("A"))
}

// Whoever gave a sign of life counts from before it was on its way.
func TestALeaseIsCountedFromBeforeTheSignWasSent(t *testing.T) {
	t.Parallel()
	s, at := newSeat("one", 1, 10*time.Second), epoch()
	check.Must(t, s.see(feed.Roster{Group: "team"}, at))
	check.Must(t, s.see(s.next(at, nil), at.Add(3*time.Second)))
	for after, want := range map[time.Duration]int{3 * time.Second: 1, 10*time.Second - 1: 1, 10 * time.Second: 0} {
		if got := len(s.held(at.Add(after))); got != want {
			t.Errorf("slots held %s after the sign was sent: got %d, want %d", after, got, want)
		}
	}
}
