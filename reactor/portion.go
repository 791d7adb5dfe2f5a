package reactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

// holding is a slot that this process works on.
type holding struct {
	hold   feed.Hold
	ctx    context.Context // of the calls for its streams
	cancel context.CancelCauseFunc
	given  time.Time // since when it is to be handed over; zero unless it is

	settling bool       // it is being made ready for that
	portions []*portion // one for each tranche
}

// portion is what a tranche has of a slot: what a checkpoint is kept of.
type portion struct {
	tranche  *tranche
	holding  *holding
	key      feed.Key
	start    feed.Position
	position atomic.Int64 // the completed position, set by the loop
	saved    atomic.Int64 // the checkpoint, -1 if there is none; set by the saver
	saves    failures     // of the saver
	left     *marks       // in front of the checkpoint, by whoever had the slot before
}

// moved tells whether the completed position is to be saved: also again, if its marks
// could not be noted.
func (s *portion) moved() bool {
	position, saved := s.position.Load(), s.saved.Load()
	return s.saves.look().attempts > 0 || position != saved && (saved >= 0 || position != int64(s.start))
}

// portions are those of a tranche that are held now.
func (r *Running) portions(t *tranche) (found []*portion) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.portionsOf(t)
}

func (r *Running) portionsOf(t *tranche) (found []*portion) {
	for _, h := range r.held {
		for _, s := range h.portions {
			if s.tranche == t {
				found = append(found, s)
			}
		}
	}
	slices.SortFunc(found, func(a, b *portion) int { return a.holding.hold.Slot - b.holding.hold.Slot })
	return found
}

// slots is how many slots the streams are divided into.
func (r *Running) slots() int { return max(1, r.config.Slots) }

// key is where the checkpoint of a tranche is kept.
func (r *Running) key(name feed.Tranche, slot int) feed.Key {
	return feed.Key{Source: r.source.ID(), Tranche: name, Group: SlotGroup(r.config.Group, slot, r.slots())}
}

// open begins the work on a slot: it finds out where each tranche is to be read from,
// and makes the checkpoint its own. It belongs to the saver once that runs.
func (r *Running) open(ctx context.Context, hold feed.Hold) error {
	h := &holding{hold: hold}
	for _, t := range r.tranches {
		s, err := r.openPortion(ctx, t, h)
		if err != nil {
			return err
		}
		h.portions = append(h.portions, s)
	}
	h.ctx, h.cancel = context.WithCancelCause(r.calls)
	r.locked(func(core *core) {
		if before := r.held[hold.Slot]; before != nil {
			before.cancel(errSlotLost)
			core.release(hold.Slot)
		}
		r.held[hold.Slot] = h
		for _, s := range h.portions {
			s.position.Store(int64(s.start))
			again := core.hold(s.tranche.name, hold.Slot, s.start)
			if len(core.tranches[s.tranche.name].parts) > 1 {
				if again {
					s.tranche.marks.again(s.start)
				}
				s.tranche.marks.further(s.left)
			} else {
				s.tranche.marks.backTo(s.start)
			}
			if again {
				s.tranche.read.Store(int64(s.start))
				r.readAgain(s.tranche)
			}
		}
		core.windDown(hold.Slot)
	})
	switch err := r.quarantine(ctx); { // before anything is handled
	case err == nil:
	case isUnwritten(err):
		r.config.Observer.Observe(QuarantineFailed{err})
	default:
		r.drop(hold.Slot, err)
		return err
	}
	r.locked(func(core *core) {
		if h.given.IsZero() { // it is not to be handed over already
			core.goOn(hold.Slot)
		}
	})
	return nil
}

// taken is what is told of a slot that was begun.
func (r *Running) taken(hold feed.Hold) SlotTaken {
	told := SlotTaken{hold.Slot, hold.Token, map[feed.Tranche]feed.Position{}}
	for _, t := range r.tranches {
		for _, s := range r.portions(t) {
			if s.holding.hold == hold {
				told.From[t.name] = s.start
			}
		}
	}
	return told
}

