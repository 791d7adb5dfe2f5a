package messagedb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// lockCategory locks the category of a stream, as a writer that does not commit does.
func lockCategory(t testing.TB, stream es.StreamName) (release func()) {
	t.Helper()
	tx, err := connect(t, appDSN(t)).Begin(within(t))
	check.Must(t, err)
	check.Must(t, check.Error(tx.Exec(within(t), "SELECT message_store.acquire_lock($1)", stream.String())))
	return sync.OnceFunc(func() { check.OKf(t, tx.Rollback(context.Background()), "release the lock") })
}

// attempt is an append under way, and its outcome once it is done.
type attempt struct {
	stream   es.StreamName
	expected es.Version
	events   []es.EventData
	cancel   context.CancelFunc
	done     chan struct{}
	err      error
}

// start begins an append.
func start(t testing.TB, db *DB, stream es.StreamName, expected es.Version, events ...es.EventData) *attempt {
	t.Helper()
	ctx, cancel := context.WithCancel(within(t))
	a := &attempt{stream: stream, expected: expected, events: events, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		after, err := db.Store().Append(ctx, stream, expected, events)
		if want := expected + es.Version(len(events)); err == nil && after != want {
			err = fmt.Errorf("got version %d, want %d", after, want)
		}
		a.err = err
	}()
	return a
}

func (a *attempt) outcome() error {
	<-a.done
	return a.err
}

// awaitQueued returns once so many appends wait for the committer of a category.
func awaitQueued(t testing.TB, db *DB, category string, count int) {
	t.Helper()
	await(t, "the appends are queued", func() bool {
		db.committers.mu.Lock()
		defer db.committers.mu.Unlock()
		q := db.committers.queues[category]
		return q != nil && len(q.appends) == count
	})
}

// together has appends to one category share a transaction: they are started, in their order, while
// an earlier one waits for the category's lock.
func together(t testing.TB, db *DB, category string, begin ...func() *attempt) []*attempt {
	t.Helper()
	db.committers.patience = patience
	release := lockCategory(t, streamOf(t, category))
	defer release()
	first := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitWaiting(t, first.stream)
	var attempts []*attempt
	for i, b := range begin {
		attempts = append(attempts, b())
		awaitQueued(t, db, category, i+1)
	}
	release()
	check.OKf(t, first.outcome(), "the append in front")
	return attempts
}

// inBothWays tests appends that share a transaction as they are written as rows, and through
// write_message.
func inBothWays(t *testing.T, test func(*testing.T, Config)) {
	t.Helper()
	for name, via := range map[string]bool{"rows": false, "write_message": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Config{ViaWriteMessage: via})
		})
	}
}

// writeTogether writes appends to one category in one transaction.
func writeTogether(t testing.TB, db *DB, writes ...write) error {
	t.Helper()
	conn, err := db.write.Acquire(within(t))
	check.Must(t, err)
	defer conn.Release()
	outcomes, err := (&transaction{writes: writes, lockTimeout: patience, direct: db.direct}).send(within(t), conn)
	return errors.Join(append(outcomes, err)...)
}

// transactions counts those that wrote to a category.
func transactions(t testing.TB, category string) int {
	t.Helper()
	return mustGet[int](t, connect(t, appDSN(t)),
		"SELECT count(DISTINCT xmin::text) FROM message_store.messages WHERE message_store.category(stream_name) = $1", category)
}

func TestAppendsThatWaitShareATransaction(t *testing.T) {
	t.Parallel()
	for gather, want := range map[int]int{0: 2, 3: 5, 1: 11} {
		t.Run(fmt.Sprintf("up to %d", gather), func(t *testing.T) {
			t.Parallel()
			db, category := open(t, Config{Gather: gather}), newCategory()
			sent := onTheWire(t, &db.write)
			var begin []func() *attempt
			for i := range 10 {
				begin = append(begin, func() *attempt { return start(t, db, streamOf(t, category), 0, newEvents(1+i%3)...) })
			}
			for _, a := range together(t, db, category, begin...) {
				check.OK(t, a.outcome())
				checkIDs(t, db.Store(), a.stream, a.events...)
			}
			check.Equal(t, "transactions of eleven appends", want, transactions(t, category))
			if gather != 0 {
				return
			}
			before := sent.countTrips() // the statements are prepared by now
			for _, a := range together(t, db, category, begin...) {
				_ = a.outcome()
			}
			check.Equal(t, "round trips of one append and ten", 2, sent.countTrips()-before)
		})
	}
}

