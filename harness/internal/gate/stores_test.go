package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/faults"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/messagedb"
	"example.com/groupcheckout/stores/messagedb/dsn"
)

// category is that of all streams here.
const category = "Gated"

func newStream(t testing.TB) es.StreamName {
	t.Helper()
	stream, err := es.NewStreamName(category, strings.ReplaceAll(uuid.NewString(), "-", ""))
	check.Must(t, err)
	return stream
}

func events(n int) []es.EventData {
	all := make([]es.EventData, n)
	for i := range all {
		all[i] = es.EventData{ID: uuid.New(), Type: "Happened", Data: []byte(`{}`), Time: time.Now()}
	}
	return all
}

func opened(t testing.TB, g *Gate, err error) *Gate {
	t.Helper()
	check.Must(t, err)
	t.Cleanup(func() {
		for range 2 {
			check.OKf(t, g.Close(), "close")
		}
	})
	return g
}

// inFrontOf opens a gate to the Message DB that a connection string leads to.
func inFrontOf(ctx context.Context, connection string) (*Gate, error) {
	settings, err := dsn.Parse(connection)
	if err != nil {
		return nil, err
	}
	server, through, err := settings.Plain()
	if err != nil {
		return nil, err
	}
	return MessageDB(ctx, server, *through)
}

func openMessageDB(t testing.TB, connection string) es.Store {
	t.Helper()
	// Appends that were cut off together are sent again only once it is settled that none was written.
	db, err := messagedb.Open(within(t), messagedb.Config{Connection: connection, SettleTimeout: 5 * time.Second})
	check.Must(t, err)
	t.Cleanup(db.Close)
	return db.Store()
}

func TestMessageDB(t *testing.T) {
	t.Parallel()
	server := messageDBServer.Get(t)
	testStore(t, openMessageDB(t, server.ConnectionString), func(t *testing.T) (*Gate, func() es.Store) {
		t.Helper()
		g, err := inFrontOf(within(t), server.ConnectionString)
		g = opened(t, g, err)
		return g, func() es.Store { return openMessageDB(t, g.URL()) }
	})
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	server := dynamoDBServer.Get(t)
	config := dynamodb.Config{
		ServiceURL: server.ServiceURL, AccessKeyID: server.AccessKeyID, SecretAccessKey: dynamodb.Secret(server.SecretAccessKey),
		Table: "gate-test-" + uuid.NewString(), SettleTimeout: 100 * time.Millisecond, Retries: -1,
	}
	config.IndexTable = config.Table + "-index"
	check.Must(t, check.Error(dynamodb.Init(within(t), config, dynamodb.Provision{})))
	open := func(t testing.TB, at string) es.Store {
		t.Helper()
		config := config
		config.ServiceURL = at
		db, err := dynamodb.Open(within(t), config)
		check.Must(t, err)
		t.Cleanup(db.Close)
		return db.Store()
	}
	testStore(t, open(t, server.ServiceURL), func(t *testing.T) (*Gate, func() es.Store) {
		t.Helper()
		g, err := DynamoDB(within(t), server.ServiceURL, config.Table)
		g = opened(t, g, err)
		return g, func() es.Store { return open(t, g.URL()) }
	})
}

