package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamstypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/fakestream"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
)

// TestEverythingIsIndexed has writers whose tips calve, a stream of changes
// that splits its shards and lets iterators expire, epochs of a few events, and
// indexers that are stopped and killed all the time.
func TestEverythingIsIndexed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { everythingIsIndexed(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func everythingIsIndexed(t *testing.T, random *rand.Rand) {
	t.Helper()
	w := newWorld(t)
	const streams, rounds = 10, 60
	want := map[es.StreamName]es.Version{}
	var writers sync.WaitGroup
	for i := range streams {
		stream := mustName("A", fmt.Sprint(i))
		pauses := make([]time.Duration, rounds)
		for round := range pauses {
			pauses[round] = time.Duration(random.IntN(2000)) * time.Millisecond
			want[stream] += es.Version(1 + round%4)
		}
		writers.Go(func() {
			for round, down := range pauses {
				w.append(t, stream, 1+round%4)
				w.append(t, mustName("AB", stream.ID()), 1)
				if err := pause.For(t.Context(), down); err != nil {
					return
				}
			}
		})
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		writers.Wait()
	}()
	config := IndexerConfig{TTL: 2 * time.Second, Ingest: IngesterConfig{Limits: Limits{Version: 7}}, Shards: shards.Config{PageSize: 5}}
	kills := 0
	for busy := true; busy; {
		p := w.start(t, config)
		time.Sleep(time.Duration(random.IntN(6_000)) * time.Millisecond)
		switch random.IntN(3) {
		case 0:
			w.stream.Split(random.IntN(9), 1+random.IntN(2))
		case 1:
			w.stream.Expire()
		}
		if random.IntN(2) == 0 {
			kills++
			p.kill(t)
		} else if err := p.end(); err != nil {
			t.Errorf("got error %v from Run after it was told to stop, want none", err)
		}
		select {
		case <-written:
			busy = false
		default:
		}
	}
	last := w.start(t, config)
	again := follow(t, w.source(t, "A"), want)
	check.OK(t, last.end())
	check.Equal(t, "gaps", 0, last.Stats().Ingested.Gaps)
	t.Logf("%d kills, %d events came again", kills, again)
}

func TestTwoIndexersShareOneLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stream := mustName("A", "1")
		first := w.start(t, IndexerConfig{Name: "first"})
		synctest.Wait()
		second := w.start(t, IndexerConfig{Name: "second"})
		w.append(t, stream, 3)
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 3})
		time.Sleep(10 * time.Minute)
		if a, b := first.Stats(), second.Stats(); a.Ingested.Events != 3 || b.Read.Refreshes != 0 {
			t.Errorf("got %d events by the first and %d looks by the second, want 3 and 0", a.Ingested.Events, b.Read.Refreshes)
		}
		first.kill(t)
		w.append(t, stream, 2)
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 5})
		if got := second.Stats().Ingested; got.Events != 2 || got.Duplicates > 3 {
			t.Errorf("got %+v by the second, want 2 events", got)
		}
		check.OK(t, second.end())
	})
}

func TestAnIndexerThatWasDeposedStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.start(t, IndexerConfig{})
		synctest.Wait()
		first.dead.Store(true) // its requests fail, and later it is back
		second := w.start(t, IndexerConfig{})
		time.Sleep(time.Minute)
		first.dead.Store(false)
		if _, ok := errors.AsType[*LeaseLostError](<-first.done); !ok {
			t.Error("the first indexer did not end for want of the lease")
		}
		first.stop()
		check.OK(t, second.end())
	})
}

func TestLossEndsTheIndexerUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stream := mustName("A", "1")
		w.append(t, stream, 1)
		p := w.start(t, IndexerConfig{})
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 1})
		check.Must(t, p.end())
		w.append(t, stream, 1)
		w.append(t, stream, 1)
		shard := w.stream.Shards()[0]
		w.stream.Trim(shard, 1)

		p = w.start(t, IndexerConfig{})
		err := p.failed(t)
		halted, ok := errors.AsType[*HaltError](err)
		if loss, is := errors.AsType[*shards.LossError](err); !ok || !is || loss.Shard != shard {
			t.Fatalf("got %v, want a loss in shard %s", err, shard)
		}
		p.stop()
		p = w.start(t, IndexerConfig{Accept: "of another loss"})
		if again, ok := errors.AsType[*HaltError](p.failed(t)); !ok || again.ID != halted.ID {
			t.Errorf("got %v, want the same loss as before", again)
		}
		p.stop()
		accepting := IndexerConfig{Accept: halted.ID}
		p = w.start(t, accepting)
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 3})
		if got := p.Stats(); got.Read.Losses != 1 || got.Ingested.Gaps != 1 || got.Ingested.Healed != 1 {
			t.Errorf("got %+v, want one loss, and its event healed", got)
		}
		check.OK(t, p.end())

		// The next loss is another one.
		for range 3 {
			w.append(t, stream, 1)
		}
		w.stream.Trim(shard, 1)
		p = w.start(t, accepting)
		if again, ok := errors.AsType[*HaltError](p.failed(t)); !ok || again.ID == halted.ID {
			t.Errorf("got %v, want a loss of another name", again)
		}
		p.stop()
	})
}

// run runs an indexer of a stream with an ARN.
func (w *world) run(t testing.TB, stream shards.API, arn, accept string) (done chan error, stop context.CancelFunc) {
	t.Helper()
	x, err := NewIndexer(stream, arn, w.events, w.index, IndexerConfig{Accept: accept})
	check.Must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	return done, stop
}

// The table has another stream: what the old one has is read first, if it is
// there still.
func TestAStreamThatWasReplacedIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lost func(old *fakestream.Stream)
		want es.Version // what is indexed of the stream that was written to before
	}{
		"it can be read":              {func(old *fakestream.Stream) { old.Disable() }, 4},
		"it is gone":                  {func(old *fakestream.Stream) { old.Vanish() }, 1},
		"its rest is gone":            {func(old *fakestream.Stream) { old.Trim(old.Shards()[0], 0); old.Disable() }, 1},
		"it is that of another table": {func(*fakestream.Stream) {}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				before, after := mustName("A", "1"), mustName("A", "2")
				w.append(t, before, 1)
				p := w.start(t, IndexerConfig{})
				follow(t, w.source(t, "A"), map[es.StreamName]es.Version{before: 1})
				check.Must(t, p.end())
				old := w.stream
				for range 3 {
					w.append(t, before, 1)
				}
				test.lost(old)
				w.stream = fakestream.New()
				w.append(t, after, 2)
				both := streams{fakestream.ARN: old, "another": w.stream}
				done, stop := w.run(t, both, "another", "")
				err := <-done
				halted, ok := errors.AsType[*HaltError](err)
				if replaced, is := errors.AsType[*StreamReplacedError](err); !ok || !is || replaced.Old != fakestream.ARN || replaced.New != "another" {
					t.Fatalf("got %v, want that the stream was replaced", err)
				}
				stop()
				follow(t, w.source(t, "A"), map[es.StreamName]es.Version{before: test.want})
				done, stop = w.run(t, both, "another", halted.ID)
				follow(t, w.source(t, "A"), map[es.StreamName]es.Version{before: test.want, after: 2})
				stop()
				check.OK(t, <-done)
				done, stop = w.run(t, both, "another", "")
				w.append(t, before, 1) // and what was lost comes to light
				follow(t, w.source(t, "A"), map[es.StreamName]es.Version{before: 5})
				stop()
				check.OK(t, <-done)
			})
		})
	}
}

// streams are several by their ARNs. Iterators name theirs.
type streams map[string]*fakestream.Stream

func (s streams) DescribeStream(
	ctx context.Context, in *dynamodbstreams.DescribeStreamInput, o ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.DescribeStreamOutput, error) {
	return s[aws.ToString(in.StreamArn)].DescribeStream(ctx, in, o...)
}

