package table

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

// Each way to write, from the tip that it finds to the items that it leaves.
func TestWays(t *testing.T) {
	t.Parallel()
	stream := newStream(t)
	tab, transport := newTable(t, Config{MaxEvents: 2, NewETag: counter("etag-")})
	unfolds := []Unfold{{Type: "Snapshotted", Time: sampleTime(), Data: Raw([]byte(`{"s":1}`))}}
	checkRequests := func(want ...string) {
		t.Helper()
		check.Same(t, "requests", want, transport.Taken())
	}

	tip := mustAppend(t, tab, NoTip(stream), Write{Unfolds: unfolds})
	checkRequests("PutItem")
	checkTip(t, stream, "n=0 a=0 b=0 etag=etag-1 events=0 unfolds=1@0")

	tip = mustAppend(t, tab, tip, Write{Events: numbered(0, 1), Unfolds: unfolds})
	checkRequests("UpdateItem")
	checkTip(t, stream, "n=1 a=1 b=0 etag=etag-2 events=1 unfolds=1@1")

	tip = mustAppend(t, tab, tip, Write{Events: numbered(1, 1)})
	checkRequests("UpdateItem")
	checkTip(t, stream, "n=2 a=1 b=0 etag=etag-3 events=2 unfolds=0")

	tip = mustAppend(t, tab, tip, Write{Unfolds: unfolds})
	checkRequests("UpdateItem")
	checkTip(t, stream, "n=2 a=0 b=0 etag=etag-4 events=2 unfolds=1@2")

	tip = mustAppend(t, tab, tip, Write{Events: numbered(2, 3), Unfolds: unfolds})
	checkRequests("TransactWriteItems")
	checkTip(t, stream, "n=5 a=3 b=110 etag=etag-5 events=3 unfolds=1@5")

	// Equinox calves even where only unfolds are written.
	tab.config.MaxBytes = 100
	tip = mustAppend(t, tab, tip, Write{Unfolds: unfolds})
	checkRequests("TransactWriteItems")
	checkTip(t, stream, "n=5 a=0 b=275 etag=etag-6 events=0 unfolds=1@5")

	tip = mustAppend(t, tab, tip, Write{Events: numbered(5, 1)})
	checkRequests("UpdateItem")
	checkTip(t, stream, "n=6 a=1 b=275 etag=etag-7 events=1 unfolds=0")

	loaded := mustLoad(t, tab, stream, 0)
	checkNumbered(t, loaded.Events, 0, 6)
	compare := cmp.AllowUnexported(Tip{}, es.StreamName{})
	if diff := cmp.Diff(loaded.Tip, tip, compare); diff != "" {
		t.Errorf("the tip that Append returned differs from the one stored (-stored +returned):\n%s", diff)
	}
}

