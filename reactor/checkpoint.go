package reactor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

// saveLimit is how long writing one checkpoint may take, and how long a stop
// waits for the answer that it needs before it writes one.
const saveLimit = 10 * time.Second

// firstSave is when a checkpoint is saved for the first time.
const firstSave = 250 * time.Millisecond

// CheckpointAheadError says that a reactor is further than the feed: the store
// has lost events, or it is another store. Going on would skip, for ever, what
// is appended up to there.
type CheckpointAheadError struct {
	Key        feed.Key
	Checkpoint feed.Position // the one saved or, if Running, the one that would come of what was read
	End        feed.Position
	Running    bool // the feed was read up to Checkpoint and only then lost its end
}

func (e *CheckpointAheadError) Error() string {
	if e.Running {
		return fmt.Sprintf("consumer group %q has read tranche %q of %s up to %d, but now the feed ends at %d: has the store been restored, or has a replica taken over that lacked events? "+
			"Before the next start restore the events, or set the checkpoint back to a position up to %d, before the first event that was lost (reactor checkpoint), from where events are handled again, which is harmless",
			e.Key.Group, e.Key.Tranche, e.Key.Source, e.Checkpoint, e.End, e.End)
	}
	return fmt.Sprintf("the checkpoint of consumer group %q on tranche %q of %s is %d, but the feed ends at %d: was the store restored, or is it another one? "+
		"Restore the events, or set the checkpoint back to a position up to %d (reactor checkpoint), from where events are handled again, which is harmless",
		e.Key.Group, e.Key.Tranche, e.Key.Source, e.Checkpoint, e.End, e.End)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*CheckpointAheadError) NeedsPerson() bool { return true }

