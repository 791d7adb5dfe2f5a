package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

func checkpoints() []leaf {
	return []leaf{
		{"a checkpoint that was never saved is absent, and looking for it makes none", checkpointsAbsent},
		{"the position saved last is loaded, even if it is lower", checkpointsLastWins},
		{"checkpoints are kept apart by group, tranche and source", checkpointsApart},
		{"checkpoints survive being opened again", checkpointsSurvive},
		{"the first and the largest position are kept exactly", checkpointsExact},
		{"saves that overlap do not disturb each other", checkpointsOverlap},
		{"a save whose context has ended saves nothing and says why", checkpointsCancelled},
		{"notes are kept by group, kind and name until they are dropped", checkpointsNotes},
	}
}

// checkpointsNotes writes, replaces and drops notes, from two that were opened apart.
func checkpointsNotes(t testing.TB, f Fixture) {
	one, ok := f.checkpoints(t).(feed.Notes)
	if !ok {
		return // it keeps none
	}
	other := f.checkpoints(t).(feed.Notes)
	group, stranger := UniqueCategory(), UniqueCategory()
	holds := func(group, kind string, want map[string]string) {
		t.Helper()
		for _, notes := range []feed.Notes{one, other} {
			found, err := notes.Notes(patient(t), group, kind)
			check.Must(t, err)
			got := map[string]string{}
			for name, body := range found {
				if diffJSON(body, []byte(want[name])) != "" {
					got[name] = string(body)
					continue
				}
				got[name] = want[name]
			}
			check.Same(t, fmt.Sprintf("notes of kind %s", kind), want, got)
		}
	}
	do := func(err error) {
		t.Helper()
		check.Must(t, err)
	}
	holds(group, "a", map[string]string{})
	do(one.PutNote(patient(t), group, "a", "x-1", []byte(`{"n":1}`)))
	do(other.PutNote(patient(t), group, "a", "y \"_", []byte(`{"n":2}`)))
	do(one.PutNote(patient(t), group, "b", "x-1", []byte(`{"n":3}`)))
	do(other.PutNote(patient(t), stranger, "a", "x-1", []byte(`{"n":4}`)))
	do(other.PutNote(patient(t), group, "a", "x-1", []byte(`{"n":5}`)))
	holds(group, "a", map[string]string{"x-1": `{"n":5}`, "y \"_": `{"n":2}`})
	do(one.DropNote(patient(t), group, "a", "x-1"))
	do(one.DropNote(patient(t), group, "a", "x-1"))
	holds(group, "a", map[string]string{"y \"_": `{"n":2}`})
	holds(group, "b", map[string]string{"x-1": `{"n":3}`})
	holds(stranger, "a", map[string]string{"x-1": `{"n":4}`})

	replaced := func(keeper feed.Notes, before, body string, want bool) {
		t.Helper()
		asBytes := func(text string) []byte {
			if text == "" {
				return nil
			}
			return []byte(text)
		}
		if before != "" && want { // as it is given
			found, err := keeper.Notes(patient(t), group, "a")
			check.Must(t, err)
			before = string(found["z"])
		}
		done, err := keeper.ReplaceNote(patient(t), group, "a", "z", asBytes(before), asBytes(body))
		check.Must(t, err)
		check.Equal(t, fmt.Sprintf("a note %q is replaced by %q", before, body), want, done)
	}
	replaced(one, `{"n":6}`, `{"n":7}`, false)
	replaced(one, `{"n":6}`, "", false)
	replaced(one, "", "", true)
	holds(group, "a", map[string]string{"y \"_": `{"n":2}`})
	replaced(one, "", `{"n":6}`, true)
	replaced(other, "", `{"n":7}`, false)
	replaced(other, "", "", false)
	replaced(other, `{"n":5}`, `{"n":7}`, false)
	replaced(other, `{"n":5}`, "", false)
	holds(group, "a", map[string]string{"y \"_": `{"n":2}`, "z": `{"n":6}`})
	replaced(other, `{"n":6}`, `{"n":8,"m":[1]}`, true)
	holds(group, "a", map[string]string{"y \"_": `{"n":2}`, "z": `{"n":8,"m":[1]}`})
	replaced(one, `{"n":8,"m":[1]}`, "", true)
	holds(group, "a", map[string]string{"y \"_": `{"n":2}`})

	lister, ok := one.(feed.NoteGroups)
	if !ok {
		return // it cannot tell who has notes
	}
	listed := func(kind string) (ours []string) {
		t.Helper()
		all, err := lister.NoteGroups(patient(t), kind)
		check.Must(t, err)
		for _, name := range all { // others test here too
			if name == group || name == stranger {
				ours = append(ours, name)
			}
		}
		return ours
	}
	both := []string{group, stranger}
	slices.Sort(both)
	check.Same(t, "groups with notes of kind a", both, listed("a"))
	check.Same(t, "groups with notes of kind b", []string{group}, listed("b"))
	do(other.DropNote(patient(t), group, "b", "x-1"))
	check.Same(t, "groups with notes of kind b", []string(nil), listed("b"))
}

