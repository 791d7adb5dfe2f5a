//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"example.com/groupcheckout/checkout"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/stores/dynamodb"
)

// dynamoGroup is the consumer group of these tests, each of which has tables of
// its own.
const dynamoGroup = "test"

// ownTables makes tables of the test's own as an operator does, with reactor
// init, and removes them in the end. It returns the variables with which commands
// find them.
func ownTables(t testing.TB) map[string]string {
	t.Helper()
	server := dynamoDBServer.Require(t)
	table := "reactor-test-" + uuid.NewString()
	env := map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL":       server.ServiceURL,
		"EQUINOX_DYNAMO_ACCESS_KEY_ID":     server.AccessKeyID,
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY": secret, // DynamoDB Local takes any
		"EQUINOX_DYNAMO_TABLE":             table,
	}
	status, out, errors := call(t, env, "init", "dynamo")
	if want := fmt.Sprintf("created the table %s\ncreated the table %[1]s-index\n", table); status != statusDone || out != want {
		t.Fatalf("reactor init dynamo: got status %d, %q and %q, want 0 and %q", status, out, errors, want)
	}
	t.Cleanup(func() {
		client := dynamoClient(t, env)
		for _, name := range []string{table, table + "-index"} {
			deleteTable(t, client, name)
		}
	})
	return env
}

// dynamoClient is a plain client of the server that variables name.
func dynamoClient(t testing.TB, env map[string]string) *awsdynamodb.Client {
	t.Helper()
	url := env["EQUINOX_DYNAMO_SERVICE_URL"]
	return awsdynamodb.New(awsdynamodb.Options{
		BaseEndpoint: &url, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: env["EQUINOX_DYNAMO_ACCESS_KEY_ID"], SecretAccessKey: secret}, ctx.Err()
		}),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

func deleteTable(t testing.TB, client *awsdynamodb.Client, name string) {
	t.Helper()
	check.OKf(t, check.Error(client.DeleteTable(within(t), &awsdynamodb.DeleteTableInput{TableName: &name})), "remove the table %s", name)
}

// dynamoConfig is the configuration that variables stand for.
func dynamoConfig(env map[string]string) dynamodb.Config {
	return dynamodb.Config{
		ServiceURL:      env["EQUINOX_DYNAMO_SERVICE_URL"],
		AccessKeyID:     env["EQUINOX_DYNAMO_ACCESS_KEY_ID"],
		SecretAccessKey: dynamodb.Secret(env["EQUINOX_DYNAMO_SECRET_ACCESS_KEY"]),
		Table:           env["EQUINOX_DYNAMO_TABLE"],
		IndexTable:      env["EQUINOX_DYNAMO_TABLE"] + "-index",
	}
}

// openDynamoHotel opens the hotel on the tables of a test.
func openDynamoHotel(t testing.TB, env map[string]string) *hotel {
	t.Helper()
	db, err := dynamodb.Open(within(t), dynamoConfig(env))
	check.Must(t, err)
	backend, err := db.Backend(checkout.Categories()...)
	check.Must(t, err)
	return newHotel(t, backend, "0")
}

// startRunDynamo starts reactor run dynamo and waits until it is ready. It
// returns the address of its status page too.
func startRunDynamo(t testing.TB, env map[string]string, flags ...string) (p *process, address string) {
	t.Helper()
	p = start(t, env, append([]string{
		"run", "-g", dynamoGroup, "--log-format", "json", "--listen", "127.0.0.1:0", "--checkpoint-interval", "1h", // so it is the stop that saves
		"dynamo", "--tail-sleep", "20",
	}, flags...)...)
	address = p.awaitLog(t, "serving the status page")["address"].(string)
	p.awaitLog(t, "ready")
	return p, address
}

