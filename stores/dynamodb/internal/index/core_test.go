package index

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

// sp is a span of events whose types are their indices.
func sp(stream string, from, until es.Version) Span {
	s := Span{Stream: stream, Index: from}
	for i := from; i < until; i++ {
		s.Types = append(s.Types, fmt.Sprint("T", i))
	}
	return s
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		epoch  Epoch
		offset es.Version
		want   feed.Position
	}{{0, 0, 0}, {3, 17, 3000017}, {4, 0, 4000000}, {0, 999_999, 999_999}} {
		if got := positionOf(tt.epoch, tt.offset); got != tt.want {
			t.Errorf("position of epoch %d, offset %d: got %d, want %d", tt.epoch, tt.offset, got, tt.want)
		}
		if epoch, offset := splitPosition(tt.want); epoch != tt.epoch || offset != tt.offset {
			t.Errorf("position %d: got epoch %d, offset %d; want %d, %d", tt.want, epoch, offset, tt.epoch, tt.offset)
		}
	}
}

func TestTranches(t *testing.T) {
	t.Parallel()
	for _, p := range []Partition{0, 7, 12} {
		if got, err := ParseTranche(p.Tranche()); err != nil || got != p {
			t.Errorf("tranche %q: got partition %d and error %v, want %d", p.Tranche(), got, err, p)
		}
	}
	for _, bad := range []feed.Tranche{"", "-1", "+1", "01", "a", "0 ", "4294967296"} {
		if got, err := ParseTranche(bad); err == nil {
			t.Errorf("tranche %q: got partition %d, want an error", bad, got)
		}
	}
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		spans      []Span
		want       []Span
		duplicates int
	}{
		{"nothing", nil, nil, 0},
		{"no types", []Span{{Stream: "a"}}, nil, 0},
		{"streams in order of arrival", []Span{sp("b", 0, 1), sp("a", 3, 4), sp("b", 1, 3)}, []Span{sp("b", 0, 3), sp("a", 3, 4)}, 0},
		{"the same again", []Span{sp("a", 0, 2), sp("a", 0, 2)}, []Span{sp("a", 0, 2)}, 2},
		{"overlap", []Span{sp("a", 0, 3), sp("a", 2, 5)}, []Span{sp("a", 0, 5)}, 1},
		{"within", []Span{sp("a", 0, 5), sp("a", 1, 3)}, []Span{sp("a", 0, 5)}, 2},
		{"out of order", []Span{sp("a", 2, 4), sp("a", 0, 2)}, []Span{sp("a", 0, 4)}, 0},
		{"older ones again", []Span{sp("a", 4, 6), sp("a", 0, 2), sp("a", 2, 4), sp("a", 4, 6)}, []Span{sp("a", 0, 6)}, 2},
		{"hole", []Span{sp("a", 0, 1), sp("b", 0, 1), sp("a", 3, 4)}, []Span{sp("a", 0, 1), sp("a", 3, 4), sp("b", 0, 1)}, 0},
	} {
		got, duplicates := flatten(tt.spans)
		if diff := cmp.Diff(tt.want, got); diff != "" || duplicates != tt.duplicates {
			t.Errorf("%s: got %d duplicates, want %d; runs (-want +got):\n%s", tt.name, duplicates, tt.duplicates, diff)
		}
	}
}

func TestChunksHoldEverythingAndFit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const limit = 200
		var runs []Span
		for i := range rapid.IntRange(0, 8).Draw(rt, "streams") {
			first := es.Version(rapid.IntRange(0, 3).Draw(rt, "first"))
			runs = append(runs, sp(fmt.Sprint("s", i), first, first+1+es.Version(rapid.IntRange(0, 60).Draw(rt, "events"))))
		}
		var all []Span
		for _, chunk := range chunks(runs, limit) {
			if size := len(marshal(chunk)); size > limit {
				rt.Errorf("got a chunk of %d bytes, want at most %d", size, limit)
			}
			all = append(all, chunk...)
		}
		joined, _ := flatten(all)
		check.Same(rt, "the chunks together", runs, joined)
	})
	long := Span{"a", 0, []string{strings.Repeat("x", 300), "y"}}
	if got := chunks([]Span{long}, 200); len(got) != 2 || got[1][0].Index != 1 {
		t.Errorf("got %v for a type longer than a chunk, want a chunk of its own", got)
	}
}

