package index

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// The roster of a group is a note of a kind of its own, and a write of it is conditional
// on the etag that was read.
//
// A checkpoint knows nothing of rosters, since .NET programs share it. It is fenced by
// its own etag: who takes a slot writes the checkpoint anew, so whoever held the slot
// before fails with the etag that it remembers. It then reads the checkpoint and after
// that the roster, and only if the slot is still its own it writes, with the etag that it
// read before: had somebody taken the slot since, and claimed the checkpoint, then that
// fails too.

const rosterKind = "roster"

var _ feed.Slots = (*Checkpoints)(nil)

// Roster implements [feed.Slots].
func (c *Checkpoints) Roster(ctx context.Context, group string) (feed.Roster, error) {
	tip, found, err := c.roster(ctx, group)
	if err != nil {
		return feed.Roster{}, fmt.Errorf("read the roster of %q: %w", group, err)
	}
	c.saw(group, seenRoster{tip, found.Version})
	return found, nil
}

// seenRoster is a roster as it was read or written last, so that writing the next one
// takes no read.
type seenRoster struct {
	tip     table.Tip
	version int64
}

func (c *Checkpoints) saw(group string, seen seenRoster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rosters[group] = seen
}

func (c *Checkpoints) roster(ctx context.Context, group string) (table.Tip, feed.Roster, error) {
	found := feed.Roster{Group: group}
	tip, notes, err := c.loadNotes(ctx, group, rosterKind)
	if body, ok := notes[rosterKind]; err == nil && ok {
		if err = json.Unmarshal(body, &found); err != nil {
			err = &BodyError{tip.Stream(), tip.Version(), typeNotes, err}
		}
	}
	return tip, found, err
}

// PutRoster implements [feed.Slots].
func (c *Checkpoints) PutRoster(ctx context.Context, roster feed.Roster) error {
	c.mu.Lock()
	seen, known := c.rosters[roster.Group]
	delete(c.rosters, roster.Group)
	c.mu.Unlock()
	err := ctx.Err()
	if err == nil && (!known || seen.version != roster.Version-1) {
		var before feed.Roster
		seen.tip, before, err = c.roster(ctx, roster.Group)
		if err == nil && before.Version != roster.Version-1 {
			err = feed.ErrRosterMoved
		}
	}
	if err == nil {
		unfold := table.Unfold{Type: typeNotes, Data: table.Raw(marshal(map[string]feed.Roster{rosterKind: roster})), Time: c.now().UTC()}
		seen.tip, err = c.index.Append(ctx, seen.tip, table.Write{Unfolds: []table.Unfold{unfold}, Match: table.MatchETag})
	}
	if isConflict(err) {
		err = feed.ErrRosterMoved
	}
	if err != nil {
		return fmt.Errorf("write the roster of %q: %w", roster.Group, err)
	}
	c.saw(roster.Group, seenRoster{seen.tip, roster.Version})
	return nil
}

// claimed is a checkpoint as who holds its slot left it.
type claimed struct {
	hold feed.Hold
	tip  table.Tip
}

// Claim implements [feed.Slots]. A key that cannot be is a [*KeyError].
func (c *Checkpoints) Claim(ctx context.Context, key feed.Key, hold feed.Hold, first feed.Position) (feed.Position, error) {
	pos, err := c.writeHeld(ctx, key, hold, func(exists bool, state stateBody) (table.Write, feed.Position) {
		if !exists {
			write, _ := c.decide(false, state, first)
			return write, first
		}
		return c.touch(state), state.State.Pos
	}, false)
	if err != nil {
		return 0, fmt.Errorf("claim a checkpoint: %w", err)
	}
	return pos, nil
}

// SaveHeld implements [feed.Slots]. A key that cannot be is a [*KeyError].
func (c *Checkpoints) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	_, err := c.writeHeld(ctx, key, hold, func(exists bool, state stateBody) (table.Write, feed.Position) {
		if write, needed := c.decide(exists, state, pos); needed {
			return write, pos
		}
		return c.touch(state), pos
	}, true)
	if err != nil {
		return fmt.Errorf("save the checkpoint %d: %w", pos, err)
	}
	return nil
}

// touch writes the unfold of a checkpoint again, which changes nothing but the etag.
func (c *Checkpoints) touch(state stateBody) table.Write {
	return table.Write{
		Unfolds: []table.Unfold{{Type: typeSnapshotted, Data: table.Raw(marshal(state)), Time: c.now().UTC()}}, Match: table.MatchETag,
	}
}

// writeHeld writes a checkpoint whose slot is held. With remembered it may do so with
// what was written last, without a look at the roster.
func (c *Checkpoints) writeHeld(
	ctx context.Context, key feed.Key, hold feed.Hold, decide func(exists bool, state stateBody) (table.Write, feed.Position), remembered bool,
) (feed.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	stream, err := checkpointStream(key)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	last, known := c.claimed[stream]
	c.mu.Unlock()
	known = known && remembered && last.hold == hold
	for conflicts := 0; ; conflicts++ {
		tip := last.tip
		if !known {
			if tip, err = c.verify(ctx, stream, hold); err != nil {
				return 0, err
			}
		}
		state, err := checkpointIn(tip)
		if err != nil {
			return 0, err
		}
		write, pos := decide(tip.Exists(), state)
		after, err := c.index.Append(ctx, tip, write)
		switch {
		case err == nil:
			c.mu.Lock()
			c.claimed[stream] = claimed{hold, after}
			c.mu.Unlock()
			return pos, nil
		case !isConflict(err) || conflicts == maxConflicts:
			return 0, err
		}
		known = false
	}
}

// verify reads a checkpoint, and then makes sure that the slot is held. The order matters.
func (c *Checkpoints) verify(ctx context.Context, stream es.StreamName, hold feed.Hold) (table.Tip, error) {
	tip, err := c.index.Tip(ctx, table.NoTip(stream), true)
	if err != nil {
		return table.Tip{}, err
	}
	_, roster, err := c.roster(ctx, hold.Group)
	if err == nil && !roster.Holds(hold) {
		err = &feed.SlotLostError{Hold: hold}
	}
	return tip, err
}
