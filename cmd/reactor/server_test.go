package main

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/groupcheckout/harness/provision/provisiontest"
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
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}

// initialised makes a checkpoint table as an operator does, with reactor init
// and a grant, in a schema of the test's own. It returns the variables with
// which commands find server and table.
func initialised(t testing.TB) map[string]string {
	t.Helper()
	server := messageDBServer.Require(t)
	if server.AdminConnectionString == "" {
		t.Skip("this test needs a superuser to create a schema, and the server that was named has none to offer (MDB_ADMIN_CONNECTION_STRING)")
	}
	schema := "reactor_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin := connect(t, server.AdminConnectionString)
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			t.Errorf("drop the schema of the test: %v", err)
		}
	})
	status, out, errors := call(t, nil, "init", "mdb", "-c", server.AdminConnectionString, "-cs", schema)
	if status != statusDone || !strings.Contains(out, "created the schema and the table") {
		t.Fatalf("reactor init mdb: got status %d, %q and %q, want 0 and what it created", status, out, errors)
	}
	if err := server.ShareCheckpoints(within(t), schema); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"MDB_CONNECTION_STRING": server.ConnectionString, "MDB_SCHEMA": schema}
}
