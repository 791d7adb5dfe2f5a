package domain_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/domain"
)

// TestATableIsAMapThatIsNotChanged compares any sequence of additions with a map, and
// looks at every table in between once more in the end.
func TestATableIsAMapThatIsNotChanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var tables []domain.Table[domain.StayID, int]
		var models []map[domain.StayID]int
		var table domain.Table[domain.StayID, int]
		model := map[domain.StayID]int{}
		for range rapid.IntRange(1, 5).Draw(t, "additions") {
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				id, value := domain.StayID{rapid.ByteRange(0, 3).Draw(t, "id"), 15: rapid.ByteRange(0, 3).Draw(t, "id")}, rapid.Int().Draw(t, "value")
				table = table.With(id, value)
				model[id] = value
			}
			tables, models = append(tables, table), append(models, maps.Clone(model))
		}
		for i, table := range tables {
			if diff := cmp.Diff(models[i], maps.Collect(table.All)); diff != "" || table.Len() != len(models[i]) {
				t.Fatalf("table %d of length %d (-want +got):\n%s", i, table.Len(), diff)
			}
			for id, value := range models[i] {
				if got, ok := table.Get(id); got != value || !ok || !table.Has(id) {
					t.Fatalf("got %d and %t, want %d", got, ok, value)
				}
			}
			ids := slices.Collect(maps.Keys(models[i]))
			for id := range table.All {
				if !slices.Contains(ids, id) {
					t.Fatalf("got %s, want none but %v", id, ids)
				}
				break // All may be left early
			}
		}
	})
}

func TestATableOfNothing(t *testing.T) {
	t.Parallel()
	var table domain.Table[domain.StayID, int]
	if table.Len() != 0 || table.Has(domain.StayID{1}) {
		t.Error("got something in a table of nothing")
	}
	for range table.All {
		t.Error("got something in a table of nothing")
	}
}
