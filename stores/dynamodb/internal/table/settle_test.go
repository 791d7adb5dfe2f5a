package table

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

var errReset = errors.New("connection reset by peer")

// way is one of the three requests that an append can be.
type way struct {
	operation string
	prepared  int // events in the tip before
	maxEvents int
}

func ways() map[string]way {
	return map[string]way{
		"first write": {"PutItem", 0, 0},
		"append":      {"UpdateItem", 1, 0},
		"calve":       {"TransactWriteItems", 2, 2},
	}
}

// prepare writes the events that a way needs, and returns the tip.
func (w way) prepare(t *testing.T) Tip {
	t.Helper()
	tab, _ := newTable(t, Config{})
	tip := NoTip(newStream(t))
	if w.prepared > 0 {
		tip = mustAppend(t, tab, tip, Write{Events: numbered(0, w.prepared)})
	}
	return tip
}

// open returns a table that writes in this way, and its transport.
func (w way) open(t *testing.T) (*Table, *dynamotest.Transport) {
	t.Helper()
	return newTable(t, Config{MaxEvents: w.maxEvents, SettleTimeout: 30 * time.Second})
}

// checkDone checks that the two events were written once, by us.
func checkDone(t *testing.T, tab *Table, w way, after Tip, err error, behind int) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	loaded := mustLoad(t, tab, after.stream, 0)
	checkNumbered(t, loaded.Events, 0, w.prepared+2+behind)
	if after.etag != loaded.Tip.etag {
		t.Errorf("got the tip %s, want %s", after.etag, loaded.Tip.etag)
	}
}

// Whatever left nothing written is sent again.
func TestAppendsAreRepeated(t *testing.T) {
	t.Parallel()
	for name, w := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := w.open(t)
			replies := []dynamotest.Reply{
				dynamotest.Throttle(),
				dynamotest.Refuse(http.StatusBadRequest, "ThrottlingException", nil),
				dynamotest.Refuse(http.StatusBadRequest, "TransactionConflictException", nil),
				dynamotest.Drop(&net.OpError{Op: "dial", Err: errors.New("connection refused")}),
			}
			if w.maxEvents > 0 {
				replies = append(replies, dynamotest.Cancel("None", "TransactionConflict"), dynamotest.Cancel("ThrottlingError", "None"),
					dynamotest.Cancel("ProvisionedThroughputExceeded", "TransactionConflict"))
			}
			tip := w.prepare(t)
			transport.Script(w.operation, replies...)
			after, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
			if got, want := len(transport.Taken()), len(replies)+1; got != want {
				t.Errorf("got %d requests, want %d", got, want)
			}
			checkDone(t, tab, w, after, err, 0)
		})
	}
}

// When it never gets better nothing was written, and the error says so.
func TestAppendsAreGivenUp(t *testing.T) {
	t.Parallel()
	for name, w := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := w.open(t)
			tip := w.prepare(t)
			tab.config.Retries = 2
			transport.Script(w.operation, dynamotest.Throttle(), dynamotest.Throttle(), dynamotest.Throttle())
			_, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
			checkNotWritten(t, tab, tip, err)

			for _, reply := range []dynamotest.Reply{
				dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil),
				dynamotest.Refuse(http.StatusBadRequest, "ValidationException", nil),
				dynamotest.Refuse(http.StatusBadRequest, "ResourceNotFoundException", nil),
				dynamotest.Cancel("ValidationError", "None"),
			} {
				transport.Taken()
				transport.Script(w.operation, reply)
				_, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
				if got := transport.Taken(); len(got) != 1 {
					t.Errorf("got requests %v, want 1", got)
				}
				checkNotWritten(t, tab, tip, err)
			}
		})
	}
}

func checkNotWritten(t *testing.T, tab *Table, tip Tip, err error) {
	t.Helper()
	_, uncertain := errors.AsType[*es.UncertainError](err)
	_, conflict := errors.AsType[*ConflictError](err)
	if err == nil || uncertain || conflict {
		t.Errorf("got error %v, want one that is neither uncertain nor a conflict", err)
	}
	if got := mustLoad(t, tab, tip.stream, 0).Tip.etag; got != tip.etag {
		t.Errorf("got the tip %q, want %q as before", got, tip.etag)
	}
}

