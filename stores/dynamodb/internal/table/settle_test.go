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
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

var errReset = errors.New("connection reset by peer")

// trial is an append of two events, in one of the three ways that there are, on a
// stream that is prepared for it.
type trial struct {
	*testing.T

	operation string // the request that the append is
	prepared  int    // events in the tip before
	maxEvents int

	tab       *Table
	transport *dynamotest.Transport
	tip       Tip
}

// inEachWay runs a test for each way to write.
func inEachWay(t *testing.T, do func(t *trial)) {
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
			a.T = t
			do(a)
		})
	}
}

func (t *trial) script(replies ...dynamotest.Reply) { t.transport.Script(t.operation, replies...) }

func (t *trial) append(ctx context.Context) (Tip, error) {
	return t.tab.Append(ctx, t.tip, Write{Events: numbered(t.prepared, 2)})
}

// mustBeDone appends, and checks that it was done, with some events of others behind.
func (t *trial) mustBeDone(ctx context.Context, behind int) {
	t.Helper()
	after, err := t.append(ctx)
	t.checkDone(after, err, behind)
}

// checkDone checks that the two events were written once, by us.
func (t *trial) checkDone(after Tip, err error, behind int) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	loaded := mustLoad(t, t.tab, after.stream, 0)
	checkNumbered(t, loaded.Events, 0, t.prepared+2+behind)
	check.Equal(t, "tip", loaded.Tip.etag, after.etag)
}

// mustNotBeWritten appends, and checks that nothing was written and that the error,
// which it returns, says so.
func (t *trial) mustNotBeWritten(ctx context.Context) error {
	t.Helper()
	_, err := t.append(ctx)
	_, uncertain := errors.AsType[*es.UncertainError](err)
	_, conflict := errors.AsType[*ConflictError](err)
	if err == nil || uncertain || conflict {
		t.Errorf("got error %v, want one that is neither uncertain nor a conflict", err)
	}
	if got := mustLoad(t, t.tab, t.tip.stream, 0).Tip.etag; got != t.tip.etag {
		t.Errorf("got the tip %q, want %q as before", got, t.tip.etag)
	}
	return err
}

// Whatever left nothing written is sent again.
func TestAppendsAreRepeated(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *trial) {
		replies := []dynamotest.Reply{
			dynamotest.Throttle(),
			dynamotest.Refuse(http.StatusBadRequest, "ThrottlingException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "TransactionConflictException", nil),
			dynamotest.Drop(&net.OpError{Op: "dial", Err: errors.New("connection refused")}),
		}
		if t.maxEvents > 0 {
			replies = append(replies, dynamotest.Cancel("None", "TransactionConflict"), dynamotest.Cancel("ThrottlingError", "None"),
				dynamotest.Cancel("ProvisionedThroughputExceeded", "TransactionConflict"))
		}
		t.script(replies...)
		after, err := t.append(within(t))
		if got, want := len(t.transport.Taken()), len(replies)+1; got != want {
			t.Errorf("got %d requests, want %d", got, want)
		}
		t.checkDone(after, err, 0)
	})
}

// When it never gets better nothing was written, and the error says so.
func TestAppendsAreGivenUp(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *trial) {
		t.tab.config.Retries = 2
		t.script(dynamotest.Throttle(), dynamotest.Throttle(), dynamotest.Throttle())
		_ = t.mustNotBeWritten(within(t))
		for _, reply := range []dynamotest.Reply{
			dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "ValidationException", nil),
			dynamotest.Refuse(http.StatusBadRequest, "ResourceNotFoundException", nil),
			dynamotest.Cancel("ValidationError", "None"),
		} {
			t.transport.Taken()
			t.script(reply)
			_ = t.mustNotBeWritten(within(t))
			if got := t.transport.Taken(); len(got) != 2 || got[0] != t.operation {
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
			inEachWay(t, func(t *trial) {
				t.tab.config.RequestTimeout = 2 * time.Second // what is passed on must be answered within it
				t.script(replies...)
				t.mustBeDone(within(t), 0)
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
			inEachWay(t, func(t *trial) {
				t.script(dynamotest.LoseReply(errReset, func() {
					other, _ := newTable(t, Config{MaxEvents: limit})
					for i := range 2 {
						now := mustLoad(t, other, t.tip.stream, 0).Tip
						mustAppend(t, other, now, Write{Events: numbered(t.prepared+2+i, 1)})
					}
				}))
				t.mustBeDone(within(t), 2)
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
	inEachWay(t, func(t *trial) {
		var late func()
		t.script(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
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
			mustAppend(t, other, t.tip, Write{Unfolds: []Unfold{{Type: "S", Time: sampleTime()}}})
			return nil, errReset
		})
		after, err := t.append(within(t))
		late()
		t.checkDone(after, err, 0)
	})
}

// A context that ends while the request is under way does not end the search
// for the outcome.
func TestContextsThatEnd(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"never arrived": false, "arrived late": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEachWay(t, func(t *trial) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				t.script(then(cancel, dynamotest.Hang(late)))
				t.mustBeDone(ctx, 0)
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
	inEachWay(t, func(t *trial) {
		ctx, cancel := context.WithCancel(t.Context())
		t.script(then(cancel, dynamotest.Throttle()))
		for range 2 {
			if err := t.mustNotBeWritten(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want context.Canceled", err)
			}
		}
	})
}

// What cannot be settled is uncertain, and says why.
func TestUncertainOutcomes(t *testing.T) {
	t.Parallel()
	inEachWay(t, func(t *trial) {
		t.tab.config.SettleTimeout, t.tab.config.Retries = 200*time.Millisecond, 1
		ctx, cancel := context.WithCancel(t.Context())
		t.script(then(cancel, dynamotest.Drop(errReset)))
		for range 100 {
			t.transport.Script("", dynamotest.Throttle())
		}
		_, err := t.append(ctx)
		uncertain, ok := errors.AsType[*es.UncertainError](err)
		if !ok || uncertain.Stream != t.tip.stream || uncertain.Expected != t.tip.version || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want an uncertain outcome at version %d, for a context cancelled", err, t.tip.version)
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