func (s streams) GetShardIterator(
	ctx context.Context, in *dynamodbstreams.GetShardIteratorInput, o ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.GetShardIteratorOutput, error) {
	out, err := s[aws.ToString(in.StreamArn)].GetShardIterator(ctx, in, o...)
	if err == nil {
		out.ShardIterator = aws.String(aws.ToString(in.StreamArn) + "|" + aws.ToString(out.ShardIterator))
	}
	return out, err
}

func (s streams) GetRecords(
	ctx context.Context, in *dynamodbstreams.GetRecordsInput, o ...func(*dynamodbstreams.Options),
) (*dynamodbstreams.GetRecordsOutput, error) {
	arn, iterator, _ := strings.Cut(aws.ToString(in.ShardIterator), "|")
	out, err := s[arn].GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &iterator, Limit: in.Limit}, o...)
	if err == nil && out.NextShardIterator != nil {
		out.NextShardIterator = aws.String(arn + "|" + *out.NextShardIterator)
	}
	return out, err
}

func TestAnIndexIsNotBegunWithoutItsPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append(t, mustName("$System", "1"), 1) // is no event of a stream
		done, stop := w.run(t, w.stream, fakestream.ARN, "")
		time.Sleep(time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Errorf("got %v for an empty table, want a beginning", err)
		}
		w = newWorld(t)
		stream := mustName("A", "1")
		for range 3 {
			w.append(t, stream, 1)
		}
		w.stream.Trim(w.stream.Shards()[0], 0)
		done, _ = w.run(t, w.stream, fakestream.ARN, "")
		err := <-done
		halted, ok := errors.AsType[*HaltError](err)
		if without, is := errors.AsType[*UnindexedError](err); !ok || !is || without.Table != "index" {
			t.Fatalf("got %v, want that the index lacks the past of the table", err)
		}
		done, stop = w.run(t, w.stream, fakestream.ARN, halted.ID)
		time.Sleep(time.Minute)
		w.append(t, stream, 1) // tells of the past as well
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 4})
		stop()
		check.OK(t, <-done)
	})
}

