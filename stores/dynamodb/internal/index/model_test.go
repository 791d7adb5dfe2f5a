package index

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// TestModel appends random spans to random streams and has up to three
// ingesters index them in random batches. They start again from earlier places,
// lose replies and get into each other's way. In the end the index must hold
// every event: in each epoch once, in the order of its stream, and nothing
// skipped. A source must deliver exactly that, whatever the batch size.
func TestModel(t *testing.T) {
	check.Unraced(t)
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { checkModel(t, rt) })
}

// run is one ingester and its place in the log.
type run struct {
	ingester *Ingester
	at       int
}

func checkModel(t *testing.T, rt *rapid.T) {
	t.Helper()
	fake := faketable.New()
	tab := mustTable(t, fake, table.Config{MaxEvents: rapid.IntRange(0, 3).Draw(rt, "calving"), QueryMaxItems: 2})
	runs := make([]run, rapid.IntRange(1, 3).Draw(rt, "ingesters"))
	config := IngesterConfig{Limits: Limits{
		Bytes: rapid.SampledFrom([]int{0, 500}).Draw(rt, "bytes"), Version: es.Version(rapid.IntRange(1, 6).Draw(rt, "version")),
		Streams: rapid.IntRange(1, 8).Draw(rt, "streams"),
	}}
	// Ingesters that get into each other's way leave early events again in a
	// late epoch, and then what follows looks like a gap. One alone never does.
	config.Heal = func(_ context.Context, gap Gap) ([]string, error) {
		if len(runs) == 1 {
			return nil, errors.New("a single ingester makes no gaps")
		}
		return sp("", gap.From, gap.Until).Types, nil
	}
	var log []Span
	next := map[string]es.Version{}
	for i := range runs {
		runs[i].ingester = mustIngester(t, tab, config)
	}
	ingest := func(r *run, until int) {
		check.Must(rt, r.ingester.Ingest(t.Context(), log[r.at:until]))
		r.at = until
	}
	rt.Repeat(map[string]func(*rapid.T){
		"append": func(rt *rapid.T) {
			stream := fmt.Sprintf("%s-%d", rapid.SampledFrom([]string{"A", "AB"}).Draw(rt, "category"), rapid.IntRange(0, 2).Draw(rt, "stream"))
			after := next[stream] + es.Version(rapid.IntRange(1, 3).Draw(rt, "events"))
			log = append(log, sp(stream, next[stream], after))
			next[stream] = after
		},
		"ingest": func(rt *rapid.T) {
			r := &runs[rapid.IntRange(0, len(runs)-1).Draw(rt, "ingester")]
			ingest(r, rapid.IntRange(r.at, len(log)).Draw(rt, "until"))
		},
		"restart": func(rt *rapid.T) {
			r := &runs[rapid.IntRange(0, len(runs)-1).Draw(rt, "ingester")]
			*r = run{mustIngester(t, tab, config), rapid.IntRange(0, r.at).Draw(rt, "from")}
		},
		"disturb": func(rt *rapid.T) {
			switch rapid.IntRange(0, 9).Draw(rt, "how") { // seldom, since the table pauses then
			case 0:
				fake.Fault(faketable.Lost)
			case 1:
				fake.Fault(faketable.Refused)
			}
		},
	})
	for i := range runs {
		ingest(&runs[i], len(log))
	}
	inOrder := checkIndex(t, rt, tab, next)
	for _, batch := range []int{1, 3, 100} {
		checkSource(t, rt, tab, batch, inOrder)
	}
}

// checkIndex returns all events of the category A in the order of the index.
func checkIndex(t *testing.T, rt *rapid.T, tab *table.Table, want map[string]es.Version) (inOrder []string) {
	t.Helper()
	got := map[string]es.Version{}
	for epoch := Epoch(0); ; epoch++ {
		s, err := tab.Load(t.Context(), epochStream(0, epoch), 0, true)
		check.Must(rt, err)
		if !s.Tip.Exists() {
			break
		}
		within := map[string]es.Version{} // behind the last event of each stream in this epoch
		for i, e := range s.Events {
			event, err := decodeEpochEvent(s.Tip.Stream(), e)
			check.Must(rt, err)
			if event.closed && i != len(s.Events)-1 {
				rt.Errorf("epoch %d has events behind its end", epoch)
			}
			for span := range event.spans() {
				if end, known := within[span.Stream]; known && span.Index != end {
					rt.Errorf("epoch %d has %s from %d on, want from %d on", epoch, span.Stream, span.Index, end)
				}
				within[span.Stream] = span.Next()
				if span.Index > got[span.Stream] {
					rt.Errorf("epoch %d has %s from %d on, and no epoch has %d", epoch, span.Stream, span.Index, got[span.Stream])
				}
				got[span.Stream] = max(got[span.Stream], span.Next())
				for index := span.Index; index < span.Next(); index++ {
					if span.Stream[:2] == "A-" {
						inOrder = append(inOrder, fmt.Sprint(span.Stream, " ", index))
					}
				}
			}
		}
	}
	check.Same(rt, "events of each stream", want, got)
	return inOrder
}

func checkSource(t *testing.T, rt *rapid.T, tab *table.Table, batchSize int, want []string) {
	t.Helper()
	source, err := NewSource(tab, SourceConfig{BatchSize: batchSize}, "A")
	check.Must(rt, err)
	var got []string
	for from := feed.Position(0); ; {
		batch, err := source.Read(t.Context(), "0", from)
		check.Must(rt, err)
		for _, d := range batch.Events {
			got = append(got, fmt.Sprint(d.Stream, " ", d.Event.Index))
			if want := fmt.Sprint("T", d.Event.Index); d.Event.Type != want {
				rt.Errorf("got type %s, want %s", d.Event.Type, want)
			}
		}
		if batch.Next == from {
			if !batch.Tail || len(batch.Events) > 0 {
				rt.Errorf("read from %d: got the same position, %d events and tail %t", from, len(batch.Events), batch.Tail)
			}
			break
		}
		from = batch.Next
		if end, err := source.End(t.Context(), "0"); err != nil || from > end || batch.Tail && from != end {
			rt.Errorf("read up to %d, the end is %d: got tail %t and error %v", from, end, batch.Tail, err)
		}
	}
	check.Same(rt, fmt.Sprintf("deliveries with batches of %d", batchSize), want, got)
}