// save sees to the checkpoints, each interval, until ctx ends; a write goes on until
// writes does. What could not be done is tried again at the next interval. It calls
// lost if a tranche has lost events.
//
// The first saves come early, and then ever later until the interval is reached: what
// dies every few seconds gets on all the same.
func (r *Running) save(ctx, writes context.Context, lost func()) {
	began, pause := time.Now(), min(firstSave, r.config.CheckpointInterval)
	next := time.NewTimer(pause)
	defer next.Stop()
	looks := time.NewTicker(r.lookInterval())
	defer looks.Stop()
	for {
		select {
		case <-looks.C:
			for _, t := range r.tranches {
				switch looked := t.looked.Load(); {
				case len(r.portions(t)) == 0:
					t.looked.Store(nil) // it would be old when the tranche is read again
				case r.config.CheckpointInterval <= longestLookInterval: // what is saved is looked at
				case looked == nil || time.Since(looked.at) >= longestLookInterval:
					_ = r.seeEnd(ctx, t, r.config.ReadLimit) // observed, and made up for later
				}
				if t.lost != nil {
					lost()
				}
			}
		case <-next.C:
			if err := r.quarantine(ctx); err != nil && ctx.Err() == nil {
				r.config.Observer.Observe(QuarantineFailed{err})
			}
			left, failed := r.config.CheckpointInterval-time.Since(began), false
			for _, t := range r.tranches {
				if portions := r.portions(t); len(portions) == 0 || left > 0 && !slices.ContainsFunc(portions, (*portion).moved) {
					continue
				}
				failed = r.checkpoint(ctx, writes, t, r.config.ReadLimit) != nil || failed // observed, and made up for later
				if t.lost != nil {
					lost()
				}
			}
			if pause = min(2*pause, left); failed || left <= 0 {
				pause = r.config.CheckpointInterval
			}
			next.Reset(pause)
		case job := <-r.jobs:
			job(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// longestLookInterval is how old what the leader said of the feed's end may get, however
// rarely checkpoints are saved: a replica that does not get on is to be seen.
const longestLookInterval = 5 * time.Second

// lookInterval is how often the leader is asked for the end of each tranche.
func (r *Running) lookInterval() time.Duration {
	return min(r.config.CheckpointInterval, longestLookInterval)
}

// lastTries is how often a stop tries to save a checkpoint.
const lastTries = 3

// saveLast saves what has moved since, and returns what went wrong. No interval
// will make up for what fails, so it is tried again at once: connections that were
// cut off while nobody used them are found dead only now. What took too long would
// again.
func (r *Running) saveLast(ctx context.Context) error {
	var all []error
	for _, t := range r.tranches {
		all = append(all, r.saveNow(ctx, t, r.portions(t)))
	}
	return errors.Join(all...)
}

// saveNow is saveLast of some portions of a tranche.
func (r *Running) saveNow(ctx context.Context, t *tranche, portions []*portion) error {
	var err error
	for try := 0; try < lastTries && slices.ContainsFunc(portions, (*portion).moved) && t.lost == nil && !errors.Is(err, context.DeadlineExceeded) && (try == 0 || ctx.Err() == nil); try++ {
		err = r.checkpoint(ctx, ctx, t, min(r.config.ReadLimit, saveLimit))
	}
	return cmp.Or(t.lost, err)
}

// seeEnd asks the leader where a tranche ends, which must not be before what was read
// of it. Reads may be answered by a replica, but the end is the leader's, so it is
// never behind them unless events were lost.
func (r *Running) seeEnd(ctx context.Context, t *tranche, limit time.Duration) error {
	if t.lost != nil {
		return t.lost
	}
	read := feed.Position(t.read.Load()) // before the end is asked for
	furthest := read
	for _, s := range r.portions(t) { // which may be further than what is read again for another
		furthest = max(furthest, feed.Position(s.position.Load()))
	}
	end, err := r.look(ctx, t, read, limit)
	if err == nil {
		err = r.compare(ctx, t, &t.marks, furthest, end, true, limit)
	}
	switch {
	case err != nil && (ctx.Err() != nil || t.lost != nil):
		return err
	case err != nil:
		failed := t.ends.failed(err)
		r.config.Observer.Observe(ReadFailed{t.name, read, err, r.lookInterval(), failed.attempts, failed.since})
		return err
	}
	if failed := t.ends.succeeded(); failed.attempts > 0 {
		r.config.Observer.Observe(ReadRecovered{t.name, failed.attempts, time.Since(failed.since)})
	}
	return nil
}

// checkpoint saves the checkpoints of a tranche that have moved, unless the feed
// ends before what was read of it. It asks for the end also if nothing has moved:
// a reader beyond the end would wait there, and miss what is appended below.
func (r *Running) checkpoint(ctx, writes context.Context, t *tranche, limit time.Duration) error {
	if err := r.seeEnd(ctx, t, limit); err != nil {
		return err
	}
	var all []error
	for _, s := range r.portions(t) {
		if !s.moved() {
			continue
		}
		position := feed.Position(s.position.Load())
		if err := r.saveOne(writes, s, position); err != nil {
			all = append(all, fmt.Errorf("save the checkpoint %d of tranche %q: %w", position, t.name, err))
		}
	}
	return errors.Join(all...)
}

// saveOne writes a checkpoint. One whose slot was lost is another's to write.
func (r *Running) saveOne(ctx context.Context, s *portion, position feed.Position) error {
	err := r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) error {
		if r.keeping != nil {
			return r.keeping.slots.SaveHeld(ctx, s.key, s.holding.hold, position)
		}
		return r.checkpoints.Save(ctx, s.key, position)
	})
	if lost, ok := errors.AsType[*feed.SlotLostError](err); ok {
		r.lose(s.holding.hold, lost)
		return nil
	}
	if err != nil {
		s.saves.failed(err)
		r.config.Observer.Observe(CheckpointFailed{s.tranche.name, position, err})
		return err
	}
	s.saved.Store(int64(position))
	if err := r.noteMark(ctx, s, position); err != nil {
		s.saves.failed(err)
		r.config.Observer.Observe(CheckpointFailed{s.tranche.name, position, err})
		return err
	}
	s.saves.succeeded()
	r.config.Observer.Observe(CheckpointSaved{s.tranche.name, position})
	return nil
}

// look is what the leader said of a tranche.
type look struct {
	feed.Lag

	at          time.Time
	silentSince time.Time
}

// lag asks the leader what there is at and behind a position, which not every source tells
// more of than its end.
func (r *Running) lag(ctx context.Context, name feed.Tranche, from feed.Position, limit time.Duration) (lag feed.Lag, err error) {
	lagger, ok := r.source.(feed.Lagger)
	if !ok {
		end, err := r.end(ctx, name, limit)
		return feed.Lag{End: end, Events: -1}, err
	}
	err = r.ask(ctx, limit, r.config.Breakers.Leader, func(ctx context.Context) (err error) {
		lag, err = lagger.Lag(ctx, name, from)
		return err
	})
	if err != nil {
		err = fmt.Errorf("find the end of tranche %q: %w", name, err)
	}
	return lag, err
}

// look asks the leader how far a tranche reaches, and notes what it says.
func (r *Running) look(ctx context.Context, t *tranche, read feed.Position, limit time.Duration) (feed.Position, error) {
	var seen look
	var err error
	if seen.Lag, err = r.lag(ctx, t.name, read, limit); err != nil {
		return 0, err
	}
	if seen.End <= read {
		seen.Events = max(seen.Events, 0)
	}
	seen.at = time.Now()
	if seen.Silent != "" {
		seen.silentSince = seen.at
		if before := t.looked.Load(); before != nil && before.Silent != "" {
			seen.silentSince = before.silentSince
		}
	}
	t.looked.Store(&seen)
	r.locked(func(core *core) {
		core.looked(t.name, seen.End, t.full.IsZero() && t.reads.look().attempts == 0, seen.at)
	})
	r.nudge()
	return seen.End, nil
}

// nudge has the loop tell what the core has come to.
func (r *Running) nudge() {
	select {
	case r.nudged <- struct{}{}:
	default: // it is about to
	}
}
