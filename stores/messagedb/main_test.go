package messagedb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
)

// patience limits every wait of these tests.
const patience = 30 * time.Second

// TestMain runs the tests, stops the server if one was needed, and then looks
// for goroutines that were left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shared is the server of all tests but those that break servers. It comes up
// for the first test that asks, so that the tests without a database run
// without one.
var shared sharedServer //nolint:gochecknoglobals // a server takes seconds to come up

type sharedServer struct {
	once   sync.Once
	server *provision.Server
	err    error
}

func (s *sharedServer) get(t testing.TB) *provision.Server {
	t.Helper()
	s.once.Do(func() {
		if s.server, s.err = provision.MessageDB(context.Background(), provision.Options{}); s.err == nil {
			s.err = makePristine(s.server)
		}
	})
	if s.err != nil {
		t.Fatalf("these tests need a Message DB: %v", s.err)
	}
	return s.server
}

func (s *sharedServer) close() error {
	if s.server == nil {
		return nil
	}
	var err error
	if admin := s.server.AdminConnectionString; admin != "" {
		err = execute(context.Background(), withDatabase(admin, "postgres"), "DROP DATABASE IF EXISTS "+pristine)
	}
	return errors.Join(err, s.server.Close())
}

// pristine is a database with nothing but Message DB in it, one for each run.
// [freshDatabase] copies it, which needs a database that nobody is connected to.
var pristine = "test_pristine_" + strings.ReplaceAll(uuid.NewString(), "-", "") //nolint:gochecknoglobals // see shared

// makePristine copies the database as it is on a server that is only ours. On
// one that others use, which do not let it be copied, it installs the schema.
func makePristine(server *provision.Server) error {
	if server.AdminConnectionString == "" {
		return nil
	}
	ctx, admin := context.Background(), server.AdminConnectionString
	if execute(ctx, withDatabase(admin, "postgres"), "CREATE DATABASE "+pristine+" TEMPLATE message_store") == nil {
		return execute(ctx, withDatabase(admin, pristine), "TRUNCATE message_store.messages RESTART IDENTITY")
	}
	folder, err := provision.MessageDBPackage(ctx, nil)
	if err != nil {
		return err
	}
	if err := execute(ctx, withDatabase(admin, "postgres"), "CREATE DATABASE "+pristine); err != nil {
		return err
	}
	for _, part := range []string{"schema", "extensions", "tables", "types", "functions", "indexes", "views", "privileges"} {
		files, err := filepath.Glob(filepath.Join(folder, "database", part, "*.sql"))
		if err != nil {
			return err
		}
		for _, file := range files {
			sql, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if err := execute(ctx, withDatabase(admin, pristine), string(sql)); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(file), err)
			}
		}
	}
	return nil
}

// execute runs statements on a connection of their own.
func execute(ctx context.Context, text, sql string) error {
	conn, err := pgx.Connect(ctx, text)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// changed writes a connection string for the user and server of another, with some
// of its parts replaced or added.
func changed(text string, replace map[string]string) string {
	config, err := pgx.ParseConfig(text)
	if err != nil {
		panic("a connection string of the test is malformed")
	}
	parts := map[string]string{
		"host": config.Host, "port": fmt.Sprint(config.Port), "user": config.User, "password": config.Password,
		"dbname": config.Database, "sslmode": "disable",
	}
	for key, value := range replace {
		parts[key] = value
	}
	var b strings.Builder
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for key, value := range parts {
		fmt.Fprintf(&b, "%s='%s' ", key, quote.Replace(value))
	}
	return b.String()
}

func withDatabase(text, database string) string {
	return changed(text, map[string]string{"dbname": database})
}

func appDSN(t testing.TB) string {
	t.Helper()
	return changed(shared.get(t).ConnectionString, nil)
}

func adminDSN(t testing.TB) string {
	t.Helper()
	admin := shared.get(t).AdminConnectionString
	if admin == "" {
		skip(t, "this test needs a superuser, and the server that was named has none to offer (MDB_ADMIN_CONNECTION_STRING)")
	}
	return changed(admin, nil)
}

// freshDatabase makes a database of the test's own with nothing but Message DB
// in it, and returns its name.
func freshDatabase(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin := connect(t, withDatabase(adminDSN(t), "postgres"))
	mustExec(t, admin, "CREATE DATABASE "+name+" TEMPLATE "+pristine)
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return name
}

// connect opens a plain connection that nothing of this package prepared. The
// end of the test closes it.
func connect(t testing.TB, text string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t), text)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// querier is what connections, pools and transactions have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func mustExec(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(within(t), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func mustGet[T any](t testing.TB, from querier, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := from.QueryRow(within(t), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// open opens a DB on the shared server, or as the config says, and closes it
// at the end of the test.
func open(t testing.TB, config Config) *DB {
	t.Helper()
	if config.Connection == "" {
		config.Connection = appDSN(t)
	}
	if config.MaxConns == 0 {
		config.MaxConns = 4
	}
	db, err := Open(within(t), config)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// await returns once the condition, which asks the server, holds.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for ctx := within(t); !condition(); {
		if ctx.Err() != nil {
			t.Fatalf("in vain: waited %v until %s", patience, what)
		}
	}
}

var categories atomic.Int64 //nolint:gochecknoglobals // numbers the categories of a run

// newCategory returns a category that nobody has written to. The server may
// have seen an earlier run, so a number alone would not do.
func newCategory() string {
	return fmt.Sprintf("Test%dx%s", categories.Add(1), strings.ReplaceAll(uuid.NewString(), "-", ""))
}

func newStream(t testing.TB) es.StreamName { return streamOf(t, newCategory()) }

func streamOf(t testing.TB, category string) es.StreamName {
	t.Helper()
	stream, err := es.NewStreamName(category, strings.ReplaceAll(uuid.NewString(), "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func newEvents(count int) []es.EventData {
	events := make([]es.EventData, count)
	for i := range events {
		events[i] = es.EventData{ID: uuid.New(), Type: "Happened", Data: []byte(fmt.Sprintf(`{"n":%d}`, i))}
	}
	return events
}

func mustAppend(t testing.TB, store es.Store, stream es.StreamName, expected es.Version, events ...es.EventData) es.Version {
	t.Helper()
	after, err := store.Append(within(t), stream, expected, events)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return after
}

// checkIDs reads the stream from the leader and compares the ids.
func checkIDs(t testing.TB, store es.Store, stream es.StreamName, want ...es.EventData) {
	t.Helper()
	events, err := store.Read(within(t), stream, 0, es.FromLeader)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if len(events) != len(want) {
		t.Fatalf("got %d events in %s, want %d", len(events), stream, len(want))
	}
	for i := range want {
		if events[i].ID != want[i].ID {
			t.Errorf("event %d: got id %s, want %s", i, events[i].ID, want[i].ID)
		}
	}
}