// What bites: one that is refused aborts the transaction, and what it shares it with.
func TestEachAppendOfATransactionHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	inBothWays(t, eachAppendOfATransactionHasItsOwnOutcome)
}

func eachAppendOfATransactionHasItsOwnOutcome(t *testing.T, config Config) {
	t.Helper()
	db, category := open(t, config), newCategory()
	taken, known := newEvents(1), streamOf(t, category)
	mustAppend(t, db.Store(), known, 0, taken...)
	double := newEvents(2)
	double[1].ID = double[0].ID
	one := func(stream es.StreamName, expected es.Version, events ...es.EventData) func() *attempt {
		return func() *attempt { return start(t, db, stream, expected, events...) }
	}
	a, b, fresh := newEvents(1), newEvents(3), streamOf(t, category)
	attempts := together(t, db, category,
		one(streamOf(t, category), 0, newEvents(2)...),
		one(known, 0, newEvents(2)...), // stale
		one(known, 7, newEvents(2)...), // ahead
		one(streamOf(t, category), 0, newEvents(1)...),
		one(streamOf(t, category), 0, es.EventData{ID: uuid.New(), Type: "X"}, taken[0]),
		one(streamOf(t, category), 0, es.EventData{ID: uuid.New(), Type: "X", Data: []byte(`1e200000`)}),
		one(streamOf(t, category), 0, double...),
		one(fresh, 0, a...),
		one(fresh, 1, b...), // behind the one before
		one(fresh, 1, newEvents(1)...),
		one(known, 1, newEvents(1)...),
	)
	version := func(actual es.Version) func(*attempt) bool {
		return func(a *attempt) bool {
			var conflict *es.ConflictError
			return errors.As(a.err, &conflict) && *conflict == es.ConflictError{Stream: a.stream, Expected: a.expected, Actual: actual}
		}
	}
	fine := func(a *attempt) bool { return a.err == nil }
	duplicate := func(id uuid.UUID) func(*attempt) bool {
		return func(a *attempt) bool {
			var duplicate *es.DuplicateIDError
			return errors.As(a.err, &duplicate) && duplicate.ID == id && duplicate.Stream == a.stream
		}
	}
	outOfRange := func(a *attempt) bool { return hasCode(a.err, codeOutOfRange) }
	for i, right := range []func(*attempt) bool{
		fine, version(1), version(1), fine, duplicate(taken[0].ID), outOfRange, duplicate(double[0].ID), fine, fine, version(4), fine,
	} {
		if err := attempts[i].outcome(); !right(attempts[i]) {
			t.Errorf("append %d: got error %v", i+1, err)
		}
		if i != 1 && i != 2 && attempts[i].stream != fresh && attempts[i].err != nil {
			checkIDs(t, db.Store(), attempts[i].stream)
		}
	}
	checkIDs(t, db.Store(), fresh, append(a, b...)...)
	if got := transactions(t, category); got > 8 {
		t.Errorf("got %d transactions, want no more than one for each that was refused, and one between two of them", got)
	}
}

// What bites: appends share a statement, which cannot see its own rows, so one to the same
// stream needs the next; and one that is refused ends it for all.
func TestAppendsThatShareAStatementHaveTheirOwnOutcome(t *testing.T) {
	t.Parallel()
	inBothWays(t, appendsThatShareAStatementHaveTheirOwnOutcome)
}

