package reactor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// TestCoreKeepsItsBooks loses and gains slots, sets streams aside and retries them, and
// reads again from checkpoints, and compares all sums with what they are sums of.
func TestCoreKeepsItsBooks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		b := newBooks(t, seed)
		for step := range 300 {
			b.step()
			b.check(step)
			if t.Failed() {
				return
			}
		}
	}
}

type books struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand
	core    *core
	now     time.Time
	feed    map[feed.Tranche][]feed.Delivery
	next    map[es.StreamName]es.Version
	saved   map[string]feed.Position     // by tranche and slot
	done    map[es.StreamName]es.Version // what a handler has observed, or was passed over
	calls   map[es.StreamName]call
	slots   int
	freed   int
	submits int
	names   []es.StreamName
	apart   feed.Position // how far positions are apart
	first   es.Version    // of each stream
	log     []string      // what happened, for a failure
}

func newBooks(t *testing.T, seed uint64) *books {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	b := &books{
		t: t, seed: seed, rand: r, now: epoch(), feed: map[feed.Tranche][]feed.Delivery{"A": nil, "B": nil}, next: map[es.StreamName]es.Version{},
		saved: map[string]feed.Position{}, done: map[es.StreamName]es.Version{}, calls: map[es.StreamName]call{}, slots: 1 + r.IntN(3), apart: []feed.Position{1, 1, 1 << 33}[r.IntN(3)], first: []es.Version{0, 0, 1 << 33, 1<<32 - 3}[r.IntN(4)],
	}
	b.core = newCore(limits{
		maxWriters: 1 + r.IntN(4), maxHung: r.IntN(3), hangs: 5 * time.Second, costs: inMemory(),
		maxStuck: []int{0, 300, 1000, 1 << 20}[r.IntN(4)], maxHeld: 2000, maxWhole: []int{0, 1, 400, 1000}[r.IntN(4)], remember: r.IntN(4), still: time.Second,
	}, newDoubling)
	b.core.slots = b.slots
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		b.names = append(b.names, streamNamed(id))
	}
	for tr := range b.feed {
		b.core.start(tr, 0)
		for s := range b.slots {
			b.core.hold(tr, s, 0)
		}
	}
	return b
}

func (b *books) note(f string, args ...any) { b.log = append(b.log, fmt.Sprintf(f, args...)) }

func key(tr feed.Tranche, slot int) string { return fmt.Sprint(tr, slot) }

func (b *books) tranche() feed.Tranche { return []feed.Tranche{"A", "B"}[b.rand.IntN(2)] }

// of a stream's tranche: each stream is in one
func trancheOf(n es.StreamName) feed.Tranche {
	if n.ID() < "d" {
		return "A"
	}
	return "B"
}

func (b *books) step() {
	switch k := b.rand.IntN(20); {
	case k < 7:
		tr := b.tranche()
		p := b.core.tranches[tr]
		if len(p.parts) == 0 {
			return
		}
		// grow the feed
		for range b.rand.IntN(5) {
			n := b.names[b.rand.IntN(len(b.names))]
			if trancheOf(n) != tr {
				continue
			}
			at := epoch().Add(time.Duration(b.rand.IntN(5)-2) * 40 * 24 * time.Hour * time.Duration(b.rand.IntN(2)))
			if b.rand.IntN(4) == 0 {
				at = time.Time{}
			}
			idx := b.first + b.next[n]
			b.next[n]++
			b.feed[tr] = append(b.feed[tr], feed.Delivery{Stream: n, Event: es.Event{Index: idx, EventData: es.EventData{Type: "T", Time: at}}, Next: feed.Position(len(b.feed[tr])+1) * b.apart})
		}
		all := b.feed[tr]
		from := int(p.read / b.apart)
		to := min(len(all), from+b.rand.IntN(6))
		if to == from {
			return
		}
		events := slices.Clone(all[from:to])
		if b.rand.IntN(5) == 0 { // a late redelivery, without a place
			for i := range events {
				events[i].Next = 0
			}
		}
		b.note("submit %s %d..%d", tr, from, to)
		b.submits++
		b.core.submit(tr, feed.Batch{Events: events, Next: feed.Position(to) * b.apart})
	case k < 13:
		for n, c := range b.calls {
			delete(b.calls, n)
			var err error
			observed := c.events[len(c.events)-1].Index + 1
			switch b.rand.IntN(6) {
			case 0, 1:
				err = errors.New("boom")
			case 2:
				observed = max(0, observed-1)
			case 3:
				observed = b.first + b.next[n]
			}
			if err == nil {
				b.done[n] = max(b.done[n], observed)
			}
			b.note("return %s %d %v", n.ID(), observed, err)
			b.core.returned(n, observed, err, b.now)
			break
		}
	case k < 15:
		b.now = b.now.Add(time.Duration(b.rand.IntN(4)) * time.Second)
	case k < 16: // lose a slot
		s := b.rand.IntN(b.slots)
		if b.core.holds(s) {
			b.save()
			b.note("release %d", s)
			b.core.release(s)
		}
	case k < 18:
		s := b.rand.IntN(b.slots)
		switch {
		case !b.core.holds(s):
			for _, tr := range []feed.Tranche{"A", "B"} {
				b.note("hold %s %d from %d", tr, s, b.saved[key(tr, s)])
				b.core.hold(tr, s, b.saved[key(tr, s)])
			}
		case b.core.draining[s]:
			b.core.goOn(s)
		case b.rand.IntN(3) == 0:
			b.core.windDown(s)
		}
	case k < 19:
		n := b.names[b.rand.IntN(len(b.names))]
		if a := b.core.aside[n]; a == nil {
			if s := b.core.streams[n]; s != nil && s.trouble != nil {
				b.note("aside %s", n.ID())
				b.core.setAside(n, "x", b.now, 0)
				b.done[n] = max(b.done[n], b.core.aside[n].upTo)
			}
		} else if b.core.holds(SlotOf(n, b.slots)) {
			b.note("retry %s", n.ID())
			b.core.retry(n)
		}
	default:
		b.save()
	}
	for _, a := range b.core.dispatch(b.now) {
		if _, twice := b.calls[a.stream]; twice {
			b.fail("called twice")
		}
		b.note("call %s %s", a.stream.ID(), indexes(a.events))
		b.calls[a.stream] = a
	}
	for n, a := range b.core.aside {
		if !a.retrying {
			b.done[n] = max(b.done[n], a.upTo)
		}
	}
	b.freed += len(b.core.drain().freed)
}

