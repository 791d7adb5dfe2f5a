package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

var _ feed.Slots = (*Checkpoints)(nil)

// roster is one as it was written.
type roster struct {
	feed.Roster
	at time.Time
}

// copied shares nothing with the roster.
func copied(r feed.Roster) feed.Roster {
	r.Slots, r.Members = slices.Clone(r.Slots), slices.Clone(r.Members)
	return r
}

// Roster implements [feed.Slots].
func (c *Checkpoints) Roster(ctx context.Context, group string) (feed.Roster, error) {
	if err := ctx.Err(); err != nil {
		return feed.Roster{}, fmt.Errorf("read the roster of %q: %w", group, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.rosters[group]
	if !ok {
		return feed.Roster{Group: group}, nil
	}
	found.Unwritten = time.Since(found.at)
	return copied(found.Roster), nil
}

// PutRoster implements [feed.Slots].
func (c *Checkpoints) PutRoster(ctx context.Context, r feed.Roster) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write the roster of %q: %w", r.Group, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rosters[r.Group].Version != r.Version-1 {
		return fmt.Errorf("write the roster of %q: %w", r.Group, feed.ErrRosterMoved)
	}
	c.rosters[r.Group] = roster{copied(r), time.Now()}
	return nil
}

// Claim implements [feed.Slots].
func (c *Checkpoints) Claim(ctx context.Context, key feed.Key, hold feed.Hold, first feed.Position) (feed.Position, error) {
	err := c.held(ctx, "claim", key, hold, func() {
		if _, known := c.saved[key]; !known {
			c.saved[key] = first
		}
		first = c.saved[key]
	})
	return first, err
}

// SaveHeld implements [feed.Slots].
func (c *Checkpoints) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	return c.held(ctx, "save", key, hold, func() { c.saved[key] = pos })
}

// held does something if the slot is held.
func (c *Checkpoints) held(ctx context.Context, verb string, key feed.Key, hold feed.Hold, do func()) error {
	err := ctx.Err()
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rosters[hold.Group].Roster; err == nil && !r.Holds(hold) {
		err = &feed.SlotLostError{Hold: hold}
	}
	if err != nil {
		return fmt.Errorf("%s the checkpoint of %q at %s/%s: %w", verb, key.Group, key.Source, key.Tranche, err)
	}
	do()
	return nil
}
