package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// DefaultDynamoDBImage is the image that a container of DynamoDB Local is made
// of unless DDB_IMAGE or [Options] names another. Any image will do that
// publishes 8000 and takes the arguments -jar DynamoDBLocal.jar and the options
// behind that.
const DefaultDynamoDBImage = "amazon/dynamodb-local:" + dynamoDBLocalVersion

// The variables of DynamoDB, which the package doc describes.
const (
	EnvServiceURL          = "EQUINOX_DYNAMO_SERVICE_URL"
	EnvAccessKeyID         = "EQUINOX_DYNAMO_ACCESS_KEY_ID"
	EnvSecretAccessKey     = "EQUINOX_DYNAMO_SECRET_ACCESS_KEY"
	EnvRegion              = "EQUINOX_DYNAMO_REGION"
	EnvDynamoDBProvisioned = "DDB_PROVISIONED"
	EnvDynamoDBImage       = "DDB_IMAGE"
)

// localKey is the access key, and its secret, of a server of ours, which takes
// any that are made of letters and digits.
const localKey = "local"

// DynamoDBServer is a DynamoDB that answers. Whoever brought it up closes it.
// It may hold tables of others: a test gives its own names that nobody else has.
//
// DynamoDB Local slows down with each change that goes into a stream, of any
// table and even of one that was deleted: a write takes 2 ms at first and 20 ms
// after 10,000 changes. A server is good for some runs of the scenarios.
type DynamoDBServer struct {
	ServiceURL      string // such as http://127.0.0.1:8000
	AccessKeyID     string
	SecretAccessKey string
	// How says in words, and without secrets, how the server was brought up.
	How string

	closing closing
	folder  string                      // of a local process; it goes with the server
	crash   func(context.Context) error // nil where the server is not ours to kill
}

// DynamoDB brings up a server. The end of ctx gives up on it; a server that is
// up stays up until [DynamoDBServer.Close].
//
// The error is an [*UnavailableError] if several ways were tried. If one was
// asked for, it is that way's error.
func DynamoDB(ctx context.Context, options Options) (*DynamoDBServer, error) {
	return kind[*DynamoDBServer]{"DynamoDB", EnvDynamoDBImage, DefaultDynamoDBImage, []attempt[*DynamoDBServer]{
		{Address, dynamoDBAddress}, {Container, dynamoDBContainer}, {Local, dynamoDBLocal},
	}}.bringUp(ctx, options)
}

// Close stops the server, and with it its tables are gone, if it was brought up
// here. A second call does nothing and returns the same error.
func (s *DynamoDBServer) Close() error { return s.closing.close() }

// Crash kills the server and starts it again at the same address, with what it had
// acknowledged. It can do that to a local process that was asked to be durable; for any
// other the error is an [errors.ErrUnsupported]. It does not overlap with Close.
func (s *DynamoDBServer) Crash(ctx context.Context) error {
	if s.crash == nil {
		return fmt.Errorf("crash %s: it is no durable local process: %w", s.How, errors.ErrUnsupported)
	}
	return s.crash(ctx)
}

// Environment returns the variables in which another process finds the server
// as an address. They hold a secret. The region is emptied, since an address
// beside a region is an error.
func (s *DynamoDBServer) Environment() []string {
	return []string{
		EnvServiceURL + "=" + s.ServiceURL,
		EnvAccessKeyID + "=" + s.AccessKeyID,
		EnvSecretAccessKey + "=" + s.SecretAccessKey,
		EnvRegion + "=",
		EnvDynamoDBProvisioned + "=" + s.How,
	}
}

// String returns How, so that a server that is printed shows no secret.
func (s *DynamoDBServer) String() string { return s.How }

// LogValue does for log/slog what [DynamoDBServer.String] does for fmt.
func (s *DynamoDBServer) LogValue() slog.Value { return slog.StringValue(s.How) }
