package index

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

const checkpointCategory = "$ReaderCheckpoint"

// The types of the events in the stream of a checkpoint. The unfold is
// [typeSnapshotted].
const (
	typeCheckpointed = "Checkpointed"
	typeOverrode     = "Overrode"
)

// checkpointConfig, checkpoint and the three bodies are Propulsion's, property
// by property.
type checkpointConfig struct {
	FreqS int64 `json:"checkpointFreqS"`
}

type checkpoint struct {
	At  stamp         `json:"at"`
	Due stamp         `json:"nextCheckpointDue"`
	Pos feed.Position `json:"pos"`
}

// startedBody is the body of Started.
type startedBody struct {
	Config checkpointConfig `json:"config"`
	Origin checkpoint       `json:"origin"`
}

// movedBody is the body of Checkpointed and Overrode.
type movedBody struct {
	Config checkpointConfig `json:"config"`
	Pos    checkpoint       `json:"pos"`
}

// stateBody is the body of the unfold.
type stateBody struct {
	Config checkpointConfig `json:"config"`
	State  checkpoint       `json:"state"`
}

// eventEvery is how often a save is an event too.
const eventEvery = time.Hour

// Checkpoints keeps positions in the index table, where Propulsion keeps them.
// Its calls may overlap.
//
// A checkpoint is a stream. The position is in an unfold, which most saves
// replace without adding an event; once an hour, when the position moves back,
// and at first, there is an event too:
//
//	first save             Started, at the position that is saved
//	later, within the hour nothing but the unfold; nothing at all for the same position
//	hour over              Checkpointed
//	lower position         Overrode
//
// Propulsion writes Started when a reader starts, at the position where that
// is. Here it is written by the first save, since a load writes nothing. A
// reader on .NET finds the same state in it either way.
type Checkpoints struct {
	index *table.Table
	now   func() time.Time

	mu   sync.Mutex
	tips map[es.StreamName]table.Tip // as they were last seen, which spares a save its read

	claimed map[es.StreamName]claimed // as who holds the slot has left them
	rosters map[string]seenRoster     // by group
}

var _ feed.Checkpoints = (*Checkpoints)(nil)

// NewCheckpoints returns the checkpoints in an index table.
func NewCheckpoints(index *table.Table) *Checkpoints {
	return &Checkpoints{index: often(index), now: time.Now, tips: map[es.StreamName]table.Tip{}, claimed: map[es.StreamName]claimed{}, rosters: map[string]seenRoster{}}
}

// KeyError says that a key cannot name the stream of a checkpoint.
type KeyError struct {
	Key  feed.Key
	Part string // "source", "tranche" or "group"
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("checkpoint of group %q, source %q, tranche %q: on DynamoDB the %s must not be empty and must not hold an underscore; choose another name",
		e.Key.Group, e.Key.Source, e.Key.Tranche, e.Part)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*KeyError) NeedsPerson() bool { return true }

// checkpointStream is the stream of a checkpoint. Underscores separate the
// parts of its name, so no part can hold one.
func checkpointStream(key feed.Key) (es.StreamName, error) {
	parts := []struct{ part, text string }{{"source", key.Source}, {"tranche", string(key.Tranche)}, {"group", key.Group}}
	for _, p := range parts {
		if p.text == "" || strings.Contains(p.text, "_") {
			return es.StreamName{}, &KeyError{key, p.part}
		}
	}
	return es.NewStreamName(checkpointCategory, key.Source, string(key.Tranche), key.Group)
}

// Load implements [feed.Checkpoints]. It asks the leader. A key that cannot be
// is a [*KeyError].
func (c *Checkpoints) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, fmt.Errorf("load a checkpoint: %w", err)
	}
	stream, err := checkpointStream(key)
	if err != nil {
		return 0, false, err
	}
	tip, state, err := c.load(ctx, stream)
	if err != nil {
		return 0, false, fmt.Errorf("load a checkpoint: %w", err)
	}
	return state.State.Pos, tip.Exists(), nil
}