func appendsThatShareAStatementHaveTheirOwnOutcome(t *testing.T, config Config) {
	t.Helper()
	db, category := open(t, config), newCategory()
	taken, known, fresh := newEvents(1), streamOf(t, category), streamOf(t, category)
	mustAppend(t, db.Store(), known, 0, taken...)
	one := func(stream es.StreamName, expected es.Version, event es.EventData) func() *attempt {
		return func() *attempt { return start(t, db, stream, expected, event) }
	}
	events := newEvents(6)
	bodies := []es.EventData{
		{ID: uuid.New(), Type: "X", Data: []byte(`{"a":"\u00e4"}`), Meta: []byte(`[null]`)},
		{ID: uuid.New(), Type: "{\"}, NULL", Data: []byte(`"\\,\"{}"`)},
		{ID: uuid.New(), Type: "X", Data: []byte(`1e200000`)},
	}
	begin := []func() *attempt{
		one(fresh, 0, events[0]),
		one(fresh, 1, events[1]), // behind the one before
		one(known, 7, newEvents(1)[0]),
		one(fresh, 1, newEvents(1)[0]), // stale since
		one(streamOf(t, category), 0, bodies[0]),
		one(streamOf(t, category), 0, bodies[1]),
		one(known, 1, events[2]),
	}
	check.Equal(t, "outcomes", "ok ok conflict at 1 conflict at 2 ok ok ok", outcomes(together(t, db, category, begin...)))
	checkIDs(t, db.Store(), fresh, events[:2]...)
	checkIDs(t, db.Store(), known, taken[0], events[2])
	check.Equal(t, "transactions", 3, transactions(t, category))
	for _, want := range bodies[:2] {
		var stored es.EventData
		check.Must(t, connect(t, appDSN(t)).QueryRow(within(t), "SELECT type, data, metadata FROM message_store.messages WHERE id = $1", want.ID).Scan(&stored.Type, &stored.Data, &stored.Meta))
		check.Equal(t, "type", want.Type, stored.Type)
		check.Equal(t, "body", string(want.Data), strings.ReplaceAll(strings.ReplaceAll(string(stored.Data), ": ", ":"), "ä", "\\u00e4"))
		check.Equal(t, "metadata", string(want.Meta), string(stored.Meta))
	}

	twice := newEvents(1)[0]
	begin = []func() *attempt{
		one(fresh, 2, events[3]),
		one(streamOf(t, category), 0, taken[0]),
		one(fresh, 3, events[4]),
		one(streamOf(t, category), 0, twice),
		one(streamOf(t, category), 0, bodies[2]),
		one(streamOf(t, category), 0, twice),
		one(fresh, 4, events[5]),
	}
	check.Equal(t, "outcomes beside those that are refused", "ok duplicate ok ok refused duplicate ok", outcomes(together(t, db, category, begin...)))
	checkIDs(t, db.Store(), fresh, append(events[:2:2], events[3:]...)...)
	if got := transactions(t, category); got > 3+5 {
		t.Errorf("got %d transactions, want no more than one beside each that is refused", got-3)
	}
}

// What bites: a row that is written without the category's lock may be committed after one
// with a higher position, and a feed that has passed that never sees it.
func TestAppendsThatShareAStatementWaitForTheLock(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	one, other := streamOf(t, category), streamOf(t, category)
	release := lockCategory(t, one)
	defer release()
	watch, done := connect(t, adminDSN(t)), make(chan error, 1)
	go func() { done <- writeTogether(t, db, write{one, 0, newEvents(1)}, write{other, 0, newEvents(1)}) }()
	await(t, "it waits for the lock, or has not", func() bool {
		select {
		case err := <-done:
			t.Fatalf("it did not wait for the lock, and got the error %v", err)
			return true
		default:
			return isWaiting(t, watch, one)
		}
	})
	release()
	check.OK(t, <-done)
}

