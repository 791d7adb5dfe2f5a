package es_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
)

// Maps are compared with plain ones, of which each change makes a copy; earlier ones have
// to stay as they were, and several may be made of one.
func TestAMapIsLikeACopyForEachChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := []es.Map[int, string]{{}}
		plain := []map[int]string{{}}
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			of := rapid.IntRange(0, len(all)-1).Draw(t, "of")
			changes := rapid.MapOfN(rapid.IntRange(0, 20), rapid.StringN(0, 2, 2), 0, 5).Draw(t, "changes")
			copied := maps.Clone(plain[of])
			maps.Copy(copied, changes)
			all, plain = append(all, all[of].With(changes)), append(plain, copied)
		}
		for i := range all {
			if diff := cmp.Diff(plain[i], all[i].All()); diff != "" {
				t.Fatalf("map %d (-want +got):\n%s", i, diff)
			}
			for key := range 21 {
				got, ok := all[i].Get(key)
				if want, there := plain[i][key]; got != want || ok != there {
					t.Fatalf("map %d: got %q and %t under %d, want %q and %t", i, got, ok, key, want, there)
				}
			}
			if same := maps.Equal(plain[i], plain[0]); all[i].Equal(all[0]) != same {
				t.Fatalf("map %d: got equal to the empty one %t, want %t", i, !same, same)
			}
		}
	})
}

// What bites: each change copies all that is held.
func TestAChangeOfAMapCostsWhatIsChanged(t *testing.T) {
	t.Parallel()
	const count = 1 << 14
	var m es.Map[int, int]
	for i := range count {
		m = m.With(map[int]int{i: i})
		if got := m.Layers(); got > 15 {
			t.Fatalf("%d entries: got %d layers, want no more than the number can be halved", i+1, got)
		}
	}
	for _, key := range []int{0, count / 2, count - 1} {
		if got, ok := m.Get(key); got != key || !ok {
			t.Errorf("got %d and %t under %d", got, ok, key)
		}
	}
}

// scaled is equal to another one of the same value.
type scaled struct{ value, scale int }

func (s scaled) Equal(other scaled) bool { return s.value == other.value }

func TestMapsAreEqualAsTheirValuesAre(t *testing.T) {
	t.Parallel()
	var none es.Map[int, scaled]
	one, same := none.With(map[int]scaled{1: {5, 1}}), none.With(map[int]scaled{1: {5, 2}})
	other, more := none.With(map[int]scaled{1: {6, 1}}), one.With(map[int]scaled{2: {5, 1}})
	if !one.Equal(same) || one.Equal(other) || one.Equal(more) || one.Equal(none) || !none.Equal(es.Map[int, scaled]{}) {
		t.Error("got maps equal whose values are not, or the other way round")
	}
}
