package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/stores/address"
	"example.com/groupcheckout/stores/dynamodb"
)

// dynamoHelp explains how tables are named; it is the same for each command.
const dynamoHelp = `
The tables are named by region, or by the URL of a server with both keys:

    --region eu-west-1 --table hotel
    --service-url http://localhost:8000 --access-key local --secret-key local --table hotel

A region and a URL together are refused, whether they come from flags or from variables, since only one can have an effect. Beside a region the keys may be left out: then the credentials are those of the AWS SDK, from its own variables, the shared configuration files or the role of the machine. Keys are better kept out of the command line, where every user of the machine can read them: use the variables.`

// dynamoTables says where the tables are.
type dynamoTables struct {
	Region      string `also:"-sr" aliases:"sr,regionprofile" variable:"EQUINOX_DYNAMO_REGION" placeholder:"REGION" help:"The AWS region, such as eu-west-1."`
	ServiceURL  string `secret:"" name:"service-url" also:"-su" aliases:"su,serviceurl" variable:"EQUINOX_DYNAMO_SERVICE_URL" placeholder:"URL" help:"A server, such as http://localhost:8000."`
	AccessKey   string `secret:"" also:"-sa" aliases:"sa,accesskey" variable:"EQUINOX_DYNAMO_ACCESS_KEY_ID" placeholder:"ID" help:"The id of the access key."`
	SecretKey   string `secret:"" also:"-ss" aliases:"ss,secretkey" variable:"EQUINOX_DYNAMO_SECRET_ACCESS_KEY" placeholder:"SECRET" help:"The secret of the access key."`
	Table       string `short:"t" variable:"EQUINOX_DYNAMO_TABLE" placeholder:"NAME" help:"The table of the streams. Required."`
	IndexTable  string `short:"i" aliases:"indextable" variable:"EQUINOX_DYNAMO_TABLE_INDEX" placeholder:"NAME" without:"--table and a suffix" help:"The table of the feed and the checkpoints. The name of the other with the suffix after it unless given."`
	IndexSuffix string `also:"-is" aliases:"is,indexsuffix" default:"-index" placeholder:"SUFFIX" help:"What the name of the index table ends in. Default ${default}."`
	RequireTLS  bool   `name:"require-tls" help:"Refuse a server on another machine that is not spoken to with TLS. Without it such a server is warned of."`
}

// dynamoStore is all that can be said of a DynamoDB when following it.
type dynamoStore struct {
	dynamoTables
	Retries        int          `also:"-r" default:"9" placeholder:"N" help:"How often to repeat a request that may succeed then. Default ${default}."`
	RequestTimeout seconds      `also:"-rt" aliases:"rt,retriestimeouts" default:"10" placeholder:"TIME" help:"How long one attempt may take; a plain number is in seconds. Default ${default}."`
	BatchSize      int          `short:"b" aliases:"maxitems" default:"100" placeholder:"SPANS" help:"Spans of the index after which a batch ends; a span is what one append wrote to a stream. Default ${default}."`
	TailSleep      milliseconds `default:"500" placeholder:"TIME" help:"How long to wait at the end of the feed before asking again; a plain number is in milliseconds. Default ${default}."`
	FromTail       bool         `short:"Z" aliases:"fromtail" help:"Start a group that has no checkpoint at the end of the feed, and so pass over all that happened before. Without it such a group starts at the beginning. It counts at each start until the first checkpoint is saved."`
}

// config is the configuration of the store, without the ways to tune it.
func (t *dynamoTables) config() (dynamodb.Config, error) {
	switch {
	case t.Table == "":
		return dynamodb.Config{}, &usageError{"no table is given: name the table of the streams with --table (-t) NAME, or set EQUINOX_DYNAMO_TABLE"}
	case t.Region != "" && t.ServiceURL != "":
		return dynamodb.Config{}, &usageError{fmt.Sprintf("both a region, %s, and a service URL are given, with flags or with EQUINOX_DYNAMO_REGION and EQUINOX_DYNAMO_SERVICE_URL, "+
			"and only one can have an effect: leave one out", shownRegion(t.Region))}
	case t.Region == "" && t.ServiceURL == "":
		return dynamodb.Config{}, &usageError{"neither a region nor a server is given: say where the tables are with --region (-sr) REGION, or set EQUINOX_DYNAMO_REGION; " +
			"or name a server with --service-url (-su) URL, or set EQUINOX_DYNAMO_SERVICE_URL"}
	case t.IndexTable == "" && t.IndexSuffix == "":
		return dynamodb.Config{}, &usageError{"--index-suffix is empty: the index needs a table of its own"}
	}
	config := dynamodb.Config{
		Region:          t.Region,
		ServiceURL:      t.ServiceURL,
		AccessKeyID:     t.AccessKey,
		SecretAccessKey: dynamodb.Secret(t.SecretKey),
		Table:           t.Table,
		RequireTLS:      t.RequireTLS,
		IndexTable:      t.IndexTable,
	}
	if config.IndexTable == "" {
		config.IndexTable = t.Table + t.IndexSuffix
	}
	return config, nil
}

