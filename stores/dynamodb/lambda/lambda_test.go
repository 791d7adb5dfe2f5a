package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
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
	check.Must(t, json.Unmarshal([]byte(text), &event))
	return event
}

func mustIngester(t testing.TB, tab *table.Table) *index.Ingester {
	t.Helper()
	g, err := index.NewIngester(tab, index.IngesterConfig{})
	check.Must(t, err)
	return g
}

func TestABatchIsIndexed(t *testing.T) {
	t.Parallel()
	tab, err := table.New(faketable.New(), "index", index.TableConfig())
	check.Must(t, err)
	handle := lambda.Handler(mustIngester(t, tab))
	for range 2 { // Lambda may send a batch again
		if response, err := handle(t.Context(), mustEvent(t, batch)); err != nil || len(response.BatchItemFailures) > 0 {
			t.Fatalf("got %+v and error %v, want none that failed", response, err)
		}
	}
	source, err := index.NewSource(tab, index.SourceConfig{}, "GroupCheckout")
	check.Must(t, err)
	got, err := source.Read(t.Context(), "0", 0)
	check.Must(t, err)
	var events []es.Event
	for _, d := range got.Events {
		events = append(events, d.Event)
	}
	want := []es.Event{{Index: 1, EventData: es.EventData{Type: "StaysMerged"}}, {Index: 2, EventData: es.EventData{Type: "MergesFailed"}}}
	check.Same(t, "events", want, events)
}

func TestAStreamWithoutImagesIsAnError(t *testing.T) {
	t.Parallel()
	tab, err := table.New(faketable.New(), "index", index.TableConfig())
	check.Must(t, err)
	_, err = lambda.Handler(mustIngester(t, tab))(t.Context(), mustEvent(t,
		`{"Records":[{"eventName":"INSERT","dynamodb":{"StreamViewType":"KEYS_ONLY","Keys":{"p":{"S":"A-1"}}}}]}`))
	if bad, ok := errors.AsType[*index.RecordError](err); !ok {
		t.Errorf("got %v, want a RecordError", bad)
	}
}

// record is one of an append of an event to a stream.
func record(sequence, stream string, version int) string {
	return fmt.Sprintf(`{"eventName":"MODIFY","dynamodb":{"SequenceNumber":%q,"StreamViewType":"NEW_IMAGE","Keys":{"p":{"S":%q}},
		"NewImage":{"n":{"N":"%d"},"a":{"N":"1"},"c":{"L":[{"S":"Happened"}]}}}}`, sequence, stream, version)
}

func records(all ...string) string { return `{"Records":[` + strings.Join(all, ",") + `]}` }

func TestWhatCannotBeUnderstoodIsSetAside(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"2","StreamViewType":"NEW_IMAGE","Keys":{"p":{"N":"1"}}}}`,
		`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"2","StreamViewType":"NEW_IMAGE","Keys":{"p":{"S":"A-2"}},"NewImage":{"a":{"N":"1"},"n":{"S":"1"}}}}`,
	} {
		tab, err := table.New(faketable.New(), "index", index.TableConfig())
		check.Must(t, err)
		var log strings.Builder
		ingester, err := index.NewIngester(tab, index.IngesterConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		check.Must(t, err)
		response, err := lambda.Handler(ingester)(t.Context(), mustEvent(t, records(record("1", "A-1", 1), bad, record("3", "A-3", 1))))
		if err != nil || len(response.BatchItemFailures) > 0 || ingester.Stats().Events != 2 || ingester.Stats().SetAside != 1 {
			t.Errorf("got %+v, error %v and %+v, want the other records indexed", response, err, ingester.Stats())
		}
		if !strings.Contains(log.String(), "a record of the stream of changes was set aside") || !strings.Contains(log.String(), "sequence=2") {
			t.Errorf("got the log %q, want the record named", log.String())
		}
	}
}

func TestABatchReportsTheRecordThatFailed(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab, err := table.New(fake, "index", index.TableConfig())
	check.Must(t, err)
	ingester := mustIngester(t, tab) // that has no table to heal from
	handle := lambda.Handler(ingester)
	check.Must(t, check.Error(handle(t.Context(), mustEvent(t, records(record("1", "A-1", 1))))))
	response, err := handle(t.Context(), mustEvent(t, records(record("2", "A-2", 1), record("3", "A-1", 5), record("4", "A-4", 1))))
	if _, gap := errors.AsType[*index.GapError](err); !gap || len(response.BatchItemFailures) != 1 || response.BatchItemFailures[0].ItemIdentifier != "3" {
		t.Errorf("got %+v and %v, want that record 3 failed, for its gap", response, err)
	}
	if got := ingester.Stats().Events; got != 2 {
		t.Errorf("got %d events indexed, want the one before the batch and the one before record 3", got)
	}

	// What is wrong with the index is not looked for record by record.
	for range 20 {
		fake.Fault(faketable.Refused)
	}
	response, err = handle(t.Context(), mustEvent(t, records(record("5", "A-5", 1), record("6", "A-6", 1))))
	if err == nil || len(response.BatchItemFailures) != 1 || response.BatchItemFailures[0].ItemIdentifier != "5" {
		t.Errorf("got %+v and %v, want that all failed from record 5 on", response, err)
	}
	if left := 20 - fake.Faults(); left > 10 {
		t.Errorf("got %d writes, want those of one append", left)
	}
}
