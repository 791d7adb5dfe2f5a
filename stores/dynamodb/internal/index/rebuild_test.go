package index

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// checkExact makes sure that the index has every event of each stream once.
func checkExact(t testing.TB, tab *table.Table, want map[es.StreamName]es.Version) {
	t.Helper()
	got := map[string]es.Version{}
	for epoch := Epoch(0); ; epoch++ {
		s, err := tab.Load(t.Context(), epochStream(0, epoch), 0, true)
		check.Must(t, err)
		if !s.Tip.Exists() {
			break
		}
		for _, e := range s.Events {
			event, err := decodeEpochEvent(s.Tip.Stream(), e)
			check.Must(t, err)
			for span := range event.spans() {
				if span.Index != got[span.Stream] {
					t.Errorf("epoch %d has %s from %d on, want from %d on", epoch, span.Stream, span.Index, got[span.Stream])
				}
				got[span.Stream] = span.Next()
			}
		}
	}
	wanted := map[string]es.Version{}
	for stream, n := range want {
		wanted[stream.String()] = n
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("events of each stream (-want +got):\n%.2000s", diff)
	}
}

// More events than a usual run has time for.
var pastStreams = flag.Int64("past-streams", 1_000, "in TestATableWithAPastIsAdopted, this `number` of streams of 5 events each") //nolint:gochecknoglobals // a flag of go test

// A table with many events is adopted, while clerks and an indexer are at work. Most
// of the table is older than what the stream of changes has.
func TestATableWithAPastIsAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const events = 5
		streams := *pastStreams
		tried.Times(t, "a table in memory", "streams of five events adopted", int(streams))
		want := map[es.StreamName]es.Version{}
		changed := w.lying.Changed
		w.lying.Changed = nil // nobody was told
		for i := range streams {
			stream := mustName("A", fmt.Sprint(i))
			w.append(t, stream, 2)
			w.append(t, stream, events-2) // which calves
			want[stream] = events
		}
		w.lying.Changed = changed

		var clerks sync.WaitGroup
		stop := make(chan struct{})
		var mu sync.Mutex
		for clerk := range 3 {
			clerks.Go(func() {
				for n := clerk; ; n += 3 {
					select {
					case <-stop:
						return
					default:
					}
					stream := mustName("A", fmt.Sprint(n*7%(int(streams)+500))) // some of them new
					w.append(t, stream, 1)
					mu.Lock()
					want[stream]++
					mu.Unlock()
					if pause.For(t.Context(), 50*time.Millisecond) != nil {
						return
					}
				}
			})
		}
		p := w.start(t, IndexerConfig{Rebuild: true})
		<-p.Begun()
		pages := 0
		done, err := Rebuild(t.Context(), w.events, w.index, RebuildConfig{Progress: func(RebuildProgress) {
			pages++
			time.Sleep(100 * time.Millisecond) // so that the clerks do something meanwhile
		}})
		if err != nil || done.Done != 4 || done.Streams < streams || done.Missing < streams/2 || int64(pages) < streams/200 {
			t.Errorf("got %+v after %d pages and error %v, want four parts and all streams", done, pages, err)
		}
		close(stop)
		clerks.Wait()
		follow(t, w.source(t, "A"), want)
		check.OK(t, p.end())
		checkExact(t, w.index, want)
		t.Logf("%+v; the indexer %+v", done, p.Stats().Ingested)

		// And again there is nothing to do.
		if again, err := Rebuild(t.Context(), w.events, w.index, RebuildConfig{}); err != nil || again.Missing != 0 || again.Indexed != 0 || again.Resumed {
			t.Errorf("got %+v and %v the second time, want nothing missing", again, err)
		}
		all, err := Coverage(t.Context(), w.index)
		if err != nil || len(all) != len(want) {
			t.Errorf("got the coverage of %d streams and %v, want %d", len(all), err, len(want))
		}
	})
}

func TestARebuildGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		want := map[es.StreamName]es.Version{}
		for i := range 500 {
			stream := mustName("A", fmt.Sprint(i))
			for range 4 {
				w.append(t, stream, 1)
			}
			want[stream] = 4
		}
		config := RebuildConfig{Segments: 2, PageSize: 10}
		w.lying.AtOnce = 10
		ctx, interrupt := context.WithCancel(t.Context())
		config.Progress = func(p RebuildProgress) {
			if p.Items > 300 {
				interrupt()
			}
		}
		first, err := Rebuild(ctx, w.events, w.index, config)
		if !errors.Is(err, context.Canceled) || first.Items > 400 {
			t.Fatalf("got %+v and %v, want that it was interrupted", first, err)
		}
		config.Progress = nil
		second, err := Rebuild(t.Context(), w.events, w.index, config)
		if err != nil || !second.Resumed || second.Items != 1000 || second.Indexed != 2000 {
			t.Errorf("got %+v and %v, want that it went on, and the sum of both", second, err)
		}
		checkExact(t, w.index, want)
	})
}

func TestARebuildKeepsToARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 100 {
			w.append(t, mustName("A", fmt.Sprint(i)), 1)
		}
		w.lying.AtOnce, w.lying.Units = 10, 5 // ten pages
		start := time.Now()
		check.Must(t, check.Error(Rebuild(t.Context(), w.events, w.index, RebuildConfig{Segments: 1, Units: 1})))
		if took := time.Since(start); took < 45*time.Second || took > 60*time.Second {
			t.Errorf("got %v for 50 units at one a second", took)
		}
	})
}

// What an index may look like: each way to lack something, and to have too much.
func TestARebuildCompletesAnyIndex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		whole, tail, head, hole, pruned, unknown := mustName("A", "whole"), mustName("A", "tail"), mustName("A", "head"), mustName("A", "hole"), mustName("A", "pruned"), mustName("A", "unknown")
		all := map[es.StreamName]es.Version{whole: 5, tail: 5, head: 5, hole: 5, pruned: 5, unknown: 5}
		for stream := range all {
			for range 5 {
				w.append(t, stream, 1)
			}
		}
		w.lying.Remove("A-pruned", 0) // its calf
		g := mustIngester(t, w.index, IngesterConfig{WarnGaps: true})
		mustIngest(t, g, sp("A-whole", 0, 5), sp("A-tail", 2, 5), sp("A-head", 0, 3), sp("A-hole", 0, 1))
		mustIngest(t, g, sp("A-hole", 3, 5))
		done, err := Rebuild(t.Context(), w.events, w.index, RebuildConfig{})
		if err != nil || done.Missing != 5 {
			t.Errorf("got %+v and %v, want five streams that lacked something", done, err)
		}
		got, err := Coverage(t.Context(), w.index)
		check.Must(t, err)
		for stream, n := range all {
			from := es.Version(0)
			if stream == pruned {
				from = 3
			}
			if k := got[stream.String()]; k.From != from || k.Next != n {
				t.Errorf("%s: got events %d to %d in the index, want %d to %d", stream, k.From, k.Next, from, n)
			}
		}

		// An index that knows more belongs to another state of the table.
		mustIngest(t, mustIngester(t, w.index, IngesterConfig{}), sp("A-whole", 5, 6))
		_, err = Rebuild(t.Context(), w.events, w.index, RebuildConfig{})
		if ahead, ok := errors.AsType[*AheadError](err); !ok || *ahead != (AheadError{"A-whole", 6, 5}) {
			t.Errorf("got %v, want that the index knows more of A-whole", err)
		}
	})
}

func TestAnItemThatCannotBeReadIsNamedByARebuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(t, mustName("A", "1"), 1)
	w.append(t, mustName("A", "2"), 1)
	w.lying.Spoil("A-2", math.MaxInt32)
	done, err := Rebuild(t.Context(), w.events, w.index, RebuildConfig{})
	if err != nil || done.Bad != 1 || done.Indexed != 1 {
		t.Errorf("got %+v and %v, want one stream that is bad and one that is indexed", done, err)
	}
	checkExact(t, w.index, map[es.StreamName]es.Version{mustName("A", "1"): 1})
}

func TestConflictsReadTheTail(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, TableConfig())
	first, second := mustIngester(t, tab, IngesterConfig{}), mustIngester(t, tab, IngesterConfig{})
	for i := range es.Version(200) {
		mustIngest(t, first, sp("A-a", i, i+1))
	}
	mustIngest(t, second, sp("A-b", 0, 1))
	reads := fake.Reads()
	for i := range es.Version(100) {
		mustIngest(t, first, sp("A-a", 200+i, 201+i))
		mustIngest(t, second, sp("A-b", 1+i, 2+i))
	}
	if got := fake.Reads() - reads; got > 20 { // where a tip calved in between
		t.Errorf("got %d reads for 200 appends that met a conflict each, want next to none", got)
	}
	if a, b := first.Stats(), second.Stats(); a.Conflicts < 99 || b.Conflicts < 99 {
		t.Errorf("got %d and %d conflicts, want about 100 each", a.Conflicts, b.Conflicts)
	}
	if a, _ := first.Has("A-a"); a.Next != 300 {
		t.Errorf("got %d events of a, want 300", a.Next)
	}
	checkExact(t, tab, map[es.StreamName]es.Version{mustName("A", "a"): 300, mustName("A", "b"): 101})
}
