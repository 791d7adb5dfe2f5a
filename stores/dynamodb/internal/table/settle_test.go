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

// trial is an append of two events, in one of the three ways that there are, on a
// stream that is prepared for it.
type trial struct {
	operation string // the request that the append is
	prepared  int    // events in the tip before
	maxEvents int

	tab       *Table
	transport *dynamotest.Transport
	tip       Tip
}

// inEachWay runs a test for each way to write.
func inEachWay(t *testing.T, do func(t *testing.T, a *trial)) {
	t.Helper()
	for name, a := range map[string]*trial{
		"first write": {operation: "PutItem"},
		"append":      {operation: "UpdateItem", prepared: 1},
		"calve":       {operation: "TransactWriteItems", prepared: 2, maxEvents: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a.tab, a.transport = newTable(t, Config{MaxEvents: a.maxEvents, SettleTimeout: 30 * time.Second})
			a.tip = NoTip(newStream(t))
			if a.prepared > 0 {
				tab, _ := newTable(t, Config{})
				a.tip = mustAppend(t, tab, a.tip, Write{Events: numbered(0, a.prepared)})
			}
			do(t, a)
		})
	}
}

func (a *trial) script(replies ...dynamotest.Reply) { a.transport.Script(a.operation, replies...) }

func (a *trial) append(ctx context.Context) (Tip, error) {
	return a.tab.Append(ctx, a.tip, Write{Events: numbered(a.prepared, 2)})
}

// mustBeDone appends, and checks that it was done, with some events of others behind.
func (a *trial) mustBeDone(ctx context.Context, t *testing.T, behind int) {
	t.Helper()
	after, err := a.append(ctx)
	a.checkDone(t, after, err, behind)
}

// checkDone checks that the two events were written once, by us.
func (a *trial) checkDone(t *testing.T, after Tip, err error, behind int) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	loaded := mustLoad(t, a.tab, after.stream, 0)
	checkNumbered(t, loaded.Events, 0, a.prepared+2+behind)
	if after.etag != loaded.Tip.etag {
		t.Errorf("got the tip %s, want %s", after.etag, loaded.Tip.etag)
	}
}

// mustNotBeWritten appends, and checks that nothing was written and that the error,
// which it returns, says so.
func (a *trial) mustNotBeWritten(ctx context.Context, t *testing.T) error {
	t.Helper()
	_, err := a.append(ctx)
	_, uncertain := errors.AsType[*es.UncertainError](err)
	_, conflict := errors.AsType[*ConflictError](err)
	if err == nil || uncertain || conflict {
		t.Errorf("got error %v, want one that is neither uncertain nor a conflict", err)
	}
	if got := mustLoad(t, a.tab, a.tip.stream, 0).Tip.etag; got != a.tip.etag {
		t.Errorf("got the tip %q, want %q as before", got, a.tip.etag)
	}
	return err
}

// Whatever left nothing written is sent again.
func TestAppendsAreRepeated(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *testing.T, a *trial) {
		replies := []dynamotest.Reply{
			dynamotest.Throttle(),
			dynamotest.Refuse(http.StatusBadRequest, "ThrottlingException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "TransactionConflictException", nil),
			dynamotest.Drop(&net.OpError{Op: "dial", Err: errors.New("connection refused")}),
		}
		if a.maxEvents > 0 {
			replies = append(replies, dynamotest.Cancel("None", "TransactionConflict"), dynamotest.Cancel("ThrottlingError", "None"),
				dynamotest.Cancel("ProvisionedThroughputExceeded", "TransactionConflict"))
		}
		a.script(replies...)
		after, err := a.append(within(t))
		if got, want := len(a.transport.Taken()), len(replies)+1; got != want {
			t.Errorf("got %d requests, want %d", got, want)
		}
		a.checkDone(t, after, err, 0)
	})
}

// When it never gets better nothing was written, and the error says so.
func TestAppendsAreGivenUp(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *testing.T, a *trial) {
		a.tab.config.Retries = 2
		a.script(dynamotest.Throttle(), dynamotest.Throttle(), dynamotest.Throttle())
		_ = a.mustNotBeWritten(within(t), t)
		for _, reply := range []dynamotest.Reply{
			dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "ValidationException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "ResourceNotFoundException", nil),
			dynamotest.Cancel("ValidationError", "None"),
		} {
			a.transport.Taken()
			a.script(reply)
			_ = a.mustNotBeWritten(within(t), t)
			if got := a.transport.Taken(); len(got) != 2 || got[0] != a.operation {
				t.Errorf("got requests %v, want 1, and that of the check", got)
			}
		}
	})
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
			inEachWay(t, func(t *testing.T, a *trial) {
				a.tab.config.RequestTimeout = 2 * time.Second // what is passed on must be answered within it
				a.script(replies...)
				a.mustBeDone(within(t), t, 0)
			})
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
			inEachWay(t, func(t *testing.T, a *trial) {
				a.script(dynamotest.LoseReply(errReset, func() {
					other, _ := newTable(t, Config{MaxEvents: limit})
					for i := range 2 {
						now := mustLoad(t, other, a.tip.stream, 0).Tip
						mustAppend(t, other, now, Write{Events: numbered(a.prepared+2+i, 1)})
					}
				}))
				a.mustBeDone(within(t), t, 2)
			})
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
	inEachWay(t, func(t *testing.T, a *trial) {
		var late func()
		a.script(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
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
			mustAppend(t, other, a.tip, Write{Unfolds: []Unfold{{Type: "S", Time: sampleTime()}}})
			return nil, errReset
		})
		after, err := a.append(within(t))
		late()
		a.checkDone(t, after, err, 0)
	})
}

// A context that ends while the request is under way does not end the search
// for the outcome.
func TestContextsThatEnd(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"never arrived": false, "arrived late": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEachWay(t, func(t *testing.T, a *trial) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				a.script(then(cancel, dynamotest.Hang(late)))
				a.mustBeDone(ctx, t, 0)
			})
		})
	}
}

// then calls a function before it replies.
func then(first func(), reply dynamotest.Reply) dynamotest.Reply {
	return func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		first()
		return reply(request, next)
	}
}

// A context that has ended, or ends while nothing is under way, leaves nothing
// written.
func TestContextsThatEndInTime(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *testing.T, a *trial) {
		ctx, cancel := context.WithCancel(t.Context())
		a.script(then(cancel, dynamotest.Throttle()))
		for range 2 {
			if err := a.mustNotBeWritten(ctx, t); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want context.Canceled", err)
			}
		}
	})
}

// What cannot be settled is uncertain, and says why.
func TestUncertainOutcomes(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *testing.T, a *trial) {
		a.tab.config.SettleTimeout, a.tab.config.Retries = 200*time.Millisecond, 1
		ctx, cancel := context.WithCancel(t.Context())
		a.script(then(cancel, dynamotest.Drop(errReset)))
		for range 100 {
			a.transport.Script("", dynamotest.Throttle())
		}
		_, err := a.append(ctx)
		uncertain, ok := errors.AsType[*es.UncertainError](err)
		if !ok || uncertain.Stream != a.tip.stream || uncertain.Expected != a.tip.version || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want an uncertain outcome at version %d, for a context cancelled", err, a.tip.version)
		}
	})
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