// shownRegion is a region, if it is one: a secret may stand in its place.
func shownRegion(region string) string {
	if !regionName.MatchString(region) {
		return "which is none like eu-west-1"
	}
	return region
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+){1,3}-[0-9]+$`)

// open opens the store without the ways to tune it.
func (t *dynamoTables) open(ctx context.Context, log *slog.Logger, categories []string) (*address.Store, error) {
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	store, _, err := openDynamo(ctx, log, config, dynamodb.IndexerConfig{}, categories)
	return store, err
}

// open opens the store, and keeps it to be read as a whole.
func (c *auditDynamo) open(ctx context.Context, log *slog.Logger, categories []string) (store *address.Store, err error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	store, c.db, err = openDynamo(ctx, log, config, dynamodb.IndexerConfig{}, categories)
	return store, err
}

// openDynamo opens a DynamoDB with the feed of some categories.
func openDynamo(ctx context.Context, log *slog.Logger, config dynamodb.Config, indexer dynamodb.IndexerConfig, categories []string) (*address.Store, *dynamodb.DB, error) {
	config.Logger = log
	db, err := dynamodb.Open(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	backend, err := db.Backend(categories...)
	if err != nil {
		return nil, nil, err
	}
	return &address.Store{Backend: backend, Indexer: db.Indexer(indexer)}, db, nil
}

// indexerFlags say how an indexer works.
type indexerFlags struct {
	IndexPoll  milliseconds `default:"1000" placeholder:"TIME" help:"The longest pause of the indexer between two looks at the stream of changes, when nothing is new; it is a quarter of it while there are changes. A plain number is in milliseconds. AWS charges for each look. Default ${default}."`
	IndexLease seconds      `default:"15" placeholder:"TIME" help:"How long an indexer that died keeps the others waiting; a plain number is in seconds. The lease is renewed three times in that time, for a write unit each. Default ${default}."`
	IndexTip   int          `default:"4096" placeholder:"BYTES" help:"How large the item grows that the index is appended to. Each append pays for all of it. Default ${default}."`
}

func (f indexerFlags) check() error {
	if time.Duration(f.IndexLease) < time.Second {
		return &usageError{fmt.Sprintf("--index-lease cannot be %v: it has to be at least 1s", time.Duration(f.IndexLease))}
	}
	return cmp.Or(aboveZero("--index-poll", f.IndexPoll), between("--index-tip", f.IndexTip, 1024, 128*1024))
}

func (f indexerFlags) indexing() dynamodb.IndexerConfig {
	return dynamodb.IndexerConfig{Poll: time.Duration(f.IndexPoll), Lease: time.Duration(f.IndexLease)}
}

// check refuses what would be taken for a default.
func (s *dynamoStore) check() error {
	if s.Retries < 0 {
		return &usageError{fmt.Sprintf("--retries cannot be %d: 0 is never", s.Retries)}
	}
	return cmp.Or(atLeastOne("--batch-size", s.BatchSize), aboveZero("--tail-sleep", s.TailSleep), aboveZero("--request-timeout", s.RequestTimeout))
}

// tuned is the configuration of the store.
func (s *dynamoStore) tuned() (dynamodb.Config, error) {
	config, err := s.config()
	config.RequestTimeout = time.Duration(s.RequestTimeout)
	if config.Retries = s.Retries; s.Retries == 0 {
		config.Retries = -1 // its 0 is the default
	}
	config.BatchSize = s.BatchSize
	return config, err
}

// name is the name of the store on the command line.
func (*dynamoTables) name() string { return "dynamo" }

// tuned is the configuration of the store.
func (c *runDynamo) tuned() (dynamodb.Config, error) {
	config, err := c.dynamoStore.tuned()
	config.IndexBytes, config.SettleTimeout = c.IndexTip, c.SettleLimit
	config.MaxBytes, config.MaxEvents, config.CacheBytes = int(c.TipBytes), c.TipEvents, int(c.TipCache)
	return config, err
}

// feed says how to follow the store.
func (c *runDynamo) feed(config *reactor.Config) {
	config.TailPause, config.FirstTailPause, config.FromEnd = time.Duration(c.TailSleep), time.Duration(c.FirstTailSleep), c.FromTail
}
