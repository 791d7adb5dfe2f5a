package intercept

import (
	"context"

	"example.com/groupcheckout/reactor/feed"
)

// CheckpointsHooks are the hooks around a [feed.Checkpoints].
type CheckpointsHooks struct {
	BeforeLoad func(ctx context.Context, key feed.Key) error
	AfterLoad  func(ctx context.Context, key feed.Key, pos feed.Position, ok bool, err error) (feed.Position, bool, error)

	BeforeSave func(ctx context.Context, key feed.Key, pos feed.Position) error
	AfterSave  func(ctx context.Context, key feed.Key, pos feed.Position, err error) error
}

// Checkpoints returns checkpoints that pass every call to next through the
// hooks: SaveHeld too, as a save. It keeps slots if next does.
func Checkpoints(next feed.Checkpoints, hooks CheckpointsHooks) feed.Checkpoints {
	c := &checkpoints{next: next, hooks: hooks}
	if slots, ok := next.(feed.Slots); ok {
		return &slotted{c, slots}
	}
	return c
}

// slotted is checkpoints that keep slots.
type slotted struct {
	*checkpoints
	feed.Slots
}

func (s *slotted) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	return s.saving(ctx, key, pos, func() error { return s.Slots.SaveHeld(ctx, key, hold, pos) })
}

type checkpoints struct {
	next  feed.Checkpoints
	hooks CheckpointsHooks
}

func (c *checkpoints) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	if c.hooks.BeforeLoad != nil {
		if err := c.hooks.BeforeLoad(ctx, key); err != nil {
			return 0, false, err
		}
	}
	pos, ok, err := c.next.Load(ctx, key)
	if c.hooks.AfterLoad != nil {
		return c.hooks.AfterLoad(ctx, key, pos, ok, err)
	}
	return pos, ok, err
}

func (c *checkpoints) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	return c.saving(ctx, key, pos, func() error { return c.next.Save(ctx, key, pos) })
}

func (c *checkpoints) saving(ctx context.Context, key feed.Key, pos feed.Position, save func() error) error {
	if c.hooks.BeforeSave != nil {
		if err := c.hooks.BeforeSave(ctx, key, pos); err != nil {
			return err
		}
	}
	err := save()
	if c.hooks.AfterSave != nil {
		return c.hooks.AfterSave(ctx, key, pos, err)
	}
	return err
}
