// Package lambda indexes a table of events from AWS Lambda, as an alternative to
// [index.Indexer]: the same rules, driven by the event source mapping of a
// DynamoDB stream. Lambda itself keeps the place in the stream, and invokes a
// shard's records in order and one batch at a time.
//
// Set the mapping up to start at TRIM_HORIZON, with ReportBatchItemFailures, and with
// unlimited retries: what a batch reports as failed Lambda sends again, from there on,
// and what Lambda gives up is lost to the index until the streams in it are appended
// to again. deploy/indexer-lambda.yaml has all of that.
package lambda

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"

	"example.com/groupcheckout/stores/dynamodb/internal/index"
)

// Handler returns the function to call with a batch. What it returns goes back to
// Lambda, with nil: everything before the record that it reports as failed is in the
// index, and everything if it reports none. The error is why one failed, for the log;
// for a batch whose records have no sequence numbers, Lambda has to get it instead.
// Make one ingester for the life of the process: it remembers the index between
// invocations.
//
// A record that cannot be understood is no failure: the ingester sets it aside and
// names it in its log. An index is not begun where it would lack the past of its table:
// the error is a HaltError then, until a rebuild has made the index.
func Handler(ingester *index.Ingester) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event events.DynamoDBEvent) (response events.DynamoDBEventResponse, err error) {
		records := make([]index.Record, len(event.Records))
		for i, record := range event.Records {
			records[i] = recordOf(record)
		}
		failed, err := take(ctx, ingester, records)
		if err != nil && records[failed].Sequence != "" {
			response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: records[failed].Sequence}}
		}
		return response, err
	}
}

// take indexes records. With an error it returns which of them is the first that is
// not certain to be in the index.
func take(ctx context.Context, ingester *index.Ingester, records []index.Record) (failed int, err error) {
	if err := ingester.Take(ctx, records); err == nil || len(records) == 1 || !ofOne(err) {
		return 0, err
	}
	for i := range records {
		if err := ingester.Take(ctx, records[i:i+1]); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// ofOne tells whether an error is about one record, and not about the index or the way
// to it.
func ofOne(err error) bool {
	_, gap := errors.AsType[*index.GapError](err)
	_, ahead := errors.AsType[*index.AheadError](err)
	_, view := errors.AsType[*index.RecordError](err)
	return gap || ahead || view
}

// recordOf is what the indexer looks at in a record of Lambda. What has another
// type than it should have is absent.
func recordOf(record events.DynamoDBEventRecord) index.Record {
	image := record.Change.NewImage
	r := index.Record{
		Sequence: record.Change.SequenceNumber, View: record.Change.StreamViewType, Name: record.EventName,
		Image: index.Image{Stream: text(record.Change.Keys["p"]), Version: number(image["n"]), Appended: number(image["a"])},
	}
	r.From = record.EventSourceArn
	r.Written = record.Change.ApproximateCreationDateTime.Time
	if e := image["e"]; e.DataType() == events.DataTypeList {
		for _, event := range e.List() {
			var at string
			if event.DataType() == events.DataTypeMap {
				at = text(event.Map()["t"])
			}
			r.Image.Times = append(r.Image.Times, at)
		}
	}
	if c := image["c"]; c.DataType() == events.DataTypeList {
		for _, name := range c.List() {
			r.Image.Types = append(r.Image.Types, text(name))
		}
	}
	return r
}

// text and number are "" for what is absent: the zero value says that it is
// binary, and asking it for anything else panics.
func text(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}

func number(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeNumber {
		return ""
	}
	return v.Number()
}