// uniqueKey is the key of a consumer group that nobody else uses.
func uniqueKey() feed.Key {
	return feed.Key{Source: "storetest", Tranche: "tranche", Group: UniqueCategory()}
}

func mustSave(t testing.TB, c feed.Checkpoints, key feed.Key, pos feed.Position) {
	t.Helper()
	check.Mustf(t, c.Save(patient(t), key, pos), "save %d for %+v", pos, key)
}

func checkSaved(t testing.TB, c feed.Checkpoints, key feed.Key, want feed.Position) {
	t.Helper()
	got, ok, err := c.Load(patient(t), key)
	if err != nil || !ok || got != want {
		t.Errorf("load %+v: got %d, %t and error %v; want %d", key, got, ok, err, want)
	}
}

func checkAbsent(t testing.TB, c feed.Checkpoints, key feed.Key) {
	t.Helper()
	got, ok, err := c.Load(patient(t), key)
	if err != nil || ok || got != 0 {
		t.Errorf("load %+v, which was never saved: got %d, %t and error %v; want 0, false", key, got, ok, err)
	}
}

func checkpointsAbsent(t testing.TB, f Fixture) {
	c, key := f.checkpoints(t), uniqueKey()
	checkAbsent(t, c, key)
	checkAbsent(t, c, key)
	checkAbsent(t, f.checkpoints(t), key)
}

func checkpointsLastWins(t testing.TB, f Fixture) {
	c, key := f.checkpoints(t), uniqueKey()
	for _, pos := range []feed.Position{5, 7, 3, 3, 0, 1} {
		mustSave(t, c, key, pos)
		checkSaved(t, c, key, pos)
	}
}

func checkpointsApart(t testing.TB, f Fixture) {
	c, key := f.checkpoints(t), uniqueKey()
	keys := []feed.Key{
		key,
		{Source: key.Source, Tranche: key.Tranche, Group: key.Group + "X"},
		{Source: key.Source, Tranche: key.Tranche + "X", Group: key.Group},
		{Source: key.Source + "X", Tranche: key.Tranche, Group: key.Group},
		{Source: string(key.Tranche), Tranche: feed.Tranche(key.Source), Group: key.Group},
		{Source: "ab", Tranche: "c", Group: key.Group},
		{Source: "a", Tranche: "bc", Group: key.Group},
		{Source: "A", Tranche: "bc", Group: key.Group},
		{Source: "a", Tranche: "BC", Group: key.Group},
	}
	for i, key := range keys {
		checkAbsent(t, c, key)
		mustSave(t, c, key, feed.Position(100+i))
	}
	for i, key := range keys {
		checkSaved(t, c, key, feed.Position(100+i))
	}
}

func checkpointsSurvive(t testing.TB, f Fixture) {
	key := uniqueKey()
	mustSave(t, f.checkpoints(t), key, 41)
	checkSaved(t, f.checkpoints(t), key, 41)
	mustSave(t, f.checkpoints(t), key, 42)
	checkSaved(t, f.checkpoints(t), key, 42)
}

// checkpointsExact includes the first integer that a float64 does not hold.
func checkpointsExact(t testing.TB, f Fixture) {
	c := f.checkpoints(t)
	for _, pos := range []feed.Position{0, 1, 1<<53 + 1, math.MaxInt64} {
		key := uniqueKey()
		mustSave(t, c, key, pos)
		checkSaved(t, c, key, pos)
	}
}

func checkpointsOverlap(t testing.TB, f Fixture) {
	const savers, saves = 8, 10
	c, base := f.checkpoints(t), uniqueKey()
	ctx := patient(t)
	keys := make([]feed.Key, savers)
	errs := make([]error, savers)
	var wg sync.WaitGroup
	for i := range savers {
		keys[i] = base
		keys[i].Tranche = feed.Tranche(fmt.Sprint("t", i))
		wg.Go(func() {
			for n := 1; n <= saves && errs[i] == nil; n++ {
				errs[i] = c.Save(ctx, keys[i], feed.Position(100*i+n))
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		check.Mustf(t, err, "save for %+v", keys[i])
		checkSaved(t, c, keys[i], feed.Position(100*i+saves))
	}
}

func checkpointsCancelled(t testing.TB, f Fixture) {
	c, key := f.checkpoints(t), uniqueKey()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Save(ctx, key, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("save with a cancelled context: got error %v, want context.Canceled", err)
	}
	if _, _, err := c.Load(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("load with a cancelled context: got error %v, want context.Canceled", err)
	}
	checkAbsent(t, c, key)
}
