package stores

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"groupcheckout/stores/dynamodb"
)

// dynamoDBClients are those of the index: of tables, and of the stream of
// changes, which on AWS is a service of its own at another address.
type dynamoDBClients struct {
	tables  *awsdynamodb.Client
	streams *dynamodbstreams.Client
	close   func() // the connections that are idle
}

// awsEndpoint is the host of DynamoDB in a region of AWS.
var awsEndpoint = regexp.MustCompile(`^dynamodb\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// newDynamoDBClients makes clients for a configuration that package dynamodb
// found right.
func newDynamoDBClients(ctx context.Context, config dynamodb.Config) (*dynamoDBClients, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64        // as many as may be in use at once
	shared := aws.Config{Region: "us-east-1"} // for the signature; servers other than AWS take any
	server := &config.ServiceURL
	if config.ServiceURL == "" {
		server = nil
	} else if parsed, err := url.Parse(config.ServiceURL); err == nil {
		if found := awsEndpoint.FindStringSubmatch(parsed.Hostname()); found != nil {
			shared.Region, server = found[1], nil
		}
	}
	if config.Region != "" {
		var err error
		if shared, err = awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(config.Region)); err != nil {
			return nil, fmt.Errorf("load the configuration of the AWS SDK: %w", err)
		}
	}
	shared.HTTPClient = &http.Client{Transport: transport}
	if config.AccessKeyID != "" {
		keys := aws.Credentials{AccessKeyID: config.AccessKeyID, SecretAccessKey: string(config.SecretAccessKey)}
		shared.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
	}
	return &dynamoDBClients{
		tables: awsdynamodb.NewFromConfig(shared, func(o *awsdynamodb.Options) { o.BaseEndpoint = server }),
		// The reader of the stream makes its own retries.
		streams: dynamodbstreams.NewFromConfig(shared, func(o *dynamodbstreams.Options) { o.BaseEndpoint, o.Retryer = server, aws.NopRetryer{} }),
		close:   transport.CloseIdleConnections,
	}, nil
}
