package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

func slots() []leaf {
	all := []leaf{
		{"a roster is absent until one is written, and is read as it was written", slotsRoster},
		{"of those who write a roster at once one is first, and the others write nothing", slotsOneIsFirst},
		{"a claim makes a checkpoint where there is none, and returns the one that there is", slotsClaim},
		{"whoever has lost a slot can neither save nor claim", slotsFenced},
		{"a save that began while the slot was held is refused if it comes after the next holder's claim", slotsLate},
		{"a position that somebody set by hand is overwritten by who holds the slot", slotsByHand},
	}
	for i, leaf := range all {
		all[i].check = func(t testing.TB, f Fixture) {
			t.Helper()
			if _, ok := f.checkpoints(t).(feed.Slots); ok { // others keep none
				leaf.check(t, f)
			}
		}
	}
	return all
}

// keepers are checkpoints, opened apart.
func (f Fixture) keepers(t testing.TB, n int) []keeper {
	t.Helper()
	all := make([]keeper, n)
	for i := range all {
		checkpoints := f.checkpoints(t)
		all[i] = keeper{checkpoints, checkpoints.(feed.Slots)}
	}
	return all
}

type keeper struct {
	feed.Checkpoints
	feed.Slots
}

// give makes a member of the group the holder of its first slot.
func (k keeper) give(t testing.TB, group, holder string) feed.Hold {
	t.Helper()
	roster, err := k.Roster(patient(t), group)
	check.Must(t, err)
	if len(roster.Slots) == 0 {
		roster.Slots = []feed.Slot{{}, {Holder: "somebody else", Token: 7}}
	}
	roster.Version++
	roster.Slots[0] = feed.Slot{Holder: holder, Token: roster.Slots[0].Token + 1}
	check.Must(t, k.PutRoster(patient(t), roster))
	return feed.Hold{Group: group, Slot: 0, Token: roster.Slots[0].Token}
}

func (k keeper) claim(t testing.TB, key feed.Key, hold feed.Hold, first, want feed.Position) {
	t.Helper()
	if got, err := k.Claim(patient(t), key, hold, first); err != nil || got != want {
		t.Fatalf("claim: got %d and error %v, want %d", got, err, want)
	}
}

func (k keeper) saveHeld(t testing.TB, key feed.Key, hold feed.Hold, pos feed.Position) {
	t.Helper()
	check.Mustf(t, k.SaveHeld(patient(t), key, hold, pos), "save %d", pos)
}

func checkLost(t testing.TB, what string, err error, hold feed.Hold) {
	t.Helper()
	if lost, ok := errors.AsType[*feed.SlotLostError](err); !ok || lost.Hold != hold {
		t.Errorf("%s: got error %v, want the loss of %+v", what, err, hold)
	}
}

func checkRoster(t testing.TB, slots feed.Slots, want feed.Roster) {
	t.Helper()
	got, err := slots.Roster(patient(t), want.Group)
	check.Must(t, err)
	check.Same(t, "roster", want, got, cmpopts.IgnoreFields(feed.Roster{}, "Unwritten"), cmpopts.EquateEmpty())
	if got.Unwritten < 0 || got.Unwritten > patience {
		t.Errorf("it was written %s ago, want it to be a moment", got.Unwritten)
	}
}

func slotsRoster(t testing.TB, f Fixture) {
	keepers, group, other := f.keepers(t, 2), UniqueCategory(), UniqueCategory()
	checkRoster(t, keepers[0], feed.Roster{Group: group})
	first := feed.Roster{
		Group: group, Version: 1,
		Slots:   []feed.Slot{{Holder: "a \"1\"", Token: 1}, {Token: 1<<53 + 1}},
		Members: []feed.Member{{Name: "a \"1\"", Beat: 3, Lease: 10_000, Silent: 25}, {Name: "b", Beat: 1, Lease: 1}},
	}
	check.Must(t, keepers[0].PutRoster(patient(t), first))
	for _, k := range keepers {
		checkRoster(t, k, first)
		checkRoster(t, k, feed.Roster{Group: other})
	}
	second := feed.Roster{Group: group, Version: 2, Slots: []feed.Slot{{}}}
	check.Must(t, keepers[1].PutRoster(patient(t), second))
	for _, k := range keepers {
		checkRoster(t, k, second)
	}
	for _, version := range []int64{0, 1, 2, 4} {
		wrong := first
		wrong.Version = version
		if err := keepers[0].PutRoster(patient(t), wrong); !errors.Is(err, feed.ErrRosterMoved) {
			t.Errorf("version %d behind version 2: got error %v, want ErrRosterMoved", version, err)
		}
	}
	checkRoster(t, keepers[0], second)
}