// outcomes says what became of appends.
func outcomes(attempts []*attempt) string {
	var all []string
	for _, a := range attempts {
		var conflict *es.ConflictError
		var duplicate *es.DuplicateIDError
		switch err := a.outcome(); {
		case err == nil:
			all = append(all, "ok")
		case errors.As(err, &conflict):
			all = append(all, fmt.Sprintf("conflict at %d", conflict.Actual))
		case errors.As(err, &duplicate):
			all = append(all, "duplicate")
		case hasCode(err, codeOutOfRange):
			all = append(all, "refused")
		default:
			all = append(all, err.Error())
		}
	}
	return strings.Join(all, " ")
}

// What bites: a caller that gives up takes the connection with it, and the others on it.
func TestACallerThatGivesUpCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	mustAppend(t, db.Store(), streamOf(t, category), 0, newEvents(1)...)
	release := lockCategory(t, streamOf(t, category))
	defer release()
	inFlight := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitWaiting(t, inFlight.stream)
	queued := []*attempt{start(t, db, streamOf(t, category), 0, newEvents(1)...), start(t, db, streamOf(t, category), 0, newEvents(1)...)}
	awaitQueued(t, db, category, 2)

	inFlight.cancel() // it was sent, so it waits for the outcome
	queued[0].cancel()
	if err := queued[0].outcome(); !errors.Is(err, context.Canceled) {
		t.Errorf("the one in the queue: got error %v, want that it was cancelled", err)
	}
	if err := inFlight.outcome(); !errors.Is(err, context.Canceled) || errors.As(err, new(*es.UncertainError)) {
		t.Errorf("the one that was sent: got error %v, want that it was cancelled, for certain", err)
	}
	release()
	check.OKf(t, queued[1].outcome(), "the one that did not give up")
	checkIDs(t, db.Store(), queued[0].stream)
	checkIDs(t, db.Store(), inFlight.stream)
	checkIDs(t, db.Store(), queued[1].stream, queued[1].events...)
	if made := db.write.Stat().NewConnsCount(); made > 3 {
		t.Errorf("got %d connections, want no new one for a caller that gave up", made)
	}
}

// comesBack fails the test if a caller that gave up has to wait.
func comesBack(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("the one that gave up: got no answer, want that it was cancelled")
	}
}

// pairOf appends to two streams of a category, together. before is called in front of each
// append with its place, after behind each call, which ends with ctx.
func pairOf(ctx context.Context, t *testing.T, db *DB, category string, before func(i int64), after func()) (errs [2]error, streams [2]es.StreamName) {
	t.Helper()
	type entered struct{}
	codec := es.NewCodec(es.On("Entered", func(e entered) entered { return e }))
	var appends atomic.Int64
	store := intercept.Store(db.Store(), intercept.StoreHooks{BeforeAppend: func(context.Context, es.StreamName, es.Version, []es.EventData) error {
		before(appends.Add(1))
		return nil
	}})
	entries := es.NewCategory(category, codec, 0, func(n int, events []entered) int { return n + len(events) }, store, es.Options{})
	var group errgroup.Group
	es.Together(ctx, &group, len(errs), func(ctx context.Context, i int) {
		defer after()
		decider, err := entries.Decider(strings.ReplaceAll(uuid.NewString(), "-", ""))
		streams[i], errs[i] = decider.Stream(), err
		if err == nil {
			errs[i] = decider.AtLeast(0).Transact(ctx, func(int) ([]entered, error) { return []entered{{}}, nil })
		}
	})
	_ = group.Wait()
	return errs, streams
}

func TestAppendsThatBeginTogetherShareATransaction(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	db.committers.way = patience // as long as it takes on a busy machine
	errs, streams := pairOf(within(t), t, db, category, func(i int64) {
		if i == 2 { // which has a way of some round trips
			for range 3 {
				checkIDs(t, db.Store(), streamOf(t, category))
			}
		}
	}, func() {})
	for i := range errs {
		check.OK(t, errs[i])
	}
	check.Equal(t, "transactions of both", 1, transactions(t, category))
	check.Equal(t, "streams", true, streams[0] != streams[1])
}

