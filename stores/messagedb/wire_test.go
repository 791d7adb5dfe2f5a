package messagedb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	tcp "example.com/groupcheckout/internal/proxy"
)

// wire is what was sent to the server.
type wire struct {
	mu    sync.Mutex
	trips int      // messages after which a client waits: Sync in the extended protocol, Query in the simple one
	sql   []string // the text of each statement, in the order of their preparation
}

// onTheWire has the pools connect anew, and notes what they send.
func onTheWire(t testing.TB, pools ...**pgxpool.Pool) *wire {
	t.Helper()
	w := &wire{}
	for _, pool := range pools {
		config := (*pool).Config()
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		config.ConnConfig.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
			return &wireConn{Conn: conn, wire: w}, nil
		}
		watched, err := pgxpool.NewWithConfig(within(t), config)
		check.Must(t, err)
		(*pool).Close()
		*pool = watched
	}
	return w
}

func (w *wire) countTrips() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trips
}

func (w *wire) statements() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sql)
}

func (w *wire) note(kind byte, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch kind {
	case 'S':
		w.trips++
	case 'Q':
		w.trips++
		w.sql = append(w.sql, string(bytes.TrimSuffix(body, []byte{0})))
	case 'P': // a name, the statement, the types of its parameters
		if parts := bytes.SplitN(body, []byte{0}, 3); len(parts) == 3 {
			w.sql = append(w.sql, string(parts[1]))
		}
	}
}

type wireConn struct {
	net.Conn

	wire    *wire
	started bool // the first message has no type
}

func (c *wireConn) Write(b []byte) (int, error) {
	if !c.started {
		c.started = true
		return c.Conn.Write(b)
	}
	// The driver writes whole messages: a type, a length without it, a body.
	for rest := b; len(rest) >= 5; {
		end := min(len(rest), 1+int(binary.BigEndian.Uint32(rest[1:5])))
		c.wire.note(rest[0], rest[5:end])
		rest = rest[end:]
	}
	return c.Conn.Write(b)
}

// proxy stands between the store and the server, and does something to the
// first request that holds a given text. That is the one that carries the
// whole append: the stream's name is among its parameters, and BEGIN and
// COMMIT stand around it.
type proxy struct {
	*tcp.Proxy
	tapping  atomic.Bool
	conn     *tcp.Conn     // the one that is tapped
	tapped   chan struct{} // closed when the tap has done its work
	released chan struct{} // closed when what a tap held back may go on
	release  func()
}

// newProxy starts a proxy and returns the connection string that leads through
// it.
func newProxy(t testing.TB, to string, stream es.StreamName, do func(p *proxy, client, server net.Conn, request []byte)) (*proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal("a connection string of the test is malformed")
	}
	released := make(chan struct{})
	p := &proxy{tapped: make(chan struct{}), released: released, release: sync.OnceFunc(func() { close(released) })}
	p.Proxy, err = tcp.Listen(t.Context(), net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), tcp.Config{
		Request: func(c *tcp.Conn, request []byte) bool {
			if !bytes.Contains(request, []byte(stream.String())) || !p.tapping.CompareAndSwap(false, true) {
				return true
			}
			p.conn = c
			do(p, c.Client, c.Server, request)
			close(p.tapped)
			return false
		},
	})
	check.Must(t, err)
	t.Cleanup(func() {
		p.release()
		p.Close()
	})
	host, port, err := net.SplitHostPort(p.Addr())
	check.Must(t, err)
	return p, changed(to, map[string]string{"host": host, "port": port})
}

// refuse lets no new connection through for the rest of the test.
func (p *proxy) refuse() { p.Refuse(time.Hour) }

// mute lets no reply through any more to the client that is tapped.
func (p *proxy) mute(net.Conn) { p.conn.Mute() }

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
