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

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/dynamodb/lambda"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ingester, err := open(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("the indexer cannot start", "reason", err)
		os.Exit(1)
	}
	awslambda.Start(lambda.Handler(ingester))
}

// open reads the variables and makes the ingester.
func open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*dynamodb.Ingester, error) {
	config, err := configOf(getenv)
	if err != nil {
		return nil, err
	}
	warn := false
	if text := getenv("EQUINOX_ONLY_WARN_GAP"); text != "" {
		if warn, err = strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("EQUINOX_ONLY_WARN_GAP is %q, and has to be true or false", text)
		}
	}
	config.Logger = log
	return dynamodb.OpenIngester(ctx, config, warn)
}

func configOf(getenv func(string) string) (dynamodb.Config, error) {
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
	switch {
	case config.IndexTable == "":
		return config, errors.New("EQUINOX_DYNAMO_TABLE_INDEX is not set: name the table of the index")
	case config.IndexTable == config.Table:
		return config, errors.New("EQUINOX_DYNAMO_TABLE_INDEX and EQUINOX_DYNAMO_TABLE are the same: the index needs a table of its own")
	case config.Region != "" && config.ServiceURL != "":
		return config, fmt.Errorf("EQUINOX_DYNAMO_REGION (%s) and EQUINOX_DYNAMO_SERVICE_URL are both set, and only one can have an effect: unset one", config.Region)
	case config.Region == "" && config.ServiceURL == "":
		return config, errors.New("neither EQUINOX_DYNAMO_REGION nor EQUINOX_DYNAMO_SERVICE_URL is set: say where the tables are")
	case (config.AccessKeyID == "") != (config.SecretAccessKey == ""), config.ServiceURL != "" && config.AccessKeyID == "":
		return config, errors.New("EQUINOX_DYNAMO_ACCESS_KEY_ID and EQUINOX_DYNAMO_SECRET_ACCESS_KEY are of use only together, and needed beside EQUINOX_DYNAMO_SERVICE_URL")
	}
	return config, nil
}
