package memory_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/storetest"
)

var (
	_ es.Store         = (*memory.Store)(nil)
	_ feed.Source      = (*memory.Source)(nil)
	_ feed.Notifier    = (*memory.Source)(nil)
	_ feed.Checkpoints = (*memory.Checkpoints)(nil)
)

func mustParse(t *testing.T, name string) es.StreamName {
	t.Helper()
	stream, err := es.ParseStreamName(name)
	check.Must(t, err)
	return stream
}

func mustSource(t *testing.T, store *memory.Store, batchSize int, categories ...string) *memory.Source {
	t.Helper()
	source, err := store.Source(memory.SourceConfig{Categories: categories, BatchSize: batchSize})
	check.Must(t, err)
	return source
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}

// TestPositions fixes the numbers: they run over the whole store from 1, and
// the next read starts one behind the last event, as on Message DB.
func TestPositions(t *testing.T) {
	t.Parallel()
	store := memory.New()
	a, b := mustParse(t, "A-1"), mustParse(t, "B-1")
	mustAppend(t, store, a, 0, storetest.NewEvents(2)...) // at 1 and 2
	mustAppend(t, store, b, 0, storetest.NewEvents(1)...) // at 3
	mustAppend(t, store, a, 2, storetest.NewEvents(3)...) // at 4, 5 and 6
	source := mustSource(t, store, 3, "A", "B", "Empty")

	type result struct {
		Indices []es.Version
		Next    feed.Position
		Tail    bool
	}
	for _, test := range []struct {
		tranche feed.Tranche
		from    feed.Position
		want    result
	}{
		{"A", -1, result{[]es.Version{0, 1, 2}, 5, false}},
		{"A", 0, result{[]es.Version{0, 1, 2}, 5, false}},
		{"A", 1, result{[]es.Version{0, 1, 2}, 5, false}},
		{"A", 2, result{[]es.Version{1, 2, 3}, 6, false}},
		{"A", 3, result{[]es.Version{2, 3, 4}, 7, true}},
		{"A", 6, result{[]es.Version{4}, 7, true}},
		{"A", 7, result{nil, 7, true}},
		{"A", 99, result{nil, 99, true}},
		{"B", 0, result{[]es.Version{0}, 4, true}},
		{"B", 4, result{nil, 4, true}},
		{"Empty", 0, result{nil, 0, true}},
	} {
		batch, err := source.Read(t.Context(), test.tranche, test.from)
		check.Must(t, err)
		got := result{Next: batch.Next, Tail: batch.Tail}
		for _, d := range batch.Events {
			got.Indices = append(got.Indices, d.Event.Index)
		}
		check.Same(t, fmt.Sprintf("read %s from %d", test.tranche, test.from), test.want, got)
	}
	for tranche, want := range map[feed.Tranche]feed.Position{"A": 7, "B": 4, "Empty": 0} {
		if got, err := source.End(t.Context(), tranche); err != nil || got != want {
			t.Errorf("end of %s: got %d and error %v, want %d", tranche, got, err, want)
		}
	}
}

func TestTranchesAreTheCategories(t *testing.T) {
	t.Parallel()
	source := mustSource(t, memory.New(), 0, "B", "A")
	got, err := source.Tranches(t.Context())
	check.Must(t, err)
	check.Same(t, "tranches", []feed.Tranche{"B", "A"}, got)
	if got, want := source.ID(), "memoryStore"; got != want {
		t.Errorf("got id %q, want %q", got, want)
	}
}

func TestDefaultBatchSize(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustAppend(t, store, mustParse(t, "A-1"), 0, storetest.NewEvents(memory.DefaultBatchSize+1)...)
	batch, err := mustSource(t, store, 0, "A").Read(t.Context(), "A", 0)
	check.Must(t, err)
	if len(batch.Events) != memory.DefaultBatchSize || batch.Tail {
		t.Errorf("got %d events, tail %t; want %d, not the tail", len(batch.Events), batch.Tail, memory.DefaultBatchSize)
	}
}

func TestSourceConfigIsChecked(t *testing.T) {
	t.Parallel()
	for want, config := range map[string]memory.SourceConfig{
		"no categories":                   {},
		"the batch size is -1":            {Categories: []string{"A"}, BatchSize: -1},
		`the category "A" is named twice`: {Categories: []string{"A", "B", "A"}},
		`"A-1" is not a category`:         {Categories: []string{"A-1"}},
	} {
		check.Fails(t, check.Error(memory.New().Source(config)), want)
	}
}

func TestUnknownTranche(t *testing.T) {
	t.Parallel()
	source := mustSource(t, memory.New(), 0, "A")
	check.Failsf(t, check.Error(source.Read(t.Context(), "B", 0)), "read")
	check.Failsf(t, check.Error(source.End(t.Context(), "B")), "end")
	if !isClosed(source.Changed("B", 0)) {
		t.Error("got a channel that is open, want a closed one, so that the reader meets the error")
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	store := memory.New()
	source := mustSource(t, store, 0, "A", "B")
	first, second := source.Changed("A", 0), source.Changed("A", 5)
	if first != second {
		t.Error("got two channels for two waits, want one, so that waits that are given up leave nothing behind")
	}
	mustAppend(t, store, mustParse(t, "B-1"), 0, storetest.NewEvents(1)...) // at 1
	if isClosed(first) {
		t.Error("the channel was closed by an append to another category")
	}
	mustAppend(t, store, mustParse(t, "A-1"), 0, storetest.NewEvents(2)...) // at 2 and 3
	if !isClosed(first) {
		t.Error("the channel is open after an append to the category")
	}
	for from, want := range map[feed.Position]bool{0: true, 2: true, 3: true, 4: false} {
		if got := isClosed(source.Changed("A", from)); got != want {
			t.Errorf("changed at %d: got closed %t, want %t", from, got, want)
		}
	}
}

// TestWaitInBubble shows that a wait counts as blocked for testing/synctest,
// so that scenarios may run on its clock.
func TestWaitInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		source := mustSource(t, store, 0, "A")
		woken := false
		go func() {
			<-source.Changed("A", 0)
			woken = true
		}()
		synctest.Wait()
		if woken {
			t.Fatal("the wait ended before an append")
		}
		mustAppend(t, store, mustParse(t, "A-1"), 0, storetest.NewEvents(1)...)
		synctest.Wait()
		if !woken {
			t.Error("the wait goes on after an append")
		}
	})
}
