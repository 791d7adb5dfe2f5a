package index

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// ingest is one event of an epoch for each list of spans.
func ingest(t testing.TB, tab *table.Table, limits Limits, batches ...[]Span) {
	t.Helper()
	g := mustIngester(t, tab, IngesterConfig{Limits: limits})
	for _, batch := range batches {
		mustIngest(t, g, batch...)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	ingest(
		t, tab, Limits{Version: 4},
		[]Span{sp("A-1", 0, 2), sp("B-1", 0, 1), sp("A-2", 0, 1)},
		[]Span{sp("A-1", 2, 3)},
		[]Span{sp("B-1", 1, 2), sp("nodash", 0, 1), sp("AA-1", 0, 1)},
		[]Span{sp("A-3", 0, 1), sp("A-4", 0, 1), sp("A-5", 0, 1)},
		[]Span{sp("B-2", 0, 1)}, // and the end
		[]Span{sp("A-1", 3, 4)},
		[]Span{sp("B-1", 2, 3)},
	)
	source, err := NewSource(tab, SourceConfig{BatchSize: 2}, "A")
	check.Must(t, err)
	for _, tt := range []struct {
		from, next feed.Position
		tail       bool
		events     []string
	}{
		{0, 1, false, []string{"A-1 0", "A-1 1", "A-2 0"}}, // two spans, so the third has to wait
		{1, 3, false, []string{"A-1 2"}},                   // B is passed over, three more do not fit
		{3, 1_000_000, false, []string{"A-3 0", "A-4 0", "A-5 0"}},
		{2, 1_000_000, false, []string{"A-3 0", "A-4 0", "A-5 0"}},
		{4, 1_000_000, false, nil},
		{5, 1_000_000, false, nil},
		{6, 1_000_000, false, nil}, // the end of the epoch
		{17, 1_000_000, false, nil},
		{1_000_000, 1_000_002, true, []string{"A-1 3"}},
		{1_000_001, 1_000_002, false, nil}, // something was passed over, so the tail comes next
		{1_000_002, 1_000_002, true, nil},
		{1_000_009, 1_000_009, true, nil},
		{2_000_000, 2_000_000, true, nil},
		{math.MaxInt64, math.MaxInt64, true, nil},
	} {
		batch, err := source.Read(t.Context(), "0", tt.from)
		check.Must(t, err)
		var events []string
		for _, d := range batch.Events {
			events = append(events, fmt.Sprint(d.Stream, " ", d.Event.Index))
		}
		if diff := cmp.Diff(tt.events, events); diff != "" || batch.Next != tt.next || batch.Tail != tt.tail {
			t.Errorf("from %d: got next %d and tail %t, want %d and %t; events (-want +got):\n%s", tt.from, batch.Next, batch.Tail, tt.next, tt.tail, diff)
		}
	}
	if end, err := source.End(t.Context(), "0"); err != nil || end != 1_000_002 {
		t.Errorf("got the end %d and error %v, want 1000002", end, err)
	}
}

func TestADeliveryIsANotification(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	ingest(t, tab, Limits{}, []Span{{"GroupCheckout-5b1f", 1, []string{"StaysMerged"}}})
	source, err := NewSource(tab, SourceConfig{}, "GroupCheckout", "Other")
	check.Must(t, err)
	batch, err := source.Read(t.Context(), "0", 0)
	check.Must(t, err)
	want := []feed.Delivery{{Stream: mustName("GroupCheckout", "5b1f"), Event: es.Event{Index: 1, EventData: es.EventData{Type: "StaysMerged"}}, Next: 1}}
	check.Same(t, "deliveries", want, batch.Events, cmp.Comparer(func(a, b es.StreamName) bool { return a == b }))
}

func TestAnEmptyIndex(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	source, err := NewSource(tab, SourceConfig{}, "A")
	check.Must(t, err)
	if got, err := source.Tranches(t.Context()); err != nil || !cmp.Equal(got, []feed.Tranche{"0"}) {
		t.Errorf("got the tranches %q and error %v, want that of partition 0", got, err)
	}
	if got, err := source.End(t.Context(), "0"); err != nil || got != 0 {
		t.Errorf("got the end %d and error %v, want 0", got, err)
	}
	if got, err := source.Read(t.Context(), "0", 0); err != nil || !got.Tail || got.Next != 0 || len(got.Events) > 0 {
		t.Errorf("got %+v and error %v, want the tail", got, err)
	}
	if got := source.ID(); got != "dynamoStore" {
		t.Errorf("got the id %q", got)
	}
}

// TestAnEpochIsReadOnce counts on the fake to change what the source must have
// read already.
func TestPagesOfAnEpochCostOneRead(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, table.Config{MaxEvents: 3})
	var batches [][]Span
	for i := range es.Version(10) {
		batches = append(batches, []Span{sp("A-1", i, i+1)})
	}
	ingest(t, tab, Limits{}, batches...)
	source, err := NewSource(tab, SourceConfig{BatchSize: 1}, "A")
	check.Must(t, err)
	before := fake.Reads()
	for from := range feed.Position(10) {
		if batch, err := source.Read(t.Context(), "0", from); err != nil || batch.Next != from+1 || len(batch.Events) != 1 {
			t.Fatalf("from %d: got %+v and error %v", from, batch, err)
		}
	}
	if got := fake.Reads() - before; got != 2 {
		t.Errorf("got %d reads of the table for ten pages, want 2: of the tip, and of the calves", got)
	}
}

func TestBadArgumentsOfASource(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	check.Failsf(t, check.Error(NewSource(tab, SourceConfig{})), "no categories")
	check.Failsf(t, check.Error(NewSource(tab, SourceConfig{}, "A-b")), "a category with a dash")
	check.Failsf(t, check.Error(NewSource(tab, SourceConfig{BatchSize: -1}, "A")), "a negative batch size")
	source, err := NewSource(tab, SourceConfig{}, "A")
	check.Must(t, err)
	check.Failsf(t, check.Error(source.Read(t.Context(), "A", 0)), "a tranche that is none")
	check.Failsf(t, check.Error(source.Read(t.Context(), "0", -1)), "a negative position")
	check.Failsf(t, check.Error(source.End(t.Context(), "A")), "the end of a tranche that is none")
}
