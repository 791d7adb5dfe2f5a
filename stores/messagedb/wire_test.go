package messagedb

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/groupcheckout/internal/check"
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
