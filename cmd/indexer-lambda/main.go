// Command indexer-lambda builds the index that the feed of a DynamoDB is read
// from as an AWS Lambda, whose trigger is the stream of the table of events. It
// is an alternative to reactor index dynamo; do not run both.
//
// Its variables are those of Propulsion's Lambda:
//
//	EQUINOX_DYNAMO_REGION             the region of the tables, or else
//	EQUINOX_DYNAMO_SERVICE_URL        a server that is not AWS, with
//	EQUINOX_DYNAMO_ACCESS_KEY_ID      both
//	EQUINOX_DYNAMO_SECRET_ACCESS_KEY  keys
//	EQUINOX_DYNAMO_TABLE_INDEX        the table of the index
//	EQUINOX_DYNAMO_TABLE              the table of the events; optional. With it,
//	                                  what the stream lost is read from there
//	EQUINOX_ONLY_WARN_GAP             true: go on behind events that are missing
//	                                  and only log it. Readers on .NET then fail
//	                                  on the epoch
//
// Without EQUINOX_DYNAMO_REGION and a service URL it takes the Lambda's own
// region. It logs in JSON to the standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/dynamodb/lambda"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ingester, err := open(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("the indexer cannot start", "reason", err, "needsPerson", es.NeedsPerson(err))
		os.Exit(1)
	}
	awslambda.Start(logged(lambda.Handler(ingester), log))
}

// handler is what Lambda calls with a batch.
type handler = func(context.Context, events.DynamoDBEvent) error

// logged says of each batch that failed why, and whether Lambda's next try can be
// of use before somebody has acted.
func logged(handle handler, log *slog.Logger) handler {
	return func(ctx context.Context, batch events.DynamoDBEvent) error {
		err := handle(ctx, batch)
		if err != nil {
			log.ErrorContext(ctx, "a batch was not indexed", "reason", err, "needsPerson", es.NeedsPerson(err))
		}
		return err
	}
}

// open reads the variables and makes the ingester.
func open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*dynamodb.Ingester, error) {
	config, warn := configOf(getenv), false
	if text := getenv("EQUINOX_ONLY_WARN_GAP"); text != "" {
		var err error
		if warn, err = strconv.ParseBool(text); err != nil {
			return nil, &dynamodb.SetupError{Problem: dynamodb.BadConfig, Err: fmt.Errorf("EQUINOX_ONLY_WARN_GAP is %q, and has to be true or false", text)}
		}
	}
	config.Logger = log
	ingester, err := dynamodb.OpenIngester(ctx, config, warn)
	if setup, ok := errors.AsType[*dynamodb.SetupError](err); ok && setup.Problem == dynamodb.BadConfig {
		err = fmt.Errorf("%w (the variables are EQUINOX_DYNAMO_REGION, or EQUINOX_DYNAMO_SERVICE_URL with EQUINOX_DYNAMO_ACCESS_KEY_ID "+
			"and EQUINOX_DYNAMO_SECRET_ACCESS_KEY; EQUINOX_DYNAMO_TABLE_INDEX; EQUINOX_DYNAMO_TABLE)", err)
	}
	return ingester, err
}

func configOf(getenv func(string) string) dynamodb.Config {
	config := dynamodb.Config{
		Region:          getenv("EQUINOX_DYNAMO_REGION"),
		ServiceURL:      getenv("EQUINOX_DYNAMO_SERVICE_URL"),
		AccessKeyID:     getenv("EQUINOX_DYNAMO_ACCESS_KEY_ID"),
		SecretAccessKey: dynamodb.Secret(getenv("EQUINOX_DYNAMO_SECRET_ACCESS_KEY")),
		Table:           getenv("EQUINOX_DYNAMO_TABLE"),
		IndexTable:      getenv("EQUINOX_DYNAMO_TABLE_INDEX"),
	}
	if config.Region == "" && config.ServiceURL == "" {
		config.Region = getenv("AWS_REGION")
	}
	return config
}
