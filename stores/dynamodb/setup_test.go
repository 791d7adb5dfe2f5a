package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
)

const secret = "do-not-print-me"

func TestConfigsThatAreRefused(t *testing.T) {
	t.Parallel()
	url := Config{ServiceURL: "http://localhost:8000", AccessKeyID: "id", SecretAccessKey: secret, Table: "hotel"}
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no table":                {func(c *Config) { c.Table = "" }, "no table is named"},
		"a bad table":             {func(c *Config) { c.Table = "a b" }, "table a b: the configuration cannot be used: a table's name has"},
		"a bad index table":       {func(c *Config) { c.IndexTable = "?" }, "table ?: "},
		"one table for both":      {func(c *Config) { c.IndexTable = "hotel" }, "a table of its own"},
		"nothing named":           {func(c *Config) { c.ServiceURL = "" }, "neither a region nor a service URL"},
		"a region and a URL":      {func(c *Config) { c.Region = "eu-west-1" }, "both a region (eu-west-1) and a service URL (http://localhost:8000) are given"},
		"no key":                  {func(c *Config) { c.AccessKeyID, c.SecretAccessKey = "", "" }, "needs an access key id"},
		"half a key":              {func(c *Config) { c.AccessKeyID = "" }, "only together"},
		"half a key and a region": {func(c *Config) { c.AccessKeyID, c.ServiceURL, c.Region = "", "", "eu-west-1" }, "only together"},
		"a client and a URL":      {func(c *Config) { c.Client = dynamotest.NewClient("", nil) }, "a client is given"},
		"a URL without a scheme":  {func(c *Config) { c.ServiceURL = "localhost:8000" }, "not one like"},
		"a URL with a password":   {func(c *Config) { c.ServiceURL = "http://user:" + secret + "@localhost" }, "without a user"},
		"a URL that is malformed": {func(c *Config) { c.ServiceURL = "http://" + secret + "\x7f" }, "the service URL has a blank or a line break around it, or a control character"},
		"negative max events":     {func(c *Config) { c.MaxEvents = -1 }, "max events -1"},
		"max bytes of a megabyte": {func(c *Config) { c.MaxBytes = 1 << 20 }, "max bytes 1048576"},
		"negative cache":          {func(c *Config) { c.CacheBytes = -1 }, "cache bytes -1"},
		"negative timeout":        {func(c *Config) { c.RequestTimeout = -1 }, "request timeout"},
	} {
		config := url
		test.change(&config)
		_, err := Open(within(t), config)
		_, initErr := Init(within(t), config, Provision{})
		for _, err := range []error{err, initErr} {
			setup, ok := errors.AsType[*SetupError](err)
			if !ok || setup.Problem != BadConfig || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got error %v, want one with %q", name, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells the secret: %v", name, err)
			}
		}
	}
}

// A config can be printed in any way without telling the secret.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	config := Config{SecretAccessKey: secret}
	text, err := json.Marshal(struct{ Key Secret }{config.SecretAccessKey})
	check.Must(t, err)
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v %s %q", config, config, config, config.SecretAccessKey, config.SecretAccessKey), string(text),
	} {
		if strings.Contains(printed, secret) || !strings.Contains(printed, redacted) {
			t.Errorf("got %s, want the secret left out", printed)
		}
	}
}

// The URL and the keys of a config reach the server.
func TestOpenByServiceURL(t *testing.T) {
	t.Parallel()
	db, err := Open(within(t), Config{
		ServiceURL: shared.URL(t), AccessKeyID: "id", SecretAccessKey: secret, Table: sharedTable,
	})
	check.Must(t, err)
	defer db.Close()
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	if got := mustRead(t, db.Store(), stream, 0); len(got) != 1 {
		t.Errorf("got %d events, want 1", len(got))
	}
	db.Close()
}