// A write whose reply is lost, once or twice, is done once.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	for name, replies := range map[string][]dynamotest.Reply{
		"done":                 {dynamotest.LoseReply(errReset, nil)},
		"not done":             {dynamotest.Drop(errReset)},
		"not done, then done":  {dynamotest.Drop(errReset), dynamotest.LoseReply(errReset, nil)},
		"done, then throttled": {dynamotest.LoseReply(errReset, nil), dynamotest.Throttle()},
		"5xx, not done":        {dynamotest.Refuse(http.StatusInternalServerError, "InternalServerError", nil)},
		"503, not done":        {dynamotest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", nil)},
		"502, not done":        {dynamotest.Refuse(http.StatusBadGateway, "SomethingNew", nil)},
		"no answer, not done":  {dynamotest.Hang(false)},
		"no answer, done late": {dynamotest.Hang(true)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, w := range ways() {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					tab, transport := w.open(t)
					tip := w.prepare(t)
					tab.config.RequestTimeout = 2 * time.Second // what is passed on must be answered within it
					transport.Script(w.operation, replies...)
					after, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
					checkDone(t, tab, w, after, err, 0)
				})
			}
		})
	}
}

// Unfolds leave no trace but the etag.
func TestLostUnfolds(t *testing.T) {
	t.Parallel()
	tab, transport := newTable(t, Config{})
	write := Write{Unfolds: []Unfold{{Type: "S", Time: sampleTime()}}, Match: MatchETag}
	tip := NoTip(newStream(t))
	for range 2 {
		transport.Script("", dynamotest.LoseReply(errReset, nil))
		tip = mustAppend(t, tab, tip, write)
		if got := transport.Taken(); len(got) != 2 {
			t.Errorf("got requests %v, want 2", got)
		}
	}
}

// A lost write that others appended behind, and calved, is recognised by its
// events.
func TestLostRepliesWithOthersBehind(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"in the tip": 0, "in a calf": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, w := range ways() {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					tab, transport := w.open(t)
					tip := w.prepare(t)
					transport.Script(w.operation, dynamotest.LoseReply(errReset, func() {
						other, _ := newTable(t, Config{MaxEvents: limit})
						for i := range 2 {
							now := mustLoad(t, other, tip.stream, 0).Tip
							mustAppend(t, other, now, Write{Events: numbered(w.prepared+2+i, 1)})
						}
					}))
					after, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
					checkDone(t, tab, w, after, err, 2)
				})
			}
		})
	}
}

// A lost write in whose place others wrote is a conflict, if what they wrote
// differs in anything.
func TestLostRepliesWithOthersInPlace(t *testing.T) {
	t.Parallel()
	later := numbered(0, 2)
	later[1].Time = later[1].Time.Add(100 * time.Nanosecond)
	for name, events := range map[string][]Event{
		"fewer":        numbered(0, 1),
		"other data":   {event("Numbered", `{"n":0}`), event("Numbered", `{"n":9}`)},
		"another type": {event("Numbered", `{"n":0}`), event("Other", `{"n":1}`)},
		"another time": later,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := newTable(t, Config{})
			other, _ := newTable(t, Config{})
			tip := NoTip(newStream(t))
			transport.Script("PutItem", func(*http.Request, http.RoundTripper) (*http.Response, error) {
				mustAppend(t, other, tip, Write{Events: events})
				return nil, errReset
			})
			_, err := tab.Append(within(t), tip, Write{Events: numbered(0, 2)})
			if conflict, ok := errors.AsType[*ConflictError](err); !ok || conflict.Actual.version != es.Version(len(events)) {
				t.Errorf("got %v, want a conflict with version %d", err, len(events))
			}
			if got := mustLoad(t, tab, tip.stream, 0); len(got.Events) != len(events) {
				t.Errorf("got %d events, want those %d of the other", len(got.Events), len(events))
			}
		})
	}
}