// openPortion finds out where a slot goes on in a tranche.
func (r *Running) openPortion(ctx context.Context, t *tranche, h *holding) (*portion, error) {
	s := &portion{tranche: t, holding: h, key: r.key(t.name, h.hold.Slot)}
	name := r.markName(t, h.hold.Slot)
	position, known, err := r.load(ctx, s.key)
	if err == nil && !known && r.slots() > 1 { // the first time that there are several
		name = string(t.name)
		position, known, err = r.load(ctx, r.baseKey(t))
	}
	if err != nil {
		return nil, err
	}
	read := feed.Position(t.read.Load())
	alone := len(r.portions(t)) == 0
	left := &marks{} // in front of the checkpoint, by whoever had the slot before
	if alone {
		read, left = position, &t.marks
	}
	if err := r.recall(ctx, left, name, position, known); err != nil {
		return nil, err
	}
	if known || r.config.FromEnd {
		end, err := r.end(ctx, t.name, r.config.ReadLimit)
		if err != nil {
			return nil, err
		}
		if err := r.compare(ctx, t, &t.marks, max(read, position), end, !alone && position <= read, r.config.ReadLimit); err != nil {
			return nil, err
		}
		if !alone && len(left.all()) > 0 { // what this process has read says nothing of them
			if err := r.compare(ctx, t, left, position, end, false, r.config.ReadLimit); err != nil {
				return nil, err
			}
		}
		if !known {
			position = end
		}
	}
	saved := known
	switch {
	case r.keeping != nil:
		if position, err = r.claim(ctx, s, h.hold, position); err != nil {
			return nil, fmt.Errorf("claim the checkpoint of tranche %q: %w", t.name, err)
		}
		saved = true
	case !known && r.config.FromEnd:
		// Without a checkpoint, a crash would start at a later end and skip what came
		// between.
		err := r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) error {
			return r.checkpoints.Save(ctx, s.key, position)
		})
		if err != nil {
			return nil, fmt.Errorf("save the end of tranche %q as its first checkpoint: %w", t.name, err)
		}
		saved = true
	}
	s.start, s.left = position, left
	s.saved.Store(-1)
	if saved {
		s.saved.Store(int64(position))
	}
	return s, nil
}

// baseKey is where the checkpoint of a tranche is kept without slots.
func (r *Running) baseKey(t *tranche) feed.Key {
	return feed.Key{Source: r.source.ID(), Tranche: t.name, Group: r.config.Group}
}

func (r *Running) claim(ctx context.Context, s *portion, hold feed.Hold, first feed.Position) (position feed.Position, err error) {
	err = r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		position, err = r.keeping.slots.Claim(ctx, s.key, hold, first)
		return err
	})
	return position, err
}

// drop ends the work on a slot at once. It tells whether there was any.
func (r *Running) drop(slot int, cause error) bool {
	r.mu.Lock()
	h := r.held[slot]
	if h != nil {
		delete(r.held, slot)
		r.core.release(slot)
		for _, t := range r.tranches {
			if len(r.core.tranches[t.name].parts) == 0 {
				r.readAgain(t) // which waits for a slot
			}
		}
	}
	r.mu.Unlock()
	if h != nil {
		h.cancel(cause)
		r.nudge()
	}
	return h != nil
}

// turn is a time during which a tranche is read on, without going back.
type turn struct {
	ctx context.Context
	end context.CancelFunc
}

func newTurn(reading context.Context) turn {
	ctx, end := context.WithCancel(reading)
	return turn{ctx, end}
}

// readAgain ends the turn of a tranche's reader and begins another, from where the core
// has it. Whoever calls it holds the lock.
func (r *Running) readAgain(t *tranche) {
	t.turn.end()
	t.turn = newTurn(r.reading)
}

// errSlotLost is why the contexts of calls end whose slot is held by another process.
var errSlotLost = errors.New("the slot of the stream was lost to another process")
