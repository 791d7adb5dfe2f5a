package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// units are those that a table was charged by now: read and write.
func units(tabs ...*table.Table) (read, write float64) {
	for _, tab := range tabs {
		for operation, u := range tab.Usage() {
			if table.Writes(operation) {
				write += u.Units
			} else {
				read += u.Units
			}
		}
	}
	return read, write
}

// The figures of docs/dynamodb.md are those that this test computes from the items that
// are really written. Where one changes, it prints the line that is right now.
func TestUnitsAreThoseInTheDocs(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/dynamodb.md")
	check.Must(t, err)
	tail, small := tailRead(t, 48*1024), tailRead(t, 4*1024)
	long, snapshot, large := longStream(t, 0), longStream(t, 200), longStream(t, 8<<10)
	now := idle{}.month(t)
	for _, line := range []string{
		fmt.Sprintf("| append to the index, of one change | %.1f write | %.1f write | with `--index-tip 8192`: %.1f |",
			indexAppend(t, 48*1024), indexAppend(t, 4*1024), indexAppend(t, 8*1024)),
		fmt.Sprintf("| first event of a stay | | %.0f write | |", stayAppend(t, 1)),
		fmt.Sprintf("| fifth event of a stay | | %.0f write | |", stayAppend(t, 5)),
		fmt.Sprintf("| twentieth event of a stay | | %.0f write | a write pays for the whole tip, up to 32 KiB |", stayAppend(t, 20)),
		fmt.Sprintf("| read of a stay of five events | | %.1f read | twice that from the leader |", stayRead(t, 5)),
		fmt.Sprintf("| append to a stream of 10,000 events | | %.0f write | on the average, with the calves |", long.append),
		fmt.Sprintf("| the same with a snapshot of 200 bytes, or of 8 KB | | %.0f or %.0f write | |", snapshot.append, large.append),
		fmt.Sprintf("| read of it, whole | | %.0f read | from a snapshot %.1f or %.1f |", long.read, snapshot.read, large.read),
		fmt.Sprintf("| merge of a group of six, each with four events | | %.1f read, %.0f write | and one append to the index |",
			7*stayRead(t, 4), 6*stayAppend(t, 5)+stayAppend(t, 2)),
		fmt.Sprintf("| heartbeat, after 300 take-overs | 47 write | %.0f write | three in the time of a lease |", heartbeat(t)),
		fmt.Sprintf("| save of a checkpoint, after a month | %.1f write | %.1f write | none where nothing has moved |", checkpointSave(t, 48*1024, 0), checkpointSave(t, 0, 0)),
		fmt.Sprintf("| conflict of two indexers | %.0f read | %.1f read | and the write that failed |", epochRead(t), conflictRead(t)),
		fmt.Sprintf("| look of a reactor at the end of the index | %.1f read | %.1f read | twice a second, see `--tail-sleep` |", tail, small),
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("docs/dynamodb.md lacks the line\n%s", line)
		}
	}
	for format, dollars := range map[string]float64{
		fmt.Sprintf("| idle reactor with its indexer, a month | %.2f $ ", idleBefore(tail)) + "| %.2f $ | four shards |": now,
		"| another one that stands by, a month | | %.2f $ | |":                                                           idle{reactors: 2}.month(t) - now,
		"| `--index-poll` | 1000 ms when nothing is new, a quarter while there are changes | %.2f $ less;":               now - idle{indexPoll: 2 * time.Second}.month(t),
		"| `--lease` | 10 s | %.2f $ less;":                                                                              now - idle{lease: 20 * time.Second}.month(t),
		"| `--tail-sleep` | 500 ms | %.2f $ less;":                                                                       now - idle{tail: time.Second}.month(t),
		"| `--index-lease` | 15 s | %.2f $ less;":                                                                        now - idle{indexLease: 30 * time.Second}.month(t),
	} {
		found := false // with some cents more or less, since pauses vary
		for cents := -5; cents <= 5; cents++ {
			found = found || strings.Contains(string(text), fmt.Sprintf(format, dollars+float64(cents)/100))
		}
		if !found {
			t.Errorf("docs/dynamodb.md lacks the line\n"+format, dollars)
		}
	}
	if got := now; got >= 4 {
		t.Errorf("got %.2f $ a month for an idle reactor, want less than 4", got)
	}
}

// arrivals are spans as a hotel has them, the same at each run.
func arrivals() (next func() Span) {
	n := 0
	return func() Span {
		n++
		id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n))
		return Span{"GuestStay-" + strings.ReplaceAll(id.String(), "-", ""), 0, []string{"CheckedIn"}}
	}
}

// stayAppend is what the nth event of a stay costs, each with an append of its own.
func stayAppend(t testing.TB, n int) float64 {
	t.Helper()
	tab := writtenStay(t, n-1)
	_, before := units(tab)
	writeStay(t, tab, n-1, n)
	_, after := units(tab)
	return after - before
}

