package dynamotest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// NewClient returns a client of whatever answers at a URL.
func NewClient(url string, transport http.RoundTripper) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}

// CreateTable creates a table of streams and waits until it can be used.
func CreateTable(ctx context.Context, client *dynamodb.Client, name string, stream types.StreamViewType) error {
	input := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("p"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("i"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("i"), KeyType: types.KeyTypeRange},
		},
	}
	if stream != "" {
		input.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: stream}
	}
	if _, err := client.CreateTable(ctx, input); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	return dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute)
}

// Reply is what a [Transport] does with a request instead of passing it on.
type Reply func(request *http.Request, next http.RoundTripper) (*http.Response, error)

// Transport counts requests and answers some of them itself. Its calls may
// overlap.
type Transport struct {
	Next http.RoundTripper

	mu         sync.Mutex
	operations []string
	replies    []scripted
}

type scripted struct {
	operation string
	reply     Reply
}

// Script makes the next request of an operation, such as PutItem, that no
// earlier script takes, go to a reply. An empty operation is any.
func (t *Transport) Script(operation string, replies ...Reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, reply := range replies {
		t.replies = append(t.replies, scripted{operation, reply})
	}
}

// Taken returns the operations that were requested since the last call, in
// order.
func (t *Transport) Taken() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.operations
	t.operations = nil
	return taken
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if reply := t.next(request); reply != nil {
		return reply(request, t.Next)
	}
	return t.Next.RoundTrip(request)
}

func (t *Transport) next(request *http.Request) Reply {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".") // behind the service and its version
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations = append(t.operations, operation)
	for i, s := range t.replies {
		if s.operation == "" || s.operation == operation {
			t.replies = append(t.replies[:i:i], t.replies[i+1:]...)
			return s.reply
		}
	}
	return nil
}