// What a client is given for, and what it stands for, reaches every request.
func TestTheClientGivenMakesAllRequests(t *testing.T) {
	t.Parallel()
	name := newName()
	check.Must(t, check.Error(Init(within(t), Config{Client: shared.Client(t, nil), Table: name}, Provision{})))
	db, transport := open(t, Config{Table: name})
	stream := newStream(t)
	mustAppend(t, db.Store(), stream, 0, newEvents(1)...)
	mustRead(t, db.Store(), stream, 0)
	backend, err := db.Backend(stream.Category())
	check.Must(t, err)
	check.Must(t, backend.Checkpoints.Save(within(t), feed.Key{Source: "s", Tranche: "0", Group: "g"}, 1))
	check.Must(t, check.Error(backend.Source.Read(within(t), "0", 0)))
	want := []string{"PutItem", "Query", "GetItem", "PutItem", "GetItem"}
	check.Same(t, "requests of the store, the checkpoints and the feed", want, transport.Taken())
	ctx, stop := context.WithCancel(within(t))
	transport.Script("GetRecords", dynamotest.Before(stop))
	check.Must(t, db.Indexer(IndexerConfig{}).Run(ctx))
	taken := transport.Taken()
	for _, operation := range []string{"DescribeTable", "DescribeStream", "GetShardIterator", "GetRecords", "GetItem", "PutItem"} {
		if !slices.Contains(taken, operation) {
			t.Errorf("got the requests %v of the indexer, want %s among them", taken, operation)
		}
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://dynamodb.eu-west-1.amazonaws.com":      "eu-west-1",
		"https://dynamodb.cn-north-1.amazonaws.com.cn/": "cn-north-1",
		"http://localhost:8000":                         "us-east-1",
	} {
		if got := signingRegion(url); got != want {
			t.Errorf("region of %s: got %s, want %s", url, got, want)
		}
	}
	client, release, err := Config{Region: "eu-north-1", AccessKeyID: "id", SecretAccessKey: secret}.connect(t.Context())
	check.Must(t, err)
	defer release()
	keys, err := client.Options().Credentials.Retrieve(t.Context())
	if got := client.Options().Region; err != nil || got != "eu-north-1" || keys.SecretAccessKey != secret {
		t.Errorf("got region %s and error %v, want eu-north-1 and the keys given", got, err)
	}
}

// What Init made is found by Open, and left alone by another Init.
func TestInit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		provision   Provision
		stream      types.StreamViewType
		again       Provision
		differences [][]string
	}{
		"on demand": {
			Provision{},
			types.StreamViewTypeNewImage,
			Provision{ReadUnits: 3, WriteUnits: 4, OldImages: true},
			[][]string{
				{"its stream is NEW_IMAGE, and not NEW_AND_OLD_IMAGES", "its throughput is on demand, and not 3 read and 4 write units"},
				{"its throughput is on demand, and not 3 read and 4 write units"},
			},
		},
		"provisioned": {
			Provision{ReadUnits: 3, WriteUnits: 4, OldImages: true},
			types.StreamViewTypeNewAndOldImages,
			Provision{},
			[][]string{
				{"its stream is NEW_AND_OLD_IMAGES, and not NEW_IMAGE", "its throughput is 3 read and 4 write units, and not on demand"},
				{"its throughput is 3 read and 4 write units, and not on demand"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{Client: shared.Client(t, nil), Table: newName()}
			index := config.Table + "-index"
			got, err := Init(within(t), config, test.provision)
			want := InitReport{Tables: []TableReport{{Name: config.Table, Created: true}, {Name: index, Created: true}}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("got error %v, report (-want +got):\n%s", err, diff)
			}
			for table, stream := range map[string]types.StreamViewType{config.Table: test.stream, index: ""} {
				found, err := describe(within(t), config.Client, table)
				if err != nil || streamView(found) != stream {
					t.Errorf("table %s: got stream %q and error %v, want %q", table, streamView(found), err, stream)
				}
			}
			db, err := Open(within(t), config)
			check.Must(t, err)
			db.Close()

			got, err = Init(within(t), config, test.provision)
			want = InitReport{Tables: []TableReport{{Name: config.Table}, {Name: index}}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("the same again: got error %v, report (-want +got):\n%s", err, diff)
			}
			got, err = Init(within(t), config, test.again)
			want.Tables[0].Differences, want.Tables[1].Differences = test.differences[0], test.differences[1]
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("otherwise again: got error %v, report (-want +got):\n%s", err, diff)
			}
			if text := got.String(); !strings.Contains(text, "nothing was changed, but "+test.differences[0][0]) {
				t.Errorf("got %s, want the differences in it", text)
			}
		})
	}
}

// Several that run Init at once agree on who created what.
func TestInitByManyAtOnce(t *testing.T) {
	t.Parallel()
	const runs = 4
	config := Config{Client: shared.Client(t, nil), Table: newName()}
	reports, errs := make(chan InitReport, runs), make(chan error, runs)
	for range runs {
		go func() {
			report, err := Init(within(t), config, Provision{})
			reports <- report
			errs <- err
		}()
	}
	created := 0
	for range runs {
		check.OK(t, <-errs)
		for _, table := range (<-reports).Tables {
			if table.Created {
				created++
			}
		}
	}
	check.Equal(t, "tables created", 2, created)
}

