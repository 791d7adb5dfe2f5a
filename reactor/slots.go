package reactor

import (
	"cmp"
	"slices"

	"example.com/groupcheckout/reactor/feed"
)

// The core knows the slots that are held. It takes in what is delivered of their
// streams, and passes over the rest.

// hold adds a slot, of which a tranche is completed up to a position. It tells whether
// the tranche has been read beyond that, and has to be read again from there; the parts
// that were further pass over what they know.
func (c *core) hold(tranche feed.Tranche, slot int, from feed.Position) (again bool) {
	progress := c.tranches[tranche]
	p := &part{tranche: progress, slot: slot, position: from, read: from}
	at, _ := slices.BinarySearchFunc(progress.parts, slot, func(p *part, slot int) int { return cmp.Compare(p.slot, slot) })
	progress.parts = slices.Insert(progress.parts, at, p)
	if len(progress.parts) > 1 && progress.read <= from {
		return false
	}
	progress.read = from
	return true
}

// holds tells whether a slot is held.
func (c *core) holds(slot int) bool {
	for _, progress := range c.tranches {
		return progress.part(slot) != nil // each tranche has the same
	}
	return false
}

// part finds what a tranche has of a slot, nil if that is not held.
func (p *progress) part(slot int) *part {
	for _, part := range p.parts {
		if part.slot == slot {
			return part
		}
	}
	return nil
}

// windDown has no stream of a slot called any more.
func (c *core) windDown(slot int) {
	c.draining[slot] = true
	c.placeAll(slot)
}

// goOn has the streams of a slot called.
func (c *core) goOn(slot int) {
	delete(c.draining, slot)
	c.placeAll(slot)
}

// placeAll puts the streams of a slot where they belong.
func (c *core) placeAll(slot int) {
	for _, s := range c.streams {
		if s.slot == slot {
			c.place(s)
		}
	}
}

// idleIn tells whether no call of a slot runs, but for those that hang.
func (c *core) idleIn(slot int) bool {
	for e := c.calls.Front(); e != nil; e = e.Next() {
		if e.Value.(*stream).slot == slot {
			return false
		}
	}
	return true
}

// release forgets a slot, and all that waits of its streams. Calls that run are of no
// interest any more, but until they return no other is made for the same stream.
func (c *core) release(slot int) {
	for _, progress := range c.tranches {
		p := progress.part(slot)
		if p == nil {
			continue
		}
		for _, b := range p.open {
			c.letGo(b)
		}
		p.open = nil
		progress.parts = slices.DeleteFunc(progress.parts, func(other *part) bool { return other == p })
	}
	delete(c.draining, slot)
	c.delayed = slices.DeleteFunc(c.delayed, func(t *trouble) bool { return t.stream.slot == slot })
	for name, s := range c.streams {
		if s.slot != slot {
			continue
		}
		c.change(s, func(q *queue) { *q = queue{} })
		s.claims, s.trouble, s.pauses = nil, nil, nil
		c.judge(s)
		if s.calling {
			s.handled, s.parted = 0, true
			continue
		}
		s.queue(nil)
		delete(c.streams, name)
	}
	for name, a := range c.aside {
		if SlotOf(name, c.slots) == slot {
			a.retrying = false // who holds it next does that
		}
	}
}

// rejoin takes a stream up again whose slot was lost while it was called, if the slot is
// held again.
func (c *core) rejoin(s *stream) {
	s.parted = false
	c.judge(s)
	if !c.holds(s.slot) {
		delete(c.streams, s.name)
		return
	}
	c.place(s)
}
