package table

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

// calved writes a stream with two events in each calf and one in the tip.
func calved(t *testing.T, events int) (es.StreamName, Tip) {
	t.Helper()
	tab, _ := newTable(t, Config{MaxEvents: 2})
	stream := newStream(t)
	tip := NoTip(stream)
	for i := range events {
		tip = mustAppend(t, tab, tip, Write{Events: numbered(i, 1)})
	}
	return stream, tip
}

func TestLoadsFromAnywhere(t *testing.T) {
	t.Parallel()
	const events = 11
	stream, written := calved(t, events)
	for _, pageSize := range []int{1, 2, 100} {
		tab, transport := newTable(t, Config{QueryMaxItems: pageSize})
		for _, consistent := range []bool{true, false} {
			for from := es.Version(-1); from < events+2; from++ {
				for name, load := range map[string]func() (Stream, error){
					"load": func() (Stream, error) { return tab.Load(within(t), stream, from, consistent) },
					"tail": func() (Stream, error) { return tab.Tail(within(t), written, from, consistent) },
				} {
					got, err := load()
					check.Must(t, err)
					first := min(max(int(from), 0), events)
					checkNumbered(t, got.Events, first, events-first)
					if got.Tip.etag != written.etag || got.Tip.version != events {
						t.Errorf("%s from %d: got tip %s at %d, want %s at %d", name, from, got.Tip.etag, got.Tip.version, written.etag, events)
					}
					requests := transport.Taken()
					if len(requests) > 7 {
						t.Errorf("%s from %d: got requests %v", name, from, requests)
					}
				}
			}
		}
	}
}

// How many requests a read costs.
func TestRequestsOfReads(t *testing.T) {
	t.Parallel()
	stream, tip := calved(t, 11)
	tab, transport := newTable(t, Config{})
	for name, test := range map[string]struct {
		read func() (Stream, error)
		want []string
	}{
		"a whole stream":   {func() (Stream, error) { return tab.Load(within(t), stream, 0, true) }, []string{"Query"}},
		"no stream":        {func() (Stream, error) { return tab.Load(within(t), newStream(t), 0, true) }, []string{"Query"}},
		"the newest event": {func() (Stream, error) { return tab.Load(within(t), stream, 10, true) }, []string{"GetItem"}},
		"behind the end":   {func() (Stream, error) { return tab.Load(within(t), stream, 99, true) }, []string{"GetItem"}},
		"the tip's events": {func() (Stream, error) { return tab.Tail(within(t), tip, 10, true) }, []string{"GetItem"}},
		"some calves":      {func() (Stream, error) { return tab.Tail(within(t), tip, 5, true) }, []string{"GetItem", "Query"}},
	} {
		check.Must(t, check.Error(test.read()))
		check.Same(t, name+": requests", test.want, transport.Taken())
	}
}

// A tip that nobody changed is the one held, and another is told apart.
func TestRevalidation(t *testing.T) {
	t.Parallel()
	stream, tip := calved(t, 3)
	tab, _ := newTable(t, Config{})
	got, err := tab.Tail(within(t), tip, 2, true)
	if err != nil || &got.Events[0] != &tip.events[0] {
		t.Errorf("got error %v and other memory, want that of the tip held", err)
	}
	mustAppend(t, tab, tip, Write{Events: numbered(3, 1)})
	got, err = tab.Tail(within(t), tip, 2, true)
	check.Must(t, err)
	checkNumbered(t, got.Events, 2, 2)
	if got.Tip.stream != stream || got.Tip.version != 4 {
		t.Errorf("got tip of %s at %d, want %s at 4", got.Tip.stream, got.Tip.version, stream)
	}
}

// A stream that calves between two pages of a query is read without a gap, and
// no event twice.
func TestLoadBesideACalving(t *testing.T) {
	t.Parallel()
	stream, tip := calved(t, 6) // the tip holds two
	writer, _ := newTable(t, Config{MaxEvents: 2})
	tab, transport := newTable(t, Config{QueryMaxItems: 1})
	transport.Script("Query", dynamotest.Before(func() {}), dynamotest.Before(func() {
		mustAppend(t, writer, tip, Write{Events: numbered(6, 1)})
	}))
	got := mustLoad(t, tab, stream, 0)
	checkNumbered(t, got.Events, 0, 6)
}

// What a replica does not know yet is read again, consistently.
func TestLoadFromAReplicaThatLags(t *testing.T) {
	t.Parallel()
	stream, _ := calved(t, 6)
	tab, transport := newTable(t, Config{})
	remove(t, stream, 2)
	var consistent []bool
	look := dynamotest.Inspect(func(body []byte) {
		consistent = append(consistent, bytes.Contains(body, []byte(`"ConsistentRead":true`)))
		if len(consistent) == 2 {
			restore(t, stream, 2)
		}
	})
	transport.Script("Query", look, look)
	got, err := tab.Load(within(t), stream, 0, false)
	check.Must(t, err)
	checkNumbered(t, got.Events, 0, 6)
	check.Same(t, "consistent reads", []bool{false, true}, consistent)
}

