package dynamodb

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

// patience limits every wait of these tests.
const patience = 60 * time.Second

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

// shared is the server of all tests, and the tables that most of them use. It
// comes up for the first test that asks.
var shared = sharedServer{network: &http.Transport{MaxIdleConnsPerHost: maxIdleConns}} //nolint:gochecknoglobals // a server takes seconds to come up

const sharedTable = "hotel"

type sharedServer struct {
	once    sync.Once
	network *http.Transport
	local   *dynamotest.Local
	err     error
}

func (s *sharedServer) get(t testing.TB) *dynamotest.Local {
	t.Helper()
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		if s.local, s.err = dynamotest.Start(ctx); s.err == nil {
			_, s.err = Init(ctx, Config{Client: s.local.Client(s.network), Table: sharedTable}, Provision{})
		}
	})
	if s.err != nil {
		t.Fatalf("these tests need DynamoDB Local: %v", s.err)
	}
	return s.local
}

func (s *sharedServer) close() error {
	s.network.CloseIdleConnections()
	if s.local == nil {
		return nil
	}
	return s.local.Close()
}

// newClient returns a client of the shared server.
func newClient(t testing.TB) *dynamodb.Client {
	t.Helper()
	return shared.get(t).Client(shared.network)
}

// open opens a DB on the shared tables, behind a transport of the test's own,
// and closes it at the end of the test.
func open(t testing.TB, config Config) (*DB, *dynamotest.Transport) {
	t.Helper()
	transport := &dynamotest.Transport{Next: shared.network}
	config.Client = shared.get(t).Client(transport)
	if config.Table == "" {
		config.Table = sharedTable
	}
	db, err := Open(within(t), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	transport.Taken()
	return db, transport
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// newName returns a name that nobody else uses.
func newName() string { return "Test" + strings.ReplaceAll(uuid.NewString(), "-", "") }

func newStream(t testing.TB) es.StreamName {
	t.Helper()
	stream, err := es.NewStreamName(newName(), "stream")
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func newEvents(count int) []es.EventData {
	events := make([]es.EventData, count)
	for i := range events {
		events[i] = es.EventData{ID: uuid.New(), Type: "Happened", Data: fmt.Appendf(nil, `{"n":%d}`, i), Time: time.Now()}
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

func mustRead(t testing.TB, store es.Store, stream es.StreamName, from es.Version) []es.Event {
	t.Helper()
	events, err := store.Read(within(t), stream, from, es.FromLeader)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return events
}
