package lambda_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
	"example.com/groupcheckout/stores/dynamodb/lambda"
)

// batch is as Lambda sends it: a calve, which is two records, an unfold, a
// removal, and a write of the index itself.
const batch = `{"Records":[
{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","StreamViewType":"NEW_IMAGE",
 "Keys":{"p":{"S":"GroupCheckout-5b1f"},"i":{"N":"0"}},
 "NewImage":{"p":{"S":"GroupCheckout-5b1f"},"i":{"N":"0"},"n":{"N":"1"},"c":{"L":[{"S":"StaysSelected"}]},"e":{"L":[{"M":{"t":{"S":"x"},"d":{"B":"e30="}}}]}}}},
{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"2","StreamViewType":"NEW_IMAGE",
 "Keys":{"p":{"S":"GroupCheckout-5b1f"},"i":{"N":"2147483647"}},
 "NewImage":{"p":{"S":"GroupCheckout-5b1f"},"n":{"N":"3"},"a":{"N":"2"},"c":{"L":[{"S":"StaysMerged"},{"S":"MergesFailed"}]}}}},
{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"3","StreamViewType":"NEW_IMAGE",
 "Keys":{"p":{"S":"GroupCheckout-5b1f"},"i":{"N":"2147483647"}},
 "NewImage":{"p":{"S":"GroupCheckout-5b1f"},"n":{"N":"3"},"a":{"N":"0"},"c":{"L":[{"S":"StaysMerged"},{"S":"MergesFailed"}]}}}},
{"eventName":"REMOVE","dynamodb":{"SequenceNumber":"4","StreamViewType":"NEW_IMAGE","Keys":{"p":{"S":"GroupCheckout-5b1f"},"i":{"N":"0"}}}},
{"eventName":"INSERT","dynamodb":{"SequenceNumber":"5","StreamViewType":"NEW_IMAGE",
 "Keys":{"p":{"S":"$AppendsEpoch-0_0"},"i":{"N":"2147483647"}},"NewImage":{"n":{"N":"1"},"a":{"N":"1"},"c":{"L":[{"S":"Ingested"}]}}}}
]}`

func mustEvent(t testing.TB, text string) (event events.DynamoDBEvent) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func mustIngester(t testing.TB, tab *table.Table) *index.Ingester {
	t.Helper()
	g, err := index.NewIngester(tab, index.IngesterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestABatchIsIndexed(t *testing.T) {
	t.Parallel()
	tab, err := table.New(faketable.New(), "index", index.TableConfig())
	if err != nil {
		t.Fatal(err)
	}
	handle := lambda.Handler(mustIngester(t, tab))
	for range 2 { // Lambda may send a batch again
		if err := handle(t.Context(), mustEvent(t, batch)); err != nil {
			t.Fatal(err)
		}
	}
	source, err := index.NewSource(tab, index.SourceConfig{}, "GroupCheckout")
	if err != nil {
		t.Fatal(err)
	}
	got, err := source.Read(t.Context(), "0", 0)
	if err != nil {
		t.Fatal(err)
	}
	var events []es.Event
	for _, d := range got.Events {
		events = append(events, d.Event)
	}
	want := []es.Event{{Index: 1, EventData: es.EventData{Type: "StaysMerged"}}, {Index: 2, EventData: es.EventData{Type: "MergesFailed"}}}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestABatchThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	tab, err := table.New(faketable.New(), "index", index.TableConfig())
	if err != nil {
		t.Fatal(err)
	}
	handle := lambda.Handler(mustIngester(t, tab))
	for _, text := range []string{
		`{"Records":[{"eventName":"INSERT","dynamodb":{"StreamViewType":"KEYS_ONLY","Keys":{"p":{"S":"A-1"}}}}]}`,
		`{"Records":[{"eventName":"INSERT","dynamodb":{"StreamViewType":"NEW_IMAGE","Keys":{"p":{"N":"1"}}}}]}`,
		`{"Records":[{"eventName":"INSERT","dynamodb":{"StreamViewType":"NEW_IMAGE","Keys":{"p":{"S":"A-1"}},"NewImage":{"a":{"N":"1"},"n":{"S":"1"}}}}]}`,
		`{"Records":[{}]}`,
	} {
		if bad, ok := errors.AsType[*index.RecordError](handle(t.Context(), mustEvent(t, text))); !ok {
			t.Errorf("%s: got %v, want a RecordError", text, bad)
		}
	}
}
