package messagedb

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
)

// What bites in all of these: the reply to an append is lost, and neither
// silence nor repetition tells whether it was done.

func TestLostReplyOfAnAppendThatWasDone(t *testing.T) {
	t.Parallel()
	stream, events := newStream(t), newEvents(3)
	_, through := newProxy(t, appDSN(t), stream, func(p *proxy, client, server net.Conn, request []byte) {
		p.mute(client)
		_, _ = server.Write(request)
		awaitEvents(t, stream, 3)
		_ = client.Close()
	})
	db := open(t, Config{Connection: through})
	after, err := db.Store().Append(within(t), stream, 0, events)
	if err != nil || after != 3 {
		t.Errorf("got version %d and error %v, want 3 and none", after, err)
	}
	checkIDs(t, db.Store(), stream, events...)
}

// The request is on its way while we look, or being worked at, or done: which
// of them is left to chance, and the result must be the same.
func TestLostReplyOfAnAppendUnderWay(t *testing.T) {
	t.Parallel()
	for range 10 {
		stream, events := newStream(t), newEvents(3)
		_, through := newProxy(t, appDSN(t), stream, losesReply)
		db := open(t, Config{Connection: through, MaxConns: 1})
		if after, err := db.Store().Append(within(t), stream, 0, events); err != nil || after != 3 {
			t.Errorf("got version %d and error %v, want 3 and none", after, err)
		}
		checkIDs(t, db.Store(), stream, events...)
	}
}

func TestLostRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	stream, events := newStream(t), newEvents(3)
	p, through := newProxy(t, appDSN(t), stream, losesRequest)
	db := open(t, Config{Connection: through})
	if after, err := db.Store().Append(within(t), stream, 0, events); err != nil || after != 3 {
		t.Errorf("got version %d and error %v, want 3 and none", after, err)
	}
	<-p.tapped
	checkIDs(t, db.Store(), stream, events...)
}

// A request that arrives after we looked would make a liar of us. The backend
// that it would arrive at must be gone by then.
func TestRequestThatArrivesLateHasNoEffect(t *testing.T) {
	t.Parallel()
	category := newCategory()
	stream, events := streamOf(t, category), newEvents(3)
	p, through := newProxy(t, appDSN(t), stream, delaysRequest)
	db := open(t, Config{Connection: through})
	mustAppend(t, db.Store(), stream, 0, events...) // in its second attempt
	p.release()
	<-p.tapped
	mustAppend(t, db.Store(), stream, 3, newEvents(1)...)
	if got := rawRows(t, stream); len(got) != 4 {
		t.Errorf("got %d rows, want 4", len(got))
	}
}

// What bites: a context that ends while the request is on its way. One Go
// client reports such a write as done.
func TestCancelledAppendThatHasNotArrived(t *testing.T) {
	t.Parallel()
	stream := newStream(t)
	ctx, cancel := context.WithCancel(within(t))
	p, through := newProxy(t, appDSN(t), stream, func(p *proxy, _, server net.Conn, request []byte) {
		cancel()
		<-p.released
		_, _ = server.Write(request)
	})
	name := "late_" + newCategory()
	db := open(t, Config{Connection: changed(through, map[string]string{"application_name": name})})
	_, err := db.Store().Append(ctx, stream, 0, newEvents(2))
	if _, ok := errors.AsType[*es.UncertainError](err); !errors.Is(err, context.Canceled) || ok {
		t.Errorf("got error %v, want that it was cancelled, for certain", err)
	}
	p.release()
	<-p.tapped
	// Only when all its sessions are gone has nothing more to come.
	db.Close()
	watch := connect(t, adminDSN(t))
	await(t, "its sessions are gone", func() bool {
		return mustGet[int](t, watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE $1", name+" %") == 0
	})
	checkIDs(t, open(t, Config{}).Store(), stream)
}

func TestCancelledAppendThatWasDone(t *testing.T) {
	t.Parallel()
	stream, events := newStream(t), newEvents(2)
	ctx, cancel := context.WithCancel(within(t))
	_, through := newProxy(t, appDSN(t), stream, func(p *proxy, client, server net.Conn, request []byte) {
		p.mute(client)
		_, _ = server.Write(request)
		awaitEvents(t, stream, 2)
		cancel()
	})
	db := open(t, Config{Connection: through})
	if after, err := db.Store().Append(ctx, stream, 0, events); err != nil || after != 2 {
		t.Errorf("got version %d and error %v, want 2 and none", after, err)
	}
	checkIDs(t, db.Store(), stream, events...)
}

// A transaction that waits for the category's lock would still commit, once
// its turn comes, long after its context has ended.
func TestCancelledAppendThatWaitsForTheLock(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	stream := newStream(t)
	holder, err := connect(t, appDSN(t)).Begin(within(t))
	check.Must(t, err)
	check.Must(t, check.Error(holder.Exec(within(t), "SELECT acquire_lock($1)", stream.String())))
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 1)
	go func() {
		_, err := db.Store().Append(ctx, stream, 0, newEvents(2))
		done <- err
	}()
	awaitWaiting(t, stream)
	cancel()
	err = <-done
	if _, ok := errors.AsType[*es.UncertainError](err); !errors.Is(err, context.Canceled) || ok {
		t.Errorf("got error %v, want that it was cancelled, for certain", err)
	}
	check.Must(t, holder.Commit(within(t)))
	events := newEvents(1)
	mustAppend(t, db.Store(), stream, 0, events...)
	checkIDs(t, db.Store(), stream, events...)
}

