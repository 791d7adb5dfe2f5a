package reactor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
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
	Handle(ctx context.Context, stream es.StreamName, events []es.Event) (es.Version, error)
}

// submission is a batch on its way from a reader to the core.
type submission struct {
	tranche feed.Tranche
	batch   feed.Batch
}

// outcome is a handler call on its way back to the core.
type outcome struct {
	stream   es.StreamName
	observed es.Version
	err      error
	took     time.Duration
}

// AbandonedError says that handler calls did not end when a stop asked them to.
// Their work will be repeated.
type AbandonedError struct{ Streams []es.StreamName }

func (e *AbandonedError) Error() string {
	names := make([]string, len(e.Streams))
	for i, s := range e.Streams {
		names[i] = s.String()
	}
	return fmt.Sprintf("%d handler calls did not end when stopped: %s", len(names), strings.Join(names, ", "))
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*AbandonedError) NeedsPerson() bool { return false }

// run runs the reactor until ctx ends.
func (r *Running) run(ctx context.Context) error {
	tranches, err := r.begin(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // the caller ended it before it had begun
		}
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	core := newCore(r.config.MaxWriters, maxStuck, remembered, r.config.Pauses)
	for _, t := range tranches {
		core.start(t.name, t.start)
	}

	var readers sync.WaitGroup
	for _, t := range tranches {
		readers.Go(func() { r.read(ctx, t) })
	}
	saving, stopSaving := context.WithCancel(context.WithoutCancel(ctx)) // while it stops too
	defer stopSaving()
	var saver sync.WaitGroup
	saver.Go(func() { r.save(saving, tranches, stop) })

	err = r.loop(ctx, core, tranches)
	readers.Wait() // they end with ctx
	stopSaving()
	saver.Wait()
	return errors.Join(err, r.saveLast(context.WithoutCancel(ctx), tranches))
}

// loop owns the core. It returns once ctx has ended and no call is running.
func (r *Running) loop(ctx context.Context, core *core, tranches []*tranche) error {
	byName := map[feed.Tranche]*tranche{}
	for _, t := range tranches {
		byName[t.name] = t
	}
	callCtx, cancelCalls := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancelCalls(nil)
	var calls sync.WaitGroup

	done := ctx.Done()
	batches := r.batches
	var limit <-chan time.Time // set while stopping
	cancelled := false
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	for {
		r.publish(core, byName)
		stopping := ctx.Err() != nil
		if !stopping {
			for _, call := range core.dispatch(time.Now()) {
				r.config.Observer.Observe(Called{call.stream, len(call.events)})
				calls.Go(func() { r.call(callCtx, call) })
			}
		} else if core.calling == 0 {
			calls.Wait()
			return nil
		}
		wake.Stop()
		if at, ok := core.wake(); ok && !stopping {
			wake.Reset(time.Until(at))
		}
		select {
		case s := <-batches:
			core.submit(s.tranche, s.batch)
			if len(s.batch.Events) > 0 {
				r.config.Observer.Observe(BatchRead{s.tranche, len(s.batch.Events), s.batch.Next})
			}
		case o := <-r.outcomes:
			r.config.Observer.Observe(Returned{o.stream, o.observed, o.err, o.took})
			core.returned(o.stream, o.observed, o.err, time.Now())
		case reply := <-r.asked:
			reply <- r.status(core, tranches, time.Now())
		case <-wake.C:
		case <-done:
			done, batches = nil, nil
			limit = time.After(r.config.StopLimit)
		case <-limit:
			if cancelled {
				return &AbandonedError{core.running()}
			}
			cancelled = true
			cancelCalls(errStopLimit)
			limit = time.After(stopGrace)
		}
	}
}

// errStopLimit is why a handler's context ends during a stop.
var errStopLimit = errors.New("the reactor stops and the limit for running calls has passed")

// stopGrace is how long calls may take to return once their context has ended.
// A store may look for the outcome of an append that this cut off, by default
// for up to 5 s; a call that waits for that is not to be abandoned.
const stopGrace = 10 * time.Second

// maxStuck is how many deliveries of a tranche may wait in memory, besides those
// of MaxReadAhead batches, because their streams are in trouble.
const maxStuck = 10_000

// remembered is how many idle streams' observed versions are kept.
const remembered = 100_000

// publish tells everyone what the core has come to: the readers of free slots,
// the observer of what was retired, and then the saver of the positions that rest
// on it. So whoever observes knows of everything that a checkpoint stands for.
func (r *Running) publish(core *core, tranches map[feed.Tranche]*tranche) {
	effects := core.drain()
	for _, name := range effects.freed {
		<-tranches[name].slots
	}
	for _, o := range effects.occurred {
		r.config.Observer.Observe(o)
	}
	for _, t := range tranches {
		progress := core.tranches[t.name]
		t.position.Store(int64(progress.position))
		switch full := progress.slots >= r.config.MaxReadAhead; {
		case !full:
			t.full = time.Time{}
		case t.full.IsZero():
			t.full = time.Now()
		}
	}
}

// call makes one handler call.
func (r *Running) call(ctx context.Context, c call) {
	began := time.Now()
	handled := HandlerCall{c.stream, c.events[len(c.events)-1].Index + 1}
	observed, err := r.handle(context.WithValue(ctx, handledKey{}, handled), c)
	select {
	case r.outcomes <- outcome{c.stream, observed, err, time.Since(began)}:
	case <-r.done: // abandoned
	}
}

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

// handle calls the handler and turns a panic into an error.
func (r *Running) handle(ctx context.Context, c call) (observed es.Version, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{value, debug.Stack()}
		}
	}()
	return r.handler.Handle(ctx, c.stream, c.events)
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
