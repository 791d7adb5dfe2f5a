package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

func mustTable(t testing.TB, client table.Client, config table.Config) *table.Table {
	t.Helper()
	tab, err := table.New(client, "index", config)
	check.Must(t, err)
	return tab
}

func mustIngester(t testing.TB, tab *table.Table, config IngesterConfig) *Ingester {
	t.Helper()
	g, err := NewIngester(tab, config)
	check.Must(t, err)
	return g
}

func mustIngest(t testing.TB, g *Ingester, spans ...Span) {
	t.Helper()
	check.Must(t, g.Ingest(t.Context(), spans))
}

// written is what an epoch's stream holds, in words: + for add, > for app, and
// an x for the end.
func written(t testing.TB, tab *table.Table, epoch Epoch) []string {
	t.Helper()
	s, err := tab.Load(t.Context(), epochStream(0, epoch), 0, true)
	check.Must(t, err)
	var words []string
	for _, e := range s.Events {
		event, err := decodeEpochEvent(s.Tip.Stream(), e)
		check.Must(t, err)
		word := ""
		for _, s := range event.Add {
			word += fmt.Sprintf("+%s[%d,%d)", s.Stream, s.Index, s.Next())
		}
		for _, s := range event.App {
			word += fmt.Sprintf(">%s[%d,%d)", s.Stream, s.Index, s.Next())
		}
		if event.closed {
			word += "x"
		}
		words = append(words, word)
	}
	return words
}

func checkWritten(t testing.TB, tab *table.Table, epoch Epoch, want ...string) {
	t.Helper()
	check.Same(t, fmt.Sprintf("epoch %d", epoch), want, written(t, tab, epoch))
}

func checkActive(t testing.TB, tab *table.Table, want map[Partition]Epoch) {
	t.Helper()
	got, _, err := loadActive(t.Context(), tab)
	check.Must(t, err)
	check.Same(t, "active epochs", want, got)
}

// body is the decoded d of the nth element of a list attribute, and its D.
func body(t testing.TB, item faketable.Item, list string, n int) (data string, encoding table.Encoding) {
	t.Helper()
	m := item[list].(*types.AttributeValueMemberL).Value[n].(*types.AttributeValueMemberM).Value
	b := table.Body{}
	if d, ok := m["d"].(*types.AttributeValueMemberB); ok {
		b.Bytes = d.Value
	}
	if _, ok := m["D"]; ok {
		b.Encoding = table.Brotli
	}
	decoded, err := b.Decode()
	check.Must(t, err)
	return string(decoded), b.Encoding
}

func number(item faketable.Item, name string) string {
	n, ok := item[name].(*types.AttributeValueMemberN)
	if !ok {
		return ""
	}
	return n.Value
}

