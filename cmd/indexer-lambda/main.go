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
//	EQUINOX_DYNAMO_TABLE              the table of the events. Without it, what the
//	                                  stream lost cannot be read, and a gap stops
//	                                  the shard that it is in
//	EQUINOX_ONLY_WARN_GAP             true: go on behind events that are missing and
//	                                  cannot be read, and only log it
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
	"example.com/groupcheckout/internal/oneline"
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

// handler is what is called with a batch.
type handler = func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// logged says of each batch that failed why, and whether Lambda's next try can be
// of use before somebody has acted. Lambda gets the error only where the response
// cannot name the record that failed.
func logged(handle handler, log *slog.Logger) handler {
	return func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		response, err := handle(ctx, batch)
		if err == nil {
			return response, nil
		}
		from := ""
		for _, failed := range response.BatchItemFailures {
			from = failed.ItemIdentifier
		}
		log.ErrorContext(ctx, "a batch was not indexed", "reason", withAdvice(err), "from", from, "records", len(batch.Records), "needsPerson", es.NeedsPerson(err))
		if from != "" {
			return response, nil
		}
		return response, err
	}
}

// withAdvice adds the command that helps to an error that has a remedy.
func withAdvice(err error) error {
	if halted, ok := errors.AsType[*dynamodb.HaltError](err); ok {
		return fmt.Errorf("%w. To bring in what is missing, the command is: reactor index dynamo --rebuild; "+
			"to go on without, it is: reactor index dynamo --accept-loss %s, until something is indexed; the batches wait meanwhile", err, halted.ID)
	}
	return err
}

// open reads the variables and makes the ingester.
func open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*dynamodb.Ingester, error) {
	config, warn, err := configOf(getenv)
	if err != nil {
		return nil, &dynamodb.SetupError{Problem: dynamodb.BadConfig, Err: err}
	}
	config.Logger = log
	ingester, err := dynamodb.OpenIngester(ctx, config, warn)
	if setup, ok := errors.AsType[*dynamodb.SetupError](err); ok && setup.Problem == dynamodb.BadConfig {
		err = fmt.Errorf("%w (the variables are EQUINOX_DYNAMO_REGION, or EQUINOX_DYNAMO_SERVICE_URL with EQUINOX_DYNAMO_ACCESS_KEY_ID "+
			"and EQUINOX_DYNAMO_SECRET_ACCESS_KEY; EQUINOX_DYNAMO_TABLE_INDEX; EQUINOX_DYNAMO_TABLE)", err)
	}
	return ingester, err
}

// configOf reads the variables. Blanks and line breaks around a value do not count.
func configOf(getenv func(string) string) (config dynamodb.Config, warn bool, err error) {
	variable := func(name string) string {
		text, bad := oneline.Of(getenv(name))
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, bad))
		}
		return text
	}
	config = dynamodb.Config{
		Region:          variable("EQUINOX_DYNAMO_REGION"),
		ServiceURL:      variable("EQUINOX_DYNAMO_SERVICE_URL"),
		AccessKeyID:     variable("EQUINOX_DYNAMO_ACCESS_KEY_ID"),
		SecretAccessKey: dynamodb.Secret(variable("EQUINOX_DYNAMO_SECRET_ACCESS_KEY")),
		Table:           variable("EQUINOX_DYNAMO_TABLE"),
		IndexTable:      variable("EQUINOX_DYNAMO_TABLE_INDEX"),
	}
	if config.Region == "" && config.ServiceURL == "" {
		config.Region = variable("AWS_REGION")
	}
	if text := variable("EQUINOX_ONLY_WARN_GAP"); text != "" {
		var bad error
		if warn, bad = strconv.ParseBool(text); bad != nil {
			// A longer text is no slip, and may be a secret that got into the wrong variable.
			err = errors.Join(err, fmt.Errorf("EQUINOX_ONLY_WARN_GAP is %s, and has to be true or false", short(text)))
		}
	}
	return config, warn, err
}

func short(text string) string {
	for _, r := range text {
		if r < 'a' || r > 'z' || len(text) > 10 {
			return "something else"
		}
	}
	return strconv.Quote(text)
}