// What Lambda brings has to begin at the beginning too. As Lambda reads what it brings
// from the stream, what can be missing is older than that.
func TestWhatAnotherReadsDoesNotBeginAnIndexWithoutItsPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		streamOf := func(on time.Time) string {
			return "arn:aws:dynamodb:eu-west-1:1:table/hotel/stream/" + on.UTC().Format("2006-01-02T15:04:05.000")
		}
		for _, test := range []struct {
			name     string
			switched time.Duration // on, after the first event
			age      time.Duration // of the first event
			refused  bool
		}{
			{"a table that is new", -time.Second, time.Hour, false},
			{"a table that is used long after it was made", -90 * 24 * time.Hour, time.Hour, false},
			{"a stream that was switched on later", time.Second, time.Hour, true},
			{"a stream that has lost its beginning", -time.Second, 25 * time.Hour, true},
		} {
			w, old, young := newWorld(t), mustName("A", "old"), mustName("A", "young")
			w.append(t, old, 1)
			arn := streamOf(time.Now().Add(test.switched))
			time.Sleep(test.age)
			w.append(t, young, 1)
			taker, err := NewIngester(w.index, IngesterConfig{}.From(w.events))
			check.Must(t, err)
			record := Record{
				Sequence: "1", View: "NEW_IMAGE", Name: "INSERT", From: arn,
				Image: Image{Stream: young.String(), Version: "1", Appended: "1", Types: []string{"T0"}},
			}
			err = taker.Take(t.Context(), []Record{record})
			halted, ok := errors.AsType[*HaltError](err)
			switch {
			case !test.refused:
				if err != nil {
					t.Errorf("%s: got %v, want a beginning", test.name, err)
				}
				continue
			case !ok || halted.ID != haltID(arn, reached{}) || taker.Stats().Events > 0:
				t.Errorf("%s: got %v and %+v, want that the index lacks the past of the table, and nothing indexed", test.name, err, taker.Stats())
			}
			// Once somebody has made the index it goes on, and does not look again.
			other, err := NewIngester(w.index, IngesterConfig{})
			check.Must(t, err)
			check.Must(t, other.Ingest(t.Context(), []Span{{Stream: old.String(), Types: []string{"T0"}}}))
			if err := taker.Take(t.Context(), []Record{record}); err != nil {
				t.Errorf("%s: got %v once there was an index, want that it goes on", test.name, err)
			}
		}
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		all, err := ReadStatus(t.Context(), w.index)
		if err != nil || len(all) != 1 || all[0] != (Status{}) {
			t.Errorf("got %+v and error %v for an index without anything, want the zero status of partition 0", all, err)
		}
		if _, ok := all[0].Lag(time.Now()); ok {
			t.Error("got a lag without an indexer, want it unknown")
		}
		p := w.start(t, IndexerConfig{Name: "host", Ingest: IngesterConfig{Limits: Limits{Version: 1}}})
		stream := mustName("A", "1")
		w.append(t, stream, 1)
		time.Sleep(time.Minute)
		w.append(t, stream, 1)
		time.Sleep(time.Minute)
		if all, err = ReadStatus(t.Context(), w.index); err != nil {
			t.Fatal(err)
		}
		got := all[0]
		lag, ok := got.Lag(time.Now())
		if got.Epoch != 1 || got.Events != 0 || got.End != 1_000_000 || got.Owner != p.owner || got.Shards != 1 || !ok || lag < 59*time.Second || lag > 70*time.Second {
			t.Errorf("got %+v and a lag of %v, %t; want epoch 1, empty, one shard, the owner %s and the age of the last record for a lag", got, lag, ok, p.owner)
		}
		check.Must(t, p.end())
		if all, err = ReadStatus(t.Context(), w.index); err != nil || all[0].Owner != "" || all[0].Proven.IsZero() {
			t.Errorf("got %+v and error %v after the end, want no owner, and how far it got", all[0], err)
		}
	})
}

func TestAStreamWithoutImagesEndsTheIndexer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stream.Put("x", streamstypes.Record{EventName: "INSERT", Dynamodb: &streamstypes.StreamRecord{StreamViewType: "KEYS_ONLY"}})
		p := w.start(t, IndexerConfig{})
		if bad, ok := errors.AsType[*RecordError](p.failed(t)); !ok || bad.Sequence == "" {
			t.Errorf("got %v, want an error that names the record", bad)
		}
		p.stop()
	})
}

func TestABadRecordIsSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bad, good := mustName("A", "1"), mustName("A", "2")
		w.append(t, bad, 2)
		w.stream.Trim(w.stream.Shards()[0], 0)
		w.stream.Put("A-1", streamstypes.Record{EventName: "MODIFY", Dynamodb: &streamstypes.StreamRecord{
			StreamViewType: "NEW_IMAGE",
			Keys:           map[string]streamstypes.AttributeValue{"p": &streamstypes.AttributeValueMemberS{Value: "A-1"}},
			NewImage:       map[string]streamstypes.AttributeValue{"a": &streamstypes.AttributeValueMemberN{Value: "2"}},
		}})
		w.append(t, good, 1)
		p := w.start(t, IndexerConfig{})
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{bad: 2, good: 1})
		check.Equal(t, "records set aside", 1, p.Stats().Ingested.SetAside)
		check.OK(t, p.end())
	})
}

