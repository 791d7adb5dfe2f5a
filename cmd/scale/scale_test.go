package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/messagedb"
)

// near fails the test unless two numbers differ by a share at most.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*math.Abs(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestAQueueWithOneAppendInATransaction is the queue that everybody knows: who comes to a
// lock that is taken for half of the time waits for half as long as it is held,
// ρ/(2(1-ρ)) of a hold, and is then served.
func TestAQueueWithOneAppendInATransaction(t *testing.T) {
	t.Parallel()
	l := lock{Fixed: 0.0007, Each: 0.0003, Room: 1} // a hold of 1 ms
	near(t, "average at half of what there is", l.mean(500, 200_000, 1), 0.0015, 0.02)
	near(t, "average at four fifths", l.mean(800, 200_000, 1), 0.003, 0.05) // 0.8/0.4 of a hold, and one
	near(t, "fastest", l.waits(500, 10_000, 1, 0)[0], 0.001, 1e-9)
}

// TestSharedTransactions computes by hand: a transaction takes 2 s, and 1 s more for each
// append in it.
func TestSharedTransactions(t *testing.T) {
	t.Parallel()
	l := lock{Fixed: 2, Each: 1, Room: 4}
	near(t, "one caller: one append in 3 s", l.closed(1), 1.0/3, 1e-9)
	near(t, "three callers: three in 1.4 times 2 s and in 3 s", l.closed(3), 3.0/5.8, 1e-9)
	near(t, "eight callers: of four in 6 s, always", l.closed(8), 4.0/6, 1e-9)
	near(t, "a hundred callers: no more than that", l.closed(100), 4.0/6, 1e-9)
	near(t, "the most", l.most(), 4.0/6, 1e-9)

	found, ok := lockOf(l.closed(1), l.closed(3), 3, 4)
	if !ok || math.Abs(found.Fixed-2) > 1e-9 || math.Abs(found.Each-1) > 1e-9 || found.Room != 4 {
		t.Errorf("the lock of these rates: got %+v, %t, want %+v", found, ok, l)
	}
	for _, together := range []float64{0.1, 2} { // less than a single caller, and as if a commit cost nothing
		if found, ok := lockOf(1.0/3, together, 3, 4); ok {
			t.Errorf("one caller at a third and three at %v: got %+v, want that no lock does this", together, found)
		}
	}
}

// Beyond what the lock can do without sharing, appends still wait for two transactions at
// the most, the one under way and their own; without sharing they wait ever longer.
func TestSharingKeepsWaitsShort(t *testing.T) {
	t.Parallel()
	l := lock{Fixed: 0.0003, Each: 0.00005, Room: 128}
	const rate = 10_000 // of 20,000; alone 2,857
	// A transaction of n takes 0.3 ms + n·0.05 ms while n more come: n = 10·(0.3+0.05n), so n = 6 and it takes 0.6 ms.
	waits := l.waits(rate, 100_000, 1, 0.5, 0.99)
	if waits[0] < 0.0006 || waits[1] > 3*0.0006 {
		t.Errorf("half within %.2f ms and all but one in a hundred within %.2f ms, want between 0.6 and 1.8", 1000*waits[0], 1000*waits[1])
	}
	l.Room = 1
	if short, long := l.waits(rate, 1_000, 1, 0.5)[0], l.waits(rate, 10_000, 1, 0.5)[0]; long < 5*short {
		t.Errorf("half of a thousand within %v s and of ten thousand within %v s: want waits that grow", short, long)
	}
}

func TestTheFirstStationThatIsFullSetsTheLimit(t *testing.T) {
	t.Parallel()
	// In its busiest hour a hotel has 18 groups of 2 and 36 other appends: 0.005 groups,
	// 0.02 appends to stays and 0.04 appends a second.
	c := chain{Hotels: 1, Groups: 36, Stays: 2, Others: 72, Peak: 0.5}
	peak := c.atPeak()
	near(t, "groups", peak.groups, 0.005, 1e-9)
	near(t, "appends to stays", peak.transfers(), 0.02, 1e-9)
	near(t, "changes", peak.changes(), 0.04, 1e-9)
	near(t, "changes over a day", c.onAverage().changes(), (36*6+72)/86400.0, 1e-9)
	stations := []station{
		{"first", func(d demand) float64 { return d.transfers() / 2 }}, // full with 100 hotels
		{"second", func(d demand) float64 { return d.changes() / 5 }},  // with 125
	}
	name, groups := first(stations, c)
	if name != "first" {
		t.Errorf("got that %q is full first", name)
	}
	near(t, "groups a day", groups, 100*36, 1e-6)
	for hotels, want := range map[float64]int{1: 1, 70: 1, 71: 2, 140: 2, 700: 10} {
		c.Hotels = hotels
		if got := stores(stations, c); got != want {
			t.Errorf("%v hotels: got %d stores, want %d", hotels, got, want)
		}
	}
}

