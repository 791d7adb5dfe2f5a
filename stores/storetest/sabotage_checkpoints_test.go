package storetest

import (
	"context"
	"sync"
	"time"

	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
	"example.com/groupcheckout/stores/memory"
)

// remembering wraps the checkpoints, which are the same at each call.
func remembering(wrap func(feed.Checkpoints) feed.Checkpoints) func() Fixture {
	return func() Fixture {
		fixture := intact()
		checkpoints, err := fixture.Checkpoints()
		broken := wrap(checkpoints)
		fixture.Checkpoints = func() (feed.Checkpoints, error) { return broken, err }
		return fixture
	}
}

func sabotagedCheckpoints() []sabotage {
	return []sabotage{
		{"makes a checkpoint when it looks for one", remembering(makeOnLoad), []string{
			"a checkpoint that was never saved is absent, and looking for it makes none",
		}},
		{"keeps the highest position", remembering(keepHighest), []string{
			"the position saved last is loaded, even if it is lower",
		}},
		{"ignores the tranche", rekeying(func(key feed.Key) feed.Key {
			key.Tranche = ""
			return key
		}), []string{
			"checkpoints are kept apart by group, tranche and source",
			"saves that overlap do not disturb each other",
		}},
		{"runs source and tranche together", rekeying(func(key feed.Key) feed.Key {
			return feed.Key{Tranche: feed.Tranche(key.Source) + key.Tranche, Group: key.Group}
		}), []string{"checkpoints are kept apart by group, tranche and source"}},
		{"keeps notes of every kind together", remembering(func(next feed.Checkpoints) feed.Checkpoints {
			return kindless{next, next.(feed.Notes)}
		}), []string{"notes are kept by group, kind and name until they are dropped"}},
		{"forgets when it is closed", forgetting, []string{"checkpoints survive being opened again"}},
		{"keeps positions as floating point", remembering(asFloat), []string{
			"the first and the largest position are kept exactly",
		}},
	}
}

// kindless is checkpoints whose notes are all of one kind.
type kindless struct {
	feed.Checkpoints

	kept feed.Notes
}

// Notes implements feed.Notes.
func (k kindless) Notes(ctx context.Context, group, _ string) (map[string][]byte, error) {
	return k.kept.Notes(ctx, group, "")
}

// PutNote implements feed.Notes.
func (k kindless) PutNote(ctx context.Context, group, _, name string, body []byte) error {
	return k.kept.PutNote(ctx, group, "", name, body)
}

// ReplaceNote implements feed.Notes.
func (k kindless) ReplaceNote(ctx context.Context, group, _, name string, before, body []byte) (bool, error) {
	return k.kept.ReplaceNote(ctx, group, "", name, before, body)
}

// DropNote implements feed.Notes.
func (k kindless) DropNote(ctx context.Context, group, _, name string) error {
	return k.kept.DropNote(ctx, group, "", name)
}

func makeOnLoad(next feed.Checkpoints) feed.Checkpoints {
	return intercept.Checkpoints(next, intercept.CheckpointsHooks{
		AfterLoad: func(ctx context.Context, key feed.Key, pos feed.Position, ok bool, err error) (feed.Position, bool, error) {
			if !ok && err == nil {
				err = next.Save(ctx, key, 0)
			}
			return pos, ok, err
		},
	})
}

func keepHighest(next feed.Checkpoints) feed.Checkpoints {
	var mu sync.Mutex
	highest := map[feed.Key]feed.Position{}
	return intercept.Checkpoints(next, intercept.CheckpointsHooks{
		BeforeSave: func(_ context.Context, key feed.Key, pos feed.Position) error {
			mu.Lock()
			defer mu.Unlock()
			highest[key] = max(highest[key], pos)
			return nil
		},
		AfterLoad: func(_ context.Context, key feed.Key, _ feed.Position, ok bool, err error) (feed.Position, bool, error) {
			mu.Lock()
			defer mu.Unlock()
			return highest[key], ok, err
		},
	})
}

func asFloat(next feed.Checkpoints) feed.Checkpoints {
	return intercept.Checkpoints(next, intercept.CheckpointsHooks{
		AfterLoad: func(_ context.Context, _ feed.Key, pos feed.Position, ok bool, err error) (feed.Position, bool, error) {
			return feed.Position(float64(pos) / 2 * 2), ok, err
		},
	})
}

func forgetting() Fixture {
	fixture := intact()
	fixture.Checkpoints = func() (feed.Checkpoints, error) { return memory.NewCheckpoints(), nil }
	return fixture
}

// rekeying mistakes a key for another.
func rekeying(mistake func(feed.Key) feed.Key) func() Fixture {
	return remembering(func(next feed.Checkpoints) feed.Checkpoints { return rekeyed{next, mistake} })
}

type rekeyed struct {
	feed.Checkpoints
	mistake func(feed.Key) feed.Key
}

func (r rekeyed) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	return r.Checkpoints.Load(ctx, r.mistake(key))
}

func (r rekeyed) Save(ctx context.Context, key feed.Key, pos feed.Position) error {
	return r.Checkpoints.Save(ctx, r.mistake(key), pos)
}

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
