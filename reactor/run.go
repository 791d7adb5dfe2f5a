package reactor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Handler handles the changes of one stream.
type Handler interface {
	// Handle is given the deliveries that wait for a stream, in stream order,
	// and returns the observed version: the version of the stream as the
	// handler read or left it. Deliveries below it are then done with.
	//
	// It is called again for the same deliveries after an error, after a
	// crash, and if the observed version does not cover them. Calls for
	// different streams overlap, those for one stream do not. The events are
	// the handler's to read, not to change.
	//
	// With Config.VersionsDo, where much waits, an event may have nothing but its
	// Index, and Time if the feed tells it; and of such events that follow each
	// other only the first and the last are given.
	//
	// What a person has to settle, and another call would not meet again, is a
	// [*SetAsideError].
	//
	// ctx ends when CallLimit is over. A call that goes on in spite of that keeps
	// its stream waiting; others are called in its place, up to MaxWriters of them.
	Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error)
}

// submission is a batch on its way from a reader to the core.
type submission struct {
	tranche *tranche
	turn    context.Context // of the reader: if it has ended, the batch is read again
	batch   feed.Batch
}

// outcome is a handler call on its way back to the core.
type outcome struct {
	stream   es.StreamName
	observed es.Version
	err      error
	took     time.Duration
}

// AbandonedError says that something did not end when a stop asked it to. The work
// of calls will be repeated.
type AbandonedError struct {
	Streams []es.StreamName // with a handler call
	Reads   []feed.Tranche  // that were being read
}

func (e *AbandonedError) Error() string {
	var what []string
	if len(e.Streams) > 0 {
		names := make([]string, min(len(e.Streams), maxAbandonedNamed))
		for i := range names {
			names[i] = e.Streams[i].String()
		}
		text := fmt.Sprintf("%d handler calls did not end when stopped: %s", len(e.Streams), strings.Join(names, ", "))
		if more := len(e.Streams) - len(names); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		what = append(what, text)
	}
	if len(e.Reads) > 0 {
		what = append(what, fmt.Sprintf("the reads of the tranches %q did not end when stopped", e.Reads))
	}
	return strings.Join(what, "; ")
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*AbandonedError) NeedsPerson() bool { return false }

// maxAbandonedNamed is how many streams an AbandonedError names.
const maxAbandonedNamed = 20

// begin finds out what there is to do, and where to go on.
func (r *Running) begin(ctx context.Context) (err error) {
	if r.tranches, err = r.list(ctx); err != nil {
		return err
	}
	limits := limits{
		maxWriters: r.config.MaxWriters, maxHung: r.config.MaxWriters, hangs: r.config.CallLimit + callGrace,
		maxStuck: r.config.MaxStuckBytes, maxHeld: r.config.MaxHeldBytes, costs: inMemory(), remember: remembered, still: standsStill,
	}
	if r.config.VersionsDo {
		limits.maxWhole = max(1, r.config.MaxHeldBytes/8)
	}
	r.core = newCore(limits, r.config.Pauses)
	r.core.slots = r.slots()
	for _, t := range r.tranches {
		r.core.start(t.name, 0)
	}
	if err := r.findKeeper(ctx); err != nil {
		return err
	}
	if r.config.Slots > 0 {
		if err := r.join(ctx); err != nil {
			return err
		}
	}
	if r.keeping == nil {
		return r.open(ctx, feed.Hold{Group: r.config.Group})
	}
	for hold := range r.keeping.toOpen(nil) {
		err := r.open(ctx, hold)
		if _, lost := errors.AsType[*feed.SlotLostError](err); err != nil && !lost {
			r.keeping.leave(context.WithoutCancel(ctx))
			return err
		}
		if err == nil {
			r.config.Observer.Observe(r.taken(hold))
		}
	}
	return nil
}

// run runs the reactor until ctx ends.
func (r *Running) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.reading = ctx
	r.calls, r.endCalls = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.endCalls(nil)
	if err := r.begin(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // the caller ended it before it had begun
		}
		return err
	}
	close(r.begun)

	// What is written when ctx has ended is written until a stop has to be over.
	writes, endWrites := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endWrites(nil)
	over := make(chan struct{})
	defer close(over)
	context.AfterFunc(ctx, func() {
		select {
		case <-time.After(r.config.StopLimit):
			endWrites(errStopOver)
		case <-over:
		}
	})

	readers := map[feed.Tranche]chan struct{}{}
	for _, t := range r.tranches {
		over := make(chan struct{})
		readers[t.name] = over
		go func() {
			defer close(over)
			r.read(ctx, t)
		}()
	}
	saving, stopSaving := context.WithCancel(writes)
	defer stopSaving()
	var saver sync.WaitGroup
	saver.Go(func() { r.save(saving, writes, stop) })
	keeping, stopKeeping := context.WithCancel(writes)
	defer stopKeeping()
	var keeper sync.WaitGroup
	if r.keeping != nil {
		context.AfterFunc(ctx, r.keeping.hand)
		keeper.Go(func() { r.keeping.run(keeping, writes, r.endFor) })
	}

	err := r.loop(ctx)
	err = errors.Join(err, r.awaitReaders(writes, readers))
	stopSaving()
	saver.Wait()
	err = errors.Join(err, r.setAsideLast(writes), r.saveLast(writes))
	stopKeeping()
	keeper.Wait()
	return errors.Join(r.ended, err)
}