// testStore breaks gates of a kind, with the store itself as their client.
func testStore(t *testing.T, direct es.Store, newGate func(t *testing.T) (g *Gate, open func() es.Store)) {
	t.Helper()
	length := func(t *testing.T, stream es.StreamName) int {
		t.Helper()
		events, err := direct.Read(within(t), stream, 0, es.FromLeader)
		check.Must(t, err)
		return len(events)
	}
	breakAfter := func(t *testing.T, g *Gate, n int) {
		t.Helper()
		check.Must(t, g.BreakAfter(n))
	}
	awaitBroken := func(t *testing.T, g *Gate) {
		t.Helper()
		select {
		case <-g.Broken():
		case <-within(t).Done():
			t.Fatal("the gate did not break")
		}
	}
	// dies gives up the client's calls once the gate has broken, as the death of
	// its process would.
	dies := func(t *testing.T, g *Gate) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(within(t))
		go func() {
			defer cancel()
			select {
			case <-g.Broken():
			case <-ctx.Done():
			}
		}()
		return ctx
	}

	for _, n := range []int{1, 3, 8} {
		t.Run(fmt.Sprintf("of eight appends at once %d are written", n), func(t *testing.T) {
			t.Parallel()
			g, open := newGate(t)
			store, streams := open(), make([]es.StreamName, 8)
			breakAfter(t, g, n)
			ctx := dies(t, g)
			var all sync.WaitGroup
			for i := range streams {
				streams[i] = newStream(t)
				all.Go(func() { _, _ = store.Append(ctx, streams[i], 0, events(2)) })
			}
			awaitBroken(t, g)
			all.Wait()
			written := 0
			for _, stream := range streams {
				if length(t, stream) == 2 {
					written++
				}
			}
			check.Equal(t, "appends", n, written)
		})
	}
	t.Run("a conflict is no append", func(t *testing.T) {
		t.Parallel()
		g, open := newGate(t)
		store, stream := open(), newStream(t)
		check.Must(t, check.Error(store.Append(within(t), stream, 0, events(1))))
		breakAfter(t, g, 2)
		var conflict *es.ConflictError
		for range 5 {
			if _, err := store.Append(within(t), stream, 0, events(1)); !errors.As(err, &conflict) {
				t.Fatalf("got error %v, want a conflict", err)
			}
		}
		check.OKf(t, check.Error(store.Append(within(t), stream, 1, events(1))), "the first append")
		if isClosed(g.Broken()) {
			t.Fatal("the gate broke after one append, want two")
		}
		if _, err := store.Append(dies(t, g), stream, 2, events(1)); err == nil {
			t.Error("the reply to the last append came through")
		}
		awaitBroken(t, g)
		check.Equal(t, "events", 3, length(t, stream))
	})
	t.Run("nothing passes until it is mended", func(t *testing.T) {
		t.Parallel()
		g, open := newGate(t)
		store, stream := open(), newStream(t)
		breakAfter(t, g, 1)
		_, _ = store.Append(dies(t, g), stream, 0, events(1))
		awaitBroken(t, g)
		check.Failsf(t, check.Error(store.Read(within(t), stream, 0, es.FromLeader)), "a read")
		check.Failsf(t, check.Error(store.Append(within(t), stream, 1, events(1))), "an append")
		g.Mend()
		if after, err := open().Append(within(t), stream, 1, events(1)); after != 2 || err != nil {
			t.Errorf("after it was mended: got version %d and error %v, want 2", after, err)
		}
	})
	for name, verdict := range map[string]faults.Kind{"its reply is lost": faults.LostReply, "it is cut off": faults.Cut} {
		t.Run("an append is written once although "+name, func(t *testing.T) {
			t.Parallel()
			g, open := newGate(t)
			store, stream := open(), newStream(t)
			var asked atomic.Int32
			g.Judge(func() faults.Kind {
				if asked.Add(1) == 1 {
					return verdict
				}
				return ""
			})
			_, err := store.Append(within(t), stream, 0, events(2))
			if _, ok := errors.AsType[*es.UncertainError](err); err != nil && !ok {
				t.Fatalf("got error %v, want none, or that the outcome is unknown", err)
			}
			written := length(t, stream)
			if asked.Load() == 1 && (written > 0) != (verdict == faults.LostReply) {
				t.Errorf("got %d events of a single try", written)
			}
			var conflict *es.ConflictError
			_, again := store.Append(within(t), stream, 0, events(2))
			if (written > 0) != errors.As(again, &conflict) || length(t, stream) != 2 {
				t.Errorf("once more: got error %v and %d events, want 2, and a conflict if they were written before (%d were)", again, length(t, stream), written)
			}
		})
	}
	t.Run("what is large passes unchanged", func(t *testing.T) {
		t.Parallel()
		_, open := newGate(t)
		store, stream := open(), newStream(t)
		large := events(1)
		large[0].Data = []byte(`"` + strings.Repeat("x", 300_000) + `"`)
		check.Must(t, check.Error(store.Append(within(t), stream, 0, large)))
		got, err := store.Read(within(t), stream, 0, es.FromReplica)
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Data, large[0].Data) {
			t.Errorf("got %d events and error %v, want the one that was written", len(got), err)
		}
	})
}

