// Package proxy is a TCP proxy inside a test's process, between a program and the
// server that it uses. It cuts connections, refuses new ones, and shows each request
// to a hook before it goes on, or leaves all that passes to one.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
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
	// Serve, if given, passes on what comes from either end, in place of the proxy,
	// until one of them is closed. Its connection is cut by Cut and Close, and closed
	// when it returns. Calls for different connections overlap.
	Serve func(c *Conn)
}

// Proxy passes connections on to a server. Calls may overlap.
type Proxy struct {
	target   string
	config   Config
	listener net.Listener
	end      func() // of dials
	done     sync.WaitGroup

	mu      sync.Mutex
	conns   map[*Conn]struct{}
	refused time.Time // new connections are refused until then
	closed  bool
}

// Conn is one connection through a proxy. Its two ends may be used and closed by
// a hook.
type Conn struct {
	Client, Server net.Conn

	mute atomic.Bool
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
	for {
		client, err := p.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // the client was gone before it was accepted
		}
		p.done.Go(func() { p.serve(ctx, client) })
	}
}

// serve is the life of one connection.
func (p *Proxy) serve(ctx context.Context, client net.Conn) {
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
	c := &Conn{Client: client, Server: server}
	if !p.keep(c) {
		c.Cut()
		return
	}
	defer p.drop(c)
	if p.config.Serve != nil {
		p.config.Serve(c)
		return
	}
	var replies sync.WaitGroup
	replies.Go(c.replies)
	c.requests(p.config.Request)
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

// Cut breaks the connection. Both ends see a reset, where the system has one.
func (c *Conn) Cut() {
	reset(c.Client)
	reset(c.Server)
}

// Mute lets no reply through any more, while the connection seems to be there.
func (c *Conn) Mute() { c.mute.Store(true) }

// close ends the connection in good order: what was sent on still arrives.
func (c *Conn) close() {
	_ = c.Client.Close() // it is over, however that goes
	_ = c.Server.Close()
}

// requests passes on what the client sends. A client that has nothing more to
// send still gets its replies.
func (c *Conn) requests(shown func(*Conn, []byte) (pass bool)) {
	err := pass(c.Client, c.Server, func(data []byte) bool { return shown == nil || shown(c, data) })
	if half, ok := c.Server.(*net.TCPConn); ok && errors.Is(err, io.EOF) && half.CloseWrite() == nil {
		return
	}
	c.close()
}

// replies passes on what the server sends.
func (c *Conn) replies() {
	_ = pass(c.Server, c.Client, func([]byte) bool { return !c.mute.Load() }) // however it ends, it is over
	c.close()
}

// pass passes on what may pass, until there is an error.
func pass(from, to net.Conn, may func([]byte) bool) error {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && may(buffer[:n]) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
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
