package index

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

var _ feed.Notes = (*Checkpoints)(nil)

// Notes of a kind are one item beside the checkpoints, in a stream of a category that
// Propulsion does not know. It has no events, only an unfold with all of them by name.
const (
	noteCategory = "$ReactorNotes"
	typeNotes    = "Notes"
)

// noteStream is the stream of a group's notes of a kind.
func noteStream(group, kind string) (es.StreamName, error) {
	if _, err := checkpointStream(feed.Key{Source: kind, Tranche: "0", Group: group}); err != nil {
		return es.StreamName{}, err
	}
	return es.NewStreamName(noteCategory, kind, group)
}

// loadNotes reads notes, with the tip to write to.
func (c *Checkpoints) loadNotes(ctx context.Context, group, kind string) (table.Tip, map[string]json.RawMessage, error) {
	stream, err := noteStream(group, kind)
	if err != nil {
		return table.Tip{}, nil, err
	}
	tip, err := c.index.Tip(ctx, table.NoTip(stream), true)
	if err != nil {
		return table.Tip{}, nil, err
	}
	notes := map[string]json.RawMessage{}
	if u, ok := current(tip, typeNotes); ok {
		err = decode(tip.Stream(), u.Index, u.Type, u.Data, &notes)
	}
	return tip, notes, err
}

// Notes implements [feed.Notes].
func (c *Checkpoints) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	_, notes, err := c.loadNotes(ctx, group, kind)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	bodies := make(map[string][]byte, len(notes))
	for name, body := range notes {
		bodies[name] = body
	}
	return bodies, nil
}

// PutNote implements [feed.Notes].
func (c *Checkpoints) PutNote(ctx context.Context, group, kind, name string, body []byte) error {
	return c.changeNotes(ctx, group, kind, func(notes map[string]json.RawMessage) bool {
		notes[name] = body
		return true
	})
}

// ReplaceNote implements [feed.Notes].
func (c *Checkpoints) ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (done bool, err error) {
	err = c.changeNotes(ctx, group, kind, func(notes map[string]json.RawMessage) bool {
		now, there := notes[name]
		done = there == (before != nil) && bytes.Equal(now, before)
		if !done || before == nil && body == nil {
			return false
		}
		if notes[name] = body; body == nil {
			delete(notes, name)
		}
		return true
	})
	return done && err == nil, err
}

// DropNote implements [feed.Notes].
func (c *Checkpoints) DropNote(ctx context.Context, group, kind, name string) error {
	return c.changeNotes(ctx, group, kind, func(notes map[string]json.RawMessage) bool {
		_, there := notes[name]
		delete(notes, name)
		return there
	})
}

// changeNotes reads notes, changes them and writes them, until nobody comes between.
func (c *Checkpoints) changeNotes(ctx context.Context, group, kind string, change func(map[string]json.RawMessage) bool) error {
	for conflicts := 0; ; conflicts++ {
		tip, notes, err := c.loadNotes(ctx, group, kind)
		if err == nil && !change(notes) {
			return nil
		}
		if err == nil {
			unfold := table.Unfold{Type: typeNotes, Data: table.Raw(marshal(notes)), Time: c.now().UTC()}
			_, err = c.index.Append(ctx, tip, table.Write{Unfolds: []table.Unfold{unfold}, Match: table.MatchETag})
		}
		switch {
		case err == nil:
			return nil
		case !isConflict(err) || conflicts == maxConflicts:
			return fmt.Errorf("write notes: %w", err)
		}
	}
}
