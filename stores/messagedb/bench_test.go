package messagedb

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
)

const (
	feedEvents = 20_000
	feedBatch  = 1000
)

// BenchmarkFeed reads a category of 20,000 events from its start to its tail,
// through a Source and with the bare driver. The two differ in what they make
// of a row: bare-pgx scans it and forgets it.
func BenchmarkFeed(b *testing.B) {
	category := newCategory()
	fillCategory(b, category)

	b.Run("source", func(b *testing.B) {
		db := open(b, Config{BatchSize: feedBatch})
		source := newSource(b, db, 0, category)
		ctx, read := b.Context(), 0
		for b.Loop() {
			for at := feed.Position(0); ; {
				batch, err := source.Read(ctx, feed.Tranche(category), at)
				check.Must(b, err)
				if batch.Tail {
					break
				}
				at, read = batch.Next, read+len(batch.Events)
			}
		}
		report(b, read)
	})

	b.Run("bare-pgx", func(b *testing.B) {
		conn := connect(b, changed(appDSN(b), map[string]string{"options": "-c search_path=message_store,pg_temp"}))
		ctx, read := b.Context(), 0
		for b.Loop() {
			for at := int64(0); ; {
				rows, err := conn.Query(ctx, categorySQL, category, at, feedBatch)
				check.Must(b, err)
				var position, global int64
				var eventType, id, stream string
				var data, meta []byte
				var stamp time.Time
				into := []any{&position, &eventType, &data, &meta, &id, &stamp, &global, &stream}
				tag, err := pgx.ForEachRow(rows, into, func() error { return nil })
				check.Must(b, err)
				if tag.RowsAffected() == 0 {
					break
				}
				at, read = global+1, read+int(tag.RowsAffected())
			}
		}
		report(b, read)
	})
}

func fillCategory(b *testing.B, category string) {
	b.Helper()
	const sql = `SELECT count(write_message(gen_random_uuid()::varchar, $1 || '-' || md5((i % 500)::text), 'StaysSelected',
		'{"at":"2026-11-23T11:35:27.687685+00:00","stays":["0f8fad5b-d9cb-469f-a165-70867728950e"]}')) FROM generate_series(1, $2::int) i`
	conn := connect(b, changed(appDSN(b), map[string]string{"options": "-c search_path=message_store,pg_temp"}))
	if got := mustGet[int](b, conn, sql, category, feedEvents); got != feedEvents {
		b.Fatalf("got %d events, want %d", got, feedEvents)
	}
}

func report(b *testing.B, messages int) {
	b.Helper()
	if messages != b.N*feedEvents {
		b.Fatalf("got %d messages, want %d", messages, b.N*feedEvents)
	}
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkAppend appends to one stream after another, from one goroutine.
// bare-pgx calls write_message outside of an explicit transaction, which is
// the least that one event can cost.
func BenchmarkAppend(b *testing.B) {
	for _, count := range []int{1, 2, 10} {
		b.Run(fmt.Sprintf("store, %d events", count), func(b *testing.B) {
			db := open(b, Config{})
			store, category, ctx := db.Store(), newCategory(), b.Context()
			for b.Loop() {
				check.Must(b, check.Error(store.Append(ctx, streamOf(b, category), 0, newEvents(count))))
			}
		})
	}
	b.Run("store, conflict", func(b *testing.B) {
		db := open(b, Config{})
		stream := newStream(b)
		mustAppend(b, db.Store(), stream, 0, newEvents(1)...)
		ctx := b.Context()
		for b.Loop() {
			if _, err := db.Store().Append(ctx, stream, 0, newEvents(1)); err == nil {
				b.Fatal("got no conflict")
			}
		}
	})
	b.Run("bare-pgx, 1 event", func(b *testing.B) {
		conn := connect(b, changed(appDSN(b), map[string]string{"options": "-c search_path=message_store,pg_temp -c enable_seqscan=off"}))
		category, ctx := newCategory(), b.Context()
		for b.Loop() {
			e := newEvents(1)[0]
			check.Must(b, check.Error(conn.Exec(ctx, writeSQL, e.ID.String(), streamOf(b, category).String(), e.Type, e.Data, nil, -1)))
		}
	})
}

// BenchmarkRead reads a stream of 10 events from the leader: as it is, and with a look for
// a snapshot, which it has not or has.
func BenchmarkRead(b *testing.B) {
	store := open(b, Config{}).Store()
	stream, long := newStream(b), newStream(b)
	mustAppend(b, store, stream, 0, newEvents(10)...)
	mustAppend(b, store, long, 0, newEvents(990)...)
	taking := es.SnapshotTaking{Type: "Snapshotted.1", Every: 1000, State: func() ([]byte, error) { return []byte("{}"), nil }, Ended: func(err error) {
		check.OK(b, err)
	}}
	check.Must(b, check.Error(store.AppendSnapshot(b.Context(), long, 990, newEvents(10), taking)))
	mustAppend(b, store, long, 1000, newEvents(10)...)
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if got, err := store.Read(b.Context(), stream, 0, es.FromLeader); err != nil || len(got) != 10 {
				b.Fatalf("got %d events and error %v", len(got), err)
			}
		}
	})
	for name, of := range map[string]struct {
		stream  es.StreamName
		version es.Version
	}{"no snapshot": {stream, 0}, "of 1010 events with a snapshot": {long, 1000}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := store.ReadSnapshots(b.Context(), []es.StreamName{of.stream}, taking.Type, es.FromLeader)
				if err != nil || len(got[0].Events) != 10 || got[0].Snapshot.Version != of.version {
					b.Fatalf("got %+v and error %v", got, err)
				}
			}
		})
	}
}
