// Package address opens a store by its address, whichever it is. A program that
// imports it links all of them.
package address

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/groupcheckout/internal/nearest"
	"example.com/groupcheckout/internal/oneline"
	"example.com/groupcheckout/stores"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/memory"
	"example.com/groupcheckout/stores/messagedb"
)

// Options are what an address does not say. A zero field means its default.
type Options struct {
	Categories       []string // whose changes the source delivers; required
	CheckpointSchema string   // of Message DB: where the checkpoint table is; "public"
	RequireTLS       bool     // refuse a server on another machine that is not spoken to with TLS
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
	Address string // what may be shown of it, which is its scheme
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
	found, err := read(address)
	if err != nil {
		return nil, err
	}
	switch {
	case found.messageDB != "":
		return openMessageDB(ctx, found.messageDB, options)
	case found.dynamoDB != nil:
		return openDynamoDB(ctx, *found.dynamoDB, options)
	}
	backend, err := memory.New().Backend(options.Categories...)
	if err != nil {
		return nil, err
	}
	return &Store{Backend: backend}, nil
}

// place is what an address stands for. The zero value is a store in memory.
type place struct {
	messageDB string           // its connection string
	dynamoDB  *dynamodb.Config // its tables
}

// read reads an address. Blanks and line breaks around it do not count.
func read(text string) (place, error) {
	address, err := oneline.Connection(text)
	if err != nil {
		return place{}, &Error{"…", err.Error()}
	}
	scheme, rest, found := strings.Cut(address, ":")
	switch scheme = strings.ToLower(scheme); {
	case address == "":
		return place{}, &Error{"", "it is empty"}
	case found && scheme == "memory":
		if strings.Trim(rest, "/") != "" {
			return place{}, &Error{shown(scheme), "nothing stands after memory:, since it has no name"}
		}
		return place{}, nil
	// Those of other libraries, such as postgresql+psycopg, are told what to write.
	case found && strings.HasPrefix(rest, "//") && strings.HasPrefix(scheme, "postgres"), found && scheme == "jdbc":
		return place{messageDB: address}, nil
	case found && slices.Contains([]string{"dynamodb", "dynamodb+http", "dynamodb+https"}, scheme):
		config, err := dynamoDBAt(address)
		if err != nil {
			return place{}, err
		}
		return place{dynamoDB: &config}, nil
	case strings.Contains(scheme, "=") || !found && strings.Contains(address, "="):
		return place{}, &Error{"…", "it looks like a connection string of another form, and a Message DB is written as a URL here"}
	case !found:
		return place{}, &Error{"…", "it has no scheme" + meant(address)}
	case shown(scheme) == "…":
		return place{}, &Error{"…", "its scheme is unknown" + meant(scheme)}
	}
	return place{}, &Error{shown(scheme), fmt.Sprintf("the scheme %q is unknown", scheme)}
}

func openMessageDB(ctx context.Context, address string, options Options) (*Store, error) {
	schema := options.CheckpointSchema
	if schema == "" {
		schema = "public"
	}
	db, err := messagedb.Open(ctx, messagedb.Config{Connection: address, CheckpointSchema: schema, RequireTLS: options.RequireTLS, Logger: options.Log})
	if err != nil {
		return nil, err
	}
	backend, err := db.Backend(options.Categories...)
	if err != nil {
		return nil, err
	}
	return &Store{Backend: backend}, nil
}

