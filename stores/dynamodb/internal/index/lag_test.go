package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

func TestLagTellsWhetherAnythingComesIn(t *testing.T) {
	t.Parallel()
	source, err := NewSource(mustTable(t, faketable.New(), TableConfig()), SourceConfig{}, "Truck")
	check.Must(t, err)
	lag, err := source.Lag(t.Context(), "0", 0)
	if err != nil || lag.End != 0 || lag.Events != 0 || !strings.Contains(lag.Silent, "nothing was ever indexed") {
		t.Errorf("of an empty index: got %+v and error %v, want that nothing was ever indexed", lag, err)
	}
	if _, err := source.Lag(t.Context(), "none", 0); err == nil {
		t.Error("of a tranche that is none: got no error")
	}

	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	const ttl = 15 * time.Second
	for name, tt := range map[string]struct {
		end   feed.Position
		owner string
		heard time.Time
		last  time.Time // when something was indexed
		want  string
	}{
		"nobody ever, nothing indexed":         {0, "", time.Time{}, time.Time{}, "nothing was ever indexed"},
		"nobody of ours, perhaps a Lambda":     {7, "", time.Time{}, now, ""},
		"one at work":                          {7, "a", now.Add(-time.Second), now, ""},
		"one at work, nothing indexed":         {0, "a", now.Add(-time.Second), time.Time{}, ""},
		"one that died":                        {7, "a", now.Add(-time.Minute), now.Add(-time.Minute), "the indexer a was last heard of at 2026-11-28T08:59:00Z"},
		"one that died, and a Lambda since":    {7, "a", now.Add(-time.Hour), now.Add(-time.Minute), ""},
		"one that was stopped":                 {7, "", now.Add(-time.Second), now.Add(-2 * time.Second), "no indexer is at work since 2026-11-28T08:59:59Z"},
		"one that wrote its last just before":  {7, "", now.Add(-time.Minute), now.Add(-time.Minute + 2*ttl), "no indexer is at work since 2026-11-28T08:59:00Z"},
		"one that was stopped, a Lambda since": {7, "", now.Add(-time.Hour), now.Add(-30 * time.Minute), ""},
	} {
		got := silence(tt.end, tt.owner, tt.heard, tt.last, ttl, now)
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// A rebuild, say, holds the lease for a while and gives it back, and a Lambda indexes after
// it as before. What it indexed last may be the end of an epoch.
func TestALambdaIsNotSilentBecauseAnIndexerOnceWorked(t *testing.T) {
	t.Parallel()
	for _, epochs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tab := mustTable(t, faketable.New(), TableConfig())
			lambda := mustIngester(t, tab, IngesterConfig{Limits: Limits{Version: 2}})
			source, err := NewSource(tab, SourceConfig{}, "Truck")
			check.Must(t, err)
			mustIngest(t, lambda, sp("Truck-1", 0, 1))
			l := newLease(tab, "a")
			mustAcquire(t, l)
			check.Must(t, l.release(t.Context()))
			time.Sleep(time.Hour)
			var from feed.Position
			silent := func() string {
				t.Helper()
				lag, err := source.Lag(t.Context(), "0", from)
				check.Must(t, err)
				from = lag.End
				return lag.Silent
			}
			if got := silent(); !strings.Contains(got, "no indexer is at work since") {
				t.Errorf("nothing indexed since: got %q, want that no indexer is at work", got)
			}
			mustIngest(t, lambda, sp("Truck-1", 1, 2))
			if epochs { // and nothing is in the next
				mustIngest(t, lambda, sp("Truck-1", 2, 3))
			}
			for range 2 { // from before the end of the epoch, and from the end
				if got := silent(); got != "" {
					t.Errorf("indexed since, up to %d: got %q, want nothing", from, got)
				}
			}
			if _, n := splitPosition(from); (n == 0) != epochs {
				t.Errorf("got the end %d, want it at the beginning of an epoch: %t", from, epochs)
			}
		})
	}
}

// What an indexer proved tells nothing once a Lambda has taken its place, and who looks at
// the status sees that something else indexes, and when it last did.
func TestTheStatusTellsThatSomethingElseIndexes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tab := mustTable(t, faketable.New(), TableConfig())
		tab = tab.Small(1, 1) // the events move out of the tip with each write
		lambda := mustIngester(t, tab, IngesterConfig{})
		wants := func(when string, elsewhere, lags bool, indexed time.Duration) {
			t.Helper()
			all, err := ReadStatus(t.Context(), tab)
			check.Must(t, err)
			_, known := all[0].Lag(time.Now())
			_, spare := all[0].Spare(time.Now())
			if got := all[0]; got.Elsewhere() != elsewhere || known != lags || spare != lags || time.Since(got.Indexed) != indexed {
				t.Errorf("%s: got %+v and a lag: %t; want that something else indexes: %t, a lag: %t, and indexed %v ago", when, got, known, elsewhere, lags, indexed)
			}
		}
		mustIngest(t, lambda, sp("Truck-1", 0, 1))
		wants("no indexer of ours ever", true, false, 0)
		l := newLease(tab, "a")
		mustAcquire(t, l)
		wants("one of ours", false, false, 0)
		l.reach(reached{Proven: stamp(time.Now())})
		check.Must(t, l.renew(t.Context()))
		check.Must(t, l.release(t.Context()))
		time.Sleep(time.Hour)
		wants("nobody", false, true, time.Hour)
		mustIngest(t, lambda, sp("Truck-1", 1, 2))
		time.Sleep(time.Minute)
		wants("a Lambda since", true, false, time.Minute)
		mustAcquire(t, l)
		wants("one of ours again", false, true, time.Minute)
	})
}