func TestEveryWayToCallTheFunctionCounts(t *testing.T) {
	t.Parallel()
	server := messageDBServer.Get(t)
	const sql = "SELECT message_store.write_message($1, $2, 'Happened', '{}', NULL, $3)"
	for name, mode := range map[string]pgx.QueryExecMode{
		"simple": pgx.QueryExecModeSimpleProtocol, "prepared": pgx.QueryExecModeCacheStatement, "described": pgx.QueryExecModeDescribeExec,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opening, err := inFrontOf(within(t), server.ConnectionString)
			g := opened(t, opening, err)
			conn, err := pgx.Connect(within(t), g.URL())
			check.Must(t, err)
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			check.Must(t, check.Error(conn.Exec(within(t), "SET search_path TO message_store")))
			check.Must(t, g.BreakAfter(3))
			stream := newStream(t).String()
			write := func(on interface {
				Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
			}, expected int,
			) error {
				rows, err := on.Query(within(t), sql, mode, uuid.NewString(), stream, expected)
				if err != nil {
					return err
				}
				rows.Close()
				return rows.Err()
			}
			transaction := func(end func(pgx.Tx) error) {
				tx, err := conn.Begin(within(t))
				check.Must(t, err)
				check.OKf(t, errors.Join(write(tx, 0), write(tx, 1), end(tx)), "a transaction")
			}
			if _, err := conn.Exec(within(t), "SELECT to_regproc('message_store.write_message')", mode); err != nil { // none: it is only named
				t.Fatal(err)
			}
			if err := write(conn, -1); err != nil { // one
				t.Fatal(err)
			}
			transaction(func(tx pgx.Tx) error { return tx.Rollback(within(t)) }) // none
			transaction(func(tx pgx.Tx) error { return tx.Commit(within(t)) })   // two
			if err := write(conn, 7); err == nil {                               // none
				t.Fatal("a wrong version: got no error, want one")
			}
			if isClosed(g.Broken()) {
				t.Fatal("the gate broke after two appends, want three")
			}
			if err := write(conn, 2); err == nil { // three
				t.Error("the reply to the last append came through")
			}
			if !isClosed(g.Broken()) {
				t.Error("the gate did not break after three appends")
			}
		})
	}
}

func TestARequestThatComesAtTheEndIsCutOff(t *testing.T) {
	t.Parallel()
	passed := 0
	g, _ := bare(t)
	d := &dynamo{gate: g, proxy: &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {},
		Transport: passing(func() { passed++ }),
	}}
	request := func() (aborted bool) {
		defer func() { aborted = recover() == http.ErrAbortHandler }() //nolint:errorlint // it is panicked with as it is
		d.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", http.NoBody))
		return false
	}
	if request() || passed != 1 {
		t.Errorf("got %d requests passed on, want one", passed)
	}
	d.close()
	if !request() || passed != 1 {
		t.Errorf("after the end: got %d requests passed on, want it cut off", passed)
	}
}

// passing is a transport that answers itself.
type passing func()

// RoundTrip implements http.RoundTripper.
func (p passing) RoundTrip(r *http.Request) (*http.Response, error) {
	p()
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func TestWhatAGateCannotStandInFrontOf(t *testing.T) {
	t.Parallel()
	for connection, want := range map[string]string{
		"postgres://app:geheim123@db/ms?sslmode=require":      "TLS",
		"postgres://app:geheim123@db/ms?sslmode=sometimes":    "verify-full",
		"host=/var/run user=app password=geheim123 dbname=ms": "one host",
		"geheim123": "neither",
	} {
		g, err := inFrontOf(t.Context(), connection)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim123") {
			t.Errorf("%s: got %v and error %v, want one with %q and without the password", connection, g, err, want)
		}
	}
	for _, service := range []string{"https://dynamodb.eu-west-1.amazonaws.com", "localhost:8000", ":", ""} {
		if g, err := DynamoDB(t.Context(), service, "hotel"); err == nil {
			t.Errorf("%s: got %v, want an error", service, g)
		}
	}
}

func TestAGateToMessageDBTakesEveryForm(t *testing.T) {
	t.Parallel()
	for _, connection := range []string{
		"Host=localhost;Port=5433;Username=app;Password=ab+c;Database=ms",
		"host=localhost port=5433 user=app password=ab+c dbname=ms",
		"postgres://app:ab%2Bc@localhost:5433/ms",
	} {
		opening, err := inFrontOf(within(t), connection)
		g := opened(t, opening, err)
		got, err := url.Parse(g.URL())
		check.Must(t, err)
		password, _ := got.User.Password()
		if got.Hostname() != "127.0.0.1" || got.Port() == "5433" || got.User.Username() != "app" || password != "ab+c" || got.Path != "/ms" {
			t.Errorf("%s: got %s, want the gate's address and all else as before", connection, got)
		}
	}
}
