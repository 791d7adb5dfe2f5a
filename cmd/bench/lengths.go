package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/messagedb"
)

// How long the streams of row 13 are, and how many events the stores of row 14 hold.
const (
	longStream            = 100_000
	fullStore, smallStore = 1_000_000, 10_000
)

// lengths is rows 13 and 14: what it costs that a stream is long, which has a snapshot, and
// that a store holds much.
func lengths() []figure {
	const times = 50
	reading := func(row, name string, shortStream, portion int, open func(context.Context, *ground) (store snapshotting, release func(), err error)) figure {
		return figure{row: row, name: name, unit: "reads/s", target: atLeast(0.8), prepare: func(ctx context.Context, g *ground) (*pair, error) {
			store, release, err := open(ctx, g)
			if err != nil {
				return nil, err
			}
			category := newCategory("Length")
			long, short := newStream(category), newStream(category)
			if err = errors.Join(grow(ctx, store, long, longStream, portion), grow(ctx, store, short, shortStream, portion)); err != nil {
				release()
				return nil, err
			}
			read := func(stream es.StreamName) func(context.Context) (float64, error) {
				return func(ctx context.Context) (float64, error) {
					return oneByOne(times, func() error {
						_, err := store.ReadSnapshots(ctx, []es.StreamName{stream}, lengthTaking.Type, es.FromLeader)
						return err
					})
				}
			}
			return &pair{subject: read(long), floor: read(short), close: release, note: func(ctx context.Context) (string, error) {
				found, err := store.ReadSnapshots(ctx, []es.StreamName{long}, lengthTaking.Type, es.FromLeader)
				if err != nil || found[0].Snapshot.Version == 0 {
					return "", errors.Join(err, errors.New("the long stream has no snapshot"))
				}
				return fmt.Sprintf("%d events behind the snapshot", len(found[0].Events)), nil
			}}, nil
		}}
	}
	return []figure{
		reading("13a", "read of a stream of 100,000 events on Message DB ÷ of one of 10", 10, 1000, func(ctx context.Context, g *ground) (snapshotting, func(), error) {
			db, err := g.open(ctx, messagedb.Config{})
			if err != nil {
				return nil, nil, err
			}
			return db.Store(), db.Close, nil
		}),
		// A tip holds about 200 events, however long its stream is.
		reading("13b", "the same on DynamoDB ÷ of one of 200, a full tip", 200, 200, func(ctx context.Context, g *ground) (snapshotting, func(), error) {
			db, _, err := g.openDynamo(ctx)
			if err != nil {
				return nil, nil, err
			}
			return db.Store(), db.Close, nil
		}),
		{row: "14", name: "append and feed, for each event, in a store of 1,000,000 ÷ of 10,000", unit: "events/s", target: atLeast(0.8), prepare: filled},
	}
}

// snapshotting is a store that keeps snapshots.
type snapshotting interface {
	es.Store
	es.Snapshotter
}

// lengthTaking takes snapshots of a state that does not grow.
var lengthTaking = es.SnapshotTaking{ //nolint:gochecknoglobals // never changed
	Type: "Snapshotted.1", Every: 500, Ended: func(error) {},
	State: func() ([]byte, error) { return []byte(body), nil },
}

// grow makes a stream of so many events.
func grow(ctx context.Context, store snapshotting, stream es.StreamName, events, portion int) error {
	for at := 0; at < events; {
		count := min(portion, events-at)
		data := make([]es.EventData, count)
		for i := range data {
			data[i] = newEvent()
		}
		if _, err := store.AppendSnapshot(ctx, stream, es.Version(at), data, lengthTaking); err != nil {
			return err
		}
		at += count
	}
	return nil
}

// filled prepares row 14: two servers, of which one holds a hundred times as much.
func filled(ctx context.Context, g *ground) (*pair, error) {
	small, err := provision.MessageDB(ctx, provision.Options{Durable: true, Log: g.log})
	if err != nil {
		return nil, err
	}
	full, err := provision.MessageDB(ctx, provision.Options{Durable: true, Log: g.log})
	if err != nil {
		return nil, errors.Join(err, small.Close())
	}
	release := func() {
		if err := errors.Join(small.Close(), full.Close()); err != nil {
			g.log.Error("stop Message DB", "error", err)
		}
	}
	if small.ConnectionString == full.ConnectionString {
		release()
		return nil, errors.New("it takes two servers: name none, see harness/provision")
	}
	measure := func(server *provision.Server, events int) (func(context.Context) (float64, error), func(), error) {
		pool, err := barePool(ctx, server)
		if err != nil {
			return nil, nil, err
		}
		defer pool.Close()
		// Streams of ten events in a hundred categories, as an append would leave them.
		if _, err = pool.Exec(ctx, `INSERT INTO messages (id, stream_name, position, type, data)
			SELECT gen_random_uuid(), 'Filler' || i % 100 || '-' || md5((i / 1000 * 100 + i % 100)::text), i / 100 % 10, 'Charged', $2::jsonb FROM generate_series(0, $1::int - 1) i`,
			events, body); err == nil {
			_, err = pool.Exec(ctx, "ANALYZE messages")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("fill a store: %w", err)
		}
		db, err := messagedb.Open(ctx, messagedb.Config{Connection: server.ConnectionString, MaxConns: maxConns})
		if err != nil {
			return nil, nil, err
		}
		store := db.Store()
		return func(ctx context.Context) (float64, error) {
			const appends, reads = 400, 50
			category := newCategory("Store")
			source, err := db.Source(category)
			if err != nil {
				return 0, err
			}
			began := time.Now()
			if _, err := appendAll(ctx, store, category, 1, appends); err != nil {
				return 0, err
			}
			for range reads { // an append takes as long as many events of the feed
				if batch, err := source.Read(ctx, feed.Tranche(category), 0); err != nil || len(batch.Events) != appends {
					return 0, cmp.Or(err, fmt.Errorf("the feed gave %d events, want %d", len(batch.Events), appends))
				}
			}
			return perSecond(appends, time.Since(began)), nil
		}, db.Close, nil
	}
	subject, closeFull, err := measure(full, fullStore)
	if err != nil {
		release()
		return nil, err
	}
	floor, closeSmall, err := measure(small, smallStore)
	if err != nil {
		closeFull()
		release()
		return nil, err
	}
	return &pair{subject: subject, floor: floor, close: func() { closeFull(); closeSmall(); release() }}, nil
}
