// Package lambda indexes a table of events from AWS Lambda, as an alternative to
// [index.Indexer]: the same rules, driven by the event source mapping of a
// DynamoDB stream. Lambda itself keeps the place in the stream, and invokes a
// shard's records in order and one batch at a time.
//
// Set the mapping up to start at TRIM_HORIZON, and leave its retries unlimited:
// an error makes Lambda send the batch again, and a batch that Lambda gives up is
// lost to the index until the streams in it are appended to again.
package lambda

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"example.com/groupcheckout/stores/dynamodb/internal/index"
)

// Handler returns the function to give to lambda.Start of aws-lambda-go. When
// it returns nil, the batch is in the index. Make one ingester for the life of
// the process: it remembers the epoch between invocations.
func Handler(ingester *index.Ingester) func(context.Context, events.DynamoDBEvent) error {
	return func(ctx context.Context, event events.DynamoDBEvent) error {
		spans, err := spansOf(event)
		if err != nil {
			return err
		}
		return ingester.Ingest(ctx, spans)
	}
}

func spansOf(event events.DynamoDBEvent) (spans []index.Span, err error) {
	for _, record := range event.Records {
		span, ok, err := recordOf(record).Span()
		if err != nil {
			return nil, err
		}
		if ok {
			spans = append(spans, span)
		}
	}
	return spans, nil
}

// recordOf is what the indexer looks at in a record of Lambda. What has another
// type than it should have is absent.
func recordOf(record events.DynamoDBEventRecord) index.Record {
	image := record.Change.NewImage
	r := index.Record{
		Sequence: record.Change.SequenceNumber, View: record.Change.StreamViewType, Name: record.EventName,
		Image: index.Image{Stream: text(record.Change.Keys["p"]), Version: number(image["n"]), Appended: number(image["a"])},
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
