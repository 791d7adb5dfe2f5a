package messagedb

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
)

// The appends of a category take turns in any case: whoever appends holds the category's
// lock until the transaction has been made durable. So one committer for
// each category writes them, and whatever waits while a transaction is under way
// shares the next one:
//
//	Append ──▶ queue of the category ──▶ committer ──▶ one transaction ──▶ verdicts
//	             │    it begins with the first append        │
//	             │    and ends when none is waiting          │
//	             ◀── back to the head of the queue: locked ──┘
//	                 out, or to be tried in a transaction alone
//
// Nobody waits for company: a committer that is free begins at once, with one
// append if there is one. The first transaction of a queue is written by the caller whose
// append began it, so that one which is alone wakes no other goroutine, which on an idle
// machine is another thread. An append leaves the queue when its caller gives up. Once
// it was sent its caller waits for the verdict, and the transaction goes on without
// those who gave up; see flight.
//
// The order of the queue is kept, so appends to one stream that follow each other
// may share a transaction, and each sees those before it.

const (
	mostBytes = 4 << 20 // of the bodies in one transaction, unless one append alone has more

	// A category that somebody else has locked costs us no connection for longer
	// than this at a time, and a caller that gives up no longer wait. It doubles
	// while the lock is not to be had, lest we never get to the head of a long queue.
	firstLockTimeout = time.Second
	lastLockTimeout  = 8 * time.Second

	// Who begins together with an append that is here is given so long to arrive. It takes
	// that only if a thread has to wake up for it, which is far less than a commit.
	wayLimit = 200 * time.Microsecond

	// A transaction that is not answered for so long is cut off, even if its callers
	// have more patience: other appends wait behind it.
	commitLimit = 15 * time.Second
)

var (
	errNoAnswer = errors.New("the server did not answer in time") // why a transaction is cut off
	errClosed   = errors.New("the DB is closed")
)

// committers writes the appends of all categories. Its calls may overlap.
type committers struct {
	db       *DB
	turns    chan struct{} // as many as may hold a connection at once
	patience time.Duration // with a lock, at first
	way      time.Duration // how long companions that are on their way are waited for
	running  sync.WaitGroup

	mu     sync.Mutex // guards what follows, and the fields of queues, appends and flights
	closed bool
	left   time.Time         // when a server was left that takes no writes
	queues map[string]*queue // by category; one that is there has a committer running
}

// queue is what waits for the committer of a category.
type queue struct {
	appends     []*pending
	lockTimeout time.Duration
	connecting  context.CancelFunc // ends the committer's wait for a connection, while it waits
	leader      *pending           // while its caller is the committer; nil once a goroutine is
}

// pending is an append on its way.
type pending struct {
	write

	queue      *queue // where it waits and may still be withdrawn; nil once it is on its way
	alone      bool   // it is to have a transaction to itself
	repeated   bool   // it was sent again after it had certainly not been written
	gaveUp     bool   // its caller wants no more than the verdict
	left       bool   // its caller gave up before it was sent, so there is no verdict
	flight     *flight
	companions es.Companions // that may still be on their way

	verdict chan error // holds the outcome; of size 1, so nobody waits to give it
}

// flight is one transaction on its way. It goes on while one of its callers waits.
type flight struct {
	waiting int         // callers that did not give up
	timer   *time.Timer // cuts the transaction off
	grace   time.Duration
}

func newCommitters(db *DB) *committers {
	// One is left to those who read from the leader.
	turns := max(int(db.write.Config().MaxConns)-1, 1)
	return &committers{db: db, turns: make(chan struct{}, turns), patience: firstLockTimeout, way: wayLimit, queues: map[string]*queue{}}
}

// close waits for the appends under way and refuses new ones.
func (c *committers) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
}

