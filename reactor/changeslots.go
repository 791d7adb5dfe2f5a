package reactor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// MembersError says that processes of a consumer group work, or did just now.
type MembersError struct {
	Group string
	Names []string
}

func (e *MembersError) Error() string {
	return fmt.Sprintf("the number of slots of consumer group %q cannot be changed while processes work for it: stop %s first", e.Group, strings.Join(e.Names, ", "))
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
// as long as its lease, unless it ran on this machine. Each new slot goes on at the lowest checkpoint of those before,
// so what lies behind may be handled again, and nothing is skipped.
func ChangeSlots(ctx context.Context, source feed.Source, checkpoints feed.Checkpoints, group string, slots int) (before int, err error) {
	keeper, ok := checkpoints.(feed.Slots)
	if !ok || slots < 1 || slots > MaxSlots {
		return 0, &ConfigError{"the number of slots", slots, fmt.Sprintf("it has to be from 1 to %d, of checkpoints that keep who holds them", MaxSlots)}
	}
	roster, err := awaitNobody(ctx, keeper, group)
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
	for _, tranche := range tranches {
		lowest, known, err := lowestOf(ctx, checkpoints, source.ID(), tranche, group, before)
		if err != nil {
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
	return before, keeper.PutRoster(ctx, next)
}

// awaitNobody waits until no member of a group is left that may be alive.
func awaitNobody(ctx context.Context, slots feed.Slots, group string) (feed.Roster, error) {
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
			return roster, &MembersError{group, alive}
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
		position, ok := feed.Position(0), false
		for _, name := range []string{SlotGroup(group, slot, slots), group} {
			if err == nil && !ok {
				position, ok, err = checkpoints.Load(ctx, feed.Key{Source: source, Tranche: tranche, Group: name})
			}
		}
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
