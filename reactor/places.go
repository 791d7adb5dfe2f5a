package reactor

import (
	"math"
	"slices"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// What was read is known twice: by streams, whose queues hold what waits for a call,
// and by batches, which know what a checkpoint may pass. A million deliveries may wait,
// so both are small: a batch keeps the place of each delivery, and a stream has a claim
// for each batch that needs it.

// part is what a tranche delivers of a slot's streams, and how far that is completed. A
// batch that is read becomes one of each part.
type part struct {
	tranche  *progress
	slot     int
	position feed.Position // everything before it is retired
	read     feed.Position // everything before it was submitted, and is passed over if it is read again
	open     []*batch      // in order
}

// read is a batch as it was read. It has its slot as long as one that was made of it has.
type read struct {
	tranche *progress
	holding int
}

// batch is a batch with deliveries that are not retired. It has one of the slots
// that limit how far is read ahead, until it is completed or stuck.
type batch struct {
	part   *part
	read   *read
	next   feed.Position // where reading goes on behind it, and behind completed batches that follow it
	needs  int           // streams that have a claim of it
	well   int           // of those, that are neither in trouble nor hang
	from   feed.Position // what the places count from
	order  []place       // its deliveries, in order; nil if one of them does not fit into a place
	at     int           // of them, that are retired at its head
	placed bool          // checkpoints may lie between them
	passed feed.Position // behind those that are retired; 0 if there is no such place
	took   int           // bytes of its deliveries when it was read
	keeps  int           // bytes that it takes itself
	stuck  int           // bytes that it needed when it gave its slot back; 0 while it has one
}

// place is where a delivery stands in its batch.
type place struct {
	stream *stream
	index  uint32
	next   uint32 // behind it, from where the batch begins
}

// claim says what is missing of a stream before a batch is completed.
type claim struct {
	batch *batch
	upTo  es.Version // the stream has to be handled up to here
}

// submit takes in a batch of a tranche, as far as it is of slots that are held.
func (c *core) submit(tranche feed.Tranche, delivered feed.Batch) {
	progress := c.tranches[tranche]
	from := progress.read
	progress.read = delivered.Next
	c.getsOn(tranche, progress)
	r := &read{tranche: progress}
	progress.slots++
	r.holding++ // until it was handed out
	for _, p := range progress.parts {
		if from >= p.read {
			c.deliver(p, r, delivered.Next, c.ofSlot(p, delivered.Events, 0), from)
		} else if p.read < delivered.Next { // some of it was read before
			c.deliver(p, r, delivered.Next, c.ofSlot(p, delivered.Events, p.read), p.read)
		}
	}
	c.freeSlot(r)
	c.forget()
}

// ofSlot are the deliveries that a part is interested in: not those that have their
// places before a position.
func (c *core) ofSlot(p *part, deliveries []feed.Delivery, behind feed.Position) []feed.Delivery {
	if c.slots == 1 && behind == 0 {
		return deliveries
	}
	var found []feed.Delivery
	for _, d := range deliveries {
		if (d.Next == 0 || d.Next > behind) && SlotOf(d.Stream, c.slots) == p.slot {
			found = append(found, d)
		}
	}
	return found
}

// deliver takes in what a batch has for a part.
func (c *core) deliver(p *part, r *read, next feed.Position, deliveries []feed.Delivery, from feed.Position) {
	b := &batch{part: p, read: r, next: next, from: from, placed: hasPlaces(feed.Batch{Events: deliveries, Next: next}, from)}
	p.read = next
	p.open = append(p.open, b)
	r.holding++
	if fit(deliveries, from, b.placed) {
		b.order = make([]place, 0, len(deliveries))
	}
	var streams []*stream      // so that the outcome does not depend on the order of a map
	var known map[*stream]bool // those of which the batch has something that is handled already
	for _, d := range deliveries {
		if c.passes(d) {
			continue
		}
		s := c.stream(d.Stream)
		if d.Event.Index >= s.handled {
			c.change(s, func(q *queue) { q.add(d.Event, c.costs) })
		} else {
			if known == nil {
				known = map[*stream]bool{}
			}
			known[s] = true
		}
		b.took += c.costs.event(d.Event)
		if b.order != nil {
			at := place{stream: s, index: uint32(d.Event.Index)} //nolint:gosec // it fits
			if b.placed {
				at.next = uint32(d.Next - from) //nolint:gosec // it fits
			}
			b.order = append(b.order, at)
		}
		if n := len(s.claims); n > 0 && s.claims[n-1].batch == b {
			s.claims[n-1].upTo = max(s.claims[n-1].upTo, d.Event.Index+1)
			continue
		}
		s.claims = appendTight(s.claims, claim{b, d.Event.Index + 1})
		streams = append(streams, s)
	}
	b.keeps = len(b.order)*c.costs.place + len(streams)*c.costs.claim
	c.batches += b.keeps
	for _, s := range streams {
		last := len(s.claims) - 1
		if upTo := s.claims[last].upTo; upTo <= s.handled {
			s.claims[last] = claim{}
			s.claims = s.claims[:last]
			c.occurs(Retired{s.name, upTo, nil})
		} else {
			if known[s] {
				c.occurs(Retired{s.name, s.handled, nil}) // a checkpoint may lie between that and the rest
			}
			b.needs++
			if !s.ill {
				b.well++
			}
		}
		c.place(s)
	}
	if c.maxWhole > 0 && c.queued.whole > c.maxWhole {
		for _, s := range c.streams {
			c.change(s, func(q *queue) { q.strip(c.costs) })
		}
	}
	c.settle(b)
}

// change changes what waits of a stream.
func (c *core) change(s *stream, do func(*queue)) {
	before := s.waiting.bytes
	do(&s.waiting)
	c.queued.whole += s.waiting.bytes.whole - before.whole
	c.queued.bare += s.waiting.bytes.bare - before.bare
}

// hasPlaces tells whether a checkpoint may lie between the deliveries of a batch. It may
// if they come in the order of their places, as they should.
func hasPlaces(b feed.Batch, from feed.Position) bool {
	last := from
	for _, d := range b.Events {
		if d.Next < last || d.Next > b.Next {
			return false
		}
		last = d.Next
	}
	return true
}

// fit tells whether deliveries fit into places, as all do but those of immense streams
// and of a tiny part of an immense feed.
func fit(deliveries []feed.Delivery, from feed.Position, placed bool) bool {
	return !slices.ContainsFunc(deliveries, func(d feed.Delivery) bool {
		return d.Event.Index < 0 || d.Event.Index > math.MaxUint32 || placed && d.Next-from > math.MaxUint32
	})
}

// position is how far a tranche is completed, in all slots that are held.
func (c *core) position(tranche feed.Tranche) feed.Position {
	progress := c.tranches[tranche]
	if len(progress.parts) == 0 {
		return progress.read
	}
	lowest := progress.parts[0].completed()
	for _, p := range progress.parts[1:] {
		lowest = min(lowest, p.completed())
	}
	return lowest
}

// completed is how far a part is completed: up to the first delivery that is not
// retired. Several deliveries may share a place; it counts once all of them are.
func (p *part) completed() feed.Position {
	if len(p.open) == 0 {
		return p.position
	}
	b := p.open[0]
	for b.placed && b.at < len(b.order) && b.order[b.at].retired() {
		if next := b.order[b.at].next; b.at+1 < len(b.order) && b.order[b.at+1].next > next {
			b.passed = b.from + feed.Position(next)
		}
		b.at++
	}
	return max(p.position, b.passed)
}

func (p place) retired() bool { return es.Version(p.index) < p.stream.handled }

// room tells whether a tranche may be read on, as far as memory goes: one that has
// nothing under way may always.
func (c *core) room(p *progress) bool { return p.slots == 0 || c.held() < c.maxHeld }

// held is how many bytes all take that waits. What is remembered of idle streams is not
// among it: their number is bounded.
func (c *core) held() int {
	return c.queued.sum() + c.batches + (len(c.streams)-c.idle.Len())*c.costs.stream
}

// settle decides again about a batch of which the needs have changed, or how the
// streams do that it needs. One that needs nothing is completed. One that is
// stuck, because it needs nothing but streams in trouble or with a call that hangs,
// gives its slot back: those streams may stay so for long, and the others must go on. It does not if
// that would hold too many deliveries in memory, as when every call fails.
func (c *core) settle(b *batch) {
	progress := b.part.tranche
	switch {
	case b.needs == 0:
		c.complete(b)
		return
	case b.well > 0 || b.stuck > 0:
		return
	}
	if weight := c.weigh(b); progress.stuck+weight <= c.maxStuck {
		b.stuck = weight
		progress.stuck += weight
		c.freeSlot(b.read)
	}
}

// weigh is how many bytes a batch takes, with what waits of its deliveries. Each stream
// that it needs counts as if no other batch needed it.
func (c *core) weigh(b *batch) int {
	weight := b.keeps + b.needs*(c.costs.stream+c.costs.span+c.costs.trouble)
	for _, p := range b.order {
		if !p.retired() {
			weight += p.stream.waiting.weight(es.Version(p.index), c.costs)
		}
	}
	if b.order == nil {
		weight += b.took
	}
	return weight
}

// without takes out of what a batch needs a stream that had a claim of it.
func (c *core) without(s *stream, b *batch) {
	b.needs--
	if !s.ill {
		b.well--
	}
	c.settle(b)
}

// judge tells the batches that need a stream whether it is well.
func (c *core) judge(s *stream) {
	ill := s.trouble != nil || s.hung
	if ill == s.ill {
		return
	}
	s.ill = ill
	for _, claim := range s.claims {
		if ill {
			claim.batch.well--
		} else {
			claim.batch.well++
		}
	}
}

// tell tells the batches that need a stream that it is not well.
func (c *core) tell(s *stream) {
	c.judge(s)
	for _, claim := range s.claims {
		c.settle(claim.batch)
	}
}

// freeSlot gives back what one holds of the slot of a batch that was read. The last one
// lets another be read in its place.
func (c *core) freeSlot(r *read) {
	if r.holding--; r.holding == 0 {
		r.tranche.slots--
		c.effects.freed = append(c.effects.freed, r.tranche.name)
	}
}

// complete takes a batch of which everything is retired off the list. Its
// position counts once nothing before it is open; until then the batch before
// it stands for both.
func (c *core) complete(b *batch) {
	p := b.part
	at := slices.Index(p.open, b)
	if at == 0 {
		p.position = b.next
	} else {
		p.open[at-1].next = b.next
	}
	p.open = slices.Delete(p.open, at, at+1)
	c.letGo(b)
}

// letGo frees what a batch takes.
func (c *core) letGo(b *batch) {
	if b.stuck == 0 {
		c.freeSlot(b.read)
	}
	b.part.tranche.stuck -= b.stuck
	c.batches -= b.keeps
}
