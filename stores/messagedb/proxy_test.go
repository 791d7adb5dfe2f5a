package messagedb

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"groupcheckout/domain/es"
)

// proxy stands between the store and the server, and does something to the
// first request that holds a given text. That is the one that carries the
// whole append: the stream's name is among its parameters, and BEGIN and
// COMMIT stand around it.
type proxy struct {
	listener net.Listener
	server   string
	tap      tap
	tapping  atomic.Bool
	tapped   chan struct{} // closed when the tap has done its work
	released chan struct{} // closed when what a tap held back may go on
	release  func()

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	muted net.Conn
	shut  bool // new connections are refused
	done  sync.WaitGroup
}

// tap is what is done to the request.
type tap struct {
	text string
	do   func(p *proxy, client, server net.Conn, request []byte)
}

// newProxy starts a proxy and returns the connection string that leads through
// it.
func newProxy(t testing.TB, to string, stream es.StreamName, do func(p *proxy, client, server net.Conn, request []byte)) (*proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal("a connection string of the test is malformed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	p := &proxy{
		listener: listener, server: fmt.Sprintf("%s:%d", config.Host, config.Port), tap: tap{stream.String(), do},
		tapped: make(chan struct{}), released: released, release: sync.OnceFunc(func() { close(released) }),
		conns: map[net.Conn]struct{}{},
	}
	p.done.Go(p.accept)
	t.Cleanup(p.close)
	return p, changed(to, map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)})
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil || !p.keep(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.done.Go(func() { p.requests(client, server) })
		p.done.Go(func() { p.replies(client, server) })
	}
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return false
	}
	for _, conn := range conns {
		p.conns[conn] = struct{}{}
	}
	return true
}

// refuse lets no new connection through from now on.
func (p *proxy) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
}

func (p *proxy) requests(client, server net.Conn) {
	defer server.Close() //nolint:errcheck // it is being torn down
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		request := buffer[:n]
		if bytes.Contains(request, []byte(p.tap.text)) && p.tapping.CompareAndSwap(false, true) {
			p.tap.do(p, client, server, request)
			close(p.tapped)
			continue
		}
		if _, err := server.Write(request); err != nil {
			return
		}
	}
}

func (p *proxy) replies(client, server net.Conn) {
	defer client.Close() //nolint:errcheck // it is being torn down
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if p.isMute(client) {
			continue
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// mute lets no reply through to the client any more.
func (p *proxy) mute(client net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.muted = client
}

func (p *proxy) isMute(client net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.muted == client
}

func (p *proxy) close() {
	p.release()
	_ = p.listener.Close()
	p.refuse()
	p.mu.Lock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

// The taps.

// losesRequest cuts the connection before the request has gone on.
func losesRequest(_ *proxy, client, server net.Conn, _ []byte) {
	_ = server.Close()
	_ = client.Close()
}

// losesReply cuts the client's end and lets the request through. The server
// finds out when it wants to reply, with the work done.
func losesReply(_ *proxy, client, server net.Conn, request []byte) {
	_ = client.Close()
	_, _ = server.Write(request)
}

// delaysRequest cuts the client's end and lets the request through, but only
// when the test says so.
func delaysRequest(p *proxy, client, server net.Conn, request []byte) {
	_ = client.Close()
	<-p.released
	_, _ = server.Write(request)
}