func TestGapsRestAndDecide(t *testing.T) {
	t.Parallel()
	g := mustIngester(t, mustTable(t, faketable.New(), TableConfig()), IngesterConfig{})
	g.contents = newContents()
	g.contents.fold(epochEvent{ingested: ingested{Add: []Span{sp("a", 2, 5)}, App: []Span{}}}, time.Now())
	g.past.streams["a"], g.past.streams["old"] = known{from: 0, next: 1}, known{from: 0, next: 4}
	for _, tt := range []struct {
		name       string
		run        []Span
		gaps       []Gap
		add, app   []Span
		later      []Span
		duplicates int
	}{
		{name: "Start", run: []Span{sp("b", 0, 3)}, add: []Span{sp("b", 0, 3)}},
		{name: "Start in the middle", run: []Span{sp("b", 1, 3)}, gaps: []Gap{{"b", 0, 1}}, add: []Span{sp("b", 1, 3)}},
		{name: "Start behind an epoch before", run: []Span{sp("old", 4, 5)}, add: []Span{sp("old", 4, 5)}},
		{name: "Start with what an epoch before has", run: []Span{sp("old", 0, 5)}, add: []Span{sp("old", 4, 5)}, duplicates: 4},
		{name: "Start with a gap to an epoch before", run: []Span{sp("old", 6, 7)}, gaps: []Gap{{"old", 4, 6}}, add: []Span{sp("old", 6, 7)}},
		{name: "Append", run: []Span{sp("a", 5, 6)}, app: []Span{sp("a", 5, 6)}},
		{name: "Append, trimmed", run: []Span{sp("a", 0, 6)}, app: []Span{sp("a", 5, 6)}, duplicates: 5},
		{name: "Gap", run: []Span{sp("a", 7, 8)}, gaps: []Gap{{"a", 5, 7}}, later: []Span{sp("a", 7, 8)}},
		{name: "Gap between runs", run: []Span{sp("b", 0, 1), sp("b", 2, 3)}, gaps: []Gap{{"b", 1, 2}}, add: []Span{sp("b", 0, 1)}, later: []Span{sp("b", 2, 3)}},
		{name: "Gap hidden by a duplicate", run: []Span{sp("a", 0, 2), sp("a", 7, 8)}, gaps: []Gap{{"a", 5, 7}}, later: []Span{sp("a", 7, 8)}, duplicates: 2},
		{name: "Discard", run: []Span{sp("a", 2, 5)}, duplicates: 3},
		{name: "Discard, older", run: []Span{sp("a", 0, 1)}, duplicates: 1},
	} {
		rest, duplicates := g.rest(tt.run)
		now, later := g.contents.fit(rest)
		event := g.contents.decide(now)
		check.Same(t, fmt.Sprintf("%s: gaps", tt.name), tt.gaps, g.gaps(tt.run))
		if diff := cmp.Diff(ingested{append([]Span{}, tt.add...), append([]Span{}, tt.app...)}, event); diff != "" || duplicates != tt.duplicates {
			t.Errorf("%s: got %d duplicates, want %d; event (-want +got):\n%s", tt.name, duplicates, tt.duplicates, diff)
		}
		check.Same(t, fmt.Sprintf("%s: what has to wait for the next epoch", tt.name), tt.later, later)
	}
}

