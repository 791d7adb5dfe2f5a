package history_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/livingdoc/internal/history"
	"example.com/groupcheckout/livingdoc/internal/run"
)

// began is when the first build of a test began.
func began() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// build returns a build of one scenario on memory, the nth of a test.
func build(n int, key string, state run.Verdict) history.Build {
	return history.Build{
		Commit: fmt.Sprintf("c%d", n),
		When:   began().Add(time.Duration(n) * time.Hour),
		Stores: []history.Store{{Name: "memory", How: "in memory"}},
		Scenarios: []history.Scenario{{
			Key: key, Address: "stays/" + key,
			Results: map[string]history.Result{"memory": {State: state, Took: time.Duration(n+1) * 10 * time.Millisecond}},
		}},
	}
}

// of returns a history of one scenario that ended in these states, one a build.
func of(t *testing.T, states ...run.Verdict) *history.History {
	t.Helper()
	builds := make([]history.Build, len(states))
	for i, state := range states {
		builds[i] = build(i, "key", state)
	}
	_, h := extended(t, builds...)
	return h
}

// extended is a history of builds, and its text.
func extended(t *testing.T, builds ...history.Build) (text []byte, _ *history.History) {
	t.Helper()
	h := load(t, text)
	for _, b := range builds {
		var err error
		if text, h, err = history.Extend(text, b); err != nil {
			t.Fatal(err)
		}
	}
	return text, h
}

func load(t *testing.T, text []byte) *history.History {
	t.Helper()
	h, err := history.Load(text)
	check.Must(t, err)
	return h
}

func TestMarks(t *testing.T) {
	t.Parallel()
	const passed, failed, flaky, skipped, absent = run.Passed, run.Failed, run.Flaky, run.Skipped, history.Absent
	tests := []struct {
		name   string
		states []run.Verdict
		want   history.Mark
	}{
		{"nothing is new in the first build", []run.Verdict{passed}, history.Unmarked},
		{"what no build had is new", []run.Verdict{absent, passed}, history.IsNew},
		{"what is new may fail", []run.Verdict{absent, failed}, history.IsNew},
		{"nothing happened", []run.Verdict{passed, passed}, history.Unmarked},
		{"regressed", []run.Verdict{passed, failed}, history.Regressed},
		{"regressed after it was flaky", []run.Verdict{flaky, failed}, history.Regressed},
		{"regressed after it was skipped for a while", []run.Verdict{passed, skipped, absent, failed}, history.Regressed},
		{"failing still", []run.Verdict{passed, failed, failed}, history.Unmarked},
		{"fixed", []run.Verdict{failed, passed}, history.Fixed},
		{"fixed, by trying again", []run.Verdict{failed, flaky}, history.Fixed},
		{"fixed after it was skipped", []run.Verdict{failed, skipped, passed}, history.Fixed},
		{"skipped is no regression", []run.Verdict{passed, skipped}, history.Unmarked},
		{"gone", []run.Verdict{passed, failed, absent}, history.Unmarked},
		{"back", []run.Verdict{passed, absent, passed}, history.Unmarked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trend := of(t, test.states...).Trend("key", "memory")
			if trend.Mark != test.want {
				t.Errorf("%v: got mark %q, want %q", test.states, trend.Mark, test.want)
			}
			check.Same(t, "states", test.states, trend.States)
		})
	}
}

func TestTrendSaysSinceWhen(t *testing.T) {
	t.Parallel()
	h := of(t, history.Absent, run.Passed, run.Flaky, run.Passed, run.Flaky, run.Failed, run.Skipped, run.Failed)
	trend := h.Trend("key", "memory")
	numbers := func(refs ...*history.Ref) []int {
		var numbers []int
		for _, ref := range refs {
			if ref == nil {
				numbers = append(numbers, 0)
				continue
			}
			numbers = append(numbers, ref.Number)
		}
		return numbers
	}
	got := numbers(trend.FirstSeen, trend.FlakySince, trend.FailsSince)
	check.Same(t, "first seen, flaky since, fails since", []int{2, 3, 6}, got)
	check.Same(t, "durations of the builds in which it held", []time.Duration{20e6, 30e6, 40e6, 50e6}, trend.Durations)
}

