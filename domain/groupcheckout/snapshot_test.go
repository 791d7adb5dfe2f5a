package groupcheckout

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/memory"
)

func TestASnapshotAndWhatFollowsAreTheWhole(t *testing.T) {
	t.Parallel()
	aggregate().Snapshots(t, Snapshots(), anyEvents())
}

// The stored form: .NET reads it as a record with these properties.
func TestTheStoredFormOfASnapshot(t *testing.T) {
	t.Parallel()
	state := Fold(State{}, []Event{
		selected(bert, anna, cleo), merged(residual(anna, "58.50")), failed(bert), paid(cash, "8"), confirmed(),
	})
	const want = `{"selected":"AgAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAAAAAAAAAAA",` +
		`"merged":[{"stay":"01000000-0000-0000-0000-000000000000","residual":58.50}],"failed":"AgAAAAAAAAAAAAAAAAAAAA==",` +
		`"reasons":[{"stay":"02000000-0000-0000-0000-000000000000","whyNot":"checkedOut"}],"payments":"AQAAAAAAAAAAAAAAAAAAAA==","balance":50.50,"confirmed":true}`
	data, err := Snapshots().Encode(state)
	if diff := cmp.Diff(want, string(data)); diff != "" || err != nil {
		t.Errorf("error %v, snapshot (-want +got):\n%s", err, diff)
	}
}

// Of a group whose events are of many stays each, a snapshot would be as long as the events.
func TestASnapshotIsTakenWhereItSparesReading(t *testing.T) {
	t.Parallel()
	for portion, want := range map[int]int64{
		1:  9, // all but the first, which would hold 20 stays for 2 events
		50: 0,
	} {
		counts := &es.Counts{}
		service := NewService(memory.New(), es.Options{SnapshotEvery: 2, Counts: counts})
		group, stays := domain.GroupID(uuid.New()), make([]domain.StayID, 20*portion)
		for i := range stays {
			stays[i] = domain.StayID(uuid.New())
		}
		if err := service.Select(t.Context(), group, stays, noon()); err != nil {
			t.Fatal(err)
		}
		for portion := range slices.Chunk(stays, portion) {
			var outcomes Outcomes
			for _, stay := range portion {
				outcomes.Merged = append(outcomes.Merged, Residual{Stay: stay})
			}
			if _, _, err := service.Record(t.Context(), group, outcomes); err != nil {
				t.Fatal(err)
			}
		}
		if got := counts.Now().Snapshots; got != want {
			t.Errorf("%d stays in each of 20 records: got %d snapshots, want %d", portion, got, want)
		}
	}
}

func TestASnapshotThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	const anna, none = `"AQAAAAAAAAAAAAAAAAAAAA=="`, `""`
	of := func(selected, failed string) string {
		return `{"selected":` + selected + `,"merged":[],"failed":` + failed + `,"reasons":[],"payments":"","balance":0,"confirmed":false}`
	}
	if _, err := Snapshots().Decode([]byte(of(anna, anna))); err != nil {
		t.Errorf("a sound one: %v", err)
	}
	for name, data := range map[string]string{
		"an outcome of a stay that is not selected": of(none, anna),
		"a stay that is selected twice":             of(`"AQAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAA="`, none),
		"nothing":                                   `{}`,
	} {
		if _, err := Snapshots().Decode([]byte(data)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