// What bites: whoever writes for the others cannot go home while companions are on their way.
func TestACallerThatGivesUpWhileItWaitsForCompanionsReturns(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	db.committers.way, db.committers.patience = patience, patience
	release := lockCategory(t, streamOf(t, category))
	defer release()
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	comes, gone, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var errs [2]error
	go func() {
		defer close(over)
		errs, _ = pairOf(ctx, t, db, category, func(i int64) {
			if i == 2 {
				<-comes
			}
		}, sync.OnceFunc(func() { close(gone) }))
	}()
	awaitQueued(t, db, category, 1)
	other := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitQueued(t, db, category, 2)
	giveUp()
	comesBack(t, gone)
	close(comes)
	release()
	<-over
	for i, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: got error %v, want that it was cancelled", i, err)
		}
	}
	check.OKf(t, other.outcome(), "the one that did not give up")
}

// What bites: whoever writes for the others while it waits for a connection cannot go home.
func TestACallerThatGivesUpWhileItWritesForOthersReturns(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{MaxConns: 2}), newCategory()
	c := db.committers
	c.turns <- struct{}{} // there is only this one
	first := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitQueued(t, db, category, 1)
	other := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitQueued(t, db, category, 2)
	first.cancel()
	comesBack(t, first.done)
	<-c.turns
	if err := first.outcome(); !errors.Is(err, context.Canceled) {
		t.Errorf("the one that gave up: got error %v, want that it was cancelled", err)
	}
	check.OKf(t, other.outcome(), "the one that did not")
	checkIDs(t, db.Store(), first.stream)
	checkIDs(t, db.Store(), other.stream, other.events...)
}

// What bites: the committer stops waiting for a connection since all gave up, and takes
// one that has come in the same moment along.
func TestAnAppendThatComesWhileTheLastOneGivesUpIsWritten(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{MaxConns: 2}), newCategory()
	c := db.committers
	c.turns <- struct{}{} // there is only this one
	gone := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitQueued(t, db, category, 1)
	await(t, "it waits for a turn", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.queues[category].connecting != nil
	})
	next := &pending{write: write{stream: streamOf(t, category), events: newEvents(1)}, verdict: make(chan error, 1)}
	c.mu.Lock()
	q := c.queues[category]
	q.connecting() // as the caller that gives up does
	q.appends[0].queue = nil
	first := q.appends[0]
	q.appends = []*pending{next}
	next.queue = q
	c.mu.Unlock()
	first.verdict <- context.Canceled
	_ = gone.outcome()
	<-c.turns
	if err := <-next.verdict; err != nil {
		t.Errorf("got error %v, want it written", err)
	}
	checkIDs(t, db.Store(), next.stream, next.events...)
}

// What bites: the reply to a transaction is lost, and with it that of each append in it.
func TestLostReplyOfASharedTransaction(t *testing.T) {
	t.Parallel()
	for name, tap := range map[string]func(p *proxy, client, server net.Conn, request []byte){
		"the reply":   losesReply,
		"the request": losesRequest,
	} {
		t.Run(name+" is lost", func(t *testing.T) {
			t.Parallel()
			category := newCategory()
			marked := streamOf(t, category)
			p, through := newProxy(t, appDSN(t), marked, tap)
			p.tapping.Store(true)
			db := open(t, Config{Connection: through})
			stale := streamOf(t, category)
			mustAppend(t, db.Store(), stale, 0, newEvents(1)...)
			first, second, other := newEvents(2), newEvents(1), newEvents(1)
			attempts := together(t, db, category,
				func() *attempt { return start(t, db, marked, 0, first...) },
				func() *attempt { return start(t, db, stale, 0, newEvents(1)...) },
				func() *attempt { return start(t, db, marked, 2, second...) },
				func() *attempt {
					p.tapping.Store(false)
					return start(t, db, streamOf(t, category), 0, other...)
				},
			)
			for i, a := range attempts {
				var conflict *es.ConflictError
				if err := a.outcome(); errors.As(err, &conflict) != (i == 1) || i != 1 && err != nil {
					t.Errorf("append %d: got error %v", i+1, err)
				}
			}
			<-p.tapped
			checkIDs(t, db.Store(), marked, append(first, second...)...)
			checkIDs(t, db.Store(), attempts[3].stream, other...)
		})
	}
}