// load reads a checkpoint and remembers its tip.
func (c *Checkpoints) load(ctx context.Context, stream es.StreamName) (table.Tip, stateBody, error) {
	tip, err := c.index.Tip(ctx, table.NoTip(stream), true)
	if err != nil {
		return table.Tip{}, stateBody{}, err
	}
	state, err := checkpointIn(tip)
	if err != nil {
		return table.Tip{}, stateBody{}, err
	}
	c.remember(tip)
	return tip, state, nil
}

func (c *Checkpoints) remember(tip table.Tip) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tips[tip.Stream()] = tip
}

// checkpointIn is the state that a tip says: that of its unfold or, if somebody
// left none, that of its last event. The last event of a stream is always in
// its tip.
func checkpointIn(tip table.Tip) (state stateBody, err error) {
	if u, ok := current(tip, typeSnapshotted); ok {
		return state, decode(tip.Stream(), u.Index, u.Type, u.Data, &state)
	}
	for _, e := range tip.Events() {
		switch e.Type {
		case typeStarted:
			var body startedBody
			err = decode(tip.Stream(), e.Index, e.Type, e.Data, &body)
			state = stateBody{body.Config, body.Origin}
		case typeCheckpointed, typeOverrode:
			var body movedBody
			err = decode(tip.Stream(), e.Index, e.Type, e.Data, &body)
			state = stateBody{body.Config, body.Pos}
		}
		if err != nil {
			return stateBody{}, err
		}
	}
	if tip.Exists() && state == (stateBody{}) {
		return state, &BodyError{tip.Stream(), tip.Version(), typeSnapshotted, fmt.Errorf("the tip has neither an unfold nor an event that says a position")}
	}
	return state, nil
}

// Save implements [feed.Checkpoints]. A key that cannot be is a [*KeyError].
func (c *Checkpoints) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("save a checkpoint: %w", err)
	}
	stream, err := checkpointStream(key)
	if err != nil {
		return err
	}
	if err := c.save(ctx, stream, pos); err != nil {
		return fmt.Errorf("save the checkpoint %d: %w", pos, err)
	}
	return nil
}

func (c *Checkpoints) save(ctx context.Context, stream es.StreamName, pos feed.Position) error {
	c.mu.Lock()
	tip, seen := c.tips[stream]
	c.mu.Unlock()
	for conflicts := 0; ; conflicts++ {
		var state stateBody
		var err error
		if seen {
			state, err = checkpointIn(tip)
		} else {
			tip, state, err = c.load(ctx, stream)
		}
		if err != nil {
			return err
		}
		write, needed := c.decide(tip.Exists(), state, pos)
		if !needed && !seen {
			return nil
		}
		if !needed {
			// What is remembered says that there is nothing to do. Another
			// process may have moved the checkpoint since.
			seen = false
			continue
		}
		after, err := c.index.Append(ctx, tip, write)
		switch {
		case err == nil:
			c.remember(after)
			return nil
		case !isConflict(err) || conflicts == maxConflicts:
			return err
		}
		seen = false
	}
}

// decide is what to write to make a position the one that was saved last.
func (c *Checkpoints) decide(exists bool, state stateBody, pos feed.Position) (write table.Write, needed bool) {
	now := c.now().UTC().Truncate(100 * time.Nanosecond)
	config := checkpointConfig{int64(eventEvery / time.Second)}
	if exists {
		config = state.Config
	}
	next := checkpoint{stamp(now), stamp(now.Add(time.Duration(config.FreqS) * time.Second)), pos}
	write.Match = table.MatchETag
	event := func(typ string, body any) {
		write.Events = []table.Event{{Type: typ, Data: table.Raw(marshal(body)), Time: now}}
	}
	switch due := time.Time(state.State.Due); {
	case !exists:
		event(typeStarted, startedBody{config, next})
	case pos < state.State.Pos:
		event(typeOverrode, movedBody{config, next})
	case !now.Before(due):
		event(typeCheckpointed, movedBody{config, next})
	case pos == state.State.Pos:
		return table.Write{}, false
	default:
		next.Due = state.State.Due
	}
	write.Unfolds = []table.Unfold{{Type: typeSnapshotted, Data: table.Raw(marshal(stateBody{config, next})), Time: now}}
	return write, true
}
