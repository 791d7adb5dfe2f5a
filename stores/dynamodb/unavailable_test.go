package dynamodb

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

// A server counts as away that nobody reaches, that says it is broken, or says nothing.
func TestWhenTheServiceIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply dynamotest.Reply
		want  bool
		asked int // how often, by a read
	}{
		"it cannot be reached":  {dynamotest.Drop(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true, 4},
		"it closes connections": {dynamotest.Drop(io.EOF), true, 4},
		"it is overloaded":      {dynamotest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", nil), true, 4},
		"it is broken":          {dynamotest.Refuse(http.StatusInternalServerError, "InternalServerError", nil), true, 4},
		"it is frozen":          {dynamotest.Hang(false), true, 2},
		"it throttles":          {dynamotest.Throttle(), false, 4},
		"it refuses the access": {dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, transport := open(t, Config{Retries: 3, RequestTimeout: time.Second, SettleTimeout: time.Second})
			transport.Script("", slices.Repeat([]dynamotest.Reply{test.reply}, 1000)...)
			_, err := db.Store().Read(within(t), newStream(t), 0, es.FromLeader)
			if err == nil || unavailable(err) != test.want {
				t.Errorf("a read: got error %v, want one for which unavailable is %t", err, test.want)
			}
			if asked := transport.Taken(); len(asked) != test.asked {
				t.Errorf("a read: got the requests %q, want %d", asked, test.asked)
			}
			_, err = db.Store().Append(within(t), newStream(t), 0, []es.EventData{{Type: "T", Data: []byte("{}")}})
			if err == nil || unavailable(err) != test.want {
				t.Errorf("an append: got error %v, want one for which unavailable is %t", err, test.want)
			}
		})
	}
}

// However often an indexer has failed: its successor is not late when the server is back.
func TestAnIndexerIsBackSoonAfterAnOutage(t *testing.T) {
	t.Parallel()
	pauses := pause.Doubling(firstIndexerPause, longestIndexerPause)
	for range 20 {
		check.Equal(t, "the pause in an outage", firstIndexerPause, pauseAfter(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, pauses))
	}
	var last time.Duration
	for range 20 {
		last = pauseAfter(errors.New("boom"), pauses)
	}
	if last < longestIndexerPause/2 {
		t.Errorf("the pause after another error, in the end: got %s, want at least %s", last, longestIndexerPause/2)
	}
}
