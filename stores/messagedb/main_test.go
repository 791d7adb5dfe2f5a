package messagedb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// patience limits every wait of these tests.
const patience = 30 * time.Second

// shared is the server of all tests but those that break servers.
var shared = provisiontest.MessageDB() //nolint:gochecknoglobals // a server takes seconds to come up

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, shared)) }

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
	return changed(shared.Require(t).ConnectionString, nil)
}

func adminDSN(t testing.TB) string {
	t.Helper()
	admin := shared.Require(t).AdminConnectionString
	if admin == "" {
		skip(t, "this test needs a superuser, and the server that was named has none to offer (MDB_ADMIN_CONNECTION_STRING)")
	}
	return changed(admin, nil)
}

// freshDatabase makes a database of the test's own with nothing but Message DB
// in it, and returns its name.
func freshDatabase(t testing.TB) string {
	t.Helper()
	adminDSN(t) // which skips the test where there is none
	database, err := shared.Require(t).NewDatabase(within(t))
	check.Must(t, err)
	t.Cleanup(func() { check.OKf(t, database.Close(), "drop the test's database") })
	config, err := pgx.ParseConfig(database.ConnectionString)
	if err != nil {
		t.Fatal("the connection string of a database is malformed")
	}
	return config.Database
}

// connect opens a plain connection that nothing of this package prepared. The
// end of the test closes it.
func connect(t testing.TB, text string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t), text)
	check.Mustf(t, err, "connect")
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
	check.Mustf(t, check.Error(conn.Exec(within(t), sql, args...)), "%s", sql)
}

func mustGet[T any](t testing.TB, from querier, sql string, args ...any) T {
	t.Helper()
	var value T
	check.Mustf(t, from.QueryRow(within(t), sql, args...).Scan(&value), "%s", sql)
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
	check.Mustf(t, err, "open")
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
	check.Must(t, err)
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
	check.Mustf(t, err, "append")
	return after
}

// checkIDs reads the stream from the leader and compares the ids.
func checkIDs(t testing.TB, store es.Store, stream es.StreamName, want ...es.EventData) {
	t.Helper()
	events, err := store.Read(within(t), stream, 0, es.FromLeader)
	check.Mustf(t, err, "read")
	if len(events) != len(want) {
		t.Fatalf("got %d events in %s, want %d", len(events), stream, len(want))
	}
	for i := range want {
		if events[i].ID != want[i].ID {
			t.Errorf("event %d: got id %s, want %s", i, events[i].ID, want[i].ID)
		}
	}
}

// ownServer brings up a server that the test may break. What it acknowledges
// it keeps.
func ownServer(t testing.TB) *provision.Server {
	t.Helper()
	if testing.Short() {
		skip(t, "it takes a server of its own")
	}
	server, err := provision.MessageDB(within(t), provision.Options{Way: provision.Local, Durable: true})
	if doWithout(err) {
		skip(t, "it takes a server of its own, as processes of this machine: %v", err)
	}
	check.Mustf(t, err, "it takes a server of its own, as processes of this machine")
	t.Cleanup(func() { check.OKf(t, server.Close(), "stop the test's server") })
	return server
}

// noSkip is set where a missing server is a fault, and not the machine's nature:
// in CI.
const noSkip = "PROVISION_NO_SKIP"

// skip skips the test, unless that is forbidden.
func skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(noSkip) != "" {
		t.Fatalf("skipping is forbidden by "+noSkip+": "+format, args...)
	}
	t.Skipf(format, args...)
}

// doWithout tells whether a local server could not be brought up for the one
// reason that is none of ours: there is no PostgreSQL to run.
func doWithout(err error) bool {
	return errors.Is(err, provision.ErrNoPostgreSQL) || errors.Is(err, errors.ErrUnsupported)
}

func TestOnlyALackOfPostgreSQLIsDoneWithout(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		fmt.Errorf("local: %w: no network", provision.ErrNoPostgreSQL): true,
		fmt.Errorf("local: %w", errors.ErrUnsupported):                 true,
		errors.New("initdb crashed"):                                   false,
		&provision.UnavailableError{}:                                  false,
		nil:                                                            false,
	} {
		if got := doWithout(err); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
}

//nolint:paralleltest // it changes the environment
func TestSkippingCanBeForbidden(t *testing.T) {
	for value, want := range map[string]string{"": "skipped", "yes": "failed"} {
		t.Setenv(noSkip, value)
		r := &refuser{TB: t}
		func() {
			defer func() { _ = recover() }()
			skip(r, "no server")
		}()
		if r.did != want {
			t.Errorf("%s=%q: got %q, want %q", noSkip, value, r.did, want)
		}
	}
}

// refuser notes how a test ended, and panics in place of ending the goroutine.
type refuser struct {
	testing.TB

	did string
}

func (r *refuser) Helper() {}

func (r *refuser) Skipf(string, ...any) {
	r.did = "skipped"
	panic(r.did)
}

func (r *refuser) Fatalf(string, ...any) {
	r.did = "failed"
	panic(r.did)
}