// The units of docs/dynamodb.md: a group of six takes 7 write units to merge, 3 for what
// clerks do and 3.5 read units.
func TestWhatAChainPaysOnDynamoDB(t *testing.T) {
	t.Parallel()
	near(t, "units of an index that hears of a change a second", indexUnits(1), 3.19, 1e-9)
	near(t, "and of a hundred", indexUnits(100), 4*3.1+9, 1e-9)
	c := chain{Hotels: 1000, Groups: 86.4, Stays: 6, Peak: 1.0 / 24} // a group a second, all day
	got := onDynamoDB(quiet(), c)
	writes := 4.0 + 6 + 4*3.1 + 10*0.09
	want := (writes*0.625+3.5*0.125)*2.592 + 3.82 + 2.68
	near(t, "dollars a month", got.dollars, want, 1e-9)
	if got.stores != 1 || got.slots != 2 {
		t.Errorf("got %d pairs of tables and %d reactors, want one and two", got.stores, got.slots)
	}
}

// TestTheUnitsAreThoseOfTheDocs reads docs/dynamodb.md, whose lines a test computes.
func TestTheUnitsAreThoseOfTheDocs(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/dynamodb.md")
	check.Must(t, err)
	for row, want := range map[string]struct{ got, share float64 }{
		"append to the index, of one change":     {indexUnits(1), 0.05},
		"idle reactor with its indexer, a month": {idleIndexer, 0},
		"another one that stands by, a month":    {idleReactor, 0},
	} {
		found := regexp.MustCompile(`(?m)^\| ` + row + ` \|[^|]*\| ([0-9.]+)`).FindSubmatch(doc)
		if found == nil {
			t.Errorf("docs/dynamodb.md has no row %q", row)
			continue
		}
		says, err := strconv.ParseFloat(string(found[1]), 64)
		check.Must(t, err)
		near(t, row, want.got, says, want.share)
	}
}

func TestALargeChainIsSplit(t *testing.T) {
	t.Parallel()
	c := chain{Hotels: 1e6, Groups: 10, Stays: 6, Others: 600, Peak: 0.25}
	got := onMessageDB(quiet(), c, 8)
	part := c.split(got.stores)
	for _, s := range messageDB(quiet(), 8) {
		if used := s.uses(part.atPeak()); used > headroom+1e-9 {
			t.Errorf("%s: %.2f of it is in use, want %.2f at most", s.name, used, headroom)
		}
	}
	if got.stores < 2 || got.slowest > 0.1 || got.slowest < got.median {
		t.Errorf("got %+v, want several stores on which appends do not wait long", got)
	}
}

func TestCostsAreThoseOfTheLastRuns(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "bench.json")
	write := func(text string) {
		t.Helper()
		check.Must(t, os.WriteFile(name, []byte(text), 0o600))
	}
	write(`[{"cores":4,"figures":[{"row":"1","subject":1},{"row":"2a","subject":6059},{"row":"2b","subject":10487},{"row":"5a","subject":617}]},
		{"cores":2,"figures":[{"row":"1","subject":1658},{"row":"3","subject":5000}]}]`)
	got, err := readCosts(name)
	check.Must(t, err)
	want := quiet()
	want.From, want.Cores, want.Feed = name, 4, 5000
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for text, complaint := range map[string]string{
		"{":  "read what bench has measured",
		"[]": "has no row 1",
		`[{"figures":[{"row":"1","subject":10},{"row":"2b","subject":5},{"row":"3","subject":1},{"row":"5a","subject":1}]}]`: "no lock does",
	} {
		write(text)
		if _, err := readCosts(name); err == nil || !strings.Contains(err.Error(), complaint) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got error %v, want one that says %q", text, err, complaint)
		}
	}
	if _, err := readCosts(name + "x"); err == nil || !strings.Contains(err.Error(), "make bench") {
		t.Errorf("without a file: got error %v, want what to do", err)
	}
}

func TestTheProgramSaysAndDraws(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var out, complaints bytes.Buffer
	if status := run(t.Context(), []string{"--hotels", "10,100000", "--out", folder}, &out, &complaints); status != 0 {
		t.Fatalf("got status %d and %s", status, &complaints)
	}
	check.Contains(t, out.String(), "lock of the category of stays", "partition of the index", "core of the scheduler", "replica", "100,000  ", "$ a month")
	for name, lines := range map[string]int{"scale-stations.svg": 6, "scale-appends.svg": 4} {
		drawn, err := os.ReadFile(filepath.Join(folder, name))
		check.Must(t, err)
		check.OKf(t, xml.Unmarshal(drawn, new(struct{})), "%s is no XML", name)
		if got := bytes.Count(drawn, []byte("<polyline")); got != lines || bytes.Contains(drawn, []byte("NaN")) {
			t.Errorf("%s: got %d curves, want %d, and each point a number", name, got, lines)
		}
	}
}

