package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/dynamotest"
	"example.com/groupcheckout/stores/dynamodb/internal/faketable"
)

// ownTable returns a table that no other test writes to.
func ownTable(t testing.TB, config Config) (*Table, *dynamodb.Client) {
	t.Helper()
	client, name := shared.Client(t, nil), "scan-"+uuid.NewString()
	check.Must(t, dynamotest.CreateTable(within(t), client, name, ""))
	tab, err := New(client, name, config)
	check.Must(t, err)
	return tab, client
}

// A scan visits each stream once, with all of its calves, whatever the pages and parts.
func TestAScanVisitsEveryStreamOnce(t *testing.T) {
	t.Parallel()
	tab, client := ownTable(t, Config{MaxEvents: 3})
	want := map[string]int{}
	for n := 1; n <= 12; n++ {
		stream := streamOf(t, fmt.Sprintf("A-%d", n))
		tip := NoTip(stream)
		for i := range n {
			tip = mustAppend(t, tab, tip, Write{Events: numbered(i, 1)})
		}
		want[stream.String()] = n
	}
	mustAppend(t, tab, NoTip(streamOf(t, "$System-1")), Write{Events: numbered(0, 1)})
	// A name that is none by our rules, and a stream whose first calf was pruned.
	other := tipItem(Tip{stream: streamOf(t, "x-y"), version: 2, etag: "e", events: numbered(0, 2)}, 2)
	other["p"] = text("nodash")
	check.Must(t, check.Error(client.PutItem(within(t), &dynamodb.PutItemInput{TableName: &tab.name, Item: other})))
	want["nodash"] = 2
	check.Must(t, check.Error(client.DeleteItem(within(t), &dynamodb.DeleteItemInput{TableName: &tab.name, Key: key(streamOf(t, "A-12"), 0)})))
	for _, config := range []ScanConfig{{}, {Segments: 1, PageSize: 1}, {Segments: 3, PageSize: 2}, {Segments: 20}} {
		got := map[string]int{}
		err := tab.Scan(within(t), config, func(page ScanPage) error {
			for _, whole := range page.Streams {
				if _, again := got[whole.Stream]; again || whole.Err != nil {
					t.Errorf("%+v: got %s again, or %v", config, whole.Stream, whole.Err)
				}
				got[whole.Stream] = int(whole.Version)
				checkNumbered(t, whole.Events, int(whole.First), int(whole.Version-whole.First))
				if first := whole.First; (first > 0) != (whole.Stream == "A-12") || first != 0 && first != 3 {
					t.Errorf("%+v: got %s from %d on", config, whole.Stream, first)
				}
			}
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%+v: got error %v; versions (-want +got):\n%s", config, err, diff)
		}
	}
	if found, err := tab.Any(within(t)); err != nil || !found {
		t.Errorf("got %t and %v, want that there are streams", found, err)
	}
	if u := tab.Usage()["Scan"]; u.Requests == 0 || u.Units == 0 {
		t.Errorf("got the usage %+v of scans, want requests and units", u)
	}
}

// One that is interrupted goes on where it was, in each of its parts.
func TestAScanGoesOn(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab, err := New(fake, "fake", Config{MaxEvents: 1})
	check.Must(t, err)
	want := map[string]bool{}
	for n := range 40 {
		stream := streamOf(t, fmt.Sprintf("A-%d", n))
		tip := mustAppend(t, tab, NoTip(stream), Write{Events: numbered(0, 1)})
		mustAppend(t, tab, tip, Write{Events: numbered(1, 1)})
		want[stream.String()] = true
	}
	fake.AtOnce = 3 // which parts calves from their tips
	stop := errors.New("stop")
	got := map[string]bool{}
	config := ScanConfig{Segments: 3}
	for runs := 0; ; runs++ {
		pages := 0
		err := tab.Scan(t.Context(), config, func(page ScanPage) error {
			for _, whole := range page.Streams {
				if got[whole.Stream] {
					t.Errorf("got %s again", whole.Stream)
				}
				got[whole.Stream] = true
				checkNumbered(t, whole.Events, 0, 2)
			}
			config.From = page.Segments
			if pages++; pages == 4 {
				return stop
			}
			return nil
		})
		if err == nil {
			if runs < 3 {
				t.Errorf("got to the end with %d interruptions, want more", runs)
			}
			break
		}
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
	}
	check.Same(t, "streams", want, got)
}

func TestAnItemThatCannotBeReadIsVisitedAsSuch(t *testing.T) {
	t.Parallel()
	fake := faketable.New()
	tab, err := New(fake, "fake", Config{MaxEvents: 1})
	check.Must(t, err)
	for _, name := range []string{"A-good", "A-tip", "A-calf"} {
		tip := mustAppend(t, tab, NoTip(streamOf(t, name)), Write{Events: numbered(0, 1)})
		mustAppend(t, tab, tip, Write{Events: numbered(1, 1)})
	}
	fake.Spoil("A-tip", tipKey)
	fake.Spoil("A-calf", 0)
	var good, bad []string
	err = tab.Scan(t.Context(), ScanConfig{Segments: 1}, func(page ScanPage) error {
		for _, whole := range page.Streams {
			if _, is := errors.AsType[*ItemError](whole.Err); is {
				bad = append(bad, whole.Stream)
			} else {
				good = append(good, whole.Stream)
			}
		}
		return nil
	})
	if err != nil || len(good) != 1 || len(bad) != 2 {
		t.Errorf("got %q that can be read, %q that cannot, and %v; want one and two", good, bad, err)
	}
}

func TestTheTipsOfManyStreamsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	tab, transport := newTable(t, Config{MaxEvents: 2})
	var streams []es.StreamName
	for n := range 130 {
		stream := newStream(t)
		if n%10 > 0 {
			mustAppend(t, tab, NoTip(stream), Write{Events: numbered(0, 1+n%2)})
		}
		streams = append(streams, stream)
	}
	transport.Taken()
	tips, err := tab.Tips(within(t), streams, true)
	if err != nil || len(tips) != 130 {
		t.Fatalf("got %d tips and %v, want 130", len(tips), err)
	}
	for n, tip := range tips {
		want := 1 + n%2
		if n%10 == 0 {
			want = 0
		}
		if tip.Stream() != streams[n] || len(tip.Events()) != want || tip.Exists() != (want > 0) {
			t.Errorf("tip %d: got %s with %d events, want %s with %d", n, tip.Stream(), len(tip.Events()), streams[n], want)
		}
	}
	check.Same(t, "requests", []string{"BatchGetItem", "BatchGetItem"}, transport.Taken())
}

func TestKeysThatWereLeftOutAreAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		tab, err := New(fake, "fake", Config{})
		check.Must(t, err)
		var streams []es.StreamName
		for n := range 10 {
			streams = append(streams, streamOf(t, fmt.Sprintf("A-%d", n)))
			mustAppend(t, tab, NoTip(streams[n]), Write{Events: numbered(0, 1)})
		}
		fake.AtOnce = 3
		tips, err := tab.Tips(t.Context(), streams, false)
		for _, tip := range tips {
			if !tip.Exists() {
				t.Errorf("got no tip of %s", tip.Stream())
			}
		}
		if got := tab.Usage()["BatchGetItem"]; err != nil || got.Requests != 4 || got.Units != 5 {
			t.Errorf("got %+v and %v, want four requests and half a unit for each stream", got, err)
		}
		fake.AtOnce = -1 // a table that is throttled
		check.Fails(t, check.Error(tab.Tips(t.Context(), streams, false)), "throttled")
	})
}

// Forty calls that are throttled together repeat their requests from one budget.
func TestRetriesShareABudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := faketable.New()
		tab, err := New(refusing{fake}, "fake", Config{Retries: 9})
		check.Must(t, err)
		ended := make(chan error)
		start := time.Now()
		for n := range 40 {
			go func() {
				_, err := tab.Tip(t.Context(), NoTip(streamOf(t, fmt.Sprintf("A-%d", n))), true)
				ended <- err
			}()
		}
		time.Sleep(10 * time.Second)
		if got := tab.Usage()["GetItem"]; got.Retries > budgetAtOnce+10*budgetPerSecond+1 || got.Retries < 10*budgetPerSecond || got.Throttled != got.Requests {
			t.Errorf("got %+v after ten seconds, want %d repetitions at once and %d a second", got, budgetAtOnce, budgetPerSecond)
		}
		for range 40 {
			check.Failsf(t, <-ended, "a table that is throttled for ever")
		}
		t.Logf("gave up after %v", time.Since(start))
	})
}

// refusing refuses all that is read.
type refusing struct{ *faketable.Table }

func (refusing) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, &types.ProvisionedThroughputExceededException{}
}

// The fake counts units as the server does.
func TestTheFakeCountsUnitsAsTheServer(t *testing.T) {
	t.Parallel()
	fake, err := New(faketable.New(), "fake", Config{MaxBytes: 2500})
	check.Must(t, err)
	server, _ := ownTable(t, Config{MaxBytes: 2500})
	for _, tab := range []*Table{fake, server} {
		stream := streamOf(t, "A-1")
		tip := NoTip(stream)
		for n := range 30 {
			data := strings.Repeat("x", 10+37*n%400)
			tip = mustAppend(t, tab, tip, Write{Events: []Event{event("Happened", `"`+data+`"`)}})
		}
		mustLoad(t, tab, stream, 0)
		check.Must(t, check.Error(tab.Tip(within(t), NoTip(stream), false)))
	}
	want := server.Usage()
	twice := want["TransactWriteItems"]
	twice.Units *= 2 // as on AWS; DynamoDB Local counts the writes alone
	want["TransactWriteItems"] = twice
	if diff := cmp.Diff(want, fake.Usage()); diff != "" {
		t.Errorf("usage (-server +fake):\n%s", diff)
	}
}
