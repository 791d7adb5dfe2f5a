package gate

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"example.com/groupcheckout/internal/proxy"
)

// MessageDB opens a gate in front of the Message DB that a server, host:port, speaks
// for. Its address is through with another host. It listens on the loopback
// interface.
func MessageDB(ctx context.Context, server string, through url.URL) (*Gate, error) {
	g := newGate()
	between, err := proxy.Listen(ctx, server, proxy.Config{Serve: g.wire})
	if err != nil {
		return nil, fmt.Errorf("open a gate to Message DB: %w", err)
	}
	through.Host = between.Addr()
	g.url = through.String()
	g.cut = func() { between.Cut() }
	g.close = func() error { between.Close(); return nil }
	return g, nil
}

// wire serves one connection until either end closes it.
func (g *Gate) wire(c *proxy.Conn) {
	if g.isBroken() { // one that breaks from now on finds the connection
		return
	}
	w := newWire(g, c.Client, c.Server)
	var both sync.WaitGroup
	both.Go(func() { defer w.end(); w.requests() })
	both.Go(func() { defer w.end(); w.replies() })
	both.Wait()
}