// awaitReaders waits for the readers, which end with the context of the run. One
// whose source ignores that is abandoned.
func (r *Running) awaitReaders(ctx context.Context, readers map[feed.Tranche]chan struct{}) error {
	limited, cancel := context.WithTimeout(ctx, share(r.config.StopLimit, abandonAfter-cancelAfter))
	defer cancel()
	var abandoned []feed.Tranche
	for _, t := range r.tranches {
		select {
		case <-readers[t.name]:
		case <-limited.Done():
			abandoned = append(abandoned, t.name)
		}
	}
	if len(abandoned) > 0 {
		return &AbandonedError{Reads: abandoned}
	}
	return nil
}

// loop owns the core. It returns once ctx has ended and no call is running.
func (r *Running) loop(ctx context.Context) error {
	var calls sync.WaitGroup

	done := ctx.Done()
	batches := r.batches
	var limit <-chan time.Time // set while stopping
	cancelled := false
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	for {
		stopping := ctx.Err() != nil
		until, limited := r.leaseOver()
		made, running := r.next(stopping)
		for _, call := range made {
			r.config.Observer.Observe(Called{call.stream, len(call.events)})
			calls.Go(func() { r.call(call) })
		}
		if stopping && running == 0 {
			calls.Wait()
			return nil
		}
		wake.Stop()
		at, ok := r.wake()
		if ok = ok && !stopping; limited && (!ok || until.Before(at)) {
			at, ok = until, true
		}
		if ok {
			wake.Reset(time.Until(at))
		}
		select {
		case s := <-batches:
			current := false
			r.locked(func(core *core) {
				if current = s.turn.Err() == nil; current {
					core.submit(s.tranche.name, s.batch)
				}
			})
			switch {
			case !current:
				<-s.tranche.slots
			case len(s.batch.Events) > 0:
				r.config.Observer.Observe(BatchRead{s.tranche.name, len(s.batch.Events), s.batch.Next})
			}
		case o := <-r.outcomes:
			r.config.Observer.Observe(Returned{o.stream, o.observed, o.err, o.took})
			r.locked(func(core *core) { core.returned(o.stream, o.observed, o.err, time.Now()) })
		case <-wake.C:
		case <-r.nudged:
		case r.published <- struct{}{}:
		case <-done:
			done, batches = nil, nil
			limit = time.After(share(r.config.StopLimit, cancelAfter))
		case <-limit:
			if cancelled {
				r.mu.Lock()
				defer r.mu.Unlock()
				return &AbandonedError{Streams: r.core.running()}
			}
			cancelled = true
			r.endCalls(errStopLimit)
			limit = time.After(share(r.config.StopLimit, abandonAfter-cancelAfter))
		}
	}
}

// errStopLimit is why a handler's context ends during a stop.
var errStopLimit = errors.New("the reactor stops and the limit for running calls has passed")

// errStopOver is why the last checkpoint is not waited for any longer.
var errStopOver = errors.New("the limit of the stop has passed")

// When what happens during a stop, in hundredths of its limit. A store may look for
// the outcome of an append that the end of a context cut off, by default for up to
// 5 s; a call that waits for that is not to be abandoned. What remains is for the last
// checkpoint.
const (
	cancelAfter  = 60 // the contexts of calls end
	abandonAfter = 83 // nobody waits for calls any more
)

func share(of time.Duration, hundredths int) time.Duration {
	return of / 100 * time.Duration(hundredths)
}

// callGrace is how long a call may take to return once its time is over, before it
// counts as one that hangs; see cancelAfter.
const callGrace = 10 * time.Second

// standsStill is for how long reads may find nothing while the feed goes on.
const standsStill = 30 * time.Second

// remembered is how many idle streams' observed versions are kept.
const remembered = 100_000

// locked does something to the core, which [Running.Status] may be looking at.
func (r *Running) locked(do func(*core)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do(r.core)
}

// wake is when the core wants to be asked again at the latest.
func (r *Running) wake() (at time.Time, ok bool) {
	r.locked(func(core *core) { at, ok = core.wake() })
	return at, ok
}

