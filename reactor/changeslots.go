package reactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// MembersError says that processes of a consumer group work, or did just now.
type MembersError struct {
	What  string // cannot be changed meanwhile
	Group string
	Names []string
}

func (e *MembersError) Error() string {
	return fmt.Sprintf("the %s of consumer group %q cannot be changed while processes work for it: stop %s first", e.What, e.Group, strings.Join(e.Names, ", "))
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*MembersError) NeedsPerson() bool { return true }

// SlotCount is how many slots a consumer group has; 1 if that is kept nowhere.
func SlotCount(ctx context.Context, checkpoints feed.Checkpoints, group string) (int, error) {
	keeper, ok := checkpoints.(feed.Slots)
	if !ok {
		return 1, nil
	}
	roster, err := keeper.Roster(ctx, group)
	if errors.Is(err, feed.ErrNoNotes) {
		err = nil
	}
	return max(1, len(roster.Slots)), err
}

// ChangeSlots changes the number of slots of a consumer group, of which no process may
// run: one that does is a [*MembersError]. One that died and said nothing is waited for
// as long as its lease, unless it ran on this machine. Each new slot goes on at the lowest
// checkpoint of those before, so what lies behind may be handled again, and nothing is
// skipped. What was read last is compared first, as at a start, and kept for the next: if
// the store has lost some of it the error is a [*HistoryError], and nothing is changed.
func ChangeSlots(ctx context.Context, source feed.Source, checkpoints feed.Checkpoints, group string, slots int) (before int, err error) {
	keeper, ok := checkpoints.(feed.Slots)
	if !ok || slots < 1 || slots > MaxSlots {
		return 0, &ConfigError{"the number of slots", slots, fmt.Sprintf("it has to be from 1 to %d, of checkpoints that keep who holds them", MaxSlots)}
	}
	roster, err := awaitNobody(ctx, keeper, group, "number of slots")
	if err != nil {
		return 0, err
	}
	before = len(roster.Slots)
	if before == slots {
		return before, nil
	}
	tranches, err := source.Tranches(ctx)
	if err != nil {
		return before, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	notes, err := marksOf(ctx, checkpoints, group)
	if err != nil {
		return before, err
	}
	carried := map[feed.Tranche]markNote{}
	for _, tranche := range tranches {
		if carried[tranche], err = notes.carry(ctx, source, checkpoints, tranche, before); err != nil {
			return before, err
		}
	}
	for _, tranche := range tranches {
		lowest, known, err := lowestOf(ctx, checkpoints, source.ID(), tranche, group, before)
		if err != nil {
			return before, err
		}
		if err := notes.put(ctx, tranche, slots, carried[tranche], lowest); err != nil {
			return before, err
		}
		for slot := range slots {
			key := feed.Key{Source: source.ID(), Tranche: tranche, Group: SlotGroup(group, slot, slots)}
			if known && err == nil {
				err = checkpoints.Save(ctx, key, lowest)
			}
		}
		if err != nil {
			return before, err
		}
	}
	next := feed.Roster{Group: group, Version: roster.Version + 1, Slots: make([]feed.Slot, slots)}
	var highest int64
	for _, s := range roster.Slots {
		highest = max(highest, s.Token)
	}
	for i := range next.Slots {
		next.Slots[i].Token = highest
	}
	if err := keeper.PutRoster(ctx, next); err != nil {
		return before, err
	}
	if max(1, before) == slots {
		return before, nil // the marks of one slot are named as those without slots
	}
	return before, notes.drop(ctx, tranches, before)
}

// groupMarks are the marks that the processes of a group left.
type groupMarks struct {
	notes  feed.Notes // nil if there is no place for them
	group  string
	bodies map[string][]byte
}

func marksOf(ctx context.Context, checkpoints feed.Checkpoints, group string) (m groupMarks, err error) {
	notes, ok := checkpoints.(feed.Notes)
	if !ok {
		return m, nil
	}
	bodies, err := notes.Notes(ctx, group, markKind)
	if errors.Is(err, feed.ErrNoNotes) {
		return m, nil
	}
	return groupMarks{notes, group, bodies}, err
}

// carry is what the slots of a tranche leave together, if it is there still.
func (m groupMarks) carry(ctx context.Context, source feed.Source, checkpoints feed.Checkpoints, tranche feed.Tranche, slots int) (all markNote, err error) {
	historian, tells := source.(feed.Historian)
	for slot := range max(1, slots) {
		position, known, name, err := checkpointOf(ctx, checkpoints, source.ID(), tranche, m.group, slot, slots)
		if err != nil {
			return all, err
		}
		if !known {
			continue
		}
		var left marks
		if left.recall(m.bodies[name], position); len(left.compared) == 0 {
			continue
		}
		course := left.course
		if tells {
			now, err := historian.History(ctx, tranche, left.compared)
			if err != nil {
				return all, fmt.Errorf("look for what was read last of tranche %q: %w", tranche, err)
			}
			if v := judge(left.compared, now.Events, left.course, now.Course); !v.intact {
				return all, &HistoryError{
					Key:  feed.Key{Source: source.ID(), Tranche: tranche, Group: m.group},
					Mark: left.compared[v.first], Found: now.Events[v.first], Safe: v.safe, Then: left.course, Now: now.Course,
				}
			}
			course = now.Course
		}
		all = markNote{inOrder(append(all.Marks, left.compared...)), course}
	}
	return all, nil
}

// put keeps marks in front of the checkpoint that the new slots of a tranche have.
func (m groupMarks) put(ctx context.Context, tranche feed.Tranche, slots int, note markNote, position feed.Position) error {
	if m.notes == nil {
		return nil
	}
	note.Marks = lastUpTo(note.Marks, position)
	body, err := json.Marshal(note)
	for slot := range slots {
		name := SlotGroup(string(tranche), slot, slots)
		switch {
		case err != nil:
		case len(note.Marks) == 0: // what is there is of other times
			err = m.notes.DropNote(ctx, m.group, markKind, name)
		default:
			err = m.notes.PutNote(ctx, m.group, markKind, name, body)
		}
	}
	if err != nil {
		return fmt.Errorf("keep what was read last of tranche %q: %w", tranche, err)
	}
	return nil
}

// drop forgets the marks of slots that there are no more.
func (m groupMarks) drop(ctx context.Context, tranches []feed.Tranche, slots int) error {
	var err error
	for _, tranche := range tranches {
		for slot := range max(1, slots) {
			if err == nil && m.notes != nil {
				err = m.notes.DropNote(ctx, m.group, markKind, SlotGroup(string(tranche), slot, slots))
			}
		}
	}
	return err
}

// AtRest makes sure that no process works for a consumer group, so that its checkpoint may be
// set: one that does is a [*MembersError]. One that died and said nothing is waited for as long
// as its lease, unless it ran on this machine. Of processes that keep no roster, as those on
// .NET, nothing is known.
func AtRest(ctx context.Context, checkpoints feed.Checkpoints, group string) error {
	keeper, ok := checkpoints.(feed.Slots)
	if !ok {
		return nil
	}
	_, err := awaitNobody(ctx, keeper, group, "checkpoint")
	if errors.Is(err, feed.ErrNoNotes) {
		return nil
	}
	return err
}

// awaitNobody waits until no member of a group is left that may be alive. What cannot be changed
// until then is said in the error.
func awaitNobody(ctx context.Context, slots feed.Slots, group, what string) (feed.Roster, error) {
	first := map[string]int64{}
	began := time.Now()
	for {
		roster, err := slots.Roster(ctx, group)
		if err != nil {
			return roster, err
		}
		var alive []string
		left, look := time.Duration(0), longestLook
		for _, m := range roster.Members {
			lease := time.Duration(m.Lease) * time.Millisecond
			silent := time.Duration(m.Silent)*time.Millisecond + roster.Unwritten
			beat, seen := first[m.Name]
			if !seen {
				first[m.Name] = m.Beat
			}
			if seen && beat != m.Beat {
				alive = append(alive, m.Name)
			}
			if processEnded(m.Process) {
				continue
			}
			left = max(left, lease-max(silent, time.Since(began)))
			look = min(look, lease/looksInLease)
		}
		if len(alive) > 0 {
			return roster, &MembersError{what, group, alive}
		}
		if left <= 0 {
			return roster, nil
		}
		if err := pause.For(ctx, min(left, look)); err != nil {
			return roster, err
		}
	}
}

// lowestOf is the lowest checkpoint of a tranche's slots. One that there never was is that
// of the group without slots, or else the beginning of the feed; if there is none at all,
// nothing is known.
func lowestOf(ctx context.Context, checkpoints feed.Checkpoints, source string, tranche feed.Tranche, group string, slots int) (lowest feed.Position, known bool, err error) {
	for slot := range max(1, slots) {
		position, ok, _, err := checkpointOf(ctx, checkpoints, source, tranche, group, slot, slots)
		if err != nil {
			return 0, false, err
		}
		known = known || ok
		if slot == 0 || position < lowest {
			lowest = position
		}
	}
	return lowest, known, nil
}

// checkpointOf is the checkpoint of a slot, or that of the group without slots, and what the
// marks in front of it are called.
func checkpointOf(ctx context.Context, checkpoints feed.Checkpoints, source string, tranche feed.Tranche, group string, slot, slots int) (position feed.Position, known bool, marks string, err error) {
	for _, of := range []struct{ group, marks string }{{SlotGroup(group, slot, slots), SlotGroup(string(tranche), slot, slots)}, {group, string(tranche)}} {
		position, known, err = checkpoints.Load(ctx, feed.Key{Source: source, Tranche: tranche, Group: of.group})
		if err != nil || known {
			return position, known, of.marks, err
		}
	}
	return 0, false, "", nil
}
