package table

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"
)

// Client is the part of [dynamodb.Client] that a [Table] calls. It has to
// apply the options that it is given: a Table switches the SDK's own retries
// off, and learns through them whether a request was sent at all.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Config says how a [Table] reads and writes. A zero field means the default
// named with it.
type Config struct {
	MaxBytes      int // event bytes that a tip may hold before it calves; default 32 KiB
	MaxEvents     int // events that a tip may hold before it calves; default no limit
	QueryMaxItems int // items in a page of a query; default 100

	Retries        int           // attempts after the first, for what may succeed then; default 9, negative for none
	RequestTimeout time.Duration // for each attempt; default 10 s
	SettleTimeout  time.Duration // how long to look for the outcome of a write whose reply was lost; default 5 s

	NewETag func() string // returns a text that no other write has; default a random UUID without dashes
}

const (
	defaultMaxBytes       = 32 * 1024
	defaultQueryMaxItems  = 100
	defaultRetries        = 9
	defaultRequestTimeout = 10 * time.Second
	defaultSettleTimeout  = 5 * time.Second
)

// WithDefaults fills in the defaults. It returns an error for a config that
// cannot be used.
func (c Config) WithDefaults() (Config, error) {
	if c.MaxBytes < 0 || c.MaxBytes > maxItemBytes || c.MaxEvents < 0 || c.QueryMaxItems < 0 {
		return c, fmt.Errorf("max bytes %d must lie between 0 and %d, and max events %d and query max items %d must not be negative",
			c.MaxBytes, maxItemBytes, c.MaxEvents, c.QueryMaxItems)
	}
	if c.RequestTimeout < 0 || c.SettleTimeout < 0 {
		return c, fmt.Errorf("request timeout %v and settle timeout %v must not be negative", c.RequestTimeout, c.SettleTimeout)
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.QueryMaxItems == 0 {
		c.QueryMaxItems = defaultQueryMaxItems
	}
	switch {
	case c.Retries == 0:
		c.Retries = defaultRetries
	case c.Retries < 0:
		c.Retries = 0
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = defaultRequestTimeout
	}
	if c.SettleTimeout == 0 {
		c.SettleTimeout = defaultSettleTimeout
	}
	if c.NewETag == nil {
		c.NewETag = func() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }
	}
	return c, nil
}

// Table is a table of streams. Its calls may overlap.
type Table struct {
	client Client
	name   string
	config Config
	meter  *meter
	budget *budget
}

// New returns the table of a name, which is not looked for. It returns an
// error for a config that cannot be used.
func New(client Client, name string, config Config) (*Table, error) {
	config, err := config.WithDefaults()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	return &Table{client, name, config, &meter{usage: map[string]Usage{}}, &budget{}}, nil
}

// Small is the table with tips of another size: they calve when they would hold
// more event bytes than maxBytes, or more than maxEvents events. It shares all the
// rest.
func (t *Table) Small(maxBytes, maxEvents int) *Table {
	small := *t
	small.config.MaxBytes, small.config.MaxEvents = maxBytes, maxEvents
	return &small
}

// Name is the table's name.
func (t *Table) Name() string { return t.name }