// append has an append written, and returns what became of it.
func (c *committers) append(ctx context.Context, w write) error {
	p := &pending{write: w, verdict: make(chan error, 1), companions: es.CompanionsOf(ctx)}
	q, leads, err := c.enqueue(p)
	if err != nil {
		return err
	}
	if leads {
		c.lead(ctx, q, p)
	}
	select {
	case err := <-p.verdict:
		return also(err, ctx.Err())
	case <-ctx.Done():
	}
	if c.giveUp(p) {
		return appendError(w, ctx.Err())
	}
	return also(<-p.verdict, ctx.Err())
}

// also adds to the outcome of an append that its caller gave up, if it did, where that may
// be why it was not written.
func also(err, gaveUp error) error {
	var conflict *es.ConflictError
	var duplicate *es.DuplicateIDError
	var uncertain *es.UncertainError
	switch {
	case err == nil, gaveUp == nil, errors.As(err, &conflict), errors.As(err, &duplicate), errors.Is(err, gaveUp):
		return err
	case errors.As(err, &uncertain):
		return &es.UncertainError{Stream: uncertain.Stream, Expected: uncertain.Expected, Err: also(uncertain.Err, gaveUp)}
	}
	return &givenUpError{gaveUp, err}
}

// givenUpError is that of an append that was not written, and whose caller had given up.
type givenUpError struct{ gaveUp, err error }

func (e *givenUpError) Error() string   { return e.err.Error() + ": " + e.gaveUp.Error() }
func (e *givenUpError) Unwrap() []error { return []error{e.gaveUp, e.err} }

// enqueue adds an append to the queue of its category. If no committer is at work its
// caller has to be it, and to call lead.
func (c *committers) enqueue(p *pending) (q *queue, leads bool, err error) {
	category := p.stream.Category()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false, appendError(p.write, errClosed)
	}
	q, working := c.queues[category]
	if !working {
		q = &queue{lockTimeout: c.patience, leader: p}
		c.queues[category] = q
		c.running.Add(1)
	}
	p.queue = q
	q.appends = append(q.appends, p)
	p.companions.Arrive() // not before it is in the queue
	return q, !working, nil
}

// lead writes the first transaction of a queue. If others wait then, or if the caller gives
// up before it has a connection, a goroutine goes on.
func (c *committers) lead(ctx context.Context, q *queue, p *pending) {
	stop := context.AfterFunc(ctx, func() { c.giveUp(p) })
	defer stop()
	written := false
	defer func() {
		if !written {
			// Whoever recovers from it would not know that the appends behind it wait for ever.
			go panic(fmt.Sprintf("while a transaction was written: %v\n%s", recover(), debug.Stack()))
		}
	}()
	c.round(q)
	written = true
	c.mu.Lock()
	q.leader = nil
	c.mu.Unlock()
	if c.isDone(p.stream.Category(), q) {
		c.running.Done()
		return
	}
	go func() {
		defer c.running.Done()
		c.work(p.stream.Category(), q)
	}()
}

// giveUp is for a caller that does not want to wait any longer. It returns true if
// the append was not sent, and will not be.
func (c *committers) giveUp(p *pending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.gaveUp {
		return p.left
	}
	p.gaveUp = true
	if q := p.queue; q != nil {
		p.queue, p.left = nil, true
		q.appends = slices.DeleteFunc(q.appends, func(other *pending) bool { return other == p })
		if q.isGivenUp() && q.connecting != nil {
			q.connecting()
		}
		return true
	}
	if f := p.flight; f != nil {
		f.waiting--
		f.endSoonIfAlone()
	}
	return false
}

// isGivenUp tells whether whoever is the committer has nobody to connect for: the appends
// have left, or it is the caller of one that has.
func (q *queue) isGivenUp() bool { return len(q.appends) == 0 || q.leader != nil && q.leader.left }

// endSoonIfAlone has the transaction cut off, a little later, if nobody waits for it.
// Until then the server's answer or the lock's timeout tells what became of it, at
// no cost.
func (f *flight) endSoonIfAlone() {
	if f.waiting == 0 {
		f.timer.Reset(f.grace)
	}
}