func openDynamoDB(ctx context.Context, config dynamodb.Config, options Options) (*Store, error) {
	config.Logger, config.RequireTLS = options.Log, options.RequireTLS
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
	scheme, _, _ := strings.Cut(address, ":")
	wrong := func(reason string) (dynamodb.Config, error) {
		return dynamodb.Config{}, &Error{shown(strings.ToLower(scheme)), reason}
	}
	parsed, err := url.Parse(address)
	if err != nil {
		// The cause may quote any part of it, and with it a secret.
		return wrong(malformed(address))
	}
	config := dynamodb.Config{Table: strings.TrimPrefix(parsed.Path, "/")}
	switch {
	case strings.ContainsAny(parsed.Path+parsed.RawQuery, "@#") || strings.Contains(address, "#"):
		return wrong(strayCharacter)
	case parsed.Hostname() == "":
		return wrong("it names neither a region nor a server")
	case config.Table == "" || strings.Contains(config.Table, "/"):
		return wrong("it does not name one table after the slash")
	}
	if config.IndexTable, err = indexIn(parsed.RawQuery); err != nil {
		return wrong(err.Error())
	}
	if port := parsed.Port(); port != "" {
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
			return wrong(badPort)
		}
	}
	if parsed.User != nil {
		secret, _ := parsed.User.Password()
		config.AccessKeyID, config.SecretAccessKey = parsed.User.Username(), dynamodb.Secret(secret)
	}
	if scheme, server := strings.CutPrefix(parsed.Scheme, "dynamodb+"); server {
		if strings.ContainsAny(parsed.Host, "=;&") {
			return wrong("its host has a character in it that no host has")
		}
		config.ServiceURL = scheme + "://" + parsed.Host
		return config, nil
	}
	if !region.MatchString(parsed.Host) {
		return wrong("what stands before the slash is no region, such as eu-west-1; the scheme of a server is dynamodb+http or dynamodb+https")
	}
	config.Region = parsed.Host
	return config, nil
}

var region = regexp.MustCompile(`^[a-z0-9-]+$`)

const (
	strayCharacter = "it has an @ or a # where none can be; the characters @ : / ? # of a key or secret have to be percent-encoded"
	badPort        = "what follows the colon of the host is not a port from 1 to 65535; if it is a secret, an @ and the host have to stand after it"
)

// indexIn is the table that ?index= names.
func indexIn(query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("what stands after the ? is not of the form index=table")
	}
	for key := range values {
		if key != "index" {
			return "", errors.New("something else than index= stands after the ?; keys stand before the server as key:secret@")
		}
	}
	return values.Get("index"), nil
}

// malformed says where an address that is no URL goes wrong.
func malformed(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	authority, after := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, after = rest[:end], rest[end:]
	}
	if strings.Contains(after, "@") {
		return strayCharacter
	}
	keys, host := "", authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		keys, host = authority[:at], authority[at+1:]
	}
	path, _, _ := strings.Cut(after, "?")
	for _, part := range []struct{ name, text string }{{"the keys have", keys}, {"the host has", host}, {"the name of the table has", path}} {
		if _, err := url.PathUnescape(part.text); err != nil {
			return "it is no URL: " + part.name + " a % that does not begin a percent-encoded character; the % itself is percent-encoded as %25"
		}
	}
	switch {
	case strings.Contains(keys, "@"):
		return "it is no URL: " + strayCharacter
	case strings.Contains(host, ":"):
		return "it is no URL: " + badPort
	}
	return "it is no URL: a character in it has to be percent-encoded"
}

// meant asks whether a scheme was misspelled, without repeating what is there instead.
func meant(scheme string) string {
	if found, ok := nearest.Of(scheme, []string{"memory", "postgres", "postgresql", "dynamodb", "dynamodb+http", "dynamodb+https"}); ok {
		return " (did you mean " + found + ":?)"
	}
	return ""
}

// shown is the scheme of an address, if it is one that somebody may have meant. The
// rest is not shown: who leaves out a part of an address, or its quotes, has a secret
// in another place than the one where it is looked for.
func shown(scheme string) string {
	switch scheme {
	case "memory", "postgres", "postgresql", "dynamodb", "dynamodb+http", "dynamodb+https", "dynamodb+ftp", "dynamo", "cosmos",
		"http", "https", "file", "mysql", "mariadb", "sqlite", "sqlserver", "mongodb", "redis", "jdbc", "pg", "mdb", "messagedb", "s3", "arn":
		return scheme + ":…"
	}
	return "…"
}