// The table is set back and written to again; the index is not.
func TestATableThatWasSetBackEndsTheIndexer(t *testing.T) {
	t.Parallel()
	for _, appended := range []int{1, 2} { // to less than, and to just what the index knows
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			stream := mustName("A", "1")
			for range 4 {
				w.append(t, stream, 1)
			}
			p := w.start(t, IndexerConfig{Poll: 10 * time.Second, TTL: time.Minute}) // so that an hour passes soon
			follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 4})
			time.Sleep(time.Hour)
			if err := w.put(t, stream, 2); err != nil { // as a restore of single items does
				t.Fatal(err)
			}
			w.append(t, stream, appended)
			err := p.failed(t)
			if ahead, ok := errors.AsType[*AheadError](err); !ok || ahead.Stream != "A-1" || ahead.Indexed != 4 || !es.NeedsPerson(err) {
				t.Errorf("got %v, want that the index knows more of A-1", err)
			}
			p.stop()
		})
	}
}

// What docs/dynamodb.md says of a month in which nothing happens comes from these.
// age lets hours pass on a stream as AWS keeps it: a shard is closed after four hours,
// and each record is gone after a day. It does something at the end of each hour.
func (w *world) age(hours int, each func(hour int)) {
	for hour := range hours {
		time.Sleep(time.Hour)
		if w.hours++; w.hours%4 == 0 {
			w.stream.Split(0, 1)
		}
		if all := w.stream.Shards(); len(all) > 7 { // the last of which is open
			w.stream.Trim(all[len(all)-8], 0)
		}
		each(hour)
	}
}

// Where nothing is written the cursor stays at the last record, and ages with it, until
// the shard is closed. So an outage may last 20 hours for certain.
func TestTheCursorOfAQuietShardAges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, slow := newWorld(t), IndexerConfig{Poll: time.Minute, TTL: 10 * time.Minute} // so that many hours pass soon
		stream := mustName("A", "1")
		w.append(t, stream, 1)
		p := w.start(t, slow)
		least := retention
		w.age(31, func(hour int) {
			all, err := ReadStatus(t.Context(), w.index)
			check.Must(t, err)
			spare, ok := all[0].Spare(time.Now())
			if least = min(least, spare); !ok {
				t.Errorf("after %d hours: got that it is not known how long an outage may last", hour)
			}
		})
		if least < 19*time.Hour+50*time.Minute || least > 21*time.Hour {
			t.Errorf("got that an outage may last %v where nothing is written, want 20 hours", least)
		}
		if err := p.end(); err != nil { // three hours into a shard, of which nothing was read
			t.Fatal(err)
		}
		w.append(t, stream, 1)
		w.age(19, func(int) {})
		p = w.start(t, slow)
		time.Sleep(10 * time.Minute)
		if err := p.end(); err != nil {
			t.Errorf("after an outage of 19 hours: got %v, want that it goes on", err)
		}
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 2})

		w.age(28, func(int) {})
		var halt *HaltError
		if err := w.start(t, slow).failed(t); !errors.As(err, &halt) {
			t.Errorf("after an outage of 28 hours: got %v, want that something may be lost", err)
		}
	})
}

func TestAnIdleIndexerAsksSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.start(t, IndexerConfig{})
		time.Sleep(time.Minute)
		looks, before := w.stream.Calls("GetRecords"), p.index.Usage()
		time.Sleep(10 * time.Minute)
		after := p.index.Usage()
		if got := w.stream.Calls("GetRecords") - looks; got < 580 || got > 620 {
			t.Errorf("got %d looks in ten minutes, want one a second", got)
		}
		if got := after["UpdateItem"].Units - before["UpdateItem"].Units; got < 116 || got > 124 {
			t.Errorf("got %v write units in ten minutes, want one in five seconds", got)
		}
		if got, want := after["GetItem"], before["GetItem"]; got != want {
			t.Errorf("got %+v reads after ten minutes, want as many as before, %+v", got, want)
		}

		// It looks again sooner once something happened, and gathers what comes.
		appends := p.Stats().Ingested.Appends
		for range 40 {
			w.append(t, mustName("A", "1"), 1)
			time.Sleep(50 * time.Millisecond)
		}
		if got := p.Stats().Ingested.Appends - appends; got > 10 {
			t.Errorf("got %d appends to the index for the changes of two seconds, want that they are gathered", got)
		}
		check.OK(t, p.end())
	})
}