// work writes what waits in a queue until nothing does.
func (c *committers) work(category string, q *queue) {
	for done := false; !done; done = c.isDone(category, q) {
		c.round(q)
	}
}

// isDone tells whether nothing waits in a queue. Then that is gone, with its committer.
func (c *committers) isDone(category string, q *queue) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(q.appends) > 0 {
		return false
	}
	delete(c.queues, category)
	return true
}

// round writes a transaction of what waits in a queue.
func (c *committers) round(q *queue) {
	conn, err := c.connection(q)
	switch {
	case err != nil:
		for _, p := range c.takeAll(q) {
			p.verdict <- appendError(p.write, err)
		}
	case conn != nil:
		c.yield(q)
		if group := c.take(q); len(group) > 0 {
			c.commit(q, conn, group)
		} else {
			c.release(conn)
		}
	}
}

// connection waits for a turn and a connection. It takes both or none: it returns no
// connection if it could not be made, which is an error, and if those it was for have given
// up, which is none, since others may have come meanwhile.
func (c *committers) connection(q *queue) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.mu.Lock()
	if q.isGivenUp() {
		cancel()
	}
	q.connecting = cancel
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		q.connecting = nil
		c.mu.Unlock()
	}()
	select {
	case c.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, nil //nolint:nilnil // see above
	}
	conn, err := c.db.write.Acquire(ctx)
	if err != nil {
		<-c.turns
		if ctx.Err() != nil {
			return nil, nil //nolint:nilnil // see above
		}
	}
	return conn, err
}

// yield lets those run who are about to append, such as the callers that the transaction
// before has answered, as long as that brings company, or some are on their way who begin
// together with one that is here. It waits for nobody else: where nothing is to be run it
// takes well below a microsecond.
func (c *committers) yield(q *queue) {
	began := time.Now()
	for before, now, coming := 0, 1, false; (before < now || coming && time.Since(began) < c.way) && now < c.db.config.Gather; {
		runtime.Gosched()
		c.mu.Lock()
		before, now = now, len(q.appends)
		coming = slices.ContainsFunc(q.appends, func(p *pending) bool { return p.companions.Coming() > 0 })
		c.mu.Unlock()
	}
}

// take takes what is to share the next transaction.
func (c *committers) take(q *queue) []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.leader != nil && q.leader.left {
		return nil // its caller goes home, and a goroutine writes for the others
	}
	count, size := 0, 0
	for _, p := range q.appends {
		for _, e := range p.events {
			size += len(e.Data) + len(e.Meta)
		}
		if count > 0 && (p.alone || q.appends[0].alone || count == c.db.config.Gather || size > mostBytes) {
			break
		}
		count++
	}
	group := slices.Clone(q.appends[:count])
	q.appends = slices.Delete(q.appends, 0, count)
	for _, p := range group {
		p.queue = nil
	}
	return group
}

func (c *committers) takeAll(q *queue) []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := q.appends
	q.appends = nil
	for _, p := range all {
		p.queue = nil
	}
	return all
}

// again puts appends back to the head of the queue. To those whose callers gave up
// meanwhile it says that they were not written, and why.
func (c *committers) again(q *queue, group []*pending, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := make([]*pending, 0, len(group)+len(q.appends))
	for _, p := range group {
		if p.gaveUp {
			p.verdict <- appendError(p.write, why)
			continue
		}
		p.queue = q
		kept = append(kept, p)
	}
	q.appends = append(kept, q.appends...)
}