// An attempt that is overtaken by a write of unfolds cannot take effect any
// more, so the append starts anew.
func TestLostAttemptOvertakenByUnfolds(t *testing.T) {
	t.Parallel()
	for name, w := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := w.open(t)
			tip := w.prepare(t)
			var late func()
			transport.Script(w.operation, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
				body, err := io.ReadAll(request.Body)
				if err != nil {
					return nil, err
				}
				request = request.Clone(context.WithoutCancel(request.Context()))
				request.Body = io.NopCloser(bytes.NewReader(body))
				late = func() {
					if response, err := next.RoundTrip(request); err != nil {
						t.Error(err)
					} else if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusBadRequest {
						t.Errorf("the late attempt: got status %s and error %v, want that its condition failed", response.Status, err)
					}
				}
				other, _ := newTable(t, Config{})
				mustAppend(t, other, tip, Write{Unfolds: []Unfold{{Type: "S", Time: sampleTime()}}})
				return nil, errReset
			})
			after, err := tab.Append(within(t), tip, Write{Events: numbered(w.prepared, 2)})
			late()
			checkDone(t, tab, w, after, err, 0)
		})
	}
}

// A context that ends while the request is under way does not end the search
// for the outcome.
func TestContextsThatEnd(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"never arrived": false, "arrived late": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, w := range ways() {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					tab, transport := w.open(t)
					tip := w.prepare(t)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					transport.Script(w.operation, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
						cancel()
						return dynamotest.Hang(late)(request, next)
					})
					after, err := tab.Append(ctx, tip, Write{Events: numbered(w.prepared, 2)})
					checkDone(t, tab, w, after, err, 0)
				})
			}
		})
	}
}

// A context that has ended, or ends while nothing is under way, leaves nothing
// written.
func TestContextsThatEndInTime(t *testing.T) {
	t.Parallel()
	for name, w := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := w.open(t)
			tip := w.prepare(t)
			ctx, cancel := context.WithCancel(t.Context())
			transport.Script(w.operation, func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
				cancel()
				return dynamotest.Throttle()(request, next)
			})
			for range 2 {
				_, err := tab.Append(ctx, tip, Write{Events: numbered(w.prepared, 2)})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got error %v, want context.Canceled", err)
				}
				checkNotWritten(t, tab, tip, err)
			}
		})
	}
}

// What cannot be settled is uncertain, and says why.
func TestUncertainOutcomes(t *testing.T) {
	t.Parallel()
	for name, w := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, transport := w.open(t)
			tip := w.prepare(t)
			tab.config.SettleTimeout, tab.config.Retries = 200*time.Millisecond, 1
			ctx, cancel := context.WithCancel(t.Context())
			transport.Script(w.operation, func(*http.Request, http.RoundTripper) (*http.Response, error) {
				cancel()
				return nil, errReset
			})
			for range 100 {
				transport.Script("", dynamotest.Throttle())
			}
			_, err := tab.Append(ctx, tip, Write{Events: numbered(w.prepared, 2)})
			uncertain, ok := errors.AsType[*es.UncertainError](err)
			if !ok || uncertain.Stream != tip.stream || uncertain.Expected != tip.version ||
				!errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want an uncertain outcome at version %d, for a context cancelled", err, tip.version)
			}
		})
	}
}

// A calf that is there although its events are still in the tip is nothing
// that another attempt could mend.
func TestCalfThatShouldNotBe(t *testing.T) {
	t.Parallel()
	tab, _ := newTable(t, Config{MaxEvents: 2})
	stream := newStream(t)
	tip := mustAppend(t, tab, NoTip(stream), Write{Events: numbered(0, 2)})
	restore(t, stream, 0)
	_, err := tab.Append(within(t), tip, Write{Events: numbered(2, 1)})
	if _, ok := errors.AsType[*ItemError](err); !ok {
		t.Errorf("got %v, want an ItemError", err)
	}
}
