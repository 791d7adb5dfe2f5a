package dynamodb

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// How many requests each call costs.
func TestRequests(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{MaxEvents: 4})
	other, _ := open(t, Config{})
	store, stream := db.Store(), newStream(t)
	took := func(what string, want ...string) {
		t.Helper()
		check.Same(t, what+": requests", want, transport.Taken())
	}
	mustAppend(t, store, stream, 0, newEvents(1)...)
	took("the first append", "PutItem")
	mustAppend(t, store, stream, 1, newEvents(2)...)
	took("an append at a known version", "UpdateItem")
	mustAppend(t, store, stream, 3, newEvents(2)...)
	took("an append that calves", "TransactWriteItems")
	mustRead(t, store, stream, 0)
	took("a whole stream", "Query")
	mustRead(t, store, stream, 3)
	took("a tail", "GetItem")
	mustRead(t, store, stream, 5)
	took("an empty tail", "GetItem")

	mustAppend(t, other.Store(), stream, 5, newEvents(1)...)
	if _, err := store.Append(within(t), stream, 5, newEvents(1)); !errors.As(err, new(*es.ConflictError)) {
		t.Errorf("got %v, want a conflict", err)
	}
	took("a conflict", "UpdateItem")
	mustAppend(t, store, stream, 6, newEvents(1)...)
	took("an append at the version that the conflict told", "UpdateItem")
	mustAppend(t, other.Store(), stream, 7, newEvents(1)...)
	mustAppend(t, store, stream, 8, newEvents(1)...)
	took("an append at a version that others made", "GetItem", "TransactWriteItems")
	if _, err := store.Append(within(t), stream, 0, newEvents(1)); !errors.As(err, new(*es.ConflictError)) {
		t.Errorf("got %v, want a conflict", err)
	}
	took("a conflict at the start", "PutItem")
}

// A conflict tells the version whenever there was a request.
func TestConflictsTellTheVersion(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(3)...)
	for _, expected := range []es.Version{0, 1, 2, 4, 1000} {
		_, err := db.Store().Append(within(t), stream, expected, newEvents(1))
		want := es.ConflictError{Stream: stream, Expected: expected, Actual: 3}
		if got, ok := errors.AsType[*es.ConflictError](err); !ok || *got != want {
			t.Errorf("append at %d: got %v, want %v", expected, err, &want)
		}
	}
}

// Throttling and the like are no conflicts, and are waited out.
func TestFaultsThatAreNoConflicts(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{MaxEvents: 1, Retries: 4})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	transport.Script("", dynamotest.Throttle(), dynamotest.Cancel("None", "TransactionConflict"),
		dynamotest.Refuse(http.StatusInternalServerError, "InternalServerError", nil))
	mustAppend(t, db.Store(), stream, 1, newEvents(1)...)
	transport.Script("", dynamotest.LoseReply(errors.New("connection reset"), nil))
	mustAppend(t, db.Store(), stream, 2, newEvents(1)...)
	if got := mustRead(t, db.Store(), stream, 0); len(got) != 3 {
		t.Errorf("got %d events, want 3", len(got))
	}
	for range 5 {
		transport.Script("", dynamotest.Throttle())
	}
	_, err := db.Store().Append(within(t), stream, 3, newEvents(1))
	if errors.As(err, new(*es.ConflictError)) || errors.As(err, new(*es.UncertainError)) || err == nil {
		t.Errorf("got %v, want an error that is neither a conflict nor uncertain", err)
	}
	mustAppend(t, db.Store(), stream, 3, newEvents(1)...)
}

// Times are cut, not rounded, to 100 nanoseconds, and come back in UTC.
func TestTimes(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{})
	stream := newStream(t)
	e := newEvents(1)[0]
	e.Time = time.Date(2026, 11, 23, 13, 35, 27, 687_685_199, time.FixedZone("", 7200))
	mustAppend(t, db.Store(), stream, 0, e)
	want := time.Date(2026, 11, 23, 11, 35, 27, 687_685_100, time.UTC)
	got := mustRead(t, db.Store(), stream, 0)[0]
	if got.Time != want || got.ID != uuid.Nil {
		t.Errorf("got time %v and id %s, want %v and the zero UUID", got.Time, got.ID, want)
	}
}