func TestEpochsCloseByTheSizeFromBefore(t *testing.T) {
	t.Parallel()
	limits, err := Limits{}.withDefaults()
	if want := (Limits{1 << 20, 5000, 100000}); err != nil || limits != want {
		t.Errorf("got the default limits %+v, want Propulsion's, %+v", limits, want)
	}
	for _, bad := range []Limits{{Bytes: -1}, {Streams: -1}, {Version: -1}, {Version: 999_999}} {
		check.Failsf(t, check.Error(bad.withDefaults()), "%+v", bad)
	}
	limits = Limits{Bytes: 100, Version: 5, Streams: 3}
	one := ingested{Add: []Span{sp("b", 0, 1)}}
	for _, tt := range []struct {
		streams, bytes int
		version        es.Version
		event          ingested
		want           bool
	}{
		{0, 0, 0, one, false},
		{0, 100, 4, one, false},
		{0, 101, 4, one, true},
		{0, 100, 5, one, true},
		{1, 0, 0, one, false},
		{2, 0, 0, one, true},
		{1, 0, 0, ingested{one.Add, one.Add}, true}, // continuations count as well
	} {
		c := newContents()
		for i := range tt.streams {
			c.streams[fmt.Sprint(i)] = known{next: 1}
		}
		if got := limits.closes(c, tt.bytes, tt.version, tt.event); got != tt.want {
			t.Errorf("%+v: got %t, want %t", tt, got, tt.want)
		}
	}
}

func TestSpansOfRecords(t *testing.T) {
	t.Parallel()
	const stream = "GroupCheckout-5b1f7e0c9f3a4d528a7b0c1d2e3f4a5b"
	tip := Image{Stream: stream, Version: "3", Appended: "2", Types: []string{"StaysSelected", "StaysMerged", "MergesFailed"}}
	with := func(change func(*Record)) Record {
		r := Record{Sequence: "42", View: "NEW_IMAGE", Name: "MODIFY", Image: tip}
		change(&r)
		return r
	}
	want := Span{stream, 1, []string{"StaysMerged", "MergesFailed"}}
	for _, tt := range []struct {
		name   string
		record Record
		want   Span // the zero Span for none
		fails  bool
	}{
		{"the last ones of the tip", with(func(*Record) {}), want, false},
		{"of a tip that calved", with(func(r *Record) { r.Image.Types = r.Image.Types[1:] }), want, false},
		{"inserted", with(func(r *Record) { r.Name = "INSERT"; r.View = "NEW_AND_OLD_IMAGES" }), want, false},
		{"a calf has no a", with(func(r *Record) { r.Name, r.Image.Appended = "INSERT", "" }), Span{}, false},
		{"unfolds only", with(func(r *Record) { r.Image.Appended = "0" }), Span{}, false},
		{"removed", with(func(r *Record) { r.Name, r.Image = "REMOVE", Image{} }), Span{}, false},
		{"the index itself", with(func(r *Record) { r.Image.Stream = "$AppendsEpoch-0_0" }), Span{}, false},
		{"another system", with(func(r *Record) { r.Image.Stream = "$Any-1" }), Span{}, false},
		{"pruned to fewer", with(func(r *Record) { r.Image.Types = r.Image.Types[2:] }), Span{stream, 2, []string{"MergesFailed"}}, false},
		{"pruned to none", with(func(r *Record) { r.Image.Types = nil }), Span{}, false},
		{"a name without a dash", with(func(r *Record) { r.Image.Stream = "x" }), Span{"x", 1, want.Types}, false},
		{"keys only", with(func(r *Record) { r.View = "KEYS_ONLY" }), Span{}, true},
		{"another name", with(func(r *Record) { r.Name = "UPSERT" }), Span{}, true},
		{"no stream", with(func(r *Record) { r.Image.Stream = "" }), Span{}, true},
		{"no version", with(func(r *Record) { r.Image.Version = "" }), Span{}, true},
		{"a version below the events", with(func(r *Record) { r.Image.Version = "1" }), Span{}, true},
		{"a is no number", with(func(r *Record) { r.Image.Appended = "-1" }), Span{}, true},
	} {
		got, ok, err := tt.record.Span()
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (len(tt.want.Types) > 0) || (err != nil) != tt.fails {
			t.Errorf("%s: got ok %t and error %v; span (-want +got):\n%s", tt.name, ok, err, diff)
		}
		if bad, is := errors.AsType[*RecordError](err); tt.fails && (!is || bad.Sequence != "42") {
			t.Errorf("%s: got %v, want a RecordError that names the record", tt.name, err)
		}
	}
}