// Others have written at our place while we could not: ours never come.
func TestLostRequestAndThenAConflict(t *testing.T) {
	t.Parallel()
	stream, others := newStream(t), newEvents(1)
	direct := open(t, Config{})
	_, through := newProxy(t, appDSN(t), stream, func(p *proxy, client, server net.Conn, request []byte) {
		mustAppend(t, direct.Store(), stream, 0, others...)
		losesRequest(p, client, server, request)
	})
	db := open(t, Config{Connection: through})
	_, err := db.Store().Append(within(t), stream, 0, newEvents(2))
	checkConflict(t, err, es.ConflictError{Stream: stream, Expected: 0, Actual: es.UnknownVersion})
	checkIDs(t, db.Store(), stream, others...)
}

func TestOutcomeThatCannotBeFoundOut(t *testing.T) {
	t.Parallel()
	stream, events := newStream(t), newEvents(2)
	_, through := newProxy(t, appDSN(t), stream, func(p *proxy, client, server net.Conn, request []byte) {
		p.refuse()
		losesReply(p, client, server, request)
	})
	db := open(t, Config{Connection: through, SettleTimeout: 100 * time.Millisecond})
	_, err := db.Store().Append(within(t), stream, 0, events)
	if uncertain, ok := errors.AsType[*es.UncertainError](err); !ok || uncertain.Stream != stream || uncertain.Expected != 0 {
		t.Fatalf("got error %v, want an uncertain outcome", err)
	}
	// It was written all the same.
	awaitEvents(t, stream, 2)
	checkIDs(t, open(t, Config{}).Store(), stream, events...)
}

// Behind a pooler the backend that we know may be another's: it must not be
// terminated, and its end would prove nothing.
func TestOutcomeBehindAPooler(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	w := write{stream: newStream(t), events: newEvents(1)}
	err := db.Store().settle(within(t), []write{w}, &lostReplyError{session: session{pid: 1}, err: errors.New("cut off")})[0]
	if _, ok := errors.AsType[*es.UncertainError](err); !ok || !errors.Is(err, errPooled) {
		t.Errorf("got error %v, want an uncertain outcome because of a pooler", err)
	}
}

// awaitEvents returns when the stream has that many events, seen past proxies.
func awaitEvents(t testing.TB, stream es.StreamName, count int) {
	t.Helper()
	conn := connect(t, appDSN(t))
	await(t, "the stream has its events", func() bool {
		return mustGet[int](t, conn, "SELECT count(*) FROM message_store.messages WHERE stream_name = $1", stream.String()) == count
	})
}

// What bites: an idle connection whose backend was terminated looks fine until
// it is used.
func TestTerminatedBackends(t *testing.T) {
	t.Parallel()
	admin := connect(t, adminDSN(t))
	name := "killed_" + newCategory()
	schema := checkpointSchema(t)
	db := open(t, Config{Connection: changed(appDSN(t), map[string]string{"application_name": name}), CheckpointSchema: schema})
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	stream := newStream(t)
	var events []es.EventData
	for i := range 5 {
		for _, pool := range []*pgxpool.Pool{db.write, db.read} {
			fill(t, pool)
		}
		mustExec(t, admin, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE $1", name+" %")
		more := newEvents(1)
		mustAppend(t, db.Store(), stream, es.Version(i), more...)
		events = append(events, more...)
		if got, err := db.Store().Read(within(t), stream, 0, es.FromReplica); err != nil || len(got) != len(events) {
			t.Errorf("got %d events and error %v, want %d", len(got), err, len(events))
		}
		if _, _, err := checkpoints.Load(within(t), checkpointKey); err != nil {
			t.Errorf("load a checkpoint: %v", err)
		}
	}
	checkIDs(t, db.Store(), stream, events...)
}

// fill makes the pool open all the connections that it may have.
func fill(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(within(t))
		check.Must(t, err)
		defer conn.Release()
	}
}

// What bites: a crash of one backend restarts the server, which is away for a
// second or so. An append that it cuts off is settled when it is back, and the
// next one works.
func TestCrashOfTheServer(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	admin := connect(t, server.AdminConnectionString)
	db := open(t, Config{Connection: server.ConnectionString, SettleTimeout: patience})
	stream, first := newStream(t), newEvents(2)
	mustAppend(t, db.Store(), stream, 0, first...)
	fill(t, db.write)

	// The next append waits for a lock when the server crashes.
	holder, err := connect(t, server.ConnectionString).Begin(within(t))
	check.Must(t, err)
	check.Must(t, check.Error(holder.Exec(within(t), "SELECT acquire_lock($1)", stream.String())))
	second := newEvents(1)
	done := make(chan error, 1)
	go func() {
		_, err := db.Store().Append(within(t), stream, 2, second)
		done <- err
	}()
	const waiting = "SELECT coalesce((SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'), 0)"
	var pid int
	await(t, "the append waits for the lock", func() bool { pid = mustGet[int](t, admin, waiting); return pid != 0 })
	_, _ = admin.Exec(within(t), "COPY (SELECT 1) TO PROGRAM 'kill -KILL "+strconv.Itoa(pid)+"'")
	if err := <-done; err != nil {
		t.Errorf("the append that the crash cut off: got error %v, want it to be sent again", err)
	}
	third := newEvents(1)
	mustAppend(t, db.Store(), stream, 3, third...)
	checkIDs(t, db.Store(), stream, append(append(first, second...), third...)...)
}

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