// TestFirstBatch is the conformance vector of a first span that does not begin
// at 0, down to the items.
func TestFirstBatch(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, TableConfig())
	g := mustIngester(t, tab, IngesterConfig{Limits: Limits{Version: 1}})
	mustIngest(t, g, Span{"GroupCheckout-5b1f", 1, []string{"StaysMerged", "MergesFailed"}})
	mustIngest(t, g, Span{"GuestStay-0f8f", 1, []string{"TransferredToGroup"}}, Span{"GroupCheckout-5b1f", 3, []string{"Paid"}})

	epoch := fake.Items("$AppendsEpoch-0_0")
	if len(epoch) != 1 || number(epoch[0], "i") != "2147483647" || number(epoch[0], "n") != "3" || number(epoch[0], "a") != "2" || epoch[0]["u"] != nil {
		t.Fatalf("got the items %+v, want one tip of three events, two of the last write, without unfolds", epoch)
	}
	check.Same(t, "types", []string{"Ingested", "Ingested", "Closed"}, names(epoch[0]))
	for i, want := range []string{
		`{"add":[{"p":"GroupCheckout-5b1f","i":1,"c":["StaysMerged","MergesFailed"]}],"app":[]}`,
		`{"add":[{"p":"GuestStay-0f8f","i":1,"c":["TransferredToGroup"]}],"app":[{"p":"GroupCheckout-5b1f","i":3,"c":["Paid"]}]}`,
		"",
	} {
		if got, _ := body(t, epoch[0], "e", i); got != want {
			t.Errorf("event %d: got %s, want %s", i, got, want)
		}
	}
	if _, encoding := body(t, epoch[0], "e", 1); encoding != table.Brotli {
		t.Errorf("got encoding %d for a long body, want Brotli", encoding)
	}
	if m := epoch[0]["e"].(*types.AttributeValueMemberL).Value[2].(*types.AttributeValueMemberM).Value; m["d"] != nil || m["t"] == nil {
		t.Errorf("got %v for Closed, want a time and no body", m)
	}

	list := fake.Items("$AppendsIndex-0")[0]
	check.Same(t, "types", []string{"Started", "Started"}, names(list))
	for i, want := range []string{`{"partition":0,"tranche":null,"epoch":0}`, `{"partition":0,"tranche":null,"epoch":1}`} {
		if got, encoding := body(t, list, "e", i); got != want || encoding != table.Plain {
			t.Errorf("event %d: got %s, encoding %d; want %s, not compressed", i, got, encoding, want)
		}
	}
	if got, _ := body(t, list, "u", 0); got != `{"active":{"0":1}}` {
		t.Errorf("got the unfold %s", got)
	}
	u := list["u"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberM).Value
	if name := u["c"].(*types.AttributeValueMemberS).Value; name != "Snapshotted" || number(u, "i") != "2" {
		t.Errorf("got the unfold %v, want Snapshotted at version 2", u)
	}
	if got, want := g.Stats(), (IngesterStats{Events: 4, Appends: 2, Closed: 1}); got != want {
		t.Errorf("got the counts %+v, want %+v", got, want)
	}
}

func names(item faketable.Item) (names []string) {
	for _, name := range item["c"].(*types.AttributeValueMemberL).Value {
		names = append(names, name.(*types.AttributeValueMemberS).Value)
	}
	return names
}

func TestLegacyListOfEpochs(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	_, err := tab.Append(t.Context(), table.NoTip(indexStream()), table.Write{Events: []table.Event{
		newEvent(typeStarted, table.Raw([]byte(`{"tranche":0,"epoch":1}`))),
		newEvent("Unknown", table.Raw([]byte(`{}`))),
		newEvent(typeStarted, table.Raw([]byte(`{"partition":null,"tranche":3,"epoch":2,"more":true}`))),
	}})
	check.Must(t, err)
	checkActive(t, tab, map[Partition]Epoch{0: 1, 3: 2})
	mustIngest(t, mustIngester(t, tab, IngesterConfig{Limits: Limits{Version: 1}}), sp("a", 0, 1))
	checkWritten(t, tab, 1, "+a[0,1)")
	mustIngest(t, mustIngester(t, tab, IngesterConfig{Limits: Limits{Version: 1}}), sp("a", 1, 2))
	checkActive(t, tab, map[Partition]Epoch{0: 2, 3: 2})
}

func TestBodiesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{"epoch":1}`, `{"partition":0,"epoch":-1}`, `nonsense`} {
		tab := mustTable(t, faketable.New(), TableConfig())
		_, err := tab.Append(t.Context(), table.NoTip(indexStream()), table.Write{Events: []table.Event{newEvent(typeStarted, table.Raw([]byte(data)))}})
		check.Must(t, err)
		err = mustIngester(t, tab, IngesterConfig{}).Ingest(t.Context(), []Span{sp("a", 0, 1)})
		if _, ok := errors.AsType[*BodyError](err); !ok {
			t.Errorf("%s: got error %v, want a BodyError", data, err)
		}
	}
}

func TestEpochsFollowOneAnother(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, TableConfig())
	config := IngesterConfig{Limits: Limits{Version: 2}}
	first, second := mustIngester(t, tab, config), mustIngester(t, tab, config)
	mustIngest(t, first, sp("a", 0, 1))
	mustIngest(t, second, sp("a", 0, 2), sp("b", 0, 1)) // what the other one has is left out
	mustIngest(t, first, sp("a", 1, 3), sp("b", 0, 2))  // meets a conflict, then closes the epoch
	mustIngest(t, second, sp("b", 0, 3))                // meets the closed epoch
	checkWritten(t, tab, 0, "+a[0,1)", "+b[0,1)>a[1,2)", ">a[2,3)>b[1,2)", "x")
	checkWritten(t, tab, 1, "+b[2,3)")
	checkActive(t, tab, map[Partition]Epoch{0: 1})
	check.Same(t, "an epoch was not announced once", []string{"Started", "Started"}, names(fake.Items("$AppendsIndex-0")[0]))

	// A restart looks into the epoch before, so what comes again is known.
	mustIngest(t, mustIngester(t, tab, config), sp("a", 2, 3), sp("b", 2, 4))
	checkWritten(t, tab, 1, "+b[2,3)", ">b[3,4)")
}

func TestNothingNewWritesNothing(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, TableConfig())
	g := mustIngester(t, tab, IngesterConfig{})
	mustIngest(t, g)
	check.Equal(t, "writes for no spans", 0, fake.Writes())
	mustIngest(t, g, sp("a", 0, 2))
	writes := fake.Writes()
	mustIngest(t, g, sp("a", 0, 2), sp("a", 1, 2))
	mustIngest(t, mustIngester(t, tab, IngesterConfig{}), sp("a", 0, 1))
	if got := fake.Writes(); got != writes {
		t.Errorf("got %d writes for what is known, want none", got-writes)
	}
	check.Equal(t, "duplicates", 3, g.Stats().Duplicates)
}

func TestALostReplyIsNoDuplicate(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab := mustTable(t, fake, TableConfig())
	g := mustIngester(t, tab, IngesterConfig{})
	for i := range es.Version(3) {
		fake.Fault(faketable.Lost)
		mustIngest(t, g, sp("a", i, i+1))
	}
	checkWritten(t, tab, 0, "+a[0,1)", ">a[1,2)", ">a[2,3)")
}

func TestGaps(t *testing.T) {
	t.Parallel()
	healer := func(_ context.Context, gap Gap) ([]string, error) { return sp("", gap.From, gap.Until).Types, nil }

	t.Run("are healed", func(t *testing.T) {
		t.Parallel()
		tab := mustTable(t, faketable.New(), TableConfig())
		g := mustIngester(t, tab, IngesterConfig{Heal: healer, Limits: Limits{Version: 2}})
		mustIngest(t, g, sp("a", 0, 1), sp("b", 4, 5), sp("b", 6, 7))
		mustIngest(t, g, sp("a", 3, 4))
		mustIngest(t, g, sp("a", 4, 5))
		mustIngest(t, g, sp("a", 7, 8)) // the epoch before had it up to 5
		checkWritten(t, tab, 0, "+a[0,1)+b[0,7)", ">a[1,4)", ">a[4,5)", "x")
		checkWritten(t, tab, 1, "+a[5,8)")
		if got := g.Stats(); got.Gaps != 4 || got.Healed != 9 {
			t.Errorf("got %d gaps and %d events healed, want 4 and 9", got.Gaps, got.Healed)
		}
	})
	t.Run("that cannot be healed fail and name the stream", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("pruned")
		for name, heal := range map[string]Healer{
			"none":    nil,
			"failing": func(context.Context, Gap) ([]string, error) { return nil, cause },
			"long":    func(context.Context, Gap) ([]string, error) { return []string{"x", "y", "z"}, nil },
		} {
			tab := mustTable(t, faketable.New(), TableConfig())
			g := mustIngester(t, tab, IngesterConfig{Heal: heal})
			mustIngest(t, g, sp("a", 0, 1))
			err := g.Ingest(t.Context(), []Span{sp("b", 0, 1), sp("a", 3, 4)})
			if gap, ok := errors.AsType[*GapError](err); !ok || gap.Gap != (Gap{"a", 1, 3}) {
				t.Errorf("%s: got error %v, want the gap of a", name, err)
			}
			checkWritten(t, tab, 0, "+a[0,1)")
		}
	})
	t.Run("are only warned of if that is wanted", func(t *testing.T) {
		t.Parallel()
		tab := mustTable(t, faketable.New(), TableConfig())
		g := mustIngester(t, tab, IngesterConfig{WarnGaps: true, Logger: slog.New(slog.DiscardHandler)})
		mustIngest(t, g, sp("a", 0, 1))
		mustIngest(t, g, sp("b", 0, 1), sp("a", 3, 4), sp("a", 6, 7))
		checkGap(t, tab, g)
		if got := g.Stats(); got.Lost != 4 {
			t.Errorf("got %d events lost, want 4", got.Lost)
		}
	})
	t.Run("that were pruned are passed over", func(t *testing.T) {
		t.Parallel()
		tab := mustTable(t, faketable.New(), TableConfig())
		g := mustIngester(t, tab, IngesterConfig{Heal: func(_ context.Context, gap Gap) ([]string, error) {
			return sp("", gap.Until-1, gap.Until).Types, nil
		}})
		mustIngest(t, g, sp("a", 0, 1))
		mustIngest(t, g, sp("c", 4, 5), sp("a", 3, 4))
		checkWritten(t, tab, 0, "+a[0,1)", "+c[3,5)", "x")
		checkWritten(t, tab, 1, "+a[2,4)")
		mustIngest(t, mustIngester(t, tab, IngesterConfig{}), sp("a", 2, 5), sp("c", 5, 6)) // without a healer: no gap is left
		checkWritten(t, tab, 1, "+a[2,4)", "+c[5,6)>a[4,5)")
	})
	t.Run("across the edge of an epoch are found after a restart", func(t *testing.T) {
		t.Parallel()
		tab := mustTable(t, faketable.New(), TableConfig())
		config := IngesterConfig{Heal: healer, Limits: Limits{Version: 1}}
		mustIngest(t, mustIngester(t, tab, config), sp("a", 0, 2))
		for i := range es.Version(4) { // epochs that do not know the stream
			mustIngest(t, mustIngester(t, tab, config), sp("b", i, i+1))
		}
		g := mustIngester(t, tab, config)
		mustIngest(t, g, sp("a", 4, 5))
		if got := g.Stats(); got.Gaps != 1 || got.Healed != 2 {
			t.Errorf("got %+v, want a gap of two events that is healed", got)
		}
		checkWritten(t, tab, 2, "+b[3,4)", "+a[2,5)", "x")
	})
}

// checkGap makes sure that no epoch has a gap within a stream, which readers on .NET
// do not accept, and that what comes behind each is there.
func checkGap(t testing.TB, tab *table.Table, g *Ingester) {
	t.Helper()
	checkWritten(t, tab, 0, "+a[0,1)", "+b[0,1)", "x")
	checkWritten(t, tab, 1, "+a[3,4)", "x")
	checkWritten(t, tab, 2, "+a[6,7)")
	checkActive(t, tab, map[Partition]Epoch{0: 2})
	if k, _ := g.has("a"); k.from != 6 || k.next != 7 {
		t.Errorf("got %+v for the stream, want what lies behind the last gap", k)
	}
}

func TestHealFromTheTableOfEvents(t *testing.T) {
	t.Parallel()
	events := mustTable(t, faketable.New(), table.Config{MaxEvents: 2})
	stream := mustName("A", "1")
	tip := table.NoTip(stream)
	for i := range 7 {
		var err error
		if tip, err = events.Append(t.Context(), tip, table.Write{Events: []table.Event{newEvent(fmt.Sprint("T", i), table.Body{})}}); err != nil {
			t.Fatal(err)
		}
	}
	heal := HealFrom(events)
	got, err := heal(t.Context(), Gap{"A-1", 1, 4})
	if want := sp("", 1, 4).Types; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and error %v, want %q", got, err, want)
	}
	for _, gap := range []Gap{{"A-1", 5, 8}, {"A-2", 0, 1}, {"nodash", 0, 1}} {
		if got, err := heal(t.Context(), gap); err == nil {
			t.Errorf("%+v: got %q, want an error", gap, got)
		}
	}
}

func TestBigBatchesAreDivided(t *testing.T) {
	t.Parallel()
	tab := mustTable(t, faketable.New(), TableConfig())
	var spans []Span
	for i := range 20_000 {
		spans = append(spans, sp(fmt.Sprintf("Category-%08d", i), 0, 1))
	}
	g := mustIngester(t, tab, IngesterConfig{})
	mustIngest(t, g, spans...)
	if got := g.Stats(); got.Events != 20_000 || got.Appends < 2 {
		t.Errorf("got %+v, want all events, in more than one append", got)
	}
}
