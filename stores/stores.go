// Package stores opens the stores by name. It is a plain switch: each store is
// a package of its own below, and knows nothing of the others.
package stores

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"groupcheckout/domain/es"
	"groupcheckout/reactor/feed"
	"groupcheckout/stores/memory"
	"groupcheckout/stores/messagedb"
)

// Backend is everything that a reactor needs of a store. Whoever opened it
// closes it, once nothing uses it any more.
type Backend struct {
	Name        string // "memory", "messagedb" or "dynamodb"
	Events      es.Store
	Source      feed.Source
	Checkpoints feed.Checkpoints
	Indexer     *DynamoDBIndexer // makes what the source reads; nil where the store does that by itself
	close       func()
}

// Close frees what the backend holds. It may be called more than once.
func (b *Backend) Close() {
	if b.close != nil {
		b.close()
	}
}

// Options are what an address does not say. A zero field means its default.
type Options struct {
	Categories       []string // whose changes the source delivers; required
	CheckpointSchema string   // of Message DB: where the checkpoint table is; "public"
	BatchSize        int      // events, on DynamoDB spans, read at once; the store's own default
	Log              *slog.Logger
}

// AddressError says that an address names no store.
type AddressError struct {
	Address string // without its password
	Reason  string
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%q is not the address of a store: %s; use memory:, postgres://user:password@host:5432/message_store, "+
		"dynamodb://region/table or dynamodb+http://key:secret@host:port/table", e.Address, e.Reason)
}

// Open opens the store at an address:
//
//	memory:                                        a new store in this process
//	postgres://user:password@host/message_store    a Message DB; postgresql:// too
//	dynamodb://region/table                        tables of AWS, with the credentials that the machine has
//	dynamodb+http://key:secret@host:port/table     tables of another server; dynamodb+https:// too
//
// A ?index=table behind the address of a DynamoDB names its index. For the other
// forms of a Message DB's connection string, for separate connections, and for
// all that can be said of a DynamoDB, use [MessageDB] and [DynamoDB].
func Open(ctx context.Context, address string, options Options) (*Backend, error) {
	scheme, _, found := strings.Cut(address, ":")
	if !found {
		return nil, &AddressError{redacted(address), "it has no scheme"}
	}
	switch scheme {
	case "memory":
		return Memory(memory.New(), options)
	case "postgres", "postgresql":
		schema := options.CheckpointSchema
		if schema == "" {
			schema = "public"
		}
		return MessageDB(ctx, messagedb.Config{
			Connection:       address,
			CheckpointSchema: schema,
			BatchSize:        options.BatchSize,
			Logger:           options.Log,
		}, options.Categories...)
	case "dynamodb", "dynamodb+http", "dynamodb+https":
		config, err := dynamoDBAt(address)
		if err != nil {
			return nil, err
		}
		return DynamoDB(ctx, config, DynamoDBOptions{BatchSize: options.BatchSize, Log: options.Log}, options.Categories...)
	}
	return nil, &AddressError{redacted(address), fmt.Sprintf("the scheme %q is unknown", scheme)}
}

// redacted is an address that can be printed.
func redacted(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.User != nil {
		return parsed.Redacted()
	}
	if strings.ContainsAny(address, "@=") {
		return "…" // it may hold a password in a form that was not recognised
	}
	return address
}

// Memory is a backend on a store in this process.
func Memory(store *memory.Store, options Options) (*Backend, error) {
	source, err := store.Source(memory.SourceConfig{Categories: options.Categories, BatchSize: options.BatchSize})
	if err != nil {
		return nil, err
	}
	return &Backend{Name: "memory", Events: store, Source: source, Checkpoints: memory.NewCheckpoints()}, nil
}

// MessageDB is a backend on a Message DB.
func MessageDB(ctx context.Context, config messagedb.Config, categories ...string) (*Backend, error) {
	db, err := messagedb.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	backend := &Backend{Name: "messagedb", Events: db.Store(), close: db.Close}
	if backend.Source, err = db.Source(0, categories...); err != nil {
		db.Close()
		return nil, err
	}
	if backend.Checkpoints, err = db.Checkpoints(); err != nil {
		db.Close()
		return nil, err
	}
	return backend, nil
}
