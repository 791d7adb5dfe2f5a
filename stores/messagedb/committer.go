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
)

var errClosed = errors.New("the DB is closed")

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
	defer c.running.Done()
	defer context.AfterFunc(ctx, func() { c.giveUp(p) })()
	written := false
	defer func() {
		if !written {
			// Whoever recovers from it would not know that the appends behind it wait for ever.
			go panic(fmt.Sprintf("while a transaction was written: %v\n%s", recover(), debug.Stack()))
		}
	}()
	c.round(q)
	written = true
	if category := p.stream.Category(); !c.isDone(category, q) {
		c.running.Go(func() { c.work(category, q) })
	}
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

// work writes what waits in a queue until nothing does.
func (c *committers) work(category string, q *queue) {
	for done := false; !done; done = c.isDone(category, q) {
		c.round(q)
	}
}

// isDone tells whether nothing waits in a queue. Then that is gone, with its committer, and
// otherwise whoever goes on is no caller.
func (c *committers) isDone(category string, q *queue) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.leader = nil
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
