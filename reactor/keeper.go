package reactor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// keeper keeps this process's place among those that share the slots of a group: it
// gives signs of life, takes slots, hands them over and notices when they are lost. What
// to do, its seat decides.
type keeper struct {
	r      *Running
	slots  feed.Slots
	wakeUp chan struct{} // there may be something to do

	mu     sync.Mutex
	seat   *seat
	free   map[int]time.Time // since when nobody holds a slot
	failed row               // of questions for the roster
	opens  map[int]row       // of our own slots, tries to begin with them
	ready  map[int]bool      // slots that are to be given, of which nothing is under way
}

// How the signs of life and the looks at the roster divide a lease. Several signs may be
// lost, and who stops hands over within a few looks.
const (
	signsInLease = 5
	looksInLease = 20
	longestLook  = 400 * time.Millisecond
)

// silence is for how long a process may give no sign of life. The rest of the lease is
// for those who take over: they have to look, to write that, and to begin with one slot
// after the other, so that within the lease somebody works again, also on a machine that
// has much else to do. It is whole milliseconds, as the roster has it: others must not
// count it as shorter than we do.
func silence(lease time.Duration) time.Duration {
	return max((lease / 10 * 7).Truncate(time.Millisecond), time.Millisecond)
}

// join finds out whether there is a roster, and takes a place in it, with the slots that
// are free. Without a place for rosters, a group that has one slot does without.
func (r *Running) join(ctx context.Context) error {
	slots, ok := r.checkpoints.(feed.Slots)
	if !ok {
		return &ConfigError{"the number of slots", r.config.Slots, "these checkpoints do not keep who holds them"}
	}
	k := &keeper{
		r: r, slots: slots, wakeUp: make(chan struct{}, 1),
		free: map[int]time.Time{}, opens: map[int]row{}, ready: map[int]bool{},
		seat: newSeat(memberName(r.config.Member), r.config.Slots, silence(r.config.Lease)),
	}
	err := k.look(ctx)
	switch {
	case errors.Is(err, feed.ErrNoNotes) && r.config.Slots == 1:
		return nil // which the observer was told already
	case errors.Is(err, feed.ErrNoNotes):
		return &ConfigError{"the number of slots", r.config.Slots, err.Error()}
	}
	for err == nil {
		if err = k.put(ctx, k.next()); err == nil {
			r.mu.Lock()
			r.keeping = k
			r.mu.Unlock()
			return nil
		}
		if errors.Is(err, feed.ErrRosterMoved) {
			err = k.look(ctx)
		}
	}
	return fmt.Errorf("join those that share the slots of consumer group %q: %w", r.config.Group, err)
}

// memberName is a name that no other process has.
func memberName(name string) string {
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "somewhere"
		}
		name = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	return fmt.Sprintf("%s/%06x", name, rand.IntN(1<<24)) //nolint:gosec // nothing secret
}

// patience is how long the store may take to answer, so that there is time to ask again.
func (k *keeper) patience() time.Duration { return k.r.config.Lease / signsInLease }

// look reads the roster.
func (k *keeper) look(ctx context.Context) error {
	found, back, err := k.read(ctx)
	if err != nil {
		return err
	}
	if back {
		k.mu.Lock()
		k.seat.setBack()
		k.mu.Unlock()
		k.r.notesLost.Store(true)
	}
	return k.see(found)
}

// read reads the roster, and tells whether the store has gone back to an earlier one.
func (k *keeper) read(ctx context.Context) (found feed.Roster, back bool, err error) {
	k.mu.Lock()
	seen := k.seat.roster.Version
	k.mu.Unlock()
	err = k.r.ask(ctx, max(k.patience(), minPatience), k.r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		found, err = k.slots.Roster(ctx, k.r.config.Group)
		return err
	})
	return found, err == nil && found.Version < seen, err
}

// wentBack tells whether the store has gone back to an earlier roster, as when a replica takes
// over that lacked the last ones.
func (k *keeper) wentBack(ctx context.Context) (bool, error) {
	_, back, err := k.read(ctx)
	return back, err
}

// minPatience is for leases that are shorter than a store may need to answer.
const minPatience = time.Second

func (k *keeper) see(found feed.Roster) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if err := k.seat.see(found, now); err != nil {
		return err
	}
	for slot := range k.seat.roster.Slots {
		_, free := k.free[slot]
		switch held := k.seat.holder(slot, now) != ""; {
		case held:
			delete(k.free, slot)
		case !free:
			k.free[slot] = now
		}
	}
	return nil
}

