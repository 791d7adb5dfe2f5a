package groupcheckout

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
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

func TestASnapshotThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	const anna, none = `"AQAAAAAAAAAAAAAAAAAAAA=="`, `""`
	of := func(selected, failed string) string {
		return `{"selected":` + selected + `,"merged":[],"failed":` + failed + `,"reasons":[],"payments":"","balance":0,"confirmed":false}`
	}
	check.OKf(t, check.Error(Snapshots().Decode([]byte(of(anna, anna)))), "a sound one")
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
