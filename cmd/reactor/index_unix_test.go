//go:build unix

package main

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"example.com/groupcheckout/domain"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/tried"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb"
)

// replaceStream switches the stream of a table off and on again, so that what was
// written before is in no stream.
func replaceStream(t testing.TB, client *awsdynamodb.Client, table string) {
	t.Helper()
	began := time.Now()
	eventually(t, "the table is older than its next stream", func() bool { return time.Since(began) > 3*time.Second })
	for _, on := range []bool{false, true} {
		spec := &types.StreamSpecification{StreamEnabled: &on}
		if on {
			spec.StreamViewType = types.StreamViewTypeNewImage
		}
		check.Mustf(t, check.Error(client.UpdateTable(within(t), &awsdynamodb.UpdateTableInput{TableName: &table, StreamSpecification: spec})), "switch the stream on (%t)", on)
	}
}

var lossNamed = regexp.MustCompile(`--accept-loss ([0-9a-f]+)`)

func TestATableWithAPastIsAdopted(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	stays := h.receive(t, 3)
	group := h.selectStays(t, stays)
	replaceStream(t, dynamoClient(t, env), env["EQUINOX_DYNAMO_TABLE"])

	// Nobody begins without the past, and nobody says that all is well.
	for _, args := range [][]string{{"index", "dynamo"}, {"run", "-g", dynamoGroup, "dynamo", "--with-indexer"}} {
		status, _, errors := call(t, env, args...)
		if status != statusConfiguration || !strings.Contains(errors, "its index "+env["EQUINOX_DYNAMO_TABLE"]+"-index is empty") ||
			!strings.Contains(errors, "reactor index dynamo --rebuild") || !lossNamed.MatchString(errors) {
			t.Errorf("%v: got status %d and %q, want 1, why, and what to do", args, status, errors)
		}
	}
	status, out, _ := call(t, env, "audit", "--quiet", "dynamo")
	if want := fmt.Sprintf("index: %s has 1 event, and the index has none of them", h.groups.Stream(group)); status != statusAudit ||
		!strings.Contains(out, want) || !strings.Contains(out, "4 violations:") || !strings.Contains(out, "3  stays") {
		t.Errorf("reactor audit: got status %d and %q, want 3 and %q", status, out, want)
	}

	status, out, errors := call(t, env, "index", "dynamo", "--rebuild", "--rate", "1000")
	if want := "4 of 4 parts of the table read: 4 items, 4 streams with 7 events; the index lacked something of 4 streams, and got 7 events\n"; status != statusDone || out != want {
		t.Fatalf("reactor index --rebuild: got status %d, %q and %q, want 0 and %q", status, out, errors, want)
	}
	p, _ := startRunDynamo(t, env, "--with-indexer")
	h.awaitMerged(t, group, stays)
	if status, out, _ := call(t, env, "audit", "--quiet", "dynamo"); status != statusDone {
		t.Errorf("reactor audit: got status %d and %q, want that the books balance", status, out)
	}
	stopped(t, p)
}

// The table of events comes back as it was some time ago, and its index does not.
func TestARestoreOfTheTableAloneIsFound(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	client, table := dynamoClient(t, env), env["EQUINOX_DYNAMO_TABLE"]
	guests := h.receive(t, 2)
	backup := scan(t, client, table)
	p, _ := startRunDynamo(t, env, "--with-indexer")
	group := h.selectStays(t, guests)
	h.awaitMerged(t, group, guests)
	call(t, env, "audit", "--quiet", "dynamo") // waits for the indexer
	stopped(t, p)

	deleteTable(t, client, table)
	if status, _, errors := call(t, env, "init", "dynamo"); status != statusDone {
		t.Fatal(errors)
	}
	for _, item := range backup {
		check.Must(t, check.Error(client.PutItem(within(t), &awsdynamodb.PutItemInput{TableName: &table, Item: item})))
	}
	status, out, _ := call(t, env, "audit", "--quiet", "dynamo")
	for _, want := range []string{
		fmt.Sprintf("index: %s has 2 events, and the index knows 3: the table was set back without its index", h.stays.Stream(guests[0])),
		fmt.Sprintf("index: %s has 0 events, and the index knows 2", h.groups.Stream(group)),
	} {
		if status != statusAudit || !strings.Contains(out, want) {
			t.Errorf("reactor audit: got status %d and %q, want 3 and %q", status, out, want)
		}
	}
	if status, _, errors := call(t, env, "index", "dynamo"); status != statusConfiguration || !strings.Contains(errors, "the table has another one now") {
		t.Errorf("reactor index: got status %d and %q, want 1 and that the stream was replaced", status, errors)
	}
	if status, _, errors := call(t, env, "index", "dynamo", "--rebuild"); status != statusConfiguration || !strings.Contains(errors, "begin with an empty index and rebuild it") {
		t.Errorf("reactor index --rebuild: got status %d and %q, want 1 and the way out", status, errors)
	}

	// The way out.
	deleteTable(t, client, table+"-index")
	for _, args := range [][]string{{"init", "dynamo"}, {"index", "dynamo", "--rebuild"}} {
		if status, _, errors := call(t, env, args...); status != statusDone {
			t.Fatalf("%v: %s", args, errors)
		}
	}
	h = openDynamoHotel(t, env) // one that remembers nothing
	p, _ = startRunDynamo(t, env, "--with-indexer")
	h.awaitMerged(t, h.selectStays(t, guests), guests)
	if status, out, _ := call(t, env, "audit", "--quiet", "dynamo"); status != statusDone {
		t.Errorf("reactor audit: got status %d and %q, want that the books balance", status, out)
	}
	stopped(t, p)
}

