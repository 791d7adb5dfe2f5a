package groupcheckout

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		`"merged":"AQAAAAAAAAAAAAAAAAAAAA==","residuals":[58.50],"failed":"AgAAAAAAAAAAAAAAAAAAAA==",` +
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
		return `{"selected":` + selected + `,"merged":"","residuals":[],"failed":` + failed + `,"reasons":[],"payments":"","balance":0,"confirmed":false}`
	}
	if _, err := Snapshots().Decode([]byte(of(anna, anna))); err != nil {
		t.Errorf("a sound one: %v", err)
	}
	for name, data := range map[string]string{
		"an outcome of a stay that is not selected": of(none, anna),
		"a stay that is selected twice":             of(`"AQAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAA="`, none),
		"a merged stay without a residual":          strings.Replace(of(anna, none), `"merged":""`, `"merged":`+anna, 1),
		"nothing":                                   `{}`,
	} {
		if _, err := Snapshots().Decode([]byte(data)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