func stayRead(t testing.TB, n int) float64 {
	t.Helper()
	tab := writtenStay(t, n)
	before, _ := units(tab)
	check.Must(t, check.Error(tab.Load(t.Context(), mustName("GuestStay", strings.Repeat("5", 32)), 0, false)))
	after, _ := units(tab)
	return after - before
}

// writtenStay is a table with a stay of some events.
func writtenStay(t testing.TB, n int) *table.Table {
	t.Helper()
	tab := mustTable(t, faketable.New(), table.Config{})
	writeStay(t, tab, 0, n)
	return tab
}

// writeStay appends the events from one index to before another.
func writeStay(t testing.TB, tab *table.Table, from, until int) {
	t.Helper()
	const body = `{"amount":100.50,"at":"2026-11-28T04:33:27.1690584+00:00","chargeId":"2cf488b6-d916-470e-9f55-dd00a13ea52b"}`
	for i := from; i < until; i++ {
		tip, err := tab.Tip(t.Context(), table.NoTip(mustName("GuestStay", strings.Repeat("5", 32))), true)
		if err == nil {
			_, err = tab.Append(t.Context(), tip, table.Write{Events: []table.Event{newEvent("Charged", table.Raw([]byte(body)))}})
		}
		check.Must(t, err)
	}
}

// stream is what an append to a stream and a read of it cost.
type stream struct{ append, read float64 }

// longStream is one of 10,000 events, of which the last ones are appended with an unfold of
// so many bytes.
func longStream(t testing.TB, unfold int) (costs stream) {
	t.Helper()
	const events, measured = 10_000, 500
	charge := newEvent("Charged", table.Raw([]byte(strings.Repeat("c", 110))))
	tab, tip := mustTable(t, faketable.New(), table.Config{}), table.NoTip(mustName("GuestStay", strings.Repeat("5", 32)))
	write := func(count int, unfolds []table.Unfold) {
		var err error
		if tip, err = tab.Append(t.Context(), tip, table.Write{Events: slices.Repeat([]table.Event{charge}, count), Unfolds: unfolds}); err != nil {
			t.Fatal(err)
		}
	}
	for range (events - measured) / 100 {
		write(100, nil)
	}
	var unfolds []table.Unfold
	if unfold > 0 {
		if most := tab.UnfoldLimit(tip); unfold > most {
			t.Errorf("a stream of %d events has no unfolds of %d bytes, but of %d at the most", events, unfold, most)
		}
		unfolds = []table.Unfold{{Type: "Snapshotted.1", Time: charge.Time, Data: table.Raw([]byte(strings.Repeat("s", unfold)))}}
	}
	_, before := units(tab)
	for range measured {
		write(1, unfolds)
	}
	read, after := units(tab)
	costs.append = (after - before) / measured
	var err error
	if unfold > 0 {
		_, err = tab.Tip(t.Context(), table.NoTip(tip.Stream()), false)
	} else {
		_, err = tab.Load(t.Context(), tip.Stream(), 0, false)
	}
	check.Must(t, err)
	all, _ := units(tab)
	costs.read = all - read
	return costs
}

// indexAppend is what an append of one change costs, calves included.
func indexAppend(t testing.TB, tip int) float64 {
	t.Helper()
	stay := arrivals()
	tab := mustTable(t, faketable.New(), table.Config{MaxBytes: tip})
	g := mustIngester(t, tab, IngesterConfig{})
	const appends = 400
	for range appends {
		mustIngest(t, g, stay())
	}
	_, write := units(tab)
	return write / appends
}

// heartbeat is what one costs after many indexers have come and gone.
func heartbeat(t *testing.T) (write float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 300 {
			check.Must(t, w.start(t, IndexerConfig{}).end())
		}
		p := w.start(t, IndexerConfig{})
		time.Sleep(time.Minute)
		_, before := units(p.index)
		time.Sleep(time.Hour)
		_, after := units(p.index)
		write = (after - before) / (3600 / 5)
		check.OK(t, p.end())
	})
	return write
}

// checkpointSave is what a save costs, on the average of a day after a month. Of the
// small tip of now if maxBytes is 0.
func checkpointSave(t testing.TB, maxBytes, maxEvents int) float64 {
	t.Helper()
	tab, clock := mustTable(t, faketable.New(), TableConfig()), newClock()
	c := newCheckpoints(tab, clock)
	if maxBytes > 0 {
		c.index = tab.Small(maxBytes, maxEvents)
	}
	hours := func(n int) (saves int) {
		for range n {
			for range 12 { // one in five minutes
				clock.now = clock.now.Add(5 * time.Minute)
				mustSave(t, c, feed.Position(clock.now.Unix()))
				saves++
			}
		}
		return saves
	}
	hours(30 * 24)
	_, before := units(tab)
	saves := hours(24)
	_, after := units(tab)
	return (after - before) / float64(saves)
}