// checkTip compares the tip item, written in short, and what it leaves out.
func checkTip(t *testing.T, stream es.StreamName, want string) {
	t.Helper()
	all := items(t, stream)
	it := all[len(all)-1]
	d := &decoder{}
	b, err := decodeItem(stream, it)
	check.Must(t, err)
	got := fmt.Sprintf("n=%d a=%d b=%d etag=%s events=%d unfolds=%d", d.number(it, "n"), d.number(it, "a"), d.number(it, "b"),
		d.text(it, "etag"), len(d.list(it, "e")), len(b.unfolds))
	for _, u := range b.unfolds {
		got += fmt.Sprintf("@%d", u.Index)
	}
	check.Equal(t, "tip", want, got)
	for name, present := range map[string]bool{"c": len(b.events) > 0, "e": len(b.events) > 0, "u": len(b.unfolds) > 0} {
		if _, ok := it[name]; ok != present {
			t.Errorf("attribute %s: got present %v, want %v", name, ok, present)
		}
	}
	for _, calf := range all[:len(all)-1] {
		for _, name := range []string{"a", "b", "etag", "u"} {
			if _, ok := calf[name]; ok {
				t.Errorf("a calf has the attribute %s", name)
			}
		}
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	unfolds := []Unfold{{Type: "S", Time: sampleTime()}}
	for name, test := range map[string]struct {
		prepare, between, write Write
		maxEvents               int
		conflict                bool
	}{
		"first write":                               {between: Write{Events: numbered(0, 1)}, write: Write{Events: numbered(0, 1)}, conflict: true},
		"first write, unfolds were written":         {between: Write{Unfolds: unfolds}, write: Write{Events: numbered(0, 1)}},
		"first write by etag, unfolds were written": {between: Write{Unfolds: unfolds}, write: Write{Events: numbered(0, 1), Match: MatchETag}, conflict: true},
		"append":                                     {prepare: Write{Events: numbered(0, 1)}, between: Write{Events: numbered(1, 1)}, write: Write{Events: numbered(1, 1)}, conflict: true},
		"append, unfolds were written":               {prepare: Write{Events: numbered(0, 1)}, between: Write{Unfolds: unfolds}, write: Write{Events: numbered(1, 1)}},
		"append by etag, unfolds were written":       {prepare: Write{Events: numbered(0, 1)}, between: Write{Unfolds: unfolds}, write: Write{Events: numbered(1, 1), Match: MatchETag}, conflict: true},
		"calve":                                      {prepare: Write{Events: numbered(0, 1)}, between: Write{Events: numbered(1, 1)}, write: Write{Events: numbered(1, 1)}, maxEvents: 1, conflict: true},
		"calve, unfolds were written":                {prepare: Write{Events: numbered(0, 2)}, between: Write{Unfolds: unfolds}, write: Write{Events: numbered(2, 1)}, maxEvents: 2},
		"calve by etag, unfolds were written":        {prepare: Write{Events: numbered(0, 2)}, between: Write{Unfolds: unfolds}, write: Write{Events: numbered(2, 1), Match: MatchETag}, maxEvents: 2, conflict: true},
		"unfolds by etag, other unfolds came before": {prepare: Write{Unfolds: unfolds}, between: Write{Unfolds: unfolds}, write: Write{Unfolds: unfolds, Match: MatchETag}, conflict: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := newTable(t, Config{MaxEvents: test.maxEvents})
			tip := NoTip(newStream(t))
			if len(test.prepare.Events)+len(test.prepare.Unfolds) > 0 {
				tip = mustAppend(t, tab, tip, test.prepare)
			}
			between := mustAppend(t, tab, tip, test.between)
			transport.Taken()
			after, err := tab.Append(within(t), tip, test.write)
			requests := transport.Taken()

			loaded := mustLoad(t, tab, tip.stream, 0)
			if !test.conflict {
				if err != nil || after.etag != loaded.Tip.etag || len(requests) != 2 {
					t.Errorf("got etag %s, error %v and requests %v, want etag %s and 2 requests", after.etag, err, requests, loaded.Tip.etag)
				}
				checkNumbered(t, loaded.Events, 0, int(tip.version)+len(test.write.Events))
				return
			}
			conflict, ok := errors.AsType[*ConflictError](err)
			if !ok || conflict.Actual.etag != between.etag || conflict.Actual.version != between.version || len(requests) != 1 {
				t.Errorf("got error %v and requests %v, want a conflict with the tip %s in 1 request", err, requests, between.etag)
			}
			if contract, ok := errors.AsType[*es.ConflictError](err); !ok || contract.Expected != tip.version || contract.Actual != between.version {
				t.Errorf("got %v, want the contract's conflict in it", err)
			}
			check.Equal(t, "something was written: etag", between.etag, loaded.Tip.etag)
		})
	}
}

// A tip that is no more, with its whole table perhaps, is a conflict too.
func TestConflictWithNothing(t *testing.T) {
	t.Parallel()
	tab, _ := newTable(t, Config{})
	tip := mustAppend(t, tab, NoTip(newStream(t)), Write{Events: numbered(0, 2)})
	remove(t, tip.stream, tipKey)
	_, err := tab.Append(within(t), tip, Write{Events: numbered(2, 1)})
	if conflict, ok := errors.AsType[*ConflictError](err); !ok || conflict.Actual.Exists() || conflict.Actual.version != 0 {
		t.Errorf("got %v, want a conflict with version 0", err)
	}
}

// What cannot be stored is refused before anything is sent.
func TestRefusals(t *testing.T) {
	t.Parallel()
	large := func(bytes int) Event { return event("Large", strings.Repeat("x", bytes)) }
	for name, test := range map[string]struct {
		stream string
		write  Write
		want   string
	}{
		"nothing to write":     {"Test-1", Write{}, "neither events nor unfolds"},
		"no type":              {"Test-1", Write{Events: []Event{{Time: sampleTime()}}}, es.ErrEmptyType.Error()},
		"a type in no UTF-8":   {"Test-1", Write{Events: []Event{event("\xff", "")}}, "not UTF-8"},
		"a year of five":       {"Test-1", Write{Events: []Event{{Type: "A", Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}}, "years 1 to 9999"},
		"an unfold of no type": {"Test-1", Write{Unfolds: []Unfold{{}}}, "unfold 0"},
		"a long name":          {"Test-" + strings.Repeat("x", 2048), Write{Events: numbered(0, 1)}, "DynamoDB takes 2048"},
		"a large event":        {"Test-1", Write{Events: []Event{large(maxItemBytes)}}, "409600 bytes"},
		"many large events":    {"Test-1", Write{Events: []Event{large(200 << 10), large(200 << 10)}}, "409600 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := newTable(t, Config{})
			_, err := tab.Append(within(t), NoTip(streamOf(t, test.stream)), test.write)
			check.Fails(t, err, test.want, "nothing was written")
			if requests := transport.Taken(); len(requests) > 0 {
				t.Errorf("got requests %v, want none", requests)
			}
		})
	}
}