// put writes a roster that the seat made.
func (k *keeper) put(ctx context.Context, next feed.Roster) error {
	err := k.r.ask(ctx, max(k.patience(), minPatience), k.r.config.Breakers.Checkpoints, func(ctx context.Context) error {
		return k.slots.PutRoster(ctx, next)
	})
	if err != nil {
		return err
	}
	return k.see(next)
}

// next is the roster to be written now.
func (k *keeper) next() feed.Roster {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seat.next(time.Now(), slices.Collect(maps.Keys(k.ready)))
}

// stillHeld tells whether a slot is our own.
func (k *keeper) stillHeld(hold feed.Hold) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	token, held := k.seat.held(time.Now())[hold.Slot]
	return held && token == hold.Token
}

// own are the slots that are our own, and until when.
func (k *keeper) own() (held map[int]int64, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seat.held(time.Now()), k.seat.until
}

// leaseOver drops what is held if the lease is over, and returns when that will be. A
// process that was paused finds out by that before it calls any handler.
func (r *Running) leaseOver() (at time.Time, limited bool) {
	k := r.keeping
	if k == nil {
		return time.Time{}, false
	}
	working := r.holdings()
	k.mu.Lock()
	held := k.seat.held(time.Now())
	at, limited = k.seat.until, len(held) > 0
	working = slices.DeleteFunc(working, func(h *holding) bool { // that are not lost
		token, ours := held[h.hold.Slot]
		return ours && token == h.hold.Token || k.ready[h.hold.Slot]
	})
	k.mu.Unlock()
	for _, h := range working {
		r.lose(h.hold, nil)
	}
	return at, limited
}

// holdings are the slots that are worked on.
func (r *Running) holdings() []*holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.held), func(a, b *holding) int { return a.hold.Slot - b.hold.Slot })
}

// lose ends the work on a slot that another process holds, or may come to hold.
func (r *Running) lose(hold feed.Hold, cause error) {
	r.mu.Lock()
	h := r.held[hold.Slot]
	r.mu.Unlock()
	if h != nil && h.hold == hold && r.drop(hold.Slot, errSlotLost) {
		r.config.Observer.Observe(SlotLost{hold.Slot, cause})
		r.keeping.wake()
	}
}

func (k *keeper) wake() {
	select {
	case k.wakeUp <- struct{}{}:
	default: // it is about to look
	}
}

// run keeps the place until ctx ends, and then leaves. end ends the reactor, if the
// group has another number of slots now, or a slot could not be begun.
func (k *keeper) run(ctx, writes context.Context, end func(error)) {
	opening := map[int]int64{} // slots that the saver has been asked to begin, with their tokens
	opened := make(chan feed.Hold, MaxSlots)
	var signed time.Time // when the last sign of life was given
	sign := k.lookPause()
	uncertain := true // what the roster is like
	for ctx.Err() == nil {
		var err error
		if uncertain || !k.alone() {
			err = k.look(ctx)
		}
		k.r.leaseOver()
		if err == nil {
			now := time.Now()
			held, until := k.own()
			changed := k.giveExcess() || k.wanted()
			if changed || now.Sub(signed) >= sign || len(held) > 0 && until.Sub(now) < k.r.config.Lease/2 {
				if err = k.put(ctx, k.next()); err == nil {
					signed, sign = now, min(2*sign, k.r.config.Lease/signsInLease)
				}
			}
		}
		uncertain = err != nil
		if errors.Is(err, feed.ErrRosterMoved) {
			if pause.For(ctx, rand.N(k.lookPause()/8+1)) != nil { //nolint:gosec // nothing secret
				break
			}
			continue
		}
		k.note(ctx, err)
		if _, other := errors.AsType[*SlotsError](err); other {
			end(err)
			break
		}
		k.given()
		k.r.leaseOver()
		for hold, fresh := range k.toOpen(opening) {
			opening[hold.Slot] = hold.Token
			if fresh {
				k.open(writes, hold, opened, end)
			}
		}
		untilNext := k.lookPause()
		if err == nil && k.alone() {
			untilNext = sign
		}
		if !k.rest(ctx, untilNext, opened, opening) {
			break
		}
	}
	k.leave(writes)
}