func slotsOneIsFirst(t testing.TB, f Fixture) {
	const writers, rounds = 4, 6
	keepers, group := f.keepers(t, writers), UniqueCategory()
	for version := int64(1); version <= rounds; version++ {
		errs := make([]error, writers)
		var all sync.WaitGroup
		for i, k := range keepers {
			all.Go(func() {
				errs[i] = k.PutRoster(patient(t), feed.Roster{Group: group, Version: version, Slots: []feed.Slot{{Holder: fmt.Sprint(i), Token: version}}})
			})
		}
		all.Wait()
		first := -1
		for i, err := range errs {
			switch {
			case err == nil && first < 0:
				first = i
			case err == nil:
				t.Errorf("version %d was written by %d and by %d", version, first, i)
			case !errors.Is(err, feed.ErrRosterMoved):
				t.Errorf("version %d: got error %v, want ErrRosterMoved", version, err)
			}
		}
		if first < 0 {
			t.Fatalf("nobody wrote version %d", version)
		}
		checkRoster(t, keepers[0], feed.Roster{Group: group, Version: version, Slots: []feed.Slot{{Holder: fmt.Sprint(first), Token: version}}})
	}
}

func slotsClaim(t testing.TB, f Fixture) {
	keepers, key := f.keepers(t, 2), uniqueKey()
	one, other := keepers[0], keepers[1]
	hold := one.give(t, key.Group, "one")
	checkAbsent(t, one, key)
	one.claim(t, key, hold, 12, 12)
	checkSaved(t, other, key, 12)
	one.claim(t, key, hold, 0, 12)
	one.saveHeld(t, key, hold, 20)
	one.saveHeld(t, key, hold, 20)
	one.saveHeld(t, key, hold, 19)
	checkSaved(t, other, key, 19)
	next := other.give(t, key.Group, "other")
	other.claim(t, key, next, 0, 19)
	other.saveHeld(t, key, next, 30)
	checkSaved(t, one, key, 30)
	// What the roster says of one slot is no matter to the checkpoints of another.
	second := feed.Hold{Group: key.Group, Slot: 1, Token: 7}
	key.Group += "X"
	one.claim(t, key, second, 5, 5)
	one.saveHeld(t, key, second, 6)
	checkSaved(t, other, key, 6)
}

func slotsFenced(t testing.TB, f Fixture) {
	keepers, key := f.keepers(t, 2), uniqueKey()
	one, other := keepers[0], keepers[1]
	never := feed.Hold{Group: key.Group, Slot: 0, Token: 0}
	_, err := one.Claim(patient(t), key, never, 3)
	checkLost(t, "a claim without a roster", err, never)
	hold := one.give(t, key.Group, "one")
	one.claim(t, key, hold, 10, 10)
	one.saveHeld(t, key, hold, 20)
	next := other.give(t, key.Group, "other")
	other.claim(t, key, next, 0, 20)
	for _, k := range keepers {
		checkLost(t, "a save", k.SaveHeld(patient(t), key, hold, 99), hold)
		checkLost(t, "a save of what is saved", k.SaveHeld(patient(t), key, hold, 20), hold)
		_, err := k.Claim(patient(t), key, hold, 99)
		checkLost(t, "a claim", err, hold)
	}
	other.saveHeld(t, key, next, 30)
	checkLost(t, "a save after the other's", one.SaveHeld(patient(t), key, hold, 21), hold)
	checkSaved(t, one, key, 30)
	free := other.give(t, key.Group, "")
	checkLost(t, "a save when nobody holds it", other.SaveHeld(patient(t), key, free, 31), free)
	last := one.give(t, key.Group, "one")
	one.claim(t, key, last, 0, 30)
	checkLost(t, "a save after it was given back and taken", other.SaveHeld(patient(t), key, next, 31), next)
	outside := feed.Hold{Group: key.Group, Slot: 2, Token: 0}
	checkLost(t, "a save for a slot that is not there", other.SaveHeld(patient(t), key, outside, 31), outside)
}

// slotsLate has one holder save while another takes the slot, over and over.
func slotsLate(t testing.TB, f Fixture) {
	const rounds = 20
	keepers, key := f.keepers(t, 2), uniqueKey()
	hold := keepers[0].give(t, key.Group, "0")
	keepers[0].claim(t, key, hold, 0, 0)
	for round := 1; round <= rounds; round++ {
		one, other := keepers[(round+1)%2], keepers[round%2]
		late := feed.Position(1000*round + 1)
		var saved error
		var saving sync.WaitGroup
		begins, ctx := make(chan struct{}), patient(t)
		saving.Go(func() {
			close(begins)
			saved = one.SaveHeld(ctx, key, hold, late)
		})
		<-begins
		next := other.give(t, key.Group, fmt.Sprint(round))
		at, err := other.Claim(patient(t), key, next, 0)
		check.Must(t, err)
		saving.Wait()
		if saved != nil {
			checkLost(t, "the save", saved, hold)
		}
		if (at == late) != (saved == nil) {
			t.Errorf("round %d: the claim found %d, and the save of %d had the error %v", round, at, late, saved)
		}
		checkSaved(t, one, key, at)
		hold = next
	}
}

func slotsByHand(t testing.TB, f Fixture) {
	keepers, key := f.keepers(t, 2), uniqueKey()
	hold := keepers[0].give(t, key.Group, "one")
	keepers[0].claim(t, key, hold, 40, 40)
	mustSave(t, keepers[1], key, 10)
	checkSaved(t, keepers[0], key, 10)
	keepers[0].saveHeld(t, key, hold, 41)
	checkSaved(t, keepers[1], key, 41)
}
