package messagedb

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tripCounter counts the messages after which a client waits for the server:
// Sync in the extended protocol, Query in the simple one.
type tripCounter struct {
	net.Conn
	started bool // the first message has no type
	trips   *atomic.Int64
}

func (c *tripCounter) Write(b []byte) (int, error) {
	if !c.started {
		c.started = true
		return c.Conn.Write(b)
	}
	// The driver writes whole messages: a type, a length without it, a body.
	for rest := b; len(rest) >= 5; {
		if rest[0] == 'S' || rest[0] == 'Q' {
			c.trips.Add(1)
		}
		rest = rest[min(len(rest), 1+int(binary.BigEndian.Uint32(rest[1:5]))):]
	}
	return c.Conn.Write(b)
}

// The category's lock is held from the first write until the commit, so what
// an append costs all others is its round trips.
func TestRoundTripsOfAnAppend(t *testing.T) {
	t.Parallel()
	db := open(t, Config{})
	var trips atomic.Int64
	config := db.write.Config()
	config.MaxConns = 1
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.ConnConfig.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		return &tripCounter{Conn: conn, trips: &trips}, nil
	}
	pool, err := pgxpool.NewWithConfig(within(t), config)
	if err != nil {
		t.Fatal(err)
	}
	db.write.Close()
	db.write = pool

	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...) // prepares the statements

	before := trips.Load()
	mustAppend(t, db.Store(), stream, 1, newEvents(10)...)
	if got := trips.Load() - before; got != 1 {
		t.Errorf("an append of 10 events took %d round trips, want 1", got)
	}
	before = trips.Load()
	if _, err := db.Store().Append(within(t), stream, 0, newEvents(10)); err == nil {
		t.Error("got no conflict")
	}
	if got := trips.Load() - before; got != 2 {
		t.Errorf("a conflict took %d round trips, want 2: the append and the rollback", got)
	}
}
