package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
)

// The servers of all tests. Each comes up for the first that asks.
//
//nolint:gochecknoglobals // a server takes seconds to come up
var (
	messageDBServer = provisiontest.MessageDB()
	dynamoDBServer  = provisiontest.DynamoDB()
)

// connect opens a plain connection for the test. The end of the test closes it.
func connect(t testing.TB, text string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t), text)
	check.Mustf(t, err, "connect")
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}

// initialised makes a Message DB that no other test writes to, and its checkpoint
// table as an operator does, with reactor init and a grant. It returns the variables
// with which commands find server and table.
func initialised(t testing.TB) map[string]string {
	t.Helper()
	env, _ := initialisedFor(t)
	return env
}

// initialisedFor is initialised, with the connection string of a superuser too.
func initialisedFor(t testing.TB) (env map[string]string, admin string) {
	t.Helper()
	server := messageDBServer.Require(t)
	env, admin, drop := initialisedDatabase(t, server)
	t.Cleanup(func() { check.OKf(t, drop(), "drop the database of the test") })
	return env, admin
}

// initialisedOn is initialisedFor on a server of the test's own, which goes with all
// that is on it.
func initialisedOn(t testing.TB, server *provision.Server) (env map[string]string, admin string) {
	t.Helper()
	env, admin, _ = initialisedDatabase(t, server)
	return env, admin
}

func initialisedDatabase(t testing.TB, server *provision.Server) (env map[string]string, admin string, drop func() error) {
	t.Helper()
	const schema = "checkouts"
	database, err := server.NewDatabase(within(t))
	if errors.Is(err, provision.ErrNoAdmin) {
		t.Skip(err)
	}
	check.Must(t, err)
	status, out, complaints := call(t, nil, "init", "mdb", "-c", database.AdminConnectionString, "-cs", schema)
	if status != statusDone || !strings.Contains(out, "created the schema and the tables") {
		t.Fatalf("reactor init mdb: got status %d, %q and %q, want 0 and what it created", status, out, complaints)
	}
	check.Must(t, database.ShareCheckpoints(within(t), schema))
	return map[string]string{"MDB_CONNECTION_STRING": database.ConnectionString, "MDB_SCHEMA": schema}, database.AdminConnectionString, database.Close
}
