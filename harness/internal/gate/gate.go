package gate

import (
	"errors"
	"fmt"
	"sync"

	"example.com/groupcheckout/harness/faults"
)

// Gate is a proxy in front of a store. Its calls may overlap.
type Gate struct {
	url   string
	close func() error
	cut   func() // ends all connections

	mu      sync.Mutex
	judge   func() faults.Kind // nil if nobody judges
	round   int                // counts BreakAfter and Mend: an append ends in the one that it began in, or does not count
	left    int                // appends that may still begin, -1 for ever
	missing int                // appends that are still to succeed
	isBroke bool
	changed chan struct{} // closed, and replaced, when one of these has changed
	broken  chan struct{} // closed when the gate breaks, replaced when it is mended
}

// errBroken is what a process meets at a gate that is broken or closed.
var errBroken = errors.New("the gate is broken")

func newGate() *Gate {
	return &Gate{left: -1, changed: make(chan struct{}), broken: make(chan struct{})}
}

// URL is what leads through the gate in place of what leads to the store: a
// connection string, with its password, or the URL of a service.
func (g *Gate) URL() string { return g.url }

// BreakAfter makes the gate break once n more appends have succeeded.
func (g *Gate) BreakAfter(n int) error {
	if n < 1 {
		return fmt.Errorf("a gate cannot break after %d appends, only after one or more", n)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isBroke {
		return errors.New("the gate is broken already: mend it first")
	}
	g.round++
	g.left, g.missing = n, n
	g.notify()
	return nil
}

// Judge has a function decide about each append that begins from now on, except
// those that [Gate.BreakAfter] counts. It says [faults.LostReply], and the append goes on
// but its connection is cut before the reply does; [faults.Cut], and all connections
// are cut and it is never sent; or nothing, and it passes. What becomes of one becomes
// of all that are sent together with it. It may wait, which makes the store slow. Calls
// overlap, and must not call the gate. Nil has all pass.
func (g *Gate) Judge(judge func() faults.Kind) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge = judge
}

// Broken is closed when the gate breaks. After [Gate.Mend] it is another channel.
func (g *Gate) Broken() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.broken
}

// Mend opens the gate again, for ever, and forgets what it was to break after. It
// is for the next process: what the last one has left on its way is cut off.
func (g *Gate) Mend() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut()
	if g.isBroke {
		g.broken = make(chan struct{})
	}
	g.round++
	g.left, g.missing, g.isBroke = -1, 0, false
	g.notify()
}

// Close cuts all connections and frees the address. Closing twice is fine.
func (g *Gate) Close() error { return g.close() }

// notify wakes those who wait. The caller holds the lock.
func (g *Gate) notify() {
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *Gate) isBroken() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.isBroke
}

// place is that of appends that have begun together, and end together.
type place struct {
	gate    *Gate
	count   int
	round   int
	counted bool
	lost    bool // its reply does not go on
}

// begin waits until appends that are sent together may begin. It returns errBroken if
// they may not: the gate breaks meanwhile, gone is closed, one of them is to be cut, or
// they are more than may still succeed. Who sends them again one by one will have as
// many written as may be.
func (g *Gate) begin(count int, gone <-chan struct{}) (*place, error) {
	verdict, judged := faults.Kind(""), false
	for {
		g.mu.Lock()
		changed, judge := g.changed, g.judge
		switch {
		case g.isBroke:
			g.mu.Unlock()
			return nil, errBroken
		case g.left > 0 && g.left < count:
			g.mu.Unlock()
			return nil, errBroken
		case g.left > 0:
			g.left -= count
			p := &place{gate: g, count: count, round: g.round, counted: true}
			g.mu.Unlock()
			return p, nil
		case g.left < 0 && (judged || judge == nil):
			p := &place{gate: g, count: count, round: g.round, lost: verdict == faults.LostReply}
			if verdict == faults.Cut {
				g.cut()
			}
			g.mu.Unlock()
			if verdict == faults.Cut {
				return nil, errBroken
			}
			return p, nil
		case g.left < 0:
			g.mu.Unlock()
			for range count {
				if verdict == "" {
					verdict = judge()
				}
			}
			judged = true
			continue
		}
		g.mu.Unlock()
		select {
		case <-changed:
		case <-gone:
			return nil, errBroken
		}
	}
}

// end notes how many of the appends have succeeded, and breaks the gate if the last was
// among them. It returns whether the reply may go on.
func (p *place) end(succeeded int) bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !p.counted || p.round != g.round {
		return !g.isBroke && !p.lost
	}
	p.counted = false // it ends once
	if failed := p.count - succeeded; failed > 0 {
		g.left += failed
		g.notify()
	}
	if g.missing -= succeeded; g.missing > 0 {
		return true
	}
	g.isBroke = true
	close(g.broken)
	g.notify()
	g.cut()
	return false
}
