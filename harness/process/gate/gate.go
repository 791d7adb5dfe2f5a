package gate

import (
	"errors"
	"fmt"
	"sync"
)

// Gate is a proxy in front of a store. Its calls may overlap.
type Gate struct {
	url   string
	close func() error
	cut   func() // ends all connections

	mu      sync.Mutex
	round   int // counts BreakAfter and Mend: an append ends in the one that it began in, or does not count
	left    int // appends that may still begin, -1 for ever
	missing int // appends that are still to succeed
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

// place is that of an append that has begun.
type place struct {
	gate    *Gate
	round   int
	counted bool
}

// begin waits until an append may begin. It returns errBroken if the gate breaks
// meanwhile, or gone is closed.
func (g *Gate) begin(gone <-chan struct{}) (*place, error) {
	for {
		g.mu.Lock()
		changed := g.changed
		switch {
		case g.isBroke:
			g.mu.Unlock()
			return nil, errBroken
		case g.left != 0:
			p := &place{gate: g, round: g.round, counted: g.left > 0}
			if p.counted {
				g.left--
			}
			g.mu.Unlock()
			return p, nil
		}
		g.mu.Unlock()
		select {
		case <-changed:
		case <-gone:
			return nil, errBroken
		}
	}
}

// end notes what became of an append, and breaks the gate if it was the last. It
// returns whether the reply may go on.
func (p *place) end(succeeded bool) bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !p.counted || p.round != g.round {
		return !g.isBroke
	}
	p.counted = false // it ends once
	if !succeeded {
		g.left++
		g.notify()
		return true
	}
	if g.missing--; g.missing > 0 {
		return true
	}
	g.isBroke = true
	close(g.broken)
	g.notify()
	g.cut()
	return false
}
