package stores

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"groupcheckout/stores/dynamodb"
	"groupcheckout/stores/dynamodb/index"
	"groupcheckout/stores/dynamodb/index/shards"
	"groupcheckout/stores/dynamodb/table"
)

// DynamoDBOptions are about the feed of a DynamoDB and its indexer. A zero
// field means the default named with it.
type DynamoDBOptions struct {
	BatchSize  int           // spans after which a batch ends; default 100
	Poll       time.Duration // of the indexer when nothing is new; default 250 ms
	AcceptLoss bool          // the indexer goes on behind changes that are lost
	Log        *slog.Logger  // default none
}

// DynamoDB is a backend on the tables of a DynamoDB. It delivers what an
// indexer indexes: [Backend.Indexer], or one of another process.
func DynamoDB(ctx context.Context, config dynamodb.Config, options DynamoDBOptions, categories ...string) (*Backend, error) {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	db, err := dynamodb.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	clients, err := newDynamoDBClients(ctx, config)
	if err != nil {
		db.Close()
		return nil, err
	}
	backend := &Backend{Name: "dynamodb", Events: db.Store(), close: func() { clients.close(); db.Close() }}
	if err := backend.feedFrom(clients, config, options, categories); err != nil {
		backend.Close()
		return nil, err
	}
	return backend, nil
}

// feedFrom sets what works on the index.
func (b *Backend) feedFrom(clients *dynamoDBClients, config dynamodb.Config, options DynamoDBOptions, categories []string) error {
	if config.IndexTable == "" {
		config.IndexTable = config.Table + "-index"
	}
	attempts := table.Config{Retries: config.Retries, RequestTimeout: config.RequestTimeout, SettleTimeout: config.SettleTimeout}
	events, err := table.New(clients.tables, config.Table, attempts)
	if err != nil {
		return err
	}
	attempts.MaxBytes, attempts.QueryMaxItems = index.TableConfig().MaxBytes, index.TableConfig().QueryMaxItems
	indexed, err := table.New(clients.tables, config.IndexTable, attempts)
	if err != nil {
		return err
	}
	if b.Source, err = index.NewSource(indexed, index.SourceConfig{BatchSize: options.BatchSize, Logger: options.Log}, categories...); err != nil {
		return err
	}
	if b.Checkpoints, err = index.NewCheckpoints(indexed, index.CheckpointsConfig{}); err != nil {
		return err
	}
	b.Indexer = &DynamoDBIndexer{
		clients: clients, events: events, index: indexed, log: options.Log,
		config: index.IndexerConfig{
			Shards: shards.Config{AcceptLoss: options.AcceptLoss},
			Poll:   options.Poll,
			Logger: options.Log,
		},
	}
	return nil
}

// dynamoDBAt is the configuration that an address stands for: the tables of
// dynamodb://region/table or dynamodb+http://key:secret@host:port/table, with
// ?index=table for an index of another name than the usual one.
func dynamoDBAt(address string) (dynamodb.Config, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		// The cause may quote any part of it, and with it a secret.
		return dynamodb.Config{}, &AddressError{redacted(address), "it is no URL"}
	}
	wrong := func(reason string) (dynamodb.Config, error) {
		return dynamodb.Config{}, &AddressError{redacted(address), reason}
	}
	config := dynamodb.Config{Table: strings.TrimPrefix(parsed.Path, "/"), IndexTable: parsed.Query().Get("index")}
	switch {
	case parsed.Host == "":
		return wrong("it names neither a region nor a server")
	case config.Table == "" || strings.Contains(config.Table, "/"):
		return wrong("it does not name one table behind the slash")
	}
	if parsed.User != nil {
		secret, _ := parsed.User.Password()
		config.AccessKeyID, config.SecretAccessKey = parsed.User.Username(), dynamodb.Secret(secret)
	}
	if scheme, server := strings.CutPrefix(parsed.Scheme, "dynamodb+"); server {
		config.ServiceURL = scheme + "://" + parsed.Host
	} else {
		config.Region = parsed.Host
	}
	return config, nil
}
