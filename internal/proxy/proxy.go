// Package proxy is a TCP proxy inside a test's process, between a program and the
// server that it uses. It cuts connections, refuses new ones, delays what passes,
// and shows each request to a hook before it goes on.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// Config says what a [Proxy] does besides passing everything on. The zero value
// is nothing.
type Config struct {
	// Request is shown what a client sent, as it was read, before it goes on,
	// which it does if the result is true. It may block: its connection waits.
	// Calls for different connections overlap. The bytes are its own until it
	// returns.
	Request func(c *Conn, data []byte) (pass bool)
	// CutAfter says how many bytes a connection carries, in both directions
	// together, before it is cut; 0 is no end. Connections are numbered from 0 in
	// the order in which they are accepted. A function of a seed and the number
	// gives the same cuts in each run. Calls may overlap.
	CutAfter func(number int) int64
}

// Proxy passes connections on to a server. Calls may overlap.
type Proxy struct {
	target   string
	config   Config
	listener net.Listener
	end      func() // of dials and delays
	done     sync.WaitGroup

	mu      sync.Mutex
	conns   map[*Conn]struct{}
	refused time.Time // new connections are refused until then
	delay   time.Duration
	closed  bool
}

// Conn is one connection through a proxy. Its two ends may be used and closed by
// a hook.
type Conn struct {
	Client, Server net.Conn

	proxy *Proxy
	limit int64 // bytes, 0 for no limit

	mu      sync.Mutex
	carried int64
	mute    bool
}

// Listen starts a proxy to a server, such as "127.0.0.1:5432", at a free port of
// this machine. ctx is for the start only. Close ends it.
func Listen(ctx context.Context, target string, config Config) (*Proxy, error) {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return nil, fmt.Errorf("a proxy to %q: give host:port: %w", target, err)
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a proxy to %s: %w", target, err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	p := &Proxy{target: target, config: config, listener: listener, end: end, conns: map[*Conn]struct{}{}}
	p.done.Go(func() { p.accept(life) })
	return p, nil
}

// Addr is where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut breaks all connections at once, and returns how many there were. Both ends
// see a reset, where the system has one. New connections are let through.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Cut()
	}
	return len(p.conns)
}

// Refuse breaks each new connection for a time. It counts from now, whatever was
// refused before, so 0 lets new ones through again.
func (p *Proxy) Refuse(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = time.Now().Add(d)
}

// Delay makes everything that passes later by a time, in each direction, from now
// on.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Close breaks all connections, ends the proxy and waits for it. It waits for a
// hook that blocks, too. Closing twice is fine.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end()
	_ = p.listener.Close() // nothing depends on how it went
	p.Cut()
	p.done.Wait()
}

func (p *Proxy) accept(ctx context.Context) {
	for number := 0; ; number++ {
		client, err := p.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // the client was gone before it was accepted
		}
		p.done.Go(func() { p.serve(ctx, client, number) })
	}
}

// serve is the life of one connection.
func (p *Proxy) serve(ctx context.Context, client net.Conn, number int) {
	if p.refuses() {
		reset(client)
		return
	}
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	c := &Conn{Client: client, Server: server, proxy: p}
	if p.config.CutAfter != nil {
		c.limit = p.config.CutAfter(number)
	}
	if !p.keep(c) {
		c.Cut()
		return
	}
	defer p.drop(c)
	var replies sync.WaitGroup
	replies.Go(func() { c.replies(ctx) })
	c.requests(ctx)
	replies.Wait()
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed || time.Now().Before(p.refused)
}

// keep notes a connection, unless the proxy was closed or told to refuse while it
// was made.
func (p *Proxy) keep(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || time.Now().Before(p.refused) {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *Proxy) drop(c *Conn) {
	c.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// wait is the delay of what passes; it is false if the proxy ends first.
func (p *Proxy) wait(ctx context.Context) bool {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Cut breaks the connection. Both ends see a reset, where the system has one.
func (c *Conn) Cut() {
	reset(c.Client)
	reset(c.Server)
}

// Mute lets no reply through any more, while the connection seems to be there.
func (c *Conn) Mute() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute = true
}

// close ends the connection in good order: what was sent on still arrives.
func (c *Conn) close() {
	_ = c.Client.Close() // it is over, however that goes
	_ = c.Server.Close()
}

// requests passes on what the client sends. A client that has nothing more to
// send still gets its replies.
func (c *Conn) requests(ctx context.Context) {
	err := c.pass(ctx, c.Client, c.Server, func(data []byte) bool {
		return c.proxy.config.Request == nil || c.proxy.config.Request(c, data)
	})
	if half, ok := c.Server.(*net.TCPConn); ok && errors.Is(err, io.EOF) && half.CloseWrite() == nil {
		return
	}
	c.close()
}

// replies passes on what the server sends.
func (c *Conn) replies(ctx context.Context) {
	_ = c.pass(ctx, c.Server, c.Client, func([]byte) bool { // however it ends, it is over
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.mute
	})
	c.close()
}

// pass passes on what comes, until it ends with an error or is cut.
func (c *Conn) pass(ctx context.Context, from, to net.Conn, may func([]byte) bool) error {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && c.proxy.wait(ctx) && may(buffer[:n]) {
			allowed := c.carry(n)
			if _, err := to.Write(buffer[:allowed]); err != nil {
				return err
			}
			if allowed < n {
				c.Cut()
				return net.ErrClosed
			}
		}
		if err != nil {
			return err
		}
	}
}

// carry counts bytes, and returns how many of them may pass before the cut.
func (c *Conn) carry(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limit <= 0 {
		return n
	}
	allowed := int(min(int64(n), c.limit-c.carried))
	c.carried += int64(allowed)
	return allowed
}

// reset closes a connection so that its other end sees a reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the other end sees an ordinary end
	}
	_ = conn.Close() // it may be closed already
}

// Redirect returns a URL with another host and port, and those that it had. It is
// for addresses such as http://127.0.0.1:8000 and postgres://user@db/name. An
// error repeats nothing of the URL, which may hold a password.
func Redirect(raw, addr string) (redirected, target string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "", "", errors.New("an address to be led through a proxy has to be a URL with one host")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "postgres": "5432", "postgresql": "5432"}[u.Scheme]
	}
	if port == "" {
		return "", "", fmt.Errorf("an address to be led through a proxy has no port, and %q has no usual one", u.Scheme)
	}
	target = net.JoinHostPort(u.Hostname(), port)
	u.Host = addr
	return u.String(), target, nil
}
