package index_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/harness/provision/provisiontest"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
	"example.com/groupcheckout/stores/dynamodb/internal/index"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
	"example.com/groupcheckout/stores/storetest"
)

// These tests run against DynamoDB Local and its streams.

// shared is the server of these tests.
//
//nolint:gochecknoglobals // a server takes seconds to come up
var shared = dynamotest.Share(func(context.Context, *sdk.Client) error { return nil })

func TestMain(m *testing.M) { os.Exit(provisiontest.Main(m, shared)) }

func streamsClient(url string, transport http.RoundTripper) *dynamodbstreams.Client {
	return dynamodbstreams.New(dynamodbstreams.Options{
		Region: "eu-central-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}

// hotel is a pair of tables.
type hotel struct {
	url   string
	name  string
	arn   string
	db    *dynamodb.DB
	index *table.Table
}

// within returns a context that ends when the test's patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	return provisiontest.Within(t)
}

func mustTable(t testing.TB, client *sdk.Client, name string, config table.Config) *table.Table {
	t.Helper()
	tab, err := table.New(client, name, config)
	check.Must(t, err)
	return tab
}

// newHotel creates tables whose tips calve after a few events.
func newHotel(t testing.TB, maxEvents int) *hotel {
	t.Helper()
	h := &hotel{url: shared.URL(t), name: "Test" + strings.ReplaceAll(uuid.NewString(), "-", "")}
	client := dynamotest.NewClient(h.url, shared.Network)
	config := dynamodb.Config{Client: client, Table: h.name, MaxEvents: maxEvents}
	check.Must(t, check.Error(dynamodb.Init(within(t), config, dynamodb.Provision{})))
	var err error
	if h.db, err = dynamodb.Open(within(t), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.db.Close)
	found, err := client.DescribeTable(within(t), &sdk.DescribeTableInput{TableName: &h.name})
	check.Must(t, err)
	h.arn = aws.ToString(found.Table.LatestStreamArn)
	h.index = mustTable(t, client, h.name+"-index", index.TableConfig())
	return h
}

// network may die.
type network struct {
	http.RoundTripper
	dead atomic.Bool
}

var errDead = errors.New("the network is dead")

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	if n.dead.Load() {
		return nil, errDead
	}
	return n.RoundTripper.RoundTrip(request)
}

func (h *hotel) indexer(t testing.TB, through http.RoundTripper, ttl time.Duration, limits index.Limits) *index.Indexer {
	t.Helper()
	client := dynamotest.NewClient(h.url, through)
	quick := table.Config{MaxBytes: 2048, Retries: 2, SettleTimeout: 100 * time.Millisecond}
	x, err := index.NewIndexer(streamsClient(h.url, through), h.arn, mustTable(t, client, h.name, quick), mustTable(t, client, h.name+"-index", quick),
		index.IndexerConfig{
			Ingest: index.IngesterConfig{Limits: limits}, Shards: shards.Config{PageSize: 10, Retries: 1, MaxPause: 64 * time.Millisecond},
			TTL: ttl, Poll: 10 * time.Millisecond, Complete: true,
		})
	check.Must(t, err)
	return x
}

// TestConformance runs the suite of all stores on the store, with its feed from
// the index and its checkpoints. With small tips it meets calves everywhere.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, maxEvents := range map[string]int{"large tips": 0, "tips of three events": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testConformance(t, newHotel(t, maxEvents))
		})
	}
}

func testConformance(t *testing.T, h *hotel) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	x := h.indexer(t, shared.Network, time.Minute, index.Limits{})
	go func() { done <- x.Run(ctx) }()
	defer func() {
		stop()
		check.OKf(t, <-done, "the indexer ended")
	}()
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, storetest.Fixture{
			Store: h.db.Store(),
			Source: func(batchSize int, categories ...string) (feed.Source, error) {
				return index.NewSource(h.index, index.SourceConfig{BatchSize: batchSize}, categories...)
			},
			Checkpoints: func() (feed.Checkpoints, error) { return index.NewCheckpoints(h.index), nil },
		})
	})
}

// TestEndToEnd has writers at work, and indexers that are stopped and killed at
// places that the progress of the feed determines.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	const writers, rounds = 6, 25
	h := newHotel(t, 2)
	ctx := within(t)
	want := map[es.StreamName]es.Version{}
	var group sync.WaitGroup
	for i := range writers {
		stream, err := es.NewStreamName("A", fmt.Sprint(i))
		check.Must(t, err)
		group.Go(func() {
			for version, round := es.Version(0), 0; round < rounds; round++ {
				var err error
				if version, err = h.db.Store().Append(ctx, stream, version, storetest.NewEvents(1+2*(round%2))); err != nil {
					t.Error(err)
					return
				}
			}
		})
		want[stream] = es.Version(rounds + 2*(rounds/2))
	}
	source, err := index.NewSource(h.index, index.SourceConfig{BatchSize: 10}, "A")
	check.Must(t, err)
	f := &follower{source: source, next: map[es.StreamName]es.Version{}, want: want}
	for total := 0; !f.complete(); total += 40 {
		net := &network{RoundTripper: shared.Network}
		x := h.indexer(t, net, 2*time.Second, index.Limits{Version: 3})
		running, stop := context.WithCancel(ctx)
		ended, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			defer end()
			done <- x.Run(running)
		}()
		if err := f.read(ended, total+40); err != nil && ctx.Err() != nil {
			t.Error(err)
		}
		kill := total/40%2 == 0
		net.dead.Store(kill)
		stop()
		// A slow machine may take the lease away from an indexer that lives.
		if err := <-done; err != nil && !errors.Is(err, errDead) {
			t.Log(err)
			if _, ok := errors.AsType[*index.LeaseLostError](err); !ok {
				t.Error("want no error but the loss of the lease")
			}
		}
		check.Equal(t, "gaps", 0, x.Stats().Ingested.Gaps)
		if t.Failed() {
			break
		}
	}
	group.Wait()
	t.Logf("%d events came again", f.again)
	all, err := index.ReadStatus(ctx, h.index)
	if err != nil || len(all) != 1 || all[0].Epoch == 0 || all[0].Shards == 0 {
		t.Errorf("got the status %+v and error %v, want one partition beyond epoch 0, and shards", all, err)
	}
}

// follower reads a feed and checks its order.
type follower struct {
	source       feed.Source
	from         feed.Position
	next, want   map[es.StreamName]es.Version
	count, again int
}

func (f *follower) complete() bool {
	for stream, n := range f.want {
		if f.next[stream] < n {
			return false
		}
	}
	return true
}

// read reads until so many events came in all, or all that there are.
func (f *follower) read(ctx context.Context, until int) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for f.count < until && !f.complete() {
		batch, err := f.source.Read(ctx, "0", f.from)
		if err != nil {
			return fmt.Errorf("%w; so far came %d events: %v", err, f.count, f.next)
		}
		for _, d := range batch.Events {
			switch at := f.next[d.Stream]; {
			case d.Event.Index < at:
				f.again++
			case d.Event.Index > at || at >= f.want[d.Stream]:
				return fmt.Errorf("got event %d of %s, want %d, of %d", d.Event.Index, d.Stream, at, f.want[d.Stream])
			default:
				f.next[d.Stream]++
				f.count++
			}
		}
		if f.from = batch.Next; !batch.Tail {
			continue
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return nil
}
