package reactor

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Slots are handed over to those who have fewer than is fair, and all of them at a stop: a
// slot is wound down, settled once nothing of it is under way, and given with the next
// roster.

// hand has every slot given as soon as nothing of it is under way any more, and none
// taken. One that was not begun is given with the rest at the end.
func (k *keeper) hand() {
	k.mu.Lock()
	k.seat.leaving = true
	k.mu.Unlock()
	k.wake()
}

func (k *keeper) isLeaving() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seat.leaving
}

// giveExcess has the slots wound down that others are to have, and tells whether one of
// them is ready to be given.
func (k *keeper) giveExcess() bool {
	k.mu.Lock()
	excess := k.seat.excess(time.Now())
	ready, patient := len(k.ready) > 0, k.seat.leaving
	k.mu.Unlock()
	for _, slot := range append(excess, k.r.goOn(excess)...) {
		k.r.windDown(slot, patient)
	}
	return ready
}

// goOn has slots worked on again that were wound down and are not in excess any more:
// whoever was to have them has left. It returns those whose calls were cut off: they are
// given all the same, and then taken anew.
func (r *Running) goOn(excess []int) (cutOff []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot, h := range r.held {
		switch {
		case h.given.IsZero(), h.settling, slices.Contains(excess, slot):
		case h.ctx.Err() != nil:
			cutOff = append(cutOff, slot)
		default:
			h.given = time.Time{}
			r.core.goOn(slot)
			r.nudge()
		}
	}
	return cutOff
}

// windDown has nothing more begun in a slot. Once nothing is under way any more, its
// checkpoint is saved and it is ready to be given. What goes on for longer than a lease
// is cut off, unless whoever asks is patient: a stop has limits of its own.
func (r *Running) windDown(slot int, patient bool) {
	var idle *holding
	r.locked(func(c *core) {
		h := r.held[slot]
		if h == nil || h.settling {
			return // if it has not begun yet, it will be given once it has
		}
		if h.given.IsZero() {
			h.given = time.Now()
			c.windDown(slot)
		}
		if !patient && time.Since(h.given) > r.config.Lease {
			h.cancel(errHandedOver)
		}
		if h.settling = c.idleIn(slot); h.settling {
			idle = h
		}
	})
	if idle != nil { // not under the lock, which the saver's other jobs want
		r.jobs <- func(ctx context.Context) { r.settle(ctx, idle) }
	}
}

// errHandedOver is why the contexts of calls end whose slot another process waits for.
var errHandedOver = errors.New("the slot of the stream is handed over to another process")

// settle saves what a slot has come to, and has it given. It belongs to the saver. What
// cannot be saved will be done again by whoever has it next, unless a handler has asked for
// something to be set aside: then it is settled again at the next look.
func (r *Running) settle(ctx context.Context, h *holding) {
	select {
	case <-r.published:
	case <-ctx.Done():
		return
	}
	if err := r.quarantine(ctx); err != nil {
		if ctx.Err() == nil {
			r.config.Observer.Observe(QuarantineFailed{err})
		}
		if r.asksIn(h) { // nobody else would meet again what is to be noted
			return
		}
	}
	for _, s := range h.portions {
		_ = r.saveNow(ctx, s.tranche, []*portion{s}) // observed
	}
	r.keeping.mu.Lock()
	defer r.keeping.mu.Unlock()
	if token, ours := r.keeping.seat.held(time.Now())[h.hold.Slot]; ours && token == h.hold.Token {
		r.keeping.ready[h.hold.Slot] = true
		r.keeping.wake()
	}
}

// asksIn tells whether something of a slot is still to be set aside. If so, the slot is not
// being settled any more.
func (r *Running) asksIn(h *holding) (asks bool) {
	r.locked(func(c *core) {
		for _, t := range c.poisoned(time.Now(), 0) {
			asks = asks || SlotOf(t.stream.name, c.slots) == h.hold.Slot
		}
		h.settling = h.settling && !asks
	})
	return asks
}

// given drops the slots that were handed over.
func (k *keeper) given() {
	k.mu.Lock()
	held := k.seat.held(time.Now())
	var over []int
	for slot := range k.ready {
		if _, ours := held[slot]; !ours {
			over = append(over, slot)
		}
	}
	k.mu.Unlock()
	for _, slot := range over {
		dropped := k.r.drop(slot, errHandedOver)
		k.mu.Lock()
		delete(k.ready, slot) // not before, or it would look as if it was lost
		k.mu.Unlock()
		if dropped {
			k.r.config.Observer.Observe(SlotGiven{slot})
		}
	}
}
