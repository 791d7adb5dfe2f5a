package dynamodb

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

// shared is the server of all tests, with the tables that most of them use.
//
//nolint:gochecknoglobals // a server takes seconds to come up
var shared = dynamotest.Share(func(ctx context.Context, client *dynamodb.Client) error {
	_, err := Init(ctx, Config{Client: client, Table: sharedTable}, Provision{})
	return err
})

var sharedTable = newName() //nolint:gochecknoglobals // see shared

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, shared)) }

// open opens a DB on the shared tables, behind a transport of the test's own,
// and closes it at the end of the test.
func open(t testing.TB, config Config) (*DB, *dynamotest.Transport) {
	t.Helper()
	transport := &dynamotest.Transport{Next: shared.Network}
	config.Client = shared.Client(t, transport)
	if config.Table == "" {
		config.Table = sharedTable
	}
	db, err := Open(within(t), config)
	check.Must(t, err)
	t.Cleanup(db.Close)
	transport.Taken()
	return db, transport
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}

// newName returns a name that nobody else uses.
func newName() string { return "Test" + strings.ReplaceAll(uuid.NewString(), "-", "") }

func newStream(t testing.TB) es.StreamName {
	t.Helper()
	stream, err := es.NewStreamName(newName(), "stream")
	check.Must(t, err)
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
	check.Mustf(t, err, "append")
	return after
}

func mustRead(t testing.TB, store es.Store, stream es.StreamName, from es.Version) []es.Event {
	t.Helper()
	events, err := store.Read(within(t), stream, from, es.FromLeader)
	check.Mustf(t, err, "read")
	return events
}
