// Package dynamodb brings DynamoDB Local up for scenarios: a server at an address, in
// a container or as a process of this machine, tables on it, and an indexer.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"example.com/groupcheckout/harness"
	"example.com/groupcheckout/harness/internal/gate"
	"example.com/groupcheckout/harness/provision"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/dynamodb"
)

// Name is what flags and reports call the store.
const Name = "dynamodb"

// Store is DynamoDB.
func Store() harness.Store { return harness.Store{Name: Name, BringUp: bringUp} }

// The pauses of the indexer when nothing is new, and of the reactors that read
// the index. AWS would not allow so many looks, but DynamoDB Local does. Shorter
// pauses make a run longer, since each look costs the server time.
const (
	indexerPoll    = 50 * time.Millisecond
	indexTailPause = 50 * time.Millisecond
)

// region is what requests are signed for. The servers that are used here take any.
const region = "us-east-1"

// dropLimit bounds the removal of the tables in the end. A server that has much to
// do elsewhere takes some time; one that does not answer is not waited for for ever.
const dropLimit = time.Minute

func bringUp(ctx context.Context, need harness.Need) (*harness.Server, error) {
	server, err := provision.DynamoDB(ctx, provision.Options{Way: provision.Way(need.Way), Log: need.Log})
	if err != nil {
		return nil, err
	}
	return &harness.Server{
		How:   server.How,
		Site:  func(ctx context.Context, _ bool) (*harness.Site, error) { return siteOn(ctx, need, server) },
		Close: server.Close,
	}, nil
}

// siteOn makes tables of the harness' own, and runs the indexer in this process, as
// reactor run dynamo --with-indexer does. It returns a site to close also beside an
// error.
func siteOn(ctx context.Context, need harness.Need, server *provision.DynamoDBServer) (*harness.Site, error) {
	table := "harness-" + uuid.NewString()
	config := dynamodb.Config{
		ServiceURL:      server.ServiceURL,
		AccessKeyID:     server.AccessKeyID,
		SecretAccessKey: dynamodb.Secret(server.SecretAccessKey),
		Table:           table,
		IndexTable:      table + "-index",
		Logger:          need.Log,
	}
	site := &harness.Site{
		TailPause: indexTailPause,
		Address:   server.ServiceURL,
		Target: func(address string) harness.Target {
			return harness.Target{
				Store: Name, ServiceURL: address, AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey,
				Table: config.Table, IndexTable: config.IndexTable, Region: region,
			}
		},
		Open: func(ctx context.Context, address string) (*stores.Backend, error) {
			config := config
			config.ServiceURL = address
			db, err := dynamodb.Open(ctx, config)
			if err != nil {
				return nil, err
			}
			return db.Backend(need.Categories...)
		},
		Gate: func(ctx context.Context) (harness.Gate, error) {
			return gate.DynamoDB(ctx, server.ServiceURL, config.Table)
		},
	}
	// The server may have been up already, and go on for long.
	site.OnClose(func() error { return dropTables(server, config.Table, config.IndexTable) })
	if _, err := dynamodb.Init(ctx, config, dynamodb.Provision{}); err != nil {
		return site, err
	}
	db, err := dynamodb.Open(ctx, config)
	if err != nil {
		return site, err
	}
	if site.Backend, err = db.Backend(need.Categories...); err != nil {
		return site, err
	}
	site.OnClose(func() error { site.Backend.Close(); return nil })
	site.OnClose(runIndexer(db.Indexer(dynamodb.IndexerConfig{Poll: indexerPoll})))
	return site, nil
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
	ctx, cancel := context.WithTimeout(context.Background(), dropLimit)
	defer cancel()
	var errs []error
	for _, name := range names {
		_, err := server.Client().DeleteTable(ctx, &awsdynamodb.DeleteTableInput{TableName: &name})
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !ok {
			errs = append(errs, fmt.Errorf("remove the table %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