// Our reckoning of an item's size is never below DynamoDB's, and close to it:
// what we think just fits is taken.
func TestItemsOfTheLargestSize(t *testing.T) {
	t.Parallel()
	tab, _ := newTable(t, Config{MaxBytes: maxItemBytes})
	for _, pieces := range []int{1, 2, 50, 1000} {
		stream := newStream(t)
		events := make([]Event, pieces)
		for i := range events {
			events[i] = Event{
				Type: "Ä🏨", Time: sampleTime(), CorrelationID: "correlation", CausationID: "causation",
				Data: Body{Brotli, []byte("d")}, Meta: Body{Brotli, []byte("m")},
			}
		}
		frame := storedBytes(Tip{stream: stream, version: es.Version(pieces), etag: tab.config.NewETag(), events: events})
		room := (maxItemBytes - frame) / pieces
		for i := range events {
			events[i].Data.Bytes = bytes.Repeat([]byte{'x'}, room+1)
		}
		events[0].Data.Bytes = bytes.Repeat([]byte{'x'}, maxItemBytes-frame-(pieces-1)*room+1)
		tip := mustAppend(t, tab, NoTip(stream), Write{Events: events})
		if left := maxItemBytes - storedBytes(tip); left != 0 {
			t.Errorf("%d events: the test leaves %d bytes", pieces, left)
		}
		// One more event calves, although Equinox's rule would not ask for it.
		mustAppend(t, tab, tip, Write{Events: numbered(pieces, 1)})
		if got := mustLoad(t, tab, stream, 0); len(got.Events) != pieces+1 || len(got.Tip.events) != 1 {
			t.Errorf("%d events: got %d events, %d in the tip, want one more and 1", pieces, len(got.Events), len(got.Tip.events))
		}
	}
}

// Writers that contend for one stream, and calve it all the time, lose and
// repeat nothing, and readers beside them see no gap.
func TestCalvingUnderContention(t *testing.T) {
	t.Parallel()
	const writers, each = 6, 25
	stream := newStream(t)
	var group, readers sync.WaitGroup
	done := make(chan struct{})
	reader, _ := newTable(t, Config{QueryMaxItems: 3})
	readers.Go(func() {
		for seen := 0; ; {
			loaded, err := reader.Load(within(t), stream, 0, true)
			if err != nil {
				t.Error(err)
				return
			}
			for i, e := range loaded.Events {
				if e.Index != es.Version(i) {
					t.Errorf("got index %d at %d", e.Index, i)
					return
				}
			}
			if len(loaded.Events) < seen {
				t.Errorf("got %d events after %d", len(loaded.Events), seen)
			}
			seen = len(loaded.Events)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for writer := range writers {
		group.Go(func() {
			tab, _ := newTable(t, Config{MaxEvents: 1 + writer%3, Retries: 1000})
			tip := NoTip(stream)
			for i := 0; i < each; {
				after, err := tab.Append(within(t), tip, Write{Events: []Event{event("Written", fmt.Sprintf("%d/%d", writer, i))}})
				conflict, ok := errors.AsType[*ConflictError](err)
				switch {
				case err == nil:
					tip, i = after, i+1
				case ok:
					tip = conflict.Actual
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	close(done)
	readers.Wait()

	next := make([]int, writers)
	loaded := mustLoad(t, reader, stream, 0)
	for _, e := range loaded.Events {
		var writer, i int
		check.Must(t, check.Error(fmt.Sscanf(string(e.Data.Bytes), "%d/%d", &writer, &i)))
		if next[writer] != i {
			t.Fatalf("writer %d: got event %d, want %d", writer, i, next[writer])
		}
		next[writer]++
	}
	check.Equal(t, "events", writers*each, len(loaded.Events))
	if want := estimate(loaded.Events) - loaded.Tip.bytes; loaded.Tip.before != want {
		t.Errorf("b: got %d, want %d", loaded.Tip.before, want)
	}
}

// A global table of strong consistency takes no transactions. A stream that has to give
// events away from its tip then says so, and is left as it was; shorter ones work.
func TestATableThatTakesNoTransactions(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	fake.Strong = true
	tab, err := New(fake, "strong", Config{MaxEvents: 2})
	check.Must(t, err)
	stream := newStream(t)
	tip := mustAppend(t, tab, NoTip(stream), Write{Events: numbered(0, 2)})
	_, err = tab.Append(t.Context(), tip, Write{Events: numbered(2, 1)})
	if _, ok := errors.AsType[smithy.APIError](err); err == nil || !ok || !strings.Contains(err.Error(), stream.String()) || !strings.Contains(err.Error(), "the table takes no transactions") {
		t.Errorf("got error %v, want one that names the stream and says what the table is", err)
	}
	if got := mustLoad(t, tab, stream, 0); got.Tip.Version() != 2 || len(got.Events) != 2 {
		t.Errorf("got %d events at version %d, want the two that were there", len(got.Events), got.Tip.Version())
	}
}
