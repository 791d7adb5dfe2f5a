package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"example.com/groupcheckout/reactor/feed"
)

var (
	_ feed.Notes      = (*Checkpoints)(nil)
	_ feed.NoteGroups = (*Checkpoints)(nil)
)

// noteKey says whose notes they are, and of which kind.
type noteKey struct{ group, kind string }

// Notes implements [feed.Notes].
func (c *Checkpoints) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.notes[noteKey{group, kind}]), nil
}

// NoteGroups implements [feed.NoteGroups].
func (c *Checkpoints) NoteGroups(ctx context.Context, kind string) (groups []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list who has notes: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, notes := range c.notes {
		if key.kind == kind && len(notes) > 0 {
			groups = append(groups, key.group)
		}
	}
	slices.Sort(groups)
	return groups, nil
}

// PutNote implements [feed.Notes].
func (c *Checkpoints) PutNote(ctx context.Context, group, kind, name string, body []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write a note: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := noteKey{group, kind}
	if c.notes[key] == nil {
		c.notes[key] = map[string][]byte{}
	}
	c.notes[key][name] = slices.Clone(body)
	return nil
}

// ReplaceNote implements [feed.Notes].
func (c *Checkpoints) ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("write a note: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := noteKey{group, kind}
	if now, there := c.notes[key][name]; there != (before != nil) || !bytes.Equal(now, before) {
		return false, nil
	}
	if body == nil {
		delete(c.notes[key], name)
		return true, nil
	}
	if c.notes[key] == nil {
		c.notes[key] = map[string][]byte{}
	}
	c.notes[key][name] = slices.Clone(body)
	return true, nil
}

// DropNote implements [feed.Notes].
func (c *Checkpoints) DropNote(ctx context.Context, group, kind, name string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("drop a note: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.notes[noteKey{group, kind}], name)
	return nil
}