func scan(t testing.TB, client *awsdynamodb.Client, table string) (all []map[string]types.AttributeValue) {
	t.Helper()
	pages := awsdynamodb.NewScanPaginator(client, &awsdynamodb.ScanInput{TableName: aws.String(table)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(within(t))
		check.Must(t, err)
		all = append(all, page.Items...)
	}
	return all
}

// guestsArrive has guests arrive until the function that it returns is called, which
// waits for the last.
func (h *hotel) guestsArrive(t testing.TB) (stop func()) {
	t.Helper()
	return repeatedly(func(int) { h.receive(t, 1) })
}

// repeatedly does something again and again until the function that it returns is
// called, which waits for its end.
func repeatedly(do func(n int)) (stop func()) {
	done := make(chan struct{})
	var doing sync.WaitGroup
	doing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
				do(n)
			}
		}
	})
	return func() {
		close(done)
		doing.Wait()
	}
}

// checkIndexed makes sure that the index has each event of the table once, in the order
// of its stream.
func checkIndexed(t testing.TB, env map[string]string) {
	t.Helper()
	index := start(t, env, "index", "dynamo", "--log-format", "json")
	status, out, errors := call(t, env, "audit", "--quiet", "dynamo")
	stopped(t, index)
	if status != statusDone {
		t.Errorf("reactor audit: got status %d, %q and %q, want that all is indexed", status, out, errors)
	}
	db, err := dynamodb.Open(within(t), dynamoConfig(env))
	check.Must(t, err)
	defer db.Close()
	source, err := db.Source(auditedCategories()...)
	check.Must(t, err)
	next, again := map[es.StreamName]es.Version{}, 0
	for at, tail := feed.Position(0), false; !tail; {
		batch, err := source.Read(within(t), "0", at)
		check.Must(t, err)
		for _, d := range batch.Events {
			switch {
			case d.Event.Index > next[d.Stream]:
				t.Errorf("got event %d of %s, want %d first", d.Event.Index, d.Stream, next[d.Stream])
			case d.Event.Index < next[d.Stream]:
				again++
			}
			next[d.Stream] = max(next[d.Stream], d.Event.Index+1)
		}
		at, tail = batch.Next, batch.Tail
	}
	if again > 0 {
		t.Errorf("got %d events of %d streams again, want each once", again, len(next))
	}
	t.Logf("%d streams", len(next))
}

// indexers is two of them.
func indexers(t testing.TB, env map[string]string, flags ...string) (holder, waiting *process) {
	t.Helper()
	args := append([]string{"index", "dynamo", "--log-format", "json"}, flags...)
	holder = start(t, env, args...)
	holder.awaitLog(t, "the lease is held")
	waiting = start(t, env, args...)
	waiting.awaitLog(t, "starting")
	return holder, waiting
}

// hasty are the flags of indexers that take over from each other soon.
func hasty() []string { return []string{"--index-lease", "1", "--index-poll", "100"} }

// asleep is how long an indexer sleeps at least. Without it a lease of a second is
// outlasted; with it, a minute say, the one that an operator has who gives no flags.
var asleep = flag.Duration("asleep", 0, "how long an indexer sleeps at least, with the usual lease") //nolint:gochecknoglobals // a flag of the test binary

func TestAnIndexerThatSleptDoesNoHarm(t *testing.T) {
	t.Parallel()
	flags := hasty()
	if *asleep > 0 {
		flags = nil
	}
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	stop := h.guestsArrive(t)
	holder, waiting := indexers(t, env, flags...)
	const sleeps = 3
	tried.Times(t, "DynamoDB Local", "indexers that slept longer than their lease", sleeps)
	for range sleeps {
		eventually(t, "something is indexed", func() bool { return h.end(t) > 0 })
		holder.signal(t, syscall.SIGSTOP)
		awake := time.After(*asleep)
		waiting.awaitLog(t, "the lease is held")
		at := h.end(t)
		eventually(t, "the other one indexes", func() bool { return h.end(t) > at })
		<-awake
		holder.signal(t, syscall.SIGCONT)
		holder.awaitLog(t, "the indexer stopped and will be started again")
		holder, waiting = waiting, holder
	}
	stop()
	stopped(t, waiting)
	stopped(t, holder)
	checkIndexed(t, env)
}