// next asks the core what comes next, unless nothing is to be begun, and tells
// everyone what it has come to: the readers of free slots, the observer of what
// happened, and then the saver of the positions that rest on it. So whoever observes
// knows of everything that a checkpoint stands for. The lock is not held while
// observers look, since they may ask for the status.
func (r *Running) next(stopping bool) (made []call, running int) {
	positions := map[*portion]feed.Position{}
	var effects effects
	r.locked(func(core *core) {
		if !stopping {
			made = core.dispatch(time.Now())
		}
		for i := range made {
			made[i].holding = r.held[SlotOf(made[i].stream, core.slots)]
		}
		effects, running = core.drain(), core.calling
		for _, h := range r.held {
			for _, s := range h.portions {
				positions[s] = core.tranches[s.tranche.name].part(h.hold.Slot).completed()
			}
		}
		for _, t := range r.tranches {
			progress := core.tranches[t.name]
			room := core.room(progress)
			if room {
				select {
				case t.room <- struct{}{}:
				default:
				}
			}
			switch full := progress.slots >= r.config.MaxReadAhead || !room; {
			case !full:
				t.full = time.Time{}
			case t.full.IsZero():
				t.full = time.Now()
			}
		}
	})
	for _, name := range effects.freed {
		<-r.tranche(name).slots
	}
	for _, o := range effects.occurred {
		if still, ok := o.(StoodStill); ok {
			still.Server = r.config.Breakers.Reads.called()
			o = still
		}
		r.config.Observer.Observe(o)
		if t, ok := o.(Troubled); ok && asksToBeSetAside(t.Cause) {
			r.setAsideSoon()
		}
	}
	for s, position := range positions {
		s.position.Store(int64(position))
	}
	return made, running
}

// setAsideSoon has the saver note what is to be set aside. One such job waits at most: it
// notes whatever there is by then, and the jobs of the slots need their room.
func (r *Running) setAsideSoon() {
	if !r.asideAsked.CompareAndSwap(false, true) {
		return
	}
	job := func(ctx context.Context) {
		r.asideAsked.Store(false)
		if err := r.quarantine(ctx); err != nil && ctx.Err() == nil {
			r.config.Observer.Observe(QuarantineFailed{err})
		}
	}
	select {
	case r.jobs <- job:
	default: // the saver has much to do, and looks by itself each CheckpointInterval
		r.asideAsked.Store(false)
	}
}

// setAsideLast notes what the last calls have asked to be set aside: no other call would
// meet it again, so without the note it would be forgotten.
func (r *Running) setAsideLast(ctx context.Context) error {
	asks := false
	r.locked(func(c *core) { asks = len(c.poisoned(time.Now(), 0)) > 0 })
	if !asks {
		return nil
	}
	return r.quarantine(ctx)
}

// tranche finds a tranche by its name.
func (r *Running) tranche(name feed.Tranche) *tranche {
	return r.tranches[slices.IndexFunc(r.tranches, func(t *tranche) bool { return t.name == name })]
}

// call makes one handler call. Whatever becomes of it, also that the handler ends
// the goroutine, the loop hears of it.
func (r *Running) call(c call) {
	ctx := c.holding.ctx
	began := time.Now()
	o := outcome{stream: c.stream, err: errGoexit}
	defer func() {
		o.took = time.Since(began)
		select {
		case r.outcomes <- o:
		case <-r.done: // abandoned
		}
	}()
	handled := HandlerCall{c.stream, c.events[len(c.events)-1].Index + 1}
	err := within(context.WithValue(ctx, handledKey{}, handled), r.config.CallLimit, func(ctx context.Context) (err error) {
		if r.keeping != nil && !r.keeping.stillHeld(c.holding.hold) { // the process may have been paused since
			return errSlotLost
		}
		o.observed, err = r.handle(ctx, c)
		return err
	})
	o.err = err
}

// errGoexit is the error of a call whose goroutine was ended from inside.
var errGoexit = errors.New("the handler ended its goroutine (runtime.Goexit) instead of returning")

// PanicError is the error of a handler call that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("the handler panicked: %v\n%s", e.Value, e.Stack)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*PanicError) NeedsPerson() bool { return false }

// handle calls the handler within what stands around its calls.
func (r *Running) handle(ctx context.Context, c call) (observed es.Version, err error) {
	around := r.config.Around
	if around == nil {
		return r.invoke(ctx, c)
	}
	defer recovered(&err)
	ctx, over := around(ctx, c.stream, c.events)
	defer func() { over(observed, err) }()
	err = errGoexit // unless it returns
	observed, err = r.invoke(ctx, c)
	return observed, err
}

// invoke calls the handler.
func (r *Running) invoke(ctx context.Context, c call) (observed es.Version, err error) {
	defer recovered(&err)
	return r.handler.Handle(ctx, c.stream, c.events)
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if value := recover(); value != nil {
		*err = &PanicError{value, debug.Stack()}
	}
}

type handledKey struct{}

// HandlerCall is what a handler was called for.
type HandlerCall struct {
	Stream es.StreamName
	UpTo   es.Version // behind the last of the deliveries that it was given
}

// Handled returns what the handler call with this context is for; ok is false
// outside a handler call.
func Handled(ctx context.Context) (call HandlerCall, ok bool) {
	call, ok = ctx.Value(handledKey{}).(HandlerCall)
	return call, ok
}