// epochRead is what reading half an epoch costs, which each conflict used to do.
func epochRead(t testing.TB) float64 {
	t.Helper()
	stay := arrivals()
	tab := mustTable(t, faketable.New(), TableConfig())
	g := mustIngester(t, tab, IngesterConfig{})
	for g.tip.StreamBytes() < 1<<19 {
		var many []Span
		for range 50 {
			many = append(many, stay())
		}
		mustIngest(t, g, many...)
	}
	before, _ := units(tab)
	if _, _, err := readEpoch(t.Context(), tab, 0, true); err != nil {
		t.Fatal(err)
	}
	after, _ := units(tab)
	return after - before
}

// conflictRead is what two indexers read that work against each other.
func conflictRead(t testing.TB) float64 {
	t.Helper()
	stay := arrivals()
	tab := mustTable(t, faketable.New(), TableConfig())
	first, second := mustIngester(t, tab, IngesterConfig{}), mustIngester(t, tab, IngesterConfig{})
	mustIngest(t, first, stay())
	mustIngest(t, second, stay())
	before, _ := units(tab)
	for range 100 {
		mustIngest(t, first, stay())
		mustIngest(t, second, stay())
	}
	after, _ := units(tab)
	return (after - before) / float64(first.Stats().Conflicts+second.Stats().Conflicts)
}

// tailRead is what an empty look costs, on the average of all sizes of the tip.
func tailRead(t testing.TB, tip int) float64 {
	t.Helper()
	stay := arrivals()
	tab := mustTable(t, faketable.New(), table.Config{MaxBytes: tip})
	g := mustIngester(t, tab, IngesterConfig{})
	source, err := NewSource(tab, SourceConfig{}, "GuestStay")
	check.Must(t, err)
	sum := 0.0
	const looks = 300
	for range looks {
		mustIngest(t, g, stay())
		before, _ := units(tab)
		check.Must(t, check.Error(source.Read(t.Context(), "0", positionOf(0, g.tip.Version()))))
		after, _ := units(tab)
		sum += after - before
	}
	return sum / looks
}

// On-demand prices of us-east-1 in US dollars, for a million: write units, read units,
// and looks at a stream. A month has 730 hours.
const (
	writePrice, readPrice, lookPrice = 0.625, 0.125, 0.20
	monthHours                       = 730
)

// idle is a hotel where nothing happens. What is zero is as without flags.
type idle struct {
	reactors                           int // of one name, with an indexer each
	indexPoll, indexLease, tail, lease time.Duration
}

// month is what it costs, from a quarter of an hour on a table whose stream has four shards.
func (i idle) month(t *testing.T) (dollars float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, n := range []int{0, 0, 1} {
			w.stream.Split(n, 2)
		}
		tabs := []*table.Table{w.events}
		var stops []func() error
		for n := range max(1, i.reactors) {
			p := w.start(t, IndexerConfig{Poll: i.indexPoll, TTL: i.indexLease})
			index := mustTable(t, w.backing, TableConfig())
			source, err := NewSource(index, SourceConfig{}, "GuestStay")
			check.Must(t, err)
			r, err := reactor.Start(t.Context(), source, NewCheckpoints(index), upToDate{}, reactor.Config{
				Group: "Checkout", Slots: 1, Member: fmt.Sprint("reactor-7c9d8b6f5d-x2x4", n, "/1"), TailPause: cmp.Or(i.tail, 500*time.Millisecond), Lease: i.lease,
			})
			check.Must(t, err)
			tabs, stops = append(tabs, p.index, index), append(stops, func() error {
				r.Stop()
				return errors.Join(r.Wait(t.Context()), p.end())
			})
		}
		guests := arrivals()
		for range 100 {
			w.append(t, mustName("GuestStay", strings.TrimPrefix(guests().Stream, "GuestStay-")), 1)
		}
		sum := func() float64 {
			read, write := units(tabs...)
			return read*readPrice + write*writePrice + float64(w.stream.Calls("GetRecords"))*lookPrice
		}
		time.Sleep(5 * time.Minute)
		before := sum()
		time.Sleep(time.Hour / 4)
		dollars = (sum() - before) * 4 * monthHours / 1e6
		for _, stop := range stops {
			check.OK(t, stop())
		}
	})
	return dollars
}

// upToDate is a handler for which nothing is left to do.
type upToDate struct{}

func (upToDate) Handle(_ context.Context, _ es.StreamName, events []es.Event) (es.Version, error) {
	return events[len(events)-1].Index + 1, nil
}

// idleBefore is what it cost with large tips, looks at four shards each 250 ms, and a
// lease after some take-overs.
func idleBefore(tail float64) float64 {
	const looks, heartbeat, looksAtIndex = 4 * 4, 0.2 * 5, 2 // each second, a heartbeat of five units
	return 3600 * monthHours / 1e6 * (looksAtIndex*tail*readPrice + heartbeat*writePrice + looks*lookPrice)
}