func TestTenQuietBuildsEndFlakiness(t *testing.T) {
	t.Parallel()
	states := append([]run.Verdict{run.Flaky}, slices.Repeat([]run.Verdict{run.Passed}, 9)...)
	if of(t, states...).Trend("key", "memory").FlakySince == nil {
		t.Error("nine builds after it was flaky it is not called so")
	}
	if got := of(t, append(states, run.Passed)...).Trend("key", "memory").FlakySince; got != nil {
		t.Errorf("ten builds after it was flaky it is flaky since %v", got)
	}
}

func TestAScenarioThatNobodyKnows(t *testing.T) {
	t.Parallel()
	h := of(t, run.Passed)
	for _, trend := range []history.Trend{h.Trend("other", "memory"), h.Trend("key", "other"), load(t, nil).Trend("key", "memory")} {
		if trend.FirstSeen != nil || trend.Mark != history.Unmarked || trend.State != history.Absent {
			t.Errorf("got %+v, want nothing", trend)
		}
	}
}

func TestWhatIsAppendedIsLoaded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.jsonl")
	builds := manyBuilds(12, 30)
	for _, b := range builds {
		check.Must(t, history.Append(file, b))
	}
	text, inMemory := extended(t, builds...)
	if !bytes.Equal(text, read(t, file)) {
		t.Error("Extend and Append do not give the same text")
	}
	loaded := load(t, text)
	if len(loaded.Damaged) > 0 {
		t.Errorf("got damage %v", loaded.Damaged)
	}
	if diff := cmp.Diff(inMemory.Builds(), loaded.Builds()); diff != "" {
		t.Errorf("builds (-added +loaded):\n%s", diff)
	}
	for i := range 30 {
		for _, store := range []string{"memory", "messagedb", "dynamodb"} {
			want, got := inMemory.Trend(key(i), store), loaded.Trend(key(i), store)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scenario %d on %s (-added +loaded):\n%s", i, store, diff)
			}
		}
	}
}

func TestAMarkBeforeTheFileAndItsLinesEndsSayNothing(t *testing.T) {
	t.Parallel()
	failed := build(0, "key", run.Passed)
	failed.Stores[0].Failed = "the audit failed"
	text, _ := extended(t, failed, build(1, "key", run.Passed))
	h := load(t, append([]byte("\uFEFF"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...))
	if len(h.Builds()) != 2 || len(h.Damaged) > 0 {
		t.Fatalf("got %d builds and the damage %v", len(h.Builds()), h.Damaged)
	}
	store := failed.Stores[0].Name
	if refs := h.Builds(); !refs[0].FailedOn(store) || refs[1].FailedOn(store) || refs[0].FailedOn("another") {
		t.Errorf("got %v, want that the first failed as a whole, on %s alone", refs, store)
	}
}

func TestABuildIsAppendedOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.jsonl")
	var sizes []int
	for range 2 {
		check.Must(t, history.Append(file, build(1, "key", run.Passed)))
		sizes = append(sizes, len(read(t, file)))
	}
	if sizes[0] != sizes[1] {
		t.Errorf("got %v bytes, want no more after the second time", sizes)
	}
}

