package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"example.com/groupcheckout/internal/reach"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Secret is a text that is not printed.
type Secret string

const redacted = "…"

// String implements [fmt.Stringer] and does not tell.
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer] and does not tell.
func (s Secret) GoString() string { return redacted }

// MarshalText keeps the text out of logs and JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Config says which tables to use, and how. A zero field means the default
// named with it.
//
// DynamoDB is named in one of three ways: by a Client, by a Region, or by a
// ServiceURL with both keys. Region without keys takes the credentials that
// the environment, the shared configuration files or the machine have. A Client
// makes all requests; those for the stream of changes, another service on AWS, go
// through its HTTP client, with its region, credentials and base endpoint.
type Config struct {
	Client          *dynamodb.Client
	Region          string // such as eu-west-1
	ServiceURL      string // such as http://localhost:8000
	AccessKeyID     string
	SecretAccessKey Secret

	Table      string // of the streams; required
	IndexTable string // of the feed and the checkpoints; default Table with -index behind

	MaxBytes   int // event bytes that a tip may hold before it calves; default 32 KiB
	MaxEvents  int // events that a tip may hold before it calves; default no limit
	IndexBytes int // event bytes that a tip of the index may hold; default 4 KiB. Each append to the index pays for all of it
	CacheBytes int // memory for the tips of streams, about; default 10 MiB

	Retries        int           // attempts after the first, for what may succeed then; default 9, negative for none
	RequestTimeout time.Duration // for each attempt; default 10 s
	SettleTimeout  time.Duration // how long to look for the outcome of an append whose reply was lost; default 5 s

	// RequireTLS refuses a server on another machine that is not spoken to with TLS.
	// Without it such a server is warned of. A Client is not looked at.
	RequireTLS bool

	BatchSize int          // spans after which a batch of the feed ends; default 100
	Logger    *slog.Logger // default none
}

const (
	indexSuffix       = "-index"
	defaultCacheBytes = 10 << 20
)

func (c Config) withDefaults() (Config, error) {
	if c.Table == "" {
		return c, &SetupError{Problem: BadConfig, Err: errors.New("no table is named")}
	}
	if c.IndexTable == "" {
		c.IndexTable = c.Table + indexSuffix
	}
	return c.indexDefaults()
}

// indexDefaults are the defaults for whoever works on the index and may do without
// the table of the streams.
func (c Config) indexDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return c, &SetupError{Problem: BadConfig, Err: err}
	}
	for _, name := range []string{c.Table, c.IndexTable} {
		if name != "" && !isTableName(name) {
			return c, &SetupError{Problem: BadConfig, Table: name, Err: errors.New(
				"a table's name has 3 to 255 letters, digits, underscores, dashes or dots")}
		}
	}
	if c.IndexTable == c.Table {
		return c, &SetupError{Problem: BadConfig, Table: c.Table, Err: errors.New("the index needs a table of its own")}
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

var tableCharacters = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)

// isTableName checks the length itself: a regular expression that did would add a
// millisecond to the start of the program.
func isTableName(name string) bool {
	return len(name) >= 3 && len(name) <= 255 && tableCharacters.MatchString(name)
}

func (c Config) check() error {
	if c.IndexTable == "" {
		return errors.New("no table of the index is named")
	}
	if c.CacheBytes < 0 || c.BatchSize < 0 {
		return fmt.Errorf("cache bytes %d and batch size %d must not be negative", c.CacheBytes, c.BatchSize)
	}
	for _, config := range []table.Config{c.tableConfig(), c.indexConfig()} {
		if _, err := config.WithDefaults(); err != nil {
			return err
		}
	}
	return c.checkServer()
}

// checkServer judges the ways in which DynamoDB is named.
func (c Config) checkServer() error {
	if c.Client != nil {
		if c.Region != "" || c.ServiceURL != "" || c.AccessKeyID != "" || c.SecretAccessKey != "" {
			return errors.New("a client is given, so a region, a service URL or keys would have no effect; leave them out")
		}
		return nil
	}
	for name, text := range map[string]string{
		"region": c.Region, "service URL": c.ServiceURL, "access key id": c.AccessKeyID, "secret access key": string(c.SecretAccessKey),
	} {
		// A signature of it would be wrong, and nothing would say why.
		if strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("the %s has a blank or a line break around it, or a control character inside: take it out", name)
		}
	}
	switch {
	case c.Region != "" && c.ServiceURL != "":
		return fmt.Errorf("both a region (%s) and a service URL (%s) are given, and only one can have an effect; leave one out",
			printableRegion(c.Region), printable(c.ServiceURL))
	case c.Region != "" && !isRegion(c.Region):
		return errors.New("the region is not one like eu-west-1")
	case c.Region == "" && c.ServiceURL == "":
		return errors.New("neither a region nor a service URL is given")
	case (c.AccessKeyID == "") != (c.SecretAccessKey == ""):
		return errors.New("an access key id and a secret access key are of use only together; give both or neither")
	case c.ServiceURL != "" && c.AccessKeyID == "":
		return errors.New("a service URL needs an access key id and a secret access key; DynamoDB Local takes any")
	}
	if c.ServiceURL != "" {
		parsed, err := url.Parse(c.ServiceURL)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil ||
			strings.ContainsAny(c.ServiceURL, "@?#") {
			return fmt.Errorf("the service URL %s is not one like http://localhost:8000, without a user", printable(c.ServiceURL))
		}
	}
	return nil
}