// lookPause is how long to wait between two looks at the roster.
func (k *keeper) lookPause() time.Duration {
	return min(k.r.config.Lease/looksInLease, longestLook)
}

// alone tells whether this process works on every slot and knows of no other. There is
// nobody then to take over from, and whoever comes gets in the way of its next sign of
// life. So it does not look meanwhile: on DynamoDB each look costs. One that is about to
// stop does look, for whoever would take what it holds.
func (k *keeper) alone() bool {
	working := len(k.r.holdings())
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.seat.leaving && len(k.seat.roster.Members) == 1 && k.seat.in() && working == len(k.seat.roster.Slots)
}

// rest waits until it is time for another round. It is false if ctx has ended.
func (k *keeper) rest(ctx context.Context, untilNext time.Duration, opened <-chan feed.Hold, opening map[int]int64) bool {
	timer := time.NewTimer(untilNext)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-k.wakeUp:
			return true
		case hold := <-opened:
			if opening[hold.Slot] == hold.Token {
				delete(opening, hold.Slot)
			}
		}
	}
}

// note keeps how questions for the roster go.
func (k *keeper) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	k.mu.Lock()
	before := k.failed
	if k.failed = (row{}); err != nil {
		k.failed = before.and(err)
	}
	k.mu.Unlock()
	if err != nil && (before.attempts == 0 || IsOutage(before.err) && !IsOutage(err)) {
		k.r.config.Observer.Observe(RosterFailed{err})
	}
}

// wanted tells whether there is a slot to be taken.
func (k *keeper) wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if !k.seat.in() {
		return true
	}
	for slot := range k.seat.roster.Slots {
		if k.seat.holder(slot, now) == "" && !k.ready[slot] {
			return k.seat.wants(k.seat.shares(now))
		}
	}
	return false
}

// toOpen are the slots that are our own and are not worked on; fresh are those that
// nobody was asked to begin.
func (k *keeper) toOpen(opening map[int]int64) map[feed.Hold]bool {
	held, _ := k.own()
	found := map[feed.Hold]bool{}
	if k.isLeaving() {
		return found
	}
	for _, h := range k.r.holdings() {
		if held[h.hold.Slot] == h.hold.Token {
			delete(held, h.hold.Slot)
		}
	}
	k.mu.Lock()
	maps.DeleteFunc(k.opens, func(slot int, _ row) bool {
		_, due := held[slot]
		return !due
	})
	k.mu.Unlock()
	for slot, token := range held {
		found[feed.Hold{Group: k.r.config.Group, Slot: slot, Token: token}] = opening[slot] != token
	}
	return found
}

// open has the saver begin with a slot. If it cannot, it is tried again at the next look,
// unless that takes a person.
func (k *keeper) open(writes context.Context, hold feed.Hold, opened chan<- feed.Hold, end func(error)) {
	k.r.jobs <- func(ctx context.Context) {
		err := k.r.open(writes, hold)
		_, lost := errors.AsType[*feed.SlotLostError](err)
		switch {
		case err == nil:
			k.r.config.Observer.Observe(k.r.taken(hold))
			k.r.nudge()
		case lost, ctx.Err() != nil:
		default:
			err = fmt.Errorf("begin with slot %d of consumer group %q: %w", hold.Slot, hold.Group, err)
			if es.NeedsPerson(err) {
				end(err)
			} else if k.notBegun(hold.Slot, err) == 1 {
				k.r.config.Observer.Observe(RosterFailed{err})
			}
		}
		opened <- hold
	}
}

// notBegun counts how often in a row a slot could not be begun.
func (k *keeper) notBegun(slot int, err error) (attempts int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opens[slot] = k.opens[slot].and(err)
	return k.opens[slot].attempts
}

// leaveTries is how often a process that leaves tries to give back what it holds. What
// is not given back is taken by others once the lease is over.
const leaveTries = 20

// leave gives back everything.
func (k *keeper) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	for range leaveTries {
		k.mu.Lock()
		next, in := k.seat.leave(), k.seat.in()
		k.mu.Unlock()
		if !in {
			return
		}
		err := k.put(ctx, next)
		if err == nil {
			return
		}
		if !errors.Is(err, feed.ErrRosterMoved) || pause.For(ctx, rand.N(k.lookPause()/8+1)) != nil || k.look(ctx) != nil { //nolint:gosec // nothing secret
			return
		}
	}
}
