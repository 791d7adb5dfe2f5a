package messagedb

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
)

// What becomes of a group of appends that a committer has taken from a queue.

// A transaction that is not answered for so long is cut off, even if its callers
// have more patience: other appends wait behind it.
const commitLimit = 15 * time.Second

var errNoAnswer = errors.New("the server did not answer in time") // why a transaction is cut off

// flight is one transaction on its way. It goes on while one of its callers waits.
type flight struct {
	waiting int         // callers that did not give up
	timer   *time.Timer // cuts the transaction off
	grace   time.Duration
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

// endSoonIfAlone has the transaction cut off, a little later, if nobody waits for it.
// Until then the server's answer or the lock's timeout tells what became of it, at
// no cost.
func (f *flight) endSoonIfAlone() {
	if f.waiting == 0 {
		f.timer.Reset(f.grace)
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