// An item that overlaps those above it counts only below them.
func TestOverlappingItems(t *testing.T) {
	t.Parallel()
	c := &collector{stream: newStream(t), from: 1}
	tip := Tip{version: 6, events: numbered(4, 2)}
	lower := Tip{version: 5, events: numbered(0, 5)}
	for i := range lower.events {
		lower.events[i].Index = es.Version(i)
	}
	tip.events[0].Index, tip.events[1].Index = 4, 5
	for _, b := range []batch{{true, tip}, {false, lower}} {
		check.Must(t, c.add(b))
	}
	checkNumbered(t, c.result().Events, 1, 5)
}

func TestLoadOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	tab, _ := newTable(t, Config{})
	for name, test := range map[string]struct {
		index int64
		want  MissingError
	}{
		"a calf at the start": {0, MissingError{From: 0, Until: 2}},
		"a calf between":      {2, MissingError{From: 2, Until: 4}},
		"the tip":             {tipKey, MissingError{From: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream, _ := calved(t, 6)
			remove(t, stream, test.index)
			for _, consistent := range []bool{true, false} {
				_, err := tab.Load(within(t), stream, 0, consistent)
				got, ok := errors.AsType[*MissingError](err)
				test.want.Stream = stream
				if !ok || *got != test.want {
					t.Errorf("got %v, want %v", err, &test.want)
				}
			}
			if test.index != tipKey {
				got := mustLoad(t, tab, stream, 4)
				checkNumbered(t, got.Events, 4, 2)
			}
		})
	}
}

// Reads are repeated where that helps, and only there.
func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	stream, _ := calved(t, 1)
	tab, transport := newTable(t, Config{Retries: 3})
	transport.Script("", dynamotest.Throttle(), dynamotest.Refuse(http.StatusInternalServerError, "InternalServerError", nil),
		dynamotest.Drop(errors.New("connection reset")))
	mustLoad(t, tab, stream, 0)
	check.Equal(t, "requests", 4, len(transport.Taken()))
	transport.Script("", dynamotest.Throttle(), dynamotest.Throttle(), dynamotest.Throttle(), dynamotest.Throttle())
	if _, err := tab.Load(within(t), stream, 0, true); err == nil {
		t.Error("got no error, want that of the last attempt")
	}
	transport.Taken()
	transport.Script("", dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil))
	if _, err := tab.Load(within(t), stream, 0, true); err == nil || len(transport.Taken()) != 1 {
		t.Errorf("access denied: got error %v, want one, after 1 request", err)
	}
}

func remove(t *testing.T, stream es.StreamName, index int64) {
	t.Helper()
	_, err := shared.Client(t, nil).DeleteItem(within(t), &dynamodb.DeleteItemInput{
		TableName: aws.String(sharedTable), Key: key(stream, index),
	})
	check.Must(t, err)
}

// restore puts the calf of two events back.
func restore(t *testing.T, stream es.StreamName, index int) {
	t.Helper()
	_, err := shared.Client(t, nil).PutItem(within(t), &dynamodb.PutItemInput{
		TableName: aws.String(sharedTable), Item: calfItem(Tip{stream: stream, version: es.Version(index + 2), events: numbered(index, 2)}),
	})
	check.Must(t, err)
}

// slow has each query take a while, as far away servers do.
type slow struct{ *faketable.Table }

func (s slow) Query(ctx context.Context, input *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Table.Query(ctx, input, o...)
}

// A long stream is read in parts, whatever is asked of it, and with whatever calves.
func TestALongStreamIsReadSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tab, err := New(slow{faketable.New()}, "fake", Config{})
		check.Must(t, err)
		stream := streamOf(t, "A-1")
		const count = 900 // of 8 KB, so seven pages
		tip := NoTip(stream)
		for n := range count {
			e := numbered(n, 1)
			e[0].Meta = Raw([]byte(`"` + strings.Repeat("x", 8000) + `"`))
			tip = mustAppend(t, tab, tip, Write{Events: e})
		}
		for _, from := range []int{0, 1, 3, 450, 451, 452, 895, 900} {
			start := time.Now()
			loaded, err := tab.Load(t.Context(), stream, es.Version(from), true)
			check.Must(t, err)
			checkNumbered(t, loaded.Events, from, count-from)
			if took := time.Since(start); took > 400*time.Millisecond {
				t.Errorf("from %d on: got %v, want parts side by side", from, took)
			}
		}
		whole, err := tab.Left(t.Context(), "A-1", 0)
		if err != nil || whole.First != 0 || len(whole.Events) != count {
			t.Errorf("got %d events from %d on and %v, want all", len(whole.Events), whole.First, err)
		}
	})
}

func TestAHoleInALongStreamIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		tab, err := New(fake, "fake", Config{})
		check.Must(t, err)
		stream := streamOf(t, "A-1")
		tip := NoTip(stream)
		for n := range 900 {
			e := numbered(n, 1)
			e[0].Meta = Raw([]byte(`"` + strings.Repeat("x", 8000) + `"`))
			tip = mustAppend(t, tab, tip, Write{Events: e})
		}
		fake.Remove("A-1", 400)
		if _, err := tab.Load(t.Context(), stream, 0, true); !isMissing(err) {
			t.Errorf("got %v, want that events are missing", err)
		}
		whole, err := tab.Left(t.Context(), "A-1", 0)
		if err != nil || whole.First != 404 || int(whole.Version)-len(whole.Events) != 404 {
			t.Errorf("got %d events from %d on and %v, want those behind the hole", len(whole.Events), whole.First, err)
		}
	})
}

func isMissing(err error) bool {
	_, missing := errors.AsType[*MissingError](err)
	return missing
}