func TestIndexersThatAreKilledLeaveTheIndexExact(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	stop := h.guestsArrive(t)
	holder, waiting := indexers(t, env, hasty()...)
	var held []string
	const kills = 20
	tried.Times(t, "DynamoDB Local", "indexers that were killed", kills)
	for range kills {
		at := h.end(t)
		eventually(t, "something is indexed", func() bool { return h.end(t) > at })
		holder.signal(t, syscall.SIGKILL)
		held = append(held, waiting.awaitLog(t, "the lease is held")["indexer"].(string))
		holder = waiting
		waiting = start(t, env, append([]string{"index", "dynamo", "--log-format", "json"}, hasty()...)...)
	}
	waiting.awaitLog(t, "starting")
	stop()
	stopped(t, waiting)
	stopped(t, holder)
	if slices.Sort(held); len(slices.Compact(held)) != kills {
		t.Errorf("got the holders %q, want %d", held, kills)
	}
	checkIndexed(t, env)
}

// adoptedStays have five events each: with 20,000 a table of 100,000 events is adopted,
// which takes DynamoDB Local some minutes.
var adoptedStays = flag.Int("adopted-stays", 1000, "how many stays a table has that is adopted") //nolint:gochecknoglobals // a flag of the test binary

// A table without an index is adopted while clerks and an indexer work: every event
// once.
func TestATableIsAdoptedWhileEverybodyWorks(t *testing.T) {
	t.Parallel()
	env := ownTables(t)
	h := openDynamoHotel(t, env)
	client, table := dynamoClient(t, env), env["EQUINOX_DYNAMO_TABLE"]
	tried.Times(t, "DynamoDB Local", "stays of five events adopted", *adoptedStays)
	old := oldStays(t, client, table, *adoptedStays)
	replaceStream(t, client, table)
	_, _, errors := call(t, env, "index", "dynamo")
	accept := lossNamed.FindStringSubmatch(errors)
	if accept == nil {
		t.Fatalf("got %q, want a loss to accept", errors)
	}
	indexer := start(t, env, "index", "dynamo", "--log-format", "json", "--accept-loss", accept[1])
	indexer.awaitLog(t, "the lease is held")
	pace := time.NewTicker(20 * time.Millisecond) // or the server would do nothing else
	defer pace.Stop()
	stopGuests := repeatedly(func(int) {
		<-pace.C
		h.receive(t, 1)
	})
	stopCharges := repeatedly(func(n int) {
		<-pace.C
		check.OK(t, h.stays.Charge(within(t), old[n*37%len(old)], domain.ChargeID(uuid.New()), domain.MoneyOf(1), moment()))
	})
	began := time.Now()
	status, out, errors := call(t, env, "index", "dynamo", "--rebuild")
	t.Logf("%s (%v)", strings.TrimSpace(out), time.Since(began).Round(time.Second))
	stopCharges()
	stopGuests()
	if status != statusDone || !strings.Contains(out, "4 of 4 parts") {
		t.Errorf("reactor index --rebuild: got status %d, %q and %q, want 0", status, out, errors)
	}
	stopped(t, indexer)
	checkIndexed(t, env)
}

// oldStays writes stays of five events each, in no time.
func oldStays(t testing.TB, client *awsdynamodb.Client, table string, count int) []domain.StayID {
	t.Helper()
	const at = "2026-11-28T04:33:27.1690584+00:00"
	stays := make([]domain.StayID, count)
	var batch []types.WriteRequest
	for n := range stays {
		stays[n] = domain.StayID(uuid.New())
		var names, events []types.AttributeValue
		for i := range 5 {
			name, body := "CheckedIn", `{"at":"`+at+`"}`
			if i > 0 {
				name, body = "Charged", `{"amount":10,"at":"`+at+`","chargeId":"`+uuid.NewString()+`"}`
			}
			names = append(names, &types.AttributeValueMemberS{Value: name})
			events = append(events, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"t": &types.AttributeValueMemberS{Value: at}, "d": &types.AttributeValueMemberB{Value: []byte(body)},
			}})
		}
		number := func(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
		batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
			"p": &types.AttributeValueMemberS{Value: "GuestStay-" + stays[n].N()}, "i": number("2147483647"), "b": number("0"), "n": number("5"), "a": number("5"),
			"etag": &types.AttributeValueMemberS{Value: uuid.NewString()},
			"c":    &types.AttributeValueMemberL{Value: names}, "e": &types.AttributeValueMemberL{Value: events},
		}}})
		if len(batch) == 25 || n == count-1 {
			out, err := client.BatchWriteItem(within(t), &awsdynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}})
			if err != nil || len(out.UnprocessedItems) > 0 {
				t.Fatalf("write stays: %v, and %d were left", err, len(out.UnprocessedItems))
			}
			batch = nil
		}
	}
	return stays
}