// begin notes that the appends are on their way. The context ends when the transaction
// is to be cut off; end is called after it.
func (c *committers) begin(group []*pending) (ctx context.Context, end func()) {
	ctx, cut := context.WithCancelCause(context.Background())
	f := &flight{grace: c.db.config.SettleTimeout / 2}
	f.timer = time.AfterFunc(commitLimit, func() { cut(errNoAnswer) })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range group {
		p.flight = f
		if !p.gaveUp {
			f.waiting++
		}
	}
	f.endSoonIfAlone()
	return ctx, func() {
		f.timer.Stop()
		cut(nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range group {
			p.flight = nil
		}
	}
}

// commit sends a group in one transaction, and gives each of them its verdict or puts
// it back. It releases the connection and the turn.
func (c *committers) commit(q *queue, conn *pgxpool.Conn, group []*pending) {
	t := transaction{lockTimeout: q.lockTimeout, direct: c.db.direct}
	for _, p := range group {
		t.writes = append(t.writes, p.write)
	}
	ctx, end := c.begin(group)
	outcomes, err := t.send(ctx, conn)
	end()
	c.release(conn)

	var lost *lostReplyError
	switch {
	case err == nil:
		c.setLockTimeout(q, c.patience)
		c.db.appended(group[0].stream.Category())
		for i, p := range group {
			p.verdict <- outcomes[i]
		}
	case errors.As(err, &lost):
		outcomes = c.db.Store().settle(context.Background(), t.writes, lost)
		c.settled(q, group, lost, outcomes)
	case hasCode(err, codeReadOnly):
		c.elsewhere(err)
		for _, p := range group { // whatever it is about, none of them fares better
			p.verdict <- appendError(p.write, err)
		}
	case hasCode(err, codeLockTimeout) && (t.refused < 0 || len(group) == 1):
		c.setLockTimeout(q, min(2*t.lockTimeout, lastLockTimeout))
		c.again(q, group, err)
	default:
		c.refused(q, group, t.refused, err)
	}
}

// elsewhere has the next appends connect anew, at most once a second.
func (c *committers) elsewhere(err error) {
	c.mu.Lock()
	soon := time.Since(c.left) < time.Second
	if !soon {
		c.left = time.Now()
	}
	c.mu.Unlock()
	if !soon {
		elsewhere(c.db.write, err)
	}
}

// setLockTimeout says how long the next transaction may wait for the category's lock. Only
// the queue's committer calls it, which may read the limit without the mutex.
func (c *committers) setLockTimeout(q *queue, limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.lockTimeout = limit
}

// outdated are the replies that tell that what a connection has prepared is of no use any more.
func outdated(err error) bool { return hasCode(err, codeNoStatement, codeUnsupported) }

func (c *committers) release(conn *pgxpool.Conn) {
	conn.Release()
	<-c.turns
}

// refused is for a group of which nothing was written. The append at a place in it is
// the reason, or, with a place below 0, none of them in particular.
func (c *committers) refused(q *queue, group []*pending, at int, err error) {
	again := hasCode(err, codeDeadlock)
	if lostConnection(err) || outdated(err) {
		// What broke one connection has often broken them all.
		c.db.write.Reset()
		again = true
	}
	if len(group) == 1 {
		p := group[0]
		if p.repeated || !again {
			p.verdict <- appendError(p.write, err)
			return
		}
		p.repeated = true
	}
	for i, p := range group {
		p.alone = p.alone || at < 0 || i == at
	}
	c.again(q, group, err)
}

// settled is for a group of which it is known by now what became of each.
func (c *committers) settled(q *queue, group []*pending, lost *lostReplyError, outcomes []error) {
	c.db.appended(group[0].stream.Category())
	var unwritten []*pending
	for i, p := range group {
		if p.repeated || !lostConnection(outcomes[i]) || errors.As(outcomes[i], new(*es.UncertainError)) {
			p.verdict <- outcomes[i]
			continue
		}
		p.repeated = len(group) == 1
		p.alone = true
		unwritten = append(unwritten, p)
	}
	if len(unwritten) > 0 {
		c.db.write.Reset()
		c.again(q, unwritten, lost.err)
	}
}
