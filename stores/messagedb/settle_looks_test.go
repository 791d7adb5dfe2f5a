package messagedb

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// What bites: a server in recovery, and many appends that want to know. Each
// look is a connection.
func TestLooksGetRarer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, err := newPool(Config{}, "host=db sslmode=disable", ForWriting, 1, "writing")
		check.Must(t, err)
		config := pool.Config()
		pool.Close()
		began := time.Now()
		var looks []time.Duration
		config.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
		config.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			looks = append(looks, time.Since(began))
			return nil, errors.New("it is in recovery")
		}
		if pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		db := &DB{config: Config{SettleTimeout: 2 * time.Second}, write: pool}
		err = db.Store().settle(t.Context(), []write{{stream: newStream(t)}}, &lostReplyError{err: errors.New("cut off")})[0]
		if !errors.As(err, new(*es.UncertainError)) {
			t.Errorf("got error %v, want an uncertain outcome", err)
		}
		// Each pause varies by half.
		pauses := []int{20, 40, 80, 160, 320, 500, 500, 500, 500, 500, 500}
		if len(looks) < 6 || len(looks) > 1+len(pauses) || looks[0] != 0 {
			t.Fatalf("got looks after %v, want one at once, and later some that get rarer", looks)
		}
		for i := range looks[1:] {
			got, about := looks[i+1]-looks[i], time.Duration(pauses[i])*time.Millisecond
			if got < about/2 || got > about*3/2+1 {
				t.Errorf("got looks after %v: pause %d is %v, want about %v", looks, i, got, about)
			}
		}
	})
}

// The server shows the start time of a session to whoever has its role. A login
// that takes on another role does not, and so cannot tell its own session from
// one that comes later under the same pid.
func TestOutcomeWhereTheSessionIsHidden(t *testing.T) {
	t.Parallel()
	admin := connect(t, adminDSN(t))
	login := "login_" + strings.ToLower(newCategory())
	mustExec(t, admin, "CREATE ROLE "+login+" LOGIN NOINHERIT PASSWORD 's3cret' IN ROLE message_store")
	t.Cleanup(func() { mustExec(t, admin, "DROP ROLE "+login) })
	mustExec(t, admin, "ALTER ROLE "+login+" SET role = message_store")
	db := open(t, Config{Connection: changed(appDSN(t), map[string]string{"user": login, "password": "s3cret"})})
	t.Cleanup(db.Close) // before the role is dropped

	stream, events := newStream(t), newEvents(1)
	mustAppend(t, db.Store(), stream, 0, events...)
	conn, err := db.write.Acquire(within(t))
	check.Must(t, err)
	hidden := sessionOf(conn.Conn())
	conn.Release()
	if hidden.direct || hidden.pid == 0 {
		t.Fatalf("got session %+v, want one that is not known to be direct", hidden)
	}
	w := write{stream: stream, expected: 1, events: newEvents(1)}
	err = db.Store().settle(within(t), []write{w}, &lostReplyError{session: hidden, err: errors.New("cut off")})[0]
	if !errors.As(err, new(*es.UncertainError)) || !strings.Contains(err.Error(), "or the role may not see its own session") {
		t.Errorf("got error %v, want an uncertain outcome that names the role as a cause", err)
	}
	// What is there to be seen settles it all the same.
	w = write{stream: stream, events: events}
	if err := db.Store().settle(within(t), []write{w}, &lostReplyError{session: hidden, err: errors.New("cut off")})[0]; err != nil {
		t.Errorf("got error %v, want none: the events are there", err)
	}
}