func TestInitRefusesHalfAThroughput(t *testing.T) {
	t.Parallel()
	config := Config{Client: dynamotest.NewClient("http://localhost:1", http.DefaultTransport), Table: "hotel"}
	for _, provision := range []Provision{{ReadUnits: 1}, {WriteUnits: 1}, {ReadUnits: -1, WriteUnits: -1}} {
		if _, err := Init(within(t), config, provision); !hasProblem(err, BadConfig) {
			t.Errorf("%+v: got error %v, want %s", provision, err, BadConfig)
		}
	}
}

func hasProblem(err error, want Problem) bool {
	setup, ok := errors.AsType[*SetupError](err)
	return ok && setup.Problem == want
}

// Open says what is wrong with tables, and what to do about it.
func TestTablesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	client := shared.Client(t, nil)
	foreign := newName()
	if _, err := client.CreateTable(within(t), &dynamodb.CreateTableInput{
		TableName: &foreign, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	}); err != nil {
		t.Fatal(err)
	}
	keysOnly, oldImages, off := newName(), newName(), newName()
	for name, view := range map[string]types.StreamViewType{keysOnly: types.StreamViewTypeKeysOnly, oldImages: types.StreamViewTypeOldImage, off: ""} {
		check.Must(t, dynamotest.CreateTable(within(t), client, name, view))
	}
	for name, test := range map[string]struct {
		config Config
		want   Problem
		text   string
	}{
		"no table":               {Config{Table: newName()}, MissingTable, "reactor init dynamo"},
		"no index table":         {Config{Table: sharedTable, IndexTable: newName()}, MissingTable, "reactor init dynamo"},
		"another key":            {Config{Table: foreign}, ForeignTable, "its key is id (S) HASH, and that of a table of streams is p (S) HASH, i (N) RANGE"},
		"another index key":      {Config{Table: sharedTable, IndexTable: foreign}, ForeignTable, "its key is id"},
		"no stream":              {Config{Table: off}, StreamOff, "its stream view is off"},
		"a stream of old images": {Config{Table: oldImages}, StreamOff, "its stream view is OLD_IMAGE, and without NEW_IMAGE"},
		"a stream of keys":       {Config{Table: keysOnly}, StreamOff, "its stream view is KEYS_ONLY"},
	} {
		test.config.Client = client
		_, err := Open(within(t), test.config)
		if !hasProblem(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got error %v, want %s with %q", name, err, test.want, test.text)
		}
	}
	if _, err := Init(within(t), Config{Client: client, Table: foreign}, Provision{}); !hasProblem(err, ForeignTable) {
		t.Errorf("init of a foreign table: got error %v, want %s", err, ForeignTable)
	}
}

// What keeps us from a server is told apart.
func TestServersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx   context.Context
		reply dynamotest.Reply
		want  Problem
	}{
		"nobody there":        {t.Context(), nil, Unreachable},
		"down":                {t.Context(), dynamotest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", nil), Unreachable},
		"no access":           {t.Context(), dynamotest.Refuse(http.StatusBadRequest, "AccessDeniedException", nil), AccessRefused},
		"unknown key":         {t.Context(), dynamotest.Refuse(http.StatusBadRequest, "UnrecognizedClientException", nil), AccessRefused},
		"something else":      {t.Context(), dynamotest.Refuse(http.StatusBadRequest, "ValidationException", nil), Unusable},
		"a context that ends": {ended, nil, Unusable},
	} {
		transport := &dynamotest.Transport{Next: &http.Transport{}}
		client := dynamodb.New(dynamotest.NewClient("http://127.0.0.1:1", transport).Options(), func(options *dynamodb.Options) {
			options.RetryMaxAttempts = 1
		})
		if test.reply != nil {
			transport.Script("", test.reply)
		}
		if _, err := Open(test.ctx, Config{Client: client, Table: "hotel"}); !hasProblem(err, test.want) {
			t.Errorf("%s: got error %v, want %s", name, err, test.want)
		}
	}
}

// A table that is not there any more is told by name.
func TestTableThatVanishes(t *testing.T) {
	t.Parallel()
	config := Config{Client: shared.Client(t, nil), Table: newName()}
	check.Must(t, check.Error(Init(within(t), config, Provision{})))
	db, _ := open(t, Config{Table: config.Table})
	check.Must(t, check.Error(config.Client.DeleteTable(within(t), &dynamodb.DeleteTableInput{TableName: &config.Table})))
	start := time.Now()
	_, err := db.Store().Append(within(t), newStream(t), 0, newEvents(1))
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || errors.As(err, new(*es.UncertainError)) {
		t.Errorf("got error %v after %v, want that there is no table", err, time.Since(start))
	}
}
