package gate

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
)

// MessageDB opens a gate in front of the Message DB that a server, host:port, speaks
// for. Its address is through with another host. It listens on the loopback
// interface.
func MessageDB(ctx context.Context, server string, through url.URL) (*Gate, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a gate to Message DB: %w", err)
	}
	through.Host = listener.Addr().String()
	g := newGate()
	p := &postgres{gate: g, listener: listener, server: server, wires: map[*wire]struct{}{}}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.url, g.cut, g.close = through.String(), p.cut, sync.OnceValue(func() error {
		stop()
		return p.close()
	})
	p.running.Go(func() { p.accept(serving) })
	return g, nil
}

// postgres accepts connections and wires each to the server.
type postgres struct {
	gate     *Gate
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu     sync.Mutex
	wires  map[*wire]struct{}
	closed bool
}

func (p *postgres) accept(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it was closed
		}
		p.running.Go(func() { p.connect(ctx, client) })
	}
}

// connect serves one connection until either end closes it.
func (p *postgres) connect(ctx context.Context, client net.Conn) {
	w := newWire(p.gate, client)
	defer w.end()
	if !p.keep(w) {
		return
	}
	defer p.drop(w)
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.server)
	if err != nil || !w.reaches(server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { defer w.end(); w.requests() })
	both.Go(func() { defer w.end(); w.replies() })
	both.Wait()
}

// keep notes a wire that is to be cut when the gate breaks. It returns false if
// the gate is broken or closed.
func (p *postgres) keep(w *wire) bool {
	p.mu.Lock()
	closed := p.closed
	p.wires[w] = struct{}{}
	p.mu.Unlock()
	// A gate that breaks from now on finds it.
	if closed || p.gate.isBroken() {
		p.drop(w)
		return false
	}
	return true
}

func (p *postgres) drop(w *wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wires, w)
}

// cut ends all wires. The gate calls it with its lock held.
func (p *postgres) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.wires {
		w.end()
	}
}

func (p *postgres) close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cut()
	p.running.Wait()
	return err
}
