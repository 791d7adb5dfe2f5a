package table

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

// shared is the server of all tests, with the table that most of them use.
//
//nolint:gochecknoglobals // a server takes seconds to come up
var (
	sharedTable = "streams-" + uuid.NewString()
	shared      = dynamotest.Share(func(ctx context.Context, client *dynamodb.Client) error {
		return dynamotest.CreateTable(ctx, client, sharedTable, "")
	})
)

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, shared)) }

// newTable returns the shared table behind a transport of the test's own.
func newTable(t testing.TB, config Config) (*Table, *dynamotest.Transport) {
	t.Helper()
	transport := &dynamotest.Transport{Next: shared.Network}
	tab, err := New(shared.Client(t, transport), sharedTable, config)
	check.Must(t, err)
	return tab, transport
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}

func newStream(t testing.TB) es.StreamName {
	t.Helper()
	return streamOf(t, "Test-"+strings.ReplaceAll(uuid.NewString(), "-", ""))
}

func streamOf(t testing.TB, name string) es.StreamName {
	t.Helper()
	stream, err := es.ParseStreamName(name)
	check.Must(t, err)
	return stream
}

// sampleTime has a digit of each of the seven that are kept, the last a zero.
func sampleTime() time.Time { return time.Date(2026, 11, 23, 11, 35, 27, 687_685_000, time.UTC) }

func event(eventType, data string) Event {
	return Event{Type: eventType, Time: sampleTime(), Data: Raw([]byte(data))}
}

// numbered returns events with the numbers from first on in their data.
func numbered(first, count int) []Event {
	events := make([]Event, count)
	for i := range events {
		events[i] = event("Numbered", fmt.Sprintf(`{"n":%d}`, first+i))
	}
	return events
}

func mustAppend(t testing.TB, tab *Table, tip Tip, w Write) Tip {
	t.Helper()
	after, err := tab.Append(within(t), tip, w)
	check.Must(t, err)
	return after
}

func mustLoad(t testing.TB, tab *Table, stream es.StreamName, from es.Version) Stream {
	t.Helper()
	loaded, err := tab.Load(within(t), stream, from, true)
	check.Must(t, err)
	return loaded
}

// checkBodies compares the data of events with what numbered makes.
func checkNumbered(t testing.TB, events []Event, first, count int) {
	t.Helper()
	if len(events) != count {
		t.Fatalf("got %d events, want %d", len(events), count)
	}
	for i, e := range events {
		want := fmt.Sprintf(`{"n":%d}`, first+i)
		if string(e.Data.Bytes) != want || e.Index != es.Version(first+i) {
			t.Fatalf("event %d: got index %d and data %s, want index %d and %s", i, e.Index, e.Data.Bytes, first+i, want)
		}
	}
}

// items returns the raw items of a stream, the calves first.
func items(t testing.TB, stream es.StreamName) []item {
	t.Helper()
	page, err := shared.Client(t, nil).Query(within(t), &dynamodb.QueryInput{
		TableName: aws.String(sharedTable), KeyConditionExpression: aws.String("p = :p"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: item{":p": text(stream.String())},
	})
	check.Must(t, err)
	return page.Items
}
