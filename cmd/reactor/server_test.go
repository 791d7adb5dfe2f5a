package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"groupcheckout/harness/provision"
)

// patience limits every wait of these tests.
const patience = 60 * time.Second

// shared is the Message DB of all tests. It comes up for the first that asks.
var shared sharedServer //nolint:gochecknoglobals // a server takes seconds to come up

type sharedServer struct {
	once   sync.Once
	server *provision.Server
	err    error
}

func (s *sharedServer) get(t testing.TB) *provision.Server {
	t.Helper()
	s.once.Do(func() { s.server, s.err = provision.MessageDB(context.Background(), provision.Options{}) })
	if s.err != nil {
		t.Fatalf("these tests need a Message DB: %v", s.err)
	}
	return s.server
}

func (s *sharedServer) close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}

// sharedDynamo is the DynamoDB of all tests. It comes up for the first that asks.
var sharedDynamo sharedDynamoServer //nolint:gochecknoglobals // a server takes seconds to come up

type sharedDynamoServer struct {
	once   sync.Once
	server *provision.DynamoDBServer
	err    error
}

func (s *sharedDynamoServer) get(t testing.TB) *provision.DynamoDBServer {
	t.Helper()
	s.once.Do(func() { s.server, s.err = provision.DynamoDB(context.Background(), provision.Options{}) })
	if s.err != nil {
		t.Fatalf("these tests need a DynamoDB: %v", s.err)
	}
	return s.server
}

func (s *sharedDynamoServer) close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}

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

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// initialised makes a checkpoint table as an operator does, with reactor init
// and a grant, in a schema of the test's own. It returns the variables with
// which commands find server and table.
func initialised(t testing.TB) map[string]string {
	t.Helper()
	server := shared.get(t)
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
