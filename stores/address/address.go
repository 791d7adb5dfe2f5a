// Package address opens a store by its address, whichever it is. A program that
// imports it links all of them.
package address

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/messagedb"
)

// Options are what an address does not say. A zero field means its default.
type Options struct {
	Categories       []string // whose changes the source delivers; required
	CheckpointSchema string   // of Message DB: where the checkpoint table is; "public"
	Log              *slog.Logger
}

// Store is a store that was opened.
type Store struct {
	*stores.Backend
	// Indexer makes what the source reads; nil where the store does that by itself.
	Indexer *dynamodb.Indexer
}

// Error says that an address names no store.
type Error struct {
	Address string // without its password
	Reason  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%q is not the address of a store: %s; use memory:, postgres://user:password@host:5432/message_store, "+
		"dynamodb://region/table or dynamodb+http://key:secret@host:port/table", e.Address, e.Reason)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*Error) NeedsPerson() bool { return true }

// Open opens the store at an address:
//
//	memory:                                        a new store in this process
//	postgres://user:password@host/message_store    a Message DB; postgresql:// too
//	dynamodb://region/table                        tables of AWS, with the credentials that the machine has
//	dynamodb+http://key:secret@host:port/table     tables of another server; dynamodb+https:// too
//
// A ?index=table behind the address of a DynamoDB names its index. For the other
// forms of a Message DB's connection string, for separate connections, and for
// all that can be said of a DynamoDB, use the packages of the stores.
func Open(ctx context.Context, address string, options Options) (*Store, error) {
	scheme, _, found := strings.Cut(address, ":")
	if !found {
		return nil, &Error{redacted(address), "it has no scheme"}
	}
	switch scheme {
	case "memory":
		backend, err := memory.New().Backend(options.Categories...)
		if err != nil {
			return nil, err
		}
		return &Store{Backend: backend}, nil
	case "postgres", "postgresql":
		return openMessageDB(ctx, address, options)
	case "dynamodb", "dynamodb+http", "dynamodb+https":
		return openDynamoDB(ctx, address, options)
	}
	return nil, &Error{redacted(address), fmt.Sprintf("the scheme %q is unknown", scheme)}
}

func openMessageDB(ctx context.Context, address string, options Options) (*Store, error) {
	schema := options.CheckpointSchema
	if schema == "" {
		schema = "public"
	}
	db, err := messagedb.Open(ctx, messagedb.Config{Connection: address, CheckpointSchema: schema, Logger: options.Log})
	if err != nil {
		return nil, err
	}
	backend, err := db.Backend(options.Categories...)
	if err != nil {
		return nil, err
	}
	return &Store{Backend: backend}, nil
}

func openDynamoDB(ctx context.Context, address string, options Options) (*Store, error) {
	config, err := dynamoDBAt(address)
	if err != nil {
		return nil, err
	}
	config.Logger = options.Log
	db, err := dynamodb.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	backend, err := db.Backend(options.Categories...)
	if err != nil {
		return nil, err
	}
	return &Store{backend, db.Indexer(dynamodb.IndexerConfig{})}, nil
}

// dynamoDBAt is the configuration that an address stands for: the tables of
// dynamodb://region/table or dynamodb+http://key:secret@host:port/table, with
// ?index=table for an index of another name than the usual one.
func dynamoDBAt(address string) (dynamodb.Config, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		// The cause may quote any part of it, and with it a secret.
		return dynamodb.Config{}, &Error{redacted(address), "it is no URL"}
	}
	wrong := func(reason string) (dynamodb.Config, error) {
		return dynamodb.Config{}, &Error{redacted(address), reason}
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