// TestWhereverALineIsCutOff a build before it and one after it are whole, and
// what the file held is still in it.
func TestWhereverALineIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, _ := extended(t, build(0, "key0", run.Passed), build(1, "key1", run.Passed))
	second := bytes.IndexByte(text, '\n') + 1
	for at := second; at <= len(text); at++ {
		file := filepath.Join(dir, fmt.Sprintf("%d.jsonl", at))
		check.Must(t, os.WriteFile(file, text[:at], 0o600))
		h := load(t, text[:at])
		// Without its line's end alone the build is whole.
		want := 1
		if at >= len(text)-1 {
			want = 2
		}
		torn := at > second && want == 1
		if len(h.Builds()) != want || torn != (len(h.Damaged) == 1) {
			t.Fatalf("cut off at %d of %d: got %d builds and damage %v, want %d builds", at, len(text), len(h.Builds()), h.Damaged, want)
		}
		if torn && h.Damaged[0].Line != 2 {
			t.Errorf("got damage in line %d, want 2", h.Damaged[0].Line)
		}
		check.Must(t, history.Append(file, build(7, "key7", run.Failed)))
		extended := read(t, file)
		if !bytes.HasPrefix(extended, text[:at]) {
			t.Fatalf("cut off at %d: what the file held was changed", at)
		}
		again := load(t, extended)
		if len(again.Builds()) != want+1 || again.Trend("key0", "memory").FirstSeen == nil || again.Trend("key7", "memory").State != run.Failed {
			t.Fatalf("cut off at %d: after another build got %v, want the first and the last of them whole", at, again.Builds())
		}
	}
}

func TestABrokenLineCostsNoMoreThanItself(t *testing.T) {
	t.Parallel()
	const good = `{"v":1,"n":1,"when":"2026-11-24T12:00:00Z","new":[{"i":0,"k":"key"}],"stores":[{"name":"memory","states":"p","ms":[1]}]}`
	for name, broken := range map[string]string{
		"no JSON":                     `<<<<<<< HEAD`,
		"no such state":               `{"v":1,"n":2,"stores":[{"name":"memory","states":"x"}]}`,
		"a duration is missing":       `{"v":1,"n":2,"stores":[{"name":"memory","states":"2p","ms":[1]}]}`,
		"a duration too many":         `{"v":1,"n":2,"stores":[{"name":"memory","states":"s","ms":[1]}]}`,
		"a number without a state":    `{"v":1,"n":2,"stores":[{"name":"memory","states":"12"}]}`,
		"more than there can be":      `{"v":1,"n":2,"stores":[{"name":"memory","states":"99999999999999999999s"}]}`,
		"so many in two":              `{"v":1,"n":2,"stores":[{"name":"memory","states":"1048576s1048576s"}]}`,
		"a number below zero":         `{"v":1,"n":2,"new":[{"i":-1,"k":"x"}],"stores":[]}`,
		"a number that is too large":  `{"v":1,"n":2,"new":[{"i":1048576,"k":"x"}],"stores":[]}`,
		"another scenario's number":   `{"v":1,"n":2,"new":[{"i":0,"k":"x"}],"stores":[]}`,
		"no version":                  `{"n":2}`,
		"a list where an object goes": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := load(t, []byte(good+"\n"+broken+"\n\n"+strings.Replace(good, `"n":1`, `"n":3`, 1)))
			if len(h.Damaged) != 1 || h.Damaged[0].Line != 2 || h.Damaged[0].Why == "" {
				t.Errorf("got damage %v, want one in line 2", h.Damaged)
			}
			check.Equal(t, "builds that ran the scenario", 2, len(h.Trend("key", "memory").Durations))
		})
	}
}

func TestAFileOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := history.Load([]byte(`{"v":2}`)); err == nil {
		t.Error("got no error")
	}
	file := filepath.Join(t.TempDir(), "history.jsonl")
	check.Must(t, os.WriteFile(file, []byte(`{"v":2}`), 0o600))
	if err := history.Append(file, build(0, "key", run.Passed)); err == nil || string(read(t, file)) != `{"v":2}` {
		t.Errorf("got error %v and %q in the file, want an error and nothing written", err, read(t, file))
	}
}

func TestBuildsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*history.Build){
		"a key twice":      func(b *history.Build) { b.Scenarios = append(b.Scenarios, b.Scenarios[0]) },
		"no key":           func(b *history.Build) { b.Scenarios[0].Key = "" },
		"a store twice":    func(b *history.Build) { b.Stores = append(b.Stores, b.Stores[0]) },
		"a store unlisted": func(b *history.Build) { b.Stores[0].Name = "other" },
		"an unknown state": func(b *history.Build) { b.Scenarios[0].Results["memory"] = history.Result{State: "green"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := build(9, "key", run.Passed)
			spoil(&b)
			if _, _, err := history.Extend(nil, b); err == nil {
				t.Error("got no error")
			}
		})
	}
}

// TestTwoHundredBuildsAreSmall measures a quarter of them.
func TestTwoHundredBuildsAreSmall(t *testing.T) {
	t.Parallel()
	text, _ := extended(t, manyBuilds(50, 110)...)
	size := 4 * len(text)
	t.Logf("200 builds of 110 scenarios on 3 stores: %d KiB", size>>10)
	if size > 400<<10 {
		t.Errorf("got %d bytes, want at most 400 KiB", size)
	}
}

func key(i int) string {
	return fmt.Sprintf("features/2-group-checkout/3-paying.feature|A group pays for its guests|Guest number %d pays for the group|", i)
}

// manyBuilds makes builds up: durations that vary, here and there a failure.
func manyBuilds(builds, scenarios int) []history.Build {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	var all []history.Build
	for n := range builds {
		b := history.Build{
			Commit: strings.Repeat("9668ace0", 5), When: began().Add(time.Duration(n) * time.Hour),
			Stores: []history.Store{{Name: "memory", How: "in memory"}, {Name: "messagedb", How: "PostgreSQL 17 in a container"}, {Name: "dynamodb", How: "DynamoDB Local in a container"}},
		}
		for i := range scenarios {
			results := make(map[string]history.Result)
			for s, store := range b.Stores {
				state := run.Passed
				switch random.IntN(50) {
				case 0:
					state = run.Failed
				case 1:
					state = run.Flaky
				case 2:
					state = run.Skipped
				}
				results[store.Name] = history.Result{State: state, Took: time.Duration(random.IntN(4e6 * (1 + s*s*20)))}
			}
			b.Scenarios = append(b.Scenarios, history.Scenario{Key: key(i), Address: fmt.Sprintf("group-checkout/guest-number-%d-pays-for-the-group", i), Results: results})
		}
		all = append(all, b)
	}
	return all
}

func TestSpark(t *testing.T) {
	t.Parallel()
	if down := string(history.Spark([]time.Duration{2e6, 1e6})); !strings.Contains(down, `d="M86 2l3 8"`) {
		t.Errorf("of a fall got %s", down)
	}
	if long := history.Spark(make([]time.Duration, 1000)); len(long) > 200 {
		t.Errorf("of 1000 builds got %d bytes, want at most 200", len(long))
	}
	if got := history.Spark(nil); got != "" {
		t.Errorf("of no durations got %q", got)
	}
	for _, durations := range [][]time.Duration{{0}, {5e6}, {1e6, 300e6, 15e9, 240e9}, {-1, 0}, make([]time.Duration, 1000)} {
		check.OKf(t, xml.Unmarshal([]byte(history.Spark(durations)), new(struct{})), "%v: no well-formed XML", durations)
	}
	for took, want := range map[time.Duration]string{5 * time.Minute: "took 5 min", 3 * time.Hour: "took 3 hours", 122 * time.Hour: "took 5 days"} {
		if got := string(history.Spark([]time.Duration{took})); !strings.Contains(got, want) {
			t.Errorf("of %v got %s, want that it %s", took, got, want)
		}
	}
	check.Contains(t, history.SparkStyle(), ".spark{", ".spark path+path{")
	got := string(history.Spark([]time.Duration{1e6, 300e6, 15e9, 90e9}))
	check.Contains(t, got, `aria-label="between 1.0 ms and 90.0 s in 4 builds"`, `<path d="M80 18h3l3-3l3-13"/><path d="M89 2h0"/>`)
}

