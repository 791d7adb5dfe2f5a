package messagedb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/groupcheckout/es"
)

// Nobody above the store says again which stream an error is about.
func TestErrorsNameTheStreamOnce(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream, events := newStream(t), newEvents(1)
	mustAppend(t, db.Store(), stream, 0, events...)
	_, through := newProxy(t, appDSN(t), stream, losesReply)
	cutOff := open(t, Config{Connection: through, MaxConns: 1})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	closed := open(t, Config{})
	closed.Close()

	appended := func(db *DB, ctx context.Context, expected es.Version, events ...es.EventData) func() error {
		return func() error {
			_, err := db.Store().Append(ctx, stream, expected, events)
			return err
		}
	}
	read := func(db *DB, ctx context.Context) func() error {
		return func() error {
			_, err := db.Store().Read(ctx, stream, 0, es.FromLeader)
			return err
		}
	}
	settled := func(of session) func() error {
		return func() error {
			w := write{stream: stream, expected: 1, events: newEvents(1)}
			return db.Store().settle(within(t), []write{w}, &lostReplyError{session: of, err: errors.New("cut off")})[0]
		}
	}
	body := func(data string) es.EventData { return es.EventData{ID: uuid.New(), Type: "X", Data: []byte(data)} }
	tests := map[string]struct {
		do   func() error
		want string // what the error begins with; %s is the stream
	}{
		"a conflict":                {appended(db, within(t), 0, newEvents(1)...), "conflict on %s: expected version 0, it is at 1"},
		"a conflict, learnt later":  {appended(cutOff, within(t), 0, newEvents(1)...), "conflict on %s: "},
		"an id in use":              {appended(db, within(t), 1, events...), "append to %s at version 1: the event id " + events[0].ID.String() + " is in use already"},
		"no type":                   {appended(db, within(t), 1, es.EventData{}), "event 0 of an append to %s: an event needs a type"},
		"no JSON":                   {appended(db, within(t), 1, body("{")), "data of event 0 (X) of an append to %s: "},
		"JSON that is too much":     {appended(db, within(t), 1, body("1e200000")), "append to %s at version 1, nothing was written: a number in the JSON"},
		"an append, cancelled":      {appended(db, cancelled, 1, newEvents(1)...), "append to %s at version 1, nothing was written: context canceled"},
		"nothing, cancelled":        {appended(db, cancelled, 1), "append to %s at version 1, nothing was written: context canceled"},
		"an append, closed":         {appended(closed, within(t), 1, newEvents(1)...), "append to %s at version 1, nothing was written: the DB is closed"},
		"an append that was lost":   {settled(session{pid: 1 << 30, direct: true}), "append to %s at version 1, nothing was written: cut off"},
		"one that cannot be judged": {settled(session{}), "append to %s at version 1 has an unknown outcome: cut off (and it could not be settled: a connection pooler"},
		"a read, cancelled":         {read(db, cancelled), "read %s: context canceled"},
		"a read, closed":            {read(closed, within(t)), "read %s: closed pool"},
		"a read that is refused": {
			func() error {
				return readError(stream.String(), &pgconn.PgError{Code: codeNoPrivilege, Message: "permission denied"})
			},
			"read %s: the role lacks a privilege",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := test.do()
			if err == nil {
				t.Fatal("got no error")
			}
			want := strings.ReplaceAll(test.want, "%s", stream.String())
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got error %q, want one that begins with %q", err, want)
			}
			if got := strings.Count(err.Error(), stream.String()); got != 1 {
				t.Errorf("the error names the stream %d times: %v", got, err)
			}
		})
	}
}

func TestWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	w := write{stream: newStream(t)}
	replied := func(code string) error { return &pgconn.PgError{Code: code} }
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"a malformed connection string":        {&SetupError{Problem: BadConnectionString}, true},
		"no checkpoint schema":                 {errNoSchema(), true},
		"a wrong password":                     {connectError(ForWriting, replied(codeBadPassword)), true},
		"no database":                          {connectError(ForWriting, replied(codeNoDatabase)), true},
		"no privilege to connect":              {connectError(ForWriting, replied(codeNoPrivilege)), true},
		"a server that starts up":              {connectError(ForWriting, replied("57P03")), false},
		"no server":                            {connectError(ForWriting, errors.New("refused")), false},
		"Message DB is not installed":          {&SetupError{Problem: MissingSchema}, true},
		"a missing privilege":                  {&SetupError{Problem: MissingPrivilege}, true},
		"an old schema":                        {&SetupError{Problem: OldSchema}, true},
		"a replica in the leader's place":      {&SetupError{Problem: ReadOnly}, false},
		"another checkpoint table":             {&SetupError{Problem: ForeignTable}, true},
		"an append that is not allowed":        {appendError(w, replied(codeNoPrivilege)), true},
		"an append to a leader that stepped":   {appendError(w, replied(codeReadOnly)), false},
		"an append that met a deadlock":        {appendError(w, replied(codeDeadlock)), false},
		"an append whose connection broke":     {appendError(w, errors.New("cut off")), false},
		"a read or a feed that is not allowed": {readError("s", replied(codeNoPrivilege)), true},
		"a read after the password changed":    {readError("s", replied(codeBadPassword)), true},
		"a read while the server shuts down":   {readError("s", replied("57P01")), false},
		"a checkpoint that is not allowed":     {checkpointError("save", "t", replied(codeNoPrivilege)), true},
		"a checkpoint without a table":         {checkpointError("load", "t", replied(codeNoTable)), true},
		"a checkpoint after the password":      {checkpointError("load", "t", replied(codeBadPassword)), true},
		"a checkpoint, cut off":                {checkpointError("load", "t", errors.New("cut off")), false},
	} {
		if got := es.NeedsPerson(test.err); got != test.want {
			t.Errorf("%s: got %v, want %v, of %v", name, got, test.want, test.err)
		}
	}
}

func TestWhenTheServerIsUnavailable(t *testing.T) {
	t.Parallel()
	fatal := func(code string) error { return &pgconn.PgError{Severity: "FATAL", Code: code} }
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"it shuts down":                    {fatal(codeAdminShutdown), true},
		"it starts":                        {fatal(codeCannotConnectNow), true},
		"it has too many connections":      {fatal(codeTooMany), true},
		"a pooler that has no server":      {fatal(codeProtocol), true},
		"a fault of one call":              {&pgconn.PgError{Severity: "ERROR", Code: codeProtocol}, false},
		"a wrong password":                 {fatal(codeBadPassword), false},
		"no such database":                 {fatal(codeNoDatabase), false},
		"the connection broke":             {io.ErrUnexpectedEOF, true},
		"whoever asked did not wait":       {context.Canceled, false},
		"a conflict":                       {&pgconn.PgError{Severity: "ERROR", Code: codeRaised}, false},
		"it takes no writes, but is there": {&pgconn.PgError{Severity: "ERROR", Code: codeReadOnly}, false},
	} {
		if got := unavailable(fmt.Errorf("ask: %w", test.err)); got != test.want {
			t.Errorf("%s: got %t, want %t, of %v", name, got, test.want, test.err)
		}
	}
}