// Nothing that callers hold is shared with the tips that are remembered, which
// tails are read from.
func TestMemoryIsNotShared(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{})
	stream := newStream(t)
	events := newEvents(2)
	events[1].Meta = []byte(`{"by":"clerk"}`)
	mustAppend(t, db.Store(), stream, 0, events...)
	scribble := func(e *es.EventData) {
		for _, body := range [][]byte{e.Data, e.Meta} {
			for i := range body {
				body[i] = '#'
			}
		}
		e.Type = "Scribbled"
	}
	scribble(&events[1])
	for range 2 {
		got := mustRead(t, db.Store(), stream, 1)
		if len(got) != 1 || got[0].Type != "Happened" || string(got[0].Data) != `{"n":1}` || string(got[0].Meta) != `{"by":"clerk"}` {
			t.Errorf("got %+v, want what was appended", got)
		}
		scribble(&got[0].EventData)
	}
}

// Only a read from the leader is consistent.
func TestFreshness(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{})
	for freshness, want := range map[es.Freshness]string{es.FromLeader: `"ConsistentRead":true`, es.FromReplica: `"ConsistentRead":false`} {
		for _, from := range []es.Version{0, 1} {
			transport.Script("", dynamotest.Inspect(func(body []byte) {
				if !bytes.Contains(body, []byte(want)) {
					t.Errorf("read from %d, from the %v: got %s, want %s in it", from, freshness, body, want)
				}
			}))
			check.Must(t, check.Error(db.Store().Read(within(t), newStream(t), from, freshness)))
		}
	}
}

// Compressed bodies of other writers are read.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{})
	stream := newStream(t)
	data := []byte(`"` + strings.Repeat("long ", 100) + `"`)
	compressed := table.Compressed(data)
	if compressed.Encoding != table.Brotli {
		t.Fatal("the test's data is not compressed")
	}
	broken := table.Body{Encoding: table.Brotli, Bytes: []byte("broken")}
	tip, err := db.streams.Append(within(t), table.NoTip(stream), table.Write{Events: []table.Event{{Type: "A", Time: time.Now(), Data: compressed}}})
	check.Must(t, err)
	for _, from := range []es.Version{-1, 0} {
		if got := mustRead(t, db.Store(), stream, from); !bytes.Equal(got[0].Data, data) {
			t.Errorf("got %s, want %s", got[0].Data, data)
		}
	}
	check.Must(t, check.Error(db.streams.Append(within(t), tip, table.Write{Events: []table.Event{{Type: "A", Time: time.Now(), Data: broken}}})))
	if got, err := db.Store().Read(within(t), stream, 0, es.FromLeader); err == nil || !strings.Contains(err.Error(), "event 1 of "+stream.String()) {
		t.Errorf("a broken body: got %d events and error %v, want an error that names it", len(got), err)
	}
}

// The memory for tips has a limit, and what was used last stays.
func TestTipsAreBounded(t *testing.T) {
	t.Parallel()
	db, transport := open(t, Config{CacheBytes: 20_000})
	var streams []es.StreamName
	for i := range 50 {
		streams = append(streams, newStream(t))
		mustAppend(t, db.Store(), streams[i], 0, newEvents(1)...)
		mustRead(t, db.Store(), streams[0], 1)
	}
	if known := len(db.store.tips.places); known < 5 || known > 45 || db.store.tips.memory > 20_000 {
		t.Errorf("got %d tips of %d bytes, want some, of 20000 at most", known, db.store.tips.memory)
	}
	transport.Taken()
	mustAppend(t, db.Store(), streams[0], 1, newEvents(1)...)
	mustAppend(t, db.Store(), streams[1], 1, newEvents(1)...)
	check.Same(t, "requests", []string{"UpdateItem", "GetItem", "UpdateItem"}, transport.Taken())
	db.store.tips.put(table.NoTip(streams[0]), false)
	for _, stream := range streams {
		db.store.tips.drop(stream)
	}
	if db.store.tips.memory != 0 || db.store.tips.order.Len() != 0 {
		t.Errorf("got %d bytes of %d tips, want none", db.store.tips.memory, db.store.tips.order.Len())
	}
}

// A read of a replica that lags does not push out a newer tip.
func TestTipsFromReplicas(t *testing.T) {
	t.Parallel()
	db, _ := open(t, Config{})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	old := db.store.tips.get(stream)
	mustAppend(t, db.Store(), stream, 1, newEvents(1)...)
	db.store.tips.put(old, true)
	check.Equal(t, "version", 2, db.store.tips.get(stream).Version())
}
