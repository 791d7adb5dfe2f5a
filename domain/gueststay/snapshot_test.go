package gueststay

import (
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
		refusedTo(family), checkedIn(), charged(minibar, "12.50"), charged(breakfast, "7"), paid(cash, "1.5"), transferred(colleagues, "18.00"),
	})
	const want = `{"known":true,"checkedIn":["2026-11-23T12:00:00+00:00"],"charges":"AQAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAA=",` +
		`"payments":"AQAAAAAAAAAAAAAAAAAAAA==","balance":18.00,"checkedOut":false,` +
		`"transferred":[{"at":"2026-11-23T12:00:00+00:00","groupId":"02000000-0000-0000-0000-000000000000","residualBalance":18.00}],` +
		`"refused":["01000000-0000-0000-0000-000000000000"]}`
	data, err := Snapshots().Encode(state)
	if diff := cmp.Diff(want, string(data)); diff != "" || err != nil {
		t.Errorf("error %v, snapshot (-want +got):\n%s", err, diff)
	}
}

func TestASnapshotThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing":            `{}`,
		"a property too few": `{"known":true,"checkedIn":[],"charges":"","payments":"","balance":18.00,"checkedOut":false,"transferred":[]}`,
		"a part of an id":    `{"known":true,"checkedIn":[],"charges":"AQAA","payments":"","balance":0,"checkedOut":false,"transferred":[],"refused":[]}`,
		"no base64":          `{"known":true,"checkedIn":[],"charges":"!","payments":"","balance":0,"checkedOut":false,"transferred":[],"refused":[]}`,
		"two arrivals": `{"known":true,"checkedIn":["2026-11-23T12:00:00+00:00","2026-11-23T12:00:00+00:00"],"charges":"","payments":"","balance":0,` +
			`"checkedOut":false,"transferred":[],"refused":[]}`,
		"no JSON": `{`,
	} {
		if _, err := Snapshots().Decode([]byte(data)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