func TestUnknownOutcomeOfASharedTransaction(t *testing.T) {
	t.Parallel()
	category := newCategory()
	marked := streamOf(t, category)
	_, through := newProxy(t, appDSN(t), marked, func(p *proxy, client, server net.Conn, request []byte) {
		p.refuse()
		losesReply(p, client, server, request)
	})
	db := open(t, Config{Connection: through, SettleTimeout: 100 * time.Millisecond})
	for i, a := range together(t, db, category,
		func() *attempt { return start(t, db, marked, 0, newEvents(1)...) },
		func() *attempt { return start(t, db, streamOf(t, category), 0, newEvents(1)...) },
	) {
		var uncertain *es.UncertainError
		if err := a.outcome(); !errors.As(err, &uncertain) || uncertain.Stream != a.stream {
			t.Errorf("append %d: got error %v, want an uncertain outcome", i+1, err)
		}
	}
}

// What bites: a writer that keeps a category's lock, and others that need nothing of it.
func TestALockedCategoryHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	db := open(t, Config{MaxConns: 3, CheckpointSchema: checkpointSchema(t)})
	locked, other := newCategory(), newCategory()
	release := lockCategory(t, streamOf(t, locked))
	defer release()
	// The others come while the first is on its way, which goes back to the head of them.
	stuck := []*attempt{start(t, db, streamOf(t, locked), 0, newEvents(1)...)}
	awaitWaiting(t, stuck[0].stream)
	for range 19 {
		stuck = append(stuck, start(t, db, streamOf(t, locked), 0, newEvents(1)...))
	}

	mustAppend(t, db.Store(), streamOf(t, other), 0, newEvents(1)...)
	if end, err := newSource(t, db, 0, locked).End(within(t), feed.Tranche(locked)); err != nil || end != 0 {
		t.Errorf("the end of the locked category: got %d and error %v, want 0", end, err)
	}
	check.OK(t, check.Error(db.Store().Read(within(t), stuck[0].stream, 0, es.FromLeader)))
	checkpoints, err := db.Checkpoints()
	check.Must(t, err)
	check.OK(t, checkpoints.Save(within(t), checkpointKey, 1))
	for _, a := range stuck {
		select {
		case <-a.done:
			t.Errorf("got error %v while the category is locked, want it to wait", a.err)
		default:
		}
	}
	// It waits longer than the lock's timeout, again and again.
	await(t, "the wait for the lock was given up once", func() bool {
		db.committers.mu.Lock()
		defer db.committers.mu.Unlock()
		return db.committers.queues[locked].lockTimeout > firstLockTimeout
	})
	release()
	for i, a := range stuck {
		check.OKf(t, a.outcome(), "append %d, once the lock was free", i+1)
	}
}

func TestCloseWaitsForWhatWasBegun(t *testing.T) {
	t.Parallel()
	db, category := open(t, Config{}), newCategory()
	release := lockCategory(t, streamOf(t, category))
	defer release()
	first := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitWaiting(t, first.stream)
	second := start(t, db, streamOf(t, category), 0, newEvents(1)...)
	awaitQueued(t, db, category, 1)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		db.Close()
	}()
	await(t, "the DB is being closed", func() bool {
		db.committers.mu.Lock()
		defer db.committers.mu.Unlock()
		return db.committers.closed
	})
	if err := start(t, db, streamOf(t, category), 0, newEvents(1)...).outcome(); !errors.Is(err, errClosed) {
		t.Errorf("an append that came later: got error %v, want %v", err, errClosed)
	}
	release()
	<-closed
	for _, a := range []*attempt{first, second} {
		select {
		case <-a.done:
			if a.err != nil {
				t.Error(a.err)
			}
		case <-within(t).Done():
			t.Error("Close returned before an append did")
		}
	}
}
