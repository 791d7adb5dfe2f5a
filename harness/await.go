package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// exact implements host: the reactor is in this process.
func (r *runner) exact() bool { return true }

// await implements host.
func (r *runner) await(ctx context.Context, w *World) error {
	for {
		behind, progress := r.journal.unfinished(w)
		behind = append(behind, r.catchingUp(w)...)
		life := r.life()
		if len(behind) == 0 || life.phase == down || w.refuses() {
			return nil
		}
		if err := r.hopeless(w); err != nil {
			return err
		}
		select {
		case <-progress:
		case <-life.changed:
		case <-life.ended:
			if life.phase == ending {
				return nil // by the scenario's own wish
			}
			if now := r.life(); now.phase == running && now.reactor == life.reactor {
				return fmt.Errorf("the reactor ended: %w", errors.Join(now.reactor.Wait(ctx), errors.New(strings.Join(behind, "; "))))
			}
		case <-ctx.Done():
			return r.unfinished(w, behind, ctx.Err())
		}
	}
}

// catchingUp says what a reactor that was started again has not dealt with yet of
// what was there at its start, though an earlier one may have.
func (r *runner) catchingUp(w *World) []string {
	left, streams := r.ahead.catchingUp()
	if left {
		return []string{"it was started and has not read the feed up to where that ended then"}
	}
	var again []string
	for _, stream := range streams {
		if e := r.journal.read(stream); e.owner == w && e.retirements <= r.retiredBefore(stream) {
			again = append(again, fmt.Sprintf("%s was read again and is not handled yet", stream))
		}
	}
	return again
}

func (r *runner) retiredBefore(stream es.StreamName) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.before[stream]
}

// deliverAgainAfter is when what was to be delivered again is delivered once more.
// A read that an injected fault has fail, or a killed reactor, takes it along.
const deliverAgainAfter = time.Second

// deliverAgain implements host.
func (r *runner) deliverAgain(ctx context.Context, w *World, stream es.StreamName) error {
	events, err := w.store.Read(ctx, stream, 0, es.FromLeader)
	if err != nil {
		return err
	}
	deliveries := make([]feed.Delivery, len(events))
	for i, e := range events {
		deliveries[i] = feed.Delivery{Stream: stream, Event: e}
	}
	before := r.journal.read(stream).retirements
	if err := r.enqueue(ctx, deliveries); err != nil {
		return err
	}
	timer := time.NewTimer(deliverAgainAfter)
	defer timer.Stop()
	for {
		_, changed := r.journal.unfinished(w)
		if r.journal.read(stream).retirements > before {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			r.journal.update(stream, func(e *entry) { e.excuse.redone++ })
			if err := r.enqueue(ctx, deliveries); err != nil {
				return err
			}
			timer.Reset(deliverAgainAfter)
		case <-ctx.Done():
			return fmt.Errorf("the reactor has not dealt with what was delivered again: %w", ctx.Err())
		}
	}
}

// enqueue has the feed deliver events again.
func (r *runner) enqueue(ctx context.Context, deliveries []feed.Delivery) error {
	if err := r.lockRevived(ctx); err != nil {
		return err
	}
	defer r.mu.Unlock()
	if r.phase != running {
		return fmt.Errorf("deliver %d events again: the reactor does not run", len(deliveries))
	}
	r.again = append(r.again, deliveries...)
	close(r.poke)
	r.poke = make(chan struct{})
	return nil
}

// account implements host.
func (r *runner) account(ctx context.Context, w *World) string {
	switch l := r.life(); l.phase {
	case down:
		return "the reactor is down"
	case reviving:
		return "the reactor is being started"
	default:
		return "the reactor runs" + troubles(ctx, l.reactor, r.journal.isOf(w))
	}
}