// stopped ends a process with SIGTERM and makes sure that it ended in order and
// gave no secret away.
func stopped(t testing.TB, p *process) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if ended := p.awaitEnd(t); ended.ExitStatus() != statusDone {
		t.Errorf("got status %d after SIGTERM, want 0", ended.ExitStatus())
	}
	if !strings.Contains(p.output(), `"msg":"stopped`) {
		t.Error("got no word of the stop in the log")
	}
	if strings.Contains(p.output(), secret) {
		t.Error("the log gives the secret away")
	}
}

func TestRunOnDynamoDBMergesAndStopsInOrder(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	p, address := startRunDynamo(t, env, "--with-indexer")
	stays := h.receive(t, 3)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	var done int64
	eventually(t, "all is indexed and completed", func() bool {
		done = int64(h.end(t))
		return done > 0 && statusOf(t, address).Tranches[0].Completed >= done
	})
	eventually(t, "the lag is known", func() bool {
		_, body := get(t, "http://"+address+"/metrics")
		return strings.Contains(body, `index_lag_seconds{partition="0"}`)
	})
	_, metrics := get(t, "http://"+address+"/metrics")
	check.Contains(t, metrics, `index_events_total{partition="0"}`, `dynamodb_units_total{operation="UpdateItem",table="`+env["EQUINOX_DYNAMO_TABLE"], `dynamodb_throttled_total{operation="GetItem"`, "reactor_running 1")
	if _, body := get(t, "http://"+address+"/"); !strings.Contains(body, "<h2>Index</h2>") || !strings.Contains(body, "lag at most") {
		t.Errorf("the status page: got %s, want the lag of the index", body)
	}
	stopped(t, p)
	if position, _ := h.checkpoint(t, dynamoGroup); int64(position) < done {
		t.Errorf("got the checkpoint %d after SIGTERM, want %d or more", position, done)
	}

	// What happens while it is down is waiting for the next.
	more := h.receive(t, 2)
	group := h.selectStays(t, more)
	p, _ = startRunDynamo(t, env, "--with-indexer")
	h.awaitMerged(t, group, more)
	stopped(t, p)
}

func TestIndexersTakeTurnsAndTellHowTheyAreDoing(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	index := func() *process { return start(t, env, "index", "dynamo", "--log-format", "json") }
	reactor, _ := startRunDynamo(t, env)
	first := index()
	owner := first.awaitLog(t, "the lease is held")["indexer"].(string)
	stays := h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	eventually(t, "the status names the indexer and its lag", func() bool {
		out := indexStatus(t, env)
		return strings.Contains(out, owner) && !strings.Contains(out, "unknown")
	})

	second := index()
	second.awaitLog(t, "starting")
	stopped(t, first)
	next := second.awaitLog(t, "the lease is held")["indexer"].(string)
	if next == owner {
		t.Errorf("got the indexer %s twice, want two", next)
	}
	stays = h.receive(t, 2)
	h.awaitMerged(t, h.selectStays(t, stays), stays)
	stopped(t, second)
	if out := indexStatus(t, env); !strings.Contains(out, "No indexer of this program is at work") {
		t.Errorf("got the status %q, want that no indexer is at work", out)
	}
	stopped(t, reactor)
}

func indexStatus(t testing.TB, env map[string]string) string {
	t.Helper()
	status, out, errors := call(t, env, "index", "dynamo", "--status")
	if status != statusDone || errors != "" {
		t.Fatalf("index dynamo --status: got status %d and %q, want 0 and no error", status, errors)
	}
	return out
}