// Where no indexer proves that it keeps up, events may wait outside of the index, whoever
// makes it.
func TestTheEndOfTheIndexIsAllThatIsProven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tab := mustTable(t, faketable.New(), TableConfig())
		source, err := NewSource(tab, SourceConfig{}, "Truck")
		check.Must(t, err)
		mustIngest(t, mustIngester(t, tab, IngesterConfig{}), sp("Truck-1", 0, 1))
		wants := func(when string, want bool) {
			t.Helper()
			if lag, err := source.Lag(t.Context(), "0", 1); err != nil || lag.Unproven != want {
				t.Errorf("%s: got %+v and error %v, want that it is unproven: %t", when, lag, err, want)
			}
		}
		wants("no indexer of ours", true)
		l := newLease(tab, "a")
		mustAcquire(t, l)
		wants("one that has read nothing yet", true)
		proves := func(age time.Duration) {
			l.reach(reached{Proven: stamp(time.Now().Add(-age))})
			check.Must(t, l.renew(t.Context()))
		}
		proves(2 * time.Minute)
		wants("one that is behind, or at the end of a quiet stream", true)
		proves(time.Second)
		wants("one that keeps up", false)
		check.Must(t, l.release(t.Context()))
		wants("one that was stopped a second ago", false)
		time.Sleep(time.Minute)
		wants("one that was stopped a minute ago", true)
	})
}

// The end is found from wherever a reader is: in an epoch that is closed, in the last, and
// in one that does not exist.
func TestTheEndIsFoundFromAnywhere(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	g := mustIngester(t, tab, IngesterConfig{Limits: Limits{Version: 2}})
	for i := range es.Version(5) {
		mustIngest(t, g, sp("a", i, i+1))
	}
	source, err := NewSource(tab, SourceConfig{}, "Truck")
	check.Must(t, err)
	want, err := source.End(t.Context(), "0")
	if err != nil || want <= positionOf(1, 0) {
		t.Fatalf("got the end %d and error %v, want one behind the first epoch", want, err)
	}
	for _, from := range []feed.Position{0, positionOf(0, 3), want, positionOf(7, 1)} {
		lag, err := source.Lag(t.Context(), "0", from)
		if events := map[bool]int{true: 0, false: -1}[from >= want]; err != nil || lag.End != want || lag.Events != events {
			t.Errorf("from %d: got %+v and error %v, want the end %d and %d events", from, lag, err, want, events)
		}
	}
}

// How old the first unread event is, its stream says: the first of the categories that are
// followed, however many of others lie before it.
func TestLagTellsHowOldTheFirstUnreadEventIs(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	g := mustIngester(t, tab, IngesterConfig{})
	mustIngest(t, g, sp("Van-1", 0, 2))
	mustIngest(t, g, sp("Truck-1", 0, 2))
	mustIngest(t, g, sp("Truck-2", 0, 1))
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var asked []string
	var failing error
	source, err := NewSource(tab, SourceConfig{Appended: func(_ context.Context, stream es.StreamName, event es.Version) (time.Time, error) {
		asked = append(asked, fmt.Sprintf("%s@%d", stream, event))
		return noon, failing
	}}, "Truck")
	check.Must(t, err)
	for _, from := range []feed.Position{0, 2, 3} {
		lag, err := source.Lag(t.Context(), "0", from)
		if want := from < 3; err != nil || lag.Oldest.Equal(noon) != want || lag.Oldest.IsZero() == want {
			t.Errorf("from %d: got %+v and error %v", from, lag, err)
		}
	}
	if want := []string{"Truck-1@0", "Truck-2@0"}; !slices.Equal(asked, want) {
		t.Errorf("got the questions %q, want %q", asked, want)
	}
	failing = errors.New("throttled")
	if lag, err := source.Lag(t.Context(), "0", 0); err != nil || !lag.Oldest.IsZero() || lag.End != 3 {
		t.Errorf("got %+v and error %v, want that it is not known", lag, err)
	}
}
