package memory

import (
	"context"
	"fmt"
	"sync"

	"example.com/groupcheckout/reactor/feed"
)

// Checkpoints is an in-memory [feed.Checkpoints]. Make one with
// [NewCheckpoints]; share it between the runs of a reactor that are to go on
// where the last one stopped. Calls may overlap.
type Checkpoints struct {
	mu    sync.Mutex
	saved map[feed.Key]feed.Position
	notes map[noteKey]map[string][]byte

	rosters map[string]roster
}

// NewCheckpoints returns a Checkpoints that remembers nothing yet.
func NewCheckpoints() *Checkpoints {
	return &Checkpoints{saved: map[feed.Key]feed.Position{}, notes: map[noteKey]map[string][]byte{}, rosters: map[string]roster{}}
}

// Load implements [feed.Checkpoints].
func (c *Checkpoints) Load(ctx context.Context, key feed.Key) (pos feed.Position, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, fmt.Errorf("load the checkpoint of %q at %s/%s: %w", key.Group, key.Source, key.Tranche, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pos, ok = c.saved[key]
	return pos, ok, nil
}

// Save implements [feed.Checkpoints].
func (c *Checkpoints) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("save the checkpoint of %q at %s/%s: %w", key.Group, key.Source, key.Tranche, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved[key] = pos
	return nil
}
