package storetest

import (
	"context"
	"time"

	"example.com/groupcheckout/reactor/feed"
)

// slotSaboteur replaces some of what keeps slots.
type slotSaboteur struct {
	feed.Checkpoints
	feed.Slots

	put   func(ctx context.Context, slots feed.Slots, roster feed.Roster) error
	claim func(ctx context.Context, all feed.Checkpoints, key feed.Key, hold feed.Hold, first feed.Position) (feed.Position, error)
	save  func(ctx context.Context, all feed.Checkpoints, key feed.Key, hold feed.Hold, pos feed.Position) error
}

func (s slotSaboteur) PutRoster(ctx context.Context, roster feed.Roster) error {
	if s.put != nil {
		return s.put(ctx, s.Slots, roster)
	}
	return s.Slots.PutRoster(ctx, roster)
}

func (s slotSaboteur) Claim(ctx context.Context, key feed.Key, hold feed.Hold, first feed.Position) (feed.Position, error) {
	if s.claim != nil {
		return s.claim(ctx, s.Checkpoints, key, hold, first)
	}
	return s.Slots.Claim(ctx, key, hold, first)
}

func (s slotSaboteur) SaveHeld(ctx context.Context, key feed.Key, hold feed.Hold, pos feed.Position) error {
	if s.save != nil {
		return s.save(ctx, s.Checkpoints, key, hold, pos)
	}
	return s.Slots.SaveHeld(ctx, key, hold, pos)
}

func sabotagedSlots() []sabotage {
	wrap := func(s slotSaboteur) func() Fixture {
		return remembering(func(next feed.Checkpoints) feed.Checkpoints {
			s.Checkpoints, s.Slots = next, next.(feed.Slots)
			return s
		})
	}
	return []sabotage{
		{"writes a roster over that of another", wrap(slotSaboteur{put: func(ctx context.Context, slots feed.Slots, roster feed.Roster) error {
			before, err := slots.Roster(ctx, roster.Group)
			if err != nil {
				return err
			}
			roster.Version = before.Version + 1
			return slots.PutRoster(ctx, roster)
		}}), []string{
			"a roster is absent until one is written, and is read as it was written",
			"of those who write a roster at once one is first, and the others write nothing",
		}},
		{"saves whoever holds the slot", wrap(slotSaboteur{save: func(ctx context.Context, all feed.Checkpoints, key feed.Key, _ feed.Hold, pos feed.Position) error {
			return all.Save(ctx, key, pos)
		}}), []string{
			"whoever has lost a slot can neither save nor claim",
		}},
		{"looks who holds the slot, and saves after that", wrap(slotSaboteur{save: func(ctx context.Context, all feed.Checkpoints, key feed.Key, hold feed.Hold, pos feed.Position) error {
			roster, err := all.(feed.Slots).Roster(ctx, hold.Group)
			if err != nil || !roster.Holds(hold) {
				return &feed.SlotLostError{Hold: hold}
			}
			time.Sleep(time.Millisecond) // in a bubble, where the others get on meanwhile
			return all.Save(ctx, key, pos)
		}}), []string{
			"a save that began while the slot was held is refused if it comes after the next holder's claim",
		}},
		{"begins anew when a slot is claimed", wrap(slotSaboteur{claim: func(ctx context.Context, all feed.Checkpoints, key feed.Key, _ feed.Hold, first feed.Position) (feed.Position, error) {
			return first, all.Save(ctx, key, first)
		}}), []string{
			"a claim makes a checkpoint where there is none, and returns the one that there is",
		}},
		{"saves nothing below what is saved", wrap(slotSaboteur{save: func(ctx context.Context, all feed.Checkpoints, key feed.Key, hold feed.Hold, pos feed.Position) error {
			if saved, _, err := all.Load(ctx, key); err != nil || pos < saved+2 {
				return err
			}
			return all.(feed.Slots).SaveHeld(ctx, key, hold, pos)
		}}), []string{
			"a claim makes a checkpoint where there is none, and returns the one that there is",
		}},
		{"takes a position that was set by hand for a loss of the slot", wrap(slotSaboteur{save: func(ctx context.Context, all feed.Checkpoints, key feed.Key, hold feed.Hold, pos feed.Position) error {
			if saved, _, err := all.Load(ctx, key); err != nil || saved < 40 {
				return &feed.SlotLostError{Hold: hold}
			}
			return all.(feed.Slots).SaveHeld(ctx, key, hold, pos)
		}}), []string{
			"a position that somebody set by hand is overwritten by who holds the slot",
		}},
	}
}
