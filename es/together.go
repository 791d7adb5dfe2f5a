package es

import (
	"context"
	"sync/atomic"
)

// mostTogether is how many appends begin together at the most. More would keep the first
// waiting for decisions that are not made yet.
const mostTogether = 16

// Calls is where [Together] makes its calls, such as an errgroup.Group: each in a goroutine of
// its own. TryGo refuses where as many run as may.
type Calls interface {
	Go(call func() error)
	TryGo(call func() error) bool
}

// Together makes n calls side by side, of each of which a [Decider] is a part. They decide
// one after the other, which takes microseconds, and begin their appends together, so that a
// store that writes in one transaction what waits at the same time gets all of them; see
// [Companions]. Side by side from the first moment, one of them would be on its way before the
// others had decided.
//
// Nobody waits for another decider's request: a call that has to read first, or that ends
// without an append, is waited for no longer. What a call does before its decider, others do
// wait for. Together returns when each call has begun; wait for those who make them.
func Together(ctx context.Context, calls Calls, n int, call func(ctx context.Context, i int)) {
	next := newWave()
	for i := range n {
		c := &companion{ready: make(chan struct{}), wave: next}
		run := func() error {
			defer c.end()
			call(context.WithValue(ctx, companionKey{}, c), i)
			return nil
		}
		if !calls.TryGo(run) {
			close(next.begin) // some of those that run may be waiting for that
			next = newWave()
			c.wave = next
			calls.Go(run)
		}
		<-c.ready
		if next.coming.Load() >= mostTogether {
			close(next.begin)
			next = newWave()
		}
	}
	close(next.begin)
}

// wave is the appends that begin together.
type wave struct {
	begin  chan struct{} // closed when they may
	coming atomic.Int64  // those that have been decided and have not arrived at the store
}

func newWave() *wave { return &wave{begin: make(chan struct{})} }

type companionKey struct{}

// companion is one of the calls that are made together.
type companion struct {
	wave  *wave
	asked atomic.Bool   // the store for something, or it has ended
	ready chan struct{} // closed when the next one may decide
	comes atomic.Bool   // it is counted among those that are coming
}

// end is called when a call is over, whatever it has done.
func (c *companion) end() {
	if c.asked.CompareAndSwap(false, true) {
		close(c.ready)
	}
	c.arrive()
}

func (c *companion) arrive() {
	if c.comes.CompareAndSwap(true, false) {
		c.wave.coming.Add(-1)
	}
}

// asks is called before a decider asks its store for something. An append that is the first
// request of a call waits for those of its companions.
func asks(ctx context.Context, appends bool) {
	c, _ := ctx.Value(companionKey{}).(*companion)
	if c == nil || !c.asked.CompareAndSwap(false, true) {
		return
	}
	if appends {
		c.wave.coming.Add(1)
		c.comes.Store(true)
	}
	close(c.ready)
	if !appends {
		return
	}
	select {
	case <-c.wave.begin:
	case <-ctx.Done():
	}
}

// Companions are, for a store that shares transactions, the appends that begin together with
// one; see [Together].
type Companions struct{ of *companion }

// CompanionsOf returns those of an append with this context.
func CompanionsOf(ctx context.Context) Companions {
	c, _ := ctx.Value(companionKey{}).(*companion)
	return Companions{c}
}

// Arrive says that the append is where the store finds it.
func (c Companions) Arrive() {
	if c.of != nil {
		c.of.arrive()
	}
}

// Coming is how many of them have been decided and have not arrived. They have nothing else
// to do on their way, so microseconds bring them, but one that something in front of the
// store refuses never comes.
func (c Companions) Coming() int {
	if c.of == nil {
		return 0
	}
	return int(c.of.wave.coming.Load())
}