// TestJSONSaysWhatTheTablesSay in numbers that are not rounded.
func TestJSONSaysWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	var out, complaints bytes.Buffer
	if status := run(t.Context(), []string{"--hotels", "10,100000", "--json"}, &out, &complaints); status != 0 {
		t.Fatalf("got status %d and %s", status, &complaints)
	}
	var got result
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || decoder.More() {
		t.Fatalf("got error %v and more behind it: %t, want one result", err, decoder.More())
	}
	m, hotels := quiet(), chain{Hotels: 100_000, Groups: 10, Stays: 6, Others: 600, Peak: 0.25}
	mdb, dynamo := onMessageDB(m, hotels, 8), onDynamoDB(m, hotels)
	if len(got.Chains) != 2 || got.Chains[1].Hotels != 100_000 || got.Chains[1].MessageDB.Stores != mdb.stores ||
		got.Chains[1].MessageDB.ConnectionsEach != mdb.connections || got.Chains[1].DynamoDB.Pairs != dynamo.stores || got.Chains[1].DynamoDB.DollarsPerMonth != dynamo.dollars {
		t.Errorf("got the chains %+v, want the second to need %+v and %+v", got.Chains, mdb, dynamo)
	}
	if want := len(cli{Cores: 8}.stations(m)); len(got.Stations) != want || got.Stations[0].Store != "Message DB" || got.Stations[0].GroupsPerDay <= 0 {
		t.Errorf("got the stations %+v, want %d", got.Stations, want)
	}
	if got.Costs.From != m.From || got.Costs.TransactionSeconds != m.Lock.Fixed || got.Costs.GroupsPerSecond != m.Groups {
		t.Errorf("got the costs %+v, want those of %+v", got.Costs, m)
	}
}

func TestCommandLinesThatAreWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"--hotels 0":      "--hotels 0",
		"--groups 0":      "--groups, --stays and --cores",
		"--peak 0.01":     "--peak 0.01",
		"--peak 2":        "--peak 2",
		"--bench nowhere": "nowhere is not there",
		"--what":          "unknown flag --what",
	} {
		var out, complaints bytes.Buffer
		if status := run(t.Context(), strings.Fields(text), &out, &complaints); status != 1 || !strings.Contains(complaints.String(), want) {
			t.Errorf("%s: got status %d and %q, want 1 and %q", text, status, complaints.String(), want)
		}
	}
}

func TestNumbersAreRounded(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{0.0069: "0.0069", 3.14: "3.1", 10: "10", 999: "1,000", 1234: "1,200", 4_400_000: "4,400,000"} {
		if got := round(x); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}

// measuring is a flag, since it takes half a minute and a quiet machine.
var measuring = flag.Bool("measure", false, "compare the model with a Message DB of this machine") //nolint:gochecknoglobals // a flag of go test

// TestTheModelIsAFifthFromTheMeasurementAtMost appends to one category with different
// numbers of callers, in turns. The model gets to know what one caller and what 64 reach,
// and says the others.
func TestTheModelIsAFifthFromTheMeasurementAtMost(t *testing.T) { //nolint:paralleltest // nothing else should run
	if !*measuring {
		t.Skip("it takes a quiet machine: go test ./cmd/scale -measure")
	}
	server, err := provision.MessageDB(t.Context(), provision.Options{Durable: true, Log: slog.New(slog.DiscardHandler)})
	check.Must(t, err)
	t.Cleanup(func() { check.OK(t, server.Close()) })
	db, err := messagedb.Open(t.Context(), messagedb.Config{Connection: server.ConnectionString})
	check.Must(t, err)
	defer db.Close()
	counts := []int{1, 4, 8, 16, 32, 64}
	const rounds = 15
	rates := map[int][]float64{}
	for range rounds + 1 {
		for _, callers := range counts {
			rates[callers] = append(rates[callers], appending(t, db.Store(), callers))
		}
	}
	median := func(callers int) float64 { return quantiles(slices.Clone(rates[callers][1:]), []float64{0.5})[0] }
	l, ok := lockOf(median(1), median(64), 64, 128)
	if !ok {
		t.Fatalf("one caller appends %.0f times a second and 64 %.0f times: no lock does that", median(1), median(64))
	}
	t.Logf("a transaction takes %.3f ms and %.3f ms for each append in it", 1000*l.Fixed, 1000*l.Each)
	for _, callers := range counts[1 : len(counts)-1] {
		said, measured := l.closed(callers), median(callers)
		t.Logf("%2d callers: the model says %5.0f a second, measured are %5.0f: %.2f", callers, said, measured, said/measured)
		if said/measured < 0.8 || said/measured > 1.25 {
			t.Errorf("%d callers: the model says %.0f appends a second, measured are %.0f", callers, said, measured)
		}
	}
}

// appending is how often a second some callers append one event each to new streams.
func appending(t *testing.T, store es.Store, callers int) float64 {
	t.Helper()
	const body = `{"amount":100.50,"at":"2026-11-23T11:35:27.687685+00:00","chargeId":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}`
	times := int64(150 + 40*callers)
	var made atomic.Int64
	ctx, fail := context.WithCancelCause(t.Context())
	defer fail(nil)
	var all sync.WaitGroup
	began := time.Now()
	for range callers {
		all.Go(func() {
			for made.Add(1) <= times && ctx.Err() == nil {
				stream, err := es.NewStreamName("Measured", uuid.NewString())
				if err == nil {
					_, err = store.Append(ctx, stream, 0, []es.EventData{{ID: uuid.New(), Type: "Charged", Data: []byte(body)}})
				}
				if err != nil {
					fail(err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return float64(times) / took.Seconds()
}