func TestHealthInWordsAndAsAStrip(t *testing.T) {
	t.Parallel()
	const p, f, k, s, n = run.Passed, run.Failed, run.Flaky, run.Skipped, history.Absent
	for _, test := range []struct {
		states []run.Verdict
		want   string
	}{
		{[]run.Verdict{p, p, n, p}, "held in each of the last 3 builds"},
		{[]run.Verdict{p, f, p, f}, "failed in 2 of the last 4 builds"},
		{[]run.Verdict{k, p}, "flaky in 1 of the last 2 builds"},
		{[]run.Verdict{f, k, p}, "failed in 1 and flaky in 1 of the last 3 builds"},
		{[]run.Verdict{s, p}, "held in the one build so far"},
		{[]run.Verdict{s, f}, "failed in the one build so far"},
		{[]run.Verdict{k, s}, "flaky in the one build so far"},
		{[]run.Verdict{s, n}, "not checked in these builds"},
	} {
		if got := history.Health(test.states); got != test.want {
			t.Errorf("%v: got %q, want %q", test.states, got, test.want)
		}
	}
	got := string(history.Strip([]run.Verdict{p, f, k, s, p}))
	check.Contains(t, got, `<path d="M3 1v14M27 1v14"/><path d="M15 5v10"/><path d="M9 9v6"/><path d="M21 13v2"/>`, `width="30"`)
	if history.Strip(nil) != "" {
		t.Error("a strip of nothing is drawn")
	}
}

func TestHealthIsTheWorstOnAnyStore(t *testing.T) {
	t.Parallel()
	first := build(1, "a", run.Passed)
	second := build(2, "a", run.Skipped)
	second.Stores = append(second.Stores, history.Store{Name: "stone"})
	second.Scenarios[0].Results["stone"] = history.Result{State: run.Failed}
	_, h := extended(t, first, second)
	if got, want := h.Health("a"), []run.Verdict{run.Passed, run.Failed}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := h.Keys(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got the keys %q", got)
	}
}

func TestWhichSitesAreKept(t *testing.T) {
	t.Parallel()
	site := fstest.MapFS{"index.html": {}, "builds/readme.txt": {}, "builds/latest/index.html": {}, "builds/007/index.html": {}, "builds/4/half.html": {}}
	for _, n := range []int{1, 2, 3, 10, 11} {
		site[fmt.Sprintf("builds/%d/index.html", n)] = &fstest.MapFile{}
	}
	carried, err := history.Carry(site, 3)
	check.Must(t, err)
	want := []history.Site{
		{Number: 11, Folder: "builds/11", Link: "builds/11/index.html"},
		{Number: 10, Folder: "builds/10", Link: "builds/10/index.html"},
		{Number: 3, Folder: "builds/3", Link: "builds/3/index.html"},
	}
	check.Same(t, "the result", want, carried.Sites)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	check.Must(t, err)
	return text
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"v":1,"n":1,"when":"2026-11-24T12:00:00Z","new":[{"i":0,"k":"key","a":"x"}],"stores":[{"name":"memory","states":"p2s","ms":[1]}]}` + "\n{"))
	f.Add([]byte("\uFEFF" + `{"v":1,"n":1,"stores":[{"name":"memory","failed":"the audit failed","states":"p","ms":[1]}]}` + "\r\n{\r\n"))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := history.Load(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("got %v, want an error with its line", err)
			}
			return
		}
		lines := 0
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))); len(line) > 0 {
				lines++
			}
		}
		if got := len(h.Builds()) + len(h.Damaged); got != lines {
			t.Errorf("got %d builds and %d damaged lines of %d", len(h.Builds()), len(h.Damaged), lines)
		}
		h.Redirects()
		if trend := h.Trend("key", "memory"); len(trend.States) != len(h.Builds()) {
			t.Errorf("got %d states of %d builds", len(trend.States), len(h.Builds()))
		}
		if _, _, err := history.Extend(text, history.Build{Commit: "c", Scenarios: []history.Scenario{{Key: "key"}}}); err != nil && len(h.Builds()) == 0 {
			t.Error(err)
		}
	})
}
