package reactor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"groupcheckout/reactor/feed"
)

// saveLimit is how long writing one checkpoint may take.
const saveLimit = 10 * time.Second

// save writes the checkpoints that have moved, each interval, until stop is
// closed. What it could not write it tries again at the next interval.
func (r *Reactor) save(ctx context.Context, tranches []*tranche, stop <-chan struct{}) {
	ticker := time.NewTicker(r.config.CheckpointInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = r.saveAll(ctx, tranches) // observed, and made up for later
		case <-stop:
			return
		}
	}
}

// saveAll writes the checkpoints that have moved and returns what went wrong.
func (r *Reactor) saveAll(ctx context.Context, tranches []*tranche) error {
	var failures []error
	for _, t := range tranches {
		position := t.position.Load()
		if position == t.saved.Load() || (t.saved.Load() < 0 && position == int64(t.start)) {
			continue
		}
		if err := r.saveOne(ctx, t, feed.Position(position)); err != nil {
			failures = append(failures, fmt.Errorf("save the checkpoint %d of tranche %q: %w", position, t.name, err))
		}
	}
	return errors.Join(failures...)
}

func (r *Reactor) saveOne(ctx context.Context, t *tranche, position feed.Position) error {
	ctx, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	if err := r.checkpoints.Save(ctx, r.key(t.name), position); err != nil {
		r.config.Observer.Observe(CheckpointFailed{t.name, position, err})
		return err
	}
	t.saved.Store(int64(position))
	r.config.Observer.Observe(CheckpointSaved{t.name, position})
	return nil
}