var regionCharacters = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func isRegion(name string) bool { return len(name) <= 63 && regionCharacters.MatchString(name) }

func printableRegion(region string) string {
	if isRegion(region) {
		return region
	}
	return redacted
}

// printable is a URL without what may be secret in it: its scheme and its host, if
// it is certain which part that is.
func printable(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || strings.Count(text, "@") > 0 && parsed.User == nil || strings.Contains(parsed.Path, "@") ||
		strings.ContainsAny(parsed.Host, "=;&") {
		return redacted
	}
	return parsed.Scheme + "://" + parsed.Host
}

// indexConfig is how the index is written, whatever the thresholds of the store are.
func (c Config) indexConfig() table.Config {
	config, usual := c.tableConfig(), index.TableConfig()
	config.MaxBytes, config.MaxEvents, config.QueryMaxItems = usual.MaxBytes, usual.MaxEvents, usual.QueryMaxItems
	if c.IndexBytes != 0 {
		config.MaxBytes = c.IndexBytes
	}
	return config
}

func (c Config) tableConfig() table.Config {
	return table.Config{
		MaxBytes: c.MaxBytes, MaxEvents: c.MaxEvents,
		Retries: c.Retries, RequestTimeout: c.RequestTimeout, SettleTimeout: c.SettleTimeout,
	}
}

// awsEndpoint is the host of DynamoDB in a region.
var awsEndpoint = regexp.MustCompile(`^dynamodb\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// signingRegion is the region that requests to a service URL are signed for.
// For a server that is not AWS it is the one that the .NET SDK takes.
func signingRegion(serviceURL string) string {
	if parsed, err := url.Parse(serviceURL); err == nil {
		if found := awsEndpoint.FindStringSubmatch(parsed.Hostname()); found != nil {
			return found[1]
		}
	}
	return "us-east-1"
}

// maxIdleConns is how many connections are kept for the next requests: so many as eight
// pieces of work use at once.
const maxIdleConns = 8 * callsAtOnce

// connect returns the client, and what closes its idle connections if they are
// ours.
func (c Config) connect(ctx context.Context) (client *dynamodb.Client, release func(), err error) {
	if c.Client != nil {
		return c.Client, func() {}, nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = maxIdleConns, maxIdleConns
	transport.DialContext = reach.Dialer(reach.Answer, reach.Receipt).DialContext
	shared := aws.Config{Region: signingRegion(c.ServiceURL)}
	if c.Region != "" {
		if shared, err = awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(c.Region)); err != nil {
			return nil, nil, &SetupError{Problem: BadConfig, Err: fmt.Errorf("load the configuration of the AWS SDK: %w", err)}
		}
	}
	shared.HTTPClient = &http.Client{Transport: transport}
	if c.AccessKeyID != "" {
		keys := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: string(c.SecretAccessKey)}
		shared.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
	}
	client = dynamodb.NewFromConfig(shared, func(options *dynamodb.Options) {
		if c.ServiceURL != "" {
			options.BaseEndpoint = &c.ServiceURL
		}
	})
	if err := c.checkEncryption(client.Options().BaseEndpoint, c.Logger); err != nil {
		return nil, nil, err
	}
	return client, transport.CloseIdleConnections, nil
}

// streamsClient reads the stream of changes, which on AWS is a service of its own at
// another address, with the credentials and the connections of the tables' client.
func streamsClient(tables *dynamodb.Client) *dynamodbstreams.Client {
	given := tables.Options()
	options := dynamodbstreams.Options{
		Region: given.Region, Credentials: given.Credentials, HTTPClient: given.HTTPClient, BaseEndpoint: given.BaseEndpoint,
		Retryer: aws.NopRetryer{}, // the reader of the stream makes its own retries
	}
	if given.BaseEndpoint != nil {
		if parsed, err := url.Parse(*given.BaseEndpoint); err == nil && awsEndpoint.MatchString(parsed.Hostname()) {
			options.BaseEndpoint = nil
		}
	}
	return dynamodbstreams.New(options)
}