func TestCheckpointShowsAndSetsOnDynamoDB(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	p := start(t, env, "index", "dynamo", "--log-format", "json")
	h.selectStays(t, h.receive(t, 1)) // so that the feed is not empty
	eventually(t, "something is indexed", func() bool { return h.end(t) > 0 })
	stopped(t, p)
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, statusDone, "is the name right?"},
		{[]string{"--tranche", "1"}, statusConfiguration, `there is no tranche "1"; the feed has ["0"]`},
		{[]string{"-p", "1"}, statusDone, "none -> 1 (the feed ends at "},
		{[]string{"-p", "3000000"}, statusConfiguration, "--force"},
		{[]string{"--tranche", "0", "-p", "0"}, statusDone, "1 -> 0 (the feed ends at "},
		{nil, statusDone, "dynamoStore   0         0 "},
	} {
		status, out, errors := call(t, env, append([]string{"checkpoint", "dynamo", "-g", dynamoGroup}, test.args...)...)
		if status != test.status || !strings.Contains(out+errors, test.want) {
			t.Errorf("%v: got status %d, %q and %q, want %d and %q", test.args, status, out, errors, test.status, test.want)
		}
	}
	status, _, errors := call(t, env, "checkpoint", "dynamo", "-g", "with_underscore")
	if status != statusConfiguration || !strings.Contains(errors, "underscore") {
		t.Errorf("a group with an underscore: got status %d and %q, want 1 and why", status, errors)
	}
}

func TestInitAgainChangesNothingOnDynamoDB(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	status, out, errors := call(t, env, "init", "dynamo", "--streaming", "newandold")
	if status != statusDone || strings.Count(out, "nothing was changed") != 2 || !strings.Contains(out, "its stream is NEW_IMAGE, and not NEW_AND_OLD_IMAGES") {
		t.Errorf("got status %d, %q and %q, want 0, that both were found, and the difference", status, out, errors)
	}
}

func TestMissingTablesAreExplained(t *testing.T) {
	t.Parallel()
	server := dynamoDBServer.Require(t)
	env := map[string]string{
		"EQUINOX_DYNAMO_SERVICE_URL": server.ServiceURL, "EQUINOX_DYNAMO_ACCESS_KEY_ID": server.AccessKeyID,
		"EQUINOX_DYNAMO_SECRET_ACCESS_KEY": secret, "EQUINOX_DYNAMO_TABLE": "reactor-test-missing",
	}
	for _, args := range [][]string{{"run", "-g", "x"}, {"checkpoint", "-g", "x"}, {"index"}, {"index", "--status"}} {
		status, _, errors := call(t, env, append(args, "dynamo")...)
		if status != statusConfiguration || !strings.Contains(errors, "reactor init dynamo") || strings.Contains(errors, secret) {
			t.Errorf("%v: got status %d and %q, want 1, reactor init dynamo, and no secret", args, status, errors)
		}
	}
}

func TestTheDemoRunsOnDynamoDB(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	address := fmt.Sprintf("dynamodb+http://%s:%s@%s/%s", env["EQUINOX_DYNAMO_ACCESS_KEY_ID"], secret,
		strings.TrimPrefix(env["EQUINOX_DYNAMO_SERVICE_URL"], "http://"), env["EQUINOX_DYNAMO_TABLE"])
	status, out, errors := call(t, nil, "demo", "--groups", "5", "--stays", "3", "--store", address, "--quiet")
	if status != statusDone || !strings.Contains(out, "5  groups confirmed of 5") || strings.Contains(out+errors, secret) {
		t.Errorf("got status %d, %q and %q, want 0, five groups, and no secret", status, out, errors)
	}
}

// TestAMissingIndexerIsSeen has nobody who makes what the feed is read from.
func TestAMissingIndexerIsSeen(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	p := start(t, env, "run", "-g", dynamoGroup, "--log-format", "json", "--listen", "127.0.0.1:0", "--checkpoint-interval", "500ms", "dynamo")
	address := p.awaitLog(t, "serving the status page")["address"].(string)
	p.awaitLog(t, "ready")
	h.selectStays(t, h.receive(t, 1))
	eventually(t, "the page says that nothing is indexed", func() bool {
		_, body := get(t, "http://"+address+"/metrics")
		return strings.Contains(body, `reactor_feed_silent{tranche="0"} 1`)
	})
	tried.Times(t, "DynamoDB Local", "indexers that were missing", 1)
}
