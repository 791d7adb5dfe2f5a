package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"groupcheckout/domain/es"
	"groupcheckout/domain/groupcheckout"
	"groupcheckout/domain/gueststay"
	"groupcheckout/reactor/feed"
	"groupcheckout/steps"
	"groupcheckout/stores/intercept"
)

// World is one scenario's hotel. It implements steps.World.
type World struct {
	harness *Harness
	own     bool // the reactor is this scenario's alone
	runner  *runner
	store   es.Store
	stays   *gueststay.Service
	groups  *groupcheckout.Service
}

// newWorld makes a hotel that works with a reactor; the caller sets it.
func newWorld(h *Harness) *World {
	w := &World{harness: h}
	h.journal.open(w)
	w.store = intercept.Store(h.backend.Events, intercept.StoreHooks{
		BeforeAppend: func(_ context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
			h.journal.claim(stream, w)
			return nil
		},
		AfterAppend: func(_ context.Context, stream es.StreamName, _ es.Version, _ []es.EventData, after es.Version, err error) (es.Version, error) {
			if err == nil {
				h.journal.wrote(stream, after)
			}
			return after, err
		},
	})
	options := es.Options{Cache: h.cache}
	w.stays = gueststay.NewService(w.store, options)
	w.groups = groupcheckout.NewService(w.store, options)
	return w
}

// Stays implements steps.World.
func (w *World) Stays() *gueststay.Service { return w.stays }

// Groups implements steps.World.
func (w *World) Groups() *groupcheckout.Service { return w.groups }

// Store implements steps.World.
func (w *World) Store() es.Store { return w.store }

// Reactor implements steps.World.
func (w *World) Reactor() steps.Reactor { return (*control)(w) }

// Close stops a reactor of the scenario's own and forgets its streams.
func (w *World) Close(ctx context.Context) error {
	var err error
	if w.own {
		err = w.runner.stop(ctx)
	}
	w.harness.journal.release(w)
	return err
}

// control is what a scenario can do to its reactor; it implements
// steps.Reactor.
type control World

// errShared refuses to stop the reactor that other scenarios share.
var errShared = errors.New("this scenario shares its reactor with others; the tag @own-reactor gives it one of its own")

func (c *control) Stop(ctx context.Context) error {
	if !c.own {
		return errShared
	}
	return c.runner.stop(ctx)
}

func (c *control) Start(ctx context.Context) error {
	if !c.own {
		return errShared
	}
	if c.runner.isBroken() {
		if err := c.runner.stop(ctx); err != nil {
			return err
		}
	}
	return c.runner.start()
}

func (c *control) BreakAfter(n int) error {
	if !c.own {
		return errShared
	}
	return c.runner.breakAfter(n)
}

func (c *control) AwaitBroken(ctx context.Context) error {
	running := c.runner.running()
	if running == nil {
		return errors.New("the reactor was stopped, it did not break down")
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		return fmt.Errorf("the reactor has not broken down: %w", ctx.Err())
	}
	if !c.runner.isBroken() {
		return fmt.Errorf("the reactor ended without breaking down: %w", running.Wait(ctx))
	}
	return nil
}

func (c *control) Lag(stream es.StreamName, reads int) {
	c.harness.journal.claim(stream, (*World)(c))
	c.harness.journal.update(stream, func(e *entry) { e.lag = reads })
}

func (c *control) Calls(stream es.StreamName) int { return c.harness.journal.read(stream).calls }

func (c *control) DeliverAgain(ctx context.Context, stream es.StreamName) error {
	if err := (*World)(c).await(ctx); err != nil {
		return err
	}
	events, err := c.store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	deliveries := make([]feed.Delivery, len(events))
	for i, e := range events {
		deliveries[i] = feed.Delivery{Stream: stream, Event: e}
	}
	before := c.harness.journal.read(stream).retirements
	if err := c.runner.deliverAgain(deliveries); err != nil {
		return err
	}
	for {
		_, changed := c.harness.journal.unfinished((*World)(c))
		if c.harness.journal.read(stream).retirements > before {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not dealt with what was delivered again: %w", ctx.Err())
		}
	}
}

// await waits until the reactor has handled everything that the scenario wrote,
// and all that followed from it. It returns at once while the scenario's
// reactor is stopped or broken: then nothing more follows.
func (w *World) await(ctx context.Context) error {
	for {
		behind, changed := w.harness.journal.unfinished(w)
		running := w.runner.running()
		if len(behind) == 0 || running == nil {
			return nil
		}
		select {
		case <-changed:
		case <-running.Done():
			if w.own && (w.runner.isBroken() || w.runner.running() != running) {
				return nil
			}
			return fmt.Errorf("the reactor ended: %w", errors.Join(running.Wait(ctx), errors.New(strings.Join(behind, "; "))))
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not finished: %s%s: %w", strings.Join(behind, "; "), w.troubles(running), ctx.Err())
		}
	}
}
