package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/dynamodb"
)

// The pauses of the indexer when nothing is new, and of the reactors that read
// the index. AWS would not allow so many looks, but DynamoDB Local does. Shorter
// pauses make a run longer, since each look costs the server time.
const (
	indexerPoll    = 50 * time.Millisecond
	indexTailPause = 50 * time.Millisecond
)

// dropLimit bounds the removal of the tables in the end. A server that has much to
// do elsewhere takes some time; one that does not answer is not waited for for ever.
const dropLimit = time.Minute

func (h *Harness) openDynamoDB(ctx context.Context) error {
	server, err := provision.DynamoDB(ctx, provision.Options{Way: h.options.Way, Log: h.options.Log})
	if err != nil {
		return err
	}
	h.closers = append(h.closers, server.Close)
	h.how = server.How
	h.site, err = h.dynamoDBSite(ctx, server)
	return err
}

// dynamoDBSite makes tables of the harness' own, and runs the indexer in this
// process, as reactor run dynamo --with-indexer does. It returns a site to close
// also beside an error.
func (h *Harness) dynamoDBSite(ctx context.Context, server *provision.DynamoDBServer) (*site, error) {
	table := "harness-" + uuid.NewString()
	config := dynamodb.Config{
		ServiceURL:      server.ServiceURL,
		AccessKeyID:     server.AccessKeyID,
		SecretAccessKey: dynamodb.Secret(server.SecretAccessKey),
		Table:           table,
		IndexTable:      table + "-index",
		Logger:          h.options.Log,
	}
	s := &site{
		tailPause: indexTailPause,
		target: Target{
			Store: "dynamodb", ServiceURL: server.ServiceURL, AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey,
			Table: config.Table, IndexTable: config.IndexTable,
		},
		another: func(ctx context.Context) (*site, error) { return h.dynamoDBSite(ctx, server) },
		open: func(ctx context.Context, connection string) (*stores.Backend, error) {
			through := config
			through.ServiceURL = connection
			db, err := dynamodb.Open(ctx, through)
			if err != nil {
				return nil, err
			}
			return db.Backend(h.options.System.Categories...)
		},
	}
	// The server may have been up already, and go on for long.
	s.closers = append(s.closers, func() error { return dropTables(server, config.Table, config.IndexTable) })
	if _, err := dynamodb.Init(ctx, config, dynamodb.Provision{}); err != nil {
		return s, err
	}
	db, err := dynamodb.Open(ctx, config)
	if err != nil {
		return s, err
	}
	if s.backend, err = db.Backend(h.options.System.Categories...); err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { s.backend.Close(); return nil }, runIndexer(db.Indexer(dynamodb.IndexerConfig{Poll: indexerPoll})))
	return s, nil
}

// runIndexer runs an indexer until the function that it returns is
// called. One that fails leaves the scenarios waiting, so its error is worth
// more than theirs: it is returned in the end.
func runIndexer(indexer *dynamodb.Indexer) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- indexer.Run(ctx) }()
	return func() error {
		cancel()
		if err := <-ended; err != nil {
			return fmt.Errorf("the indexer failed: %w", err)
		}
		return nil
	}
}

// dropTables removes tables, those that are there.
func dropTables(server *provision.DynamoDBServer, names ...string) error {
	client := awsdynamodb.New(awsdynamodb.Options{
		BaseEndpoint: &server.ServiceURL,
		Region:       "us-east-1",
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey}, nil
		}),
	})
	ctx, cancel := context.WithTimeout(context.Background(), dropLimit)
	defer cancel()
	var errs []error
	for _, name := range names {
		_, err := client.DeleteTable(ctx, &awsdynamodb.DeleteTableInput{TableName: &name})
		var missing *types.ResourceNotFoundException
		if err != nil && !errors.As(err, &missing) {
			errs = append(errs, fmt.Errorf("remove the table %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
