package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// dynamoDBAddress uses the server that the environment names, after a look
// whether it answers. It is not stopped at Close.
func dynamoDBAddress(ctx context.Context, options Options) (*DynamoDBServer, error) {
	server := &DynamoDBServer{How: options.getenv(EnvDynamoDBProvisioned)}
	region := ""
	for name, to := range map[string]*string{
		EnvServiceURL: &server.ServiceURL, EnvAccessKeyID: &server.AccessKeyID, EnvSecretAccessKey: &server.SecretAccessKey, EnvRegion: &region,
	} {
		var err error
		if *to, err = options.variable(name); err != nil {
			return nil, err
		}
	}
	switch {
	case server.ServiceURL == "":
		// A region alone is no address: it leads to the tables of an account,
		// which a test has no business with.
		return nil, fmt.Errorf("%w: set %s, such as http://localhost:8000, with %s and %s",
			errNotConfigured, EnvServiceURL, EnvAccessKeyID, EnvSecretAccessKey)
	case region != "":
		return nil, fmt.Errorf("%s and %s are both set, and only one can have an effect; unset the region", EnvServiceURL, EnvRegion)
	case server.AccessKeyID == "" || server.SecretAccessKey == "":
		return nil, fmt.Errorf("%s needs %s and %s beside it; DynamoDB Local takes any of letters and digits",
			EnvServiceURL, EnvAccessKeyID, EnvSecretAccessKey)
	}
	parsed, err := url.Parse(server.ServiceURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil ||
		strings.ContainsAny(server.ServiceURL, "@?#;=&") {
		// It is not repeated: somebody may have written a secret into it.
		return nil, fmt.Errorf("%s is not a URL like http://localhost:8000, without a user", EnvServiceURL)
	}
	if err := server.answers(ctx); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", EnvServiceURL, parsed.Host, err)
	}
	if server.How == "" {
		server.How = "a server that was up already: DynamoDB at " + parsed.Host
	}
	return server, nil
}

// Client is a client of the server that leaves no connection behind.
func (s *DynamoDBServer) Client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &s.ServiceURL,
		Region:       "us-east-1", // for the signature; servers other than AWS take any
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}, nil
		}),
	})
}

// answers asks the server for a table, which is something to know for every
// server that speaks DynamoDB's protocol and takes our key.
func (s *DynamoDBServer) answers(ctx context.Context) error {
	_, err := s.Client().ListTables(ctx, &dynamodb.ListTablesInput{Limit: aws.Int32(1)}, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
	if err == nil {
		return nil
	}
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("no DynamoDB answers: %w", err)
	}
	switch refusal.ErrorCode() {
	case "UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationToken", "AccessDeniedException":
		return fmt.Errorf("it does not take the key in %s and %s: %w", EnvAccessKeyID, EnvSecretAccessKey, refusal)
	}
	return refusal
}