func (b *books) save() {
	for tr, p := range b.core.tranches {
		for _, part := range p.parts {
			b.saved[key(tr, part.slot)] = part.completed()
		}
	}
}

func (b *books) fail(f string, args ...any) {
	b.t.Errorf("seed %d: "+f+"\n%v", append(append([]any{b.seed}, args...), b.log)...)
}

func (b *books) check(step int) {
	c := b.core
	var q queued
	claims, well := map[*batch]int{}, map[*batch]int{}
	for n, s := range c.streams {
		var mine queued
		for _, e := range s.waiting.whole {
			mine.whole += c.costs.event(e)
		}
		last := es.Version(-1)
		for _, e := range s.waiting.whole {
			if e.Index <= last {
				b.fail("disorder")
			}
			last = e.Index
		}
		for _, x := range s.waiting.bare {
			if x.from <= last || x.to <= x.from {
				b.fail("span disorder %v", x)
			}
			last = x.to - 1
			mine.bare += c.costs.span + int(x.to-x.from)*c.costs.bare
			if x.times != nil && len(x.times) != int(x.to-x.from) {
				b.fail("times")
			}
		}
		if mine != s.waiting.bytes {
			b.fail("bytes of %s: %v, want %v", n.ID(), s.waiting.bytes, mine)
		}
		q.whole += mine.whole
		q.bare += mine.bare
		for _, cl := range s.claims {
			claims[cl.batch]++
			if !s.ill {
				well[cl.batch]++
			}
			if cl.upTo <= s.handled {
				b.fail("claim of %s is over", n.ID())
			}
			if s.waiting.empty() {
				b.fail("claim of %s but nothing waits", n.ID())
			}
		}
		if s.ill != (s.trouble != nil || s.hung) {
			b.fail("ill")
		}
		if !s.waiting.empty() && !s.calling && s.in == nil && !c.draining[s.slot] && (s.trouble == nil || !s.trouble.delayed) {
			b.fail("%s is forgotten", n.ID())
		}
	}
	if q != c.queued {
		b.fail("queued %v want %v", c.queued, q)
	}
	keeps, holding := 0, 0
	for tr, p := range c.tranches {
		reads, stuck := map[*read]int{}, 0
		for _, part := range p.parts {
			at := part.completed()
			for i, o := range part.open {
				keeps += o.keeps
				stuck += o.stuck
				if o.needs != claims[o] || o.well != well[o] {
					b.fail("batch %d needs %d/%d, want %d/%d", i, o.needs, o.well, claims[o], well[o])
				}
				if o.needs == 0 {
					b.fail("open for nothing")
				}
				if o.stuck == 0 {
					reads[o.read]++
				}
			}
			for i, d := range b.feed[tr] {
				if feed.Position(i)*b.apart >= at {
					break
				}
				if SlotOf(d.Stream, b.slots) == part.slot && d.Event.Index >= b.done[d.Stream] {
					b.fail("step %d: checkpoint %d of %s passes %s@%d, done %d", step, at, tr, d.Stream.ID(), d.Event.Index, b.done[d.Stream])
				}
			}
		}
		for r, n := range reads {
			if r.holding != n {
				b.fail("holding %d want %d", r.holding, n)
			}
		}
		if p.slots != len(reads) {
			b.fail("slots %d want %d", p.slots, len(reads))
		}
		holding += len(reads)
		if p.stuck != stuck || stuck > c.maxStuck {
			b.fail("stuck %d want %d", p.stuck, stuck)
		}
	}
	if b.submits-b.freed != holding {
		b.fail("freed %d of %d, %d held", b.freed, b.submits, holding)
	}
	if keeps != c.batches {
		b.fail("batches %d want %d", c.batches, keeps)
	}
	running := 0
	for _, s := range c.streams {
		if s.calling {
			running++
		}
	}
	if running != c.calling || c.calling != len(b.calls) {
		b.fail("calling %d, %d, %d", running, c.calling, len(b.calls))
	}
}
