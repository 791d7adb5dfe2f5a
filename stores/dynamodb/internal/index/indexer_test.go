package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	streamstypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"example.com/groupcheckout/es"
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
	if err := last.end(); err != nil {
		t.Error(err)
	}
	if got := last.Stats().Ingested.Gaps; got != 0 {
		t.Errorf("got %d gaps, want none", got)
	}
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
		time.Sleep(time.Hour)
		if a, b := first.Stats(), second.Stats(); a.Ingested.Events != 3 || b.Read.Refreshes != 0 {
			t.Errorf("got %d events by the first and %d looks by the second, want 3 and 0", a.Ingested.Events, b.Read.Refreshes)
		}
		first.kill(t)
		w.append(t, stream, 2)
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 5})
		if got := second.Stats().Ingested; got.Events != 2 || got.Duplicates > 3 {
			t.Errorf("got %+v by the second, want 2 events", got)
		}
		if err := second.end(); err != nil {
			t.Error(err)
		}
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
		if err := second.end(); err != nil {
			t.Error(err)
		}
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
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
		w.append(t, stream, 1)
		w.append(t, stream, 1)
		shard := w.stream.Shards()[0]
		w.stream.Trim(shard, 1)

		p = w.start(t, IndexerConfig{})
		if loss, ok := errors.AsType[*shards.LossError](<-p.done); !ok || loss.Shard != shard {
			t.Errorf("got %v, want a loss in shard %s", loss, shard)
		}
		p.stop()
		p = w.start(t, IndexerConfig{Shards: shards.Config{AcceptLoss: true}})
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 3})
		if got := p.Stats(); got.Read.Losses != 1 || got.Ingested.Gaps != 1 || got.Ingested.Healed != 1 {
			t.Errorf("got %+v, want one loss, and its event healed", got)
		}
		if err := p.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnotherStreamIsALoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.start(t, IndexerConfig{})
		synctest.Wait()
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
		w.stream = fakestream.New()
		stream := mustName("A", "1")
		w.append(t, stream, 2)
		run := func(accept bool) (chan error, context.CancelFunc) {
			x, err := NewIndexer(w.stream, "another", w.events, w.index, IndexerConfig{Shards: shards.Config{AcceptLoss: accept}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- x.Run(ctx) }()
			return done, stop
		}
		done, stop := run(false)
		if replaced, ok := errors.AsType[*StreamReplacedError](<-done); !ok || replaced.Old != fakestream.ARN || replaced.New != "another" {
			t.Errorf("got %v, want that the stream was replaced", replaced)
		}
		stop()
		done, stop = run(true)
		follow(t, w.source(t, "A"), map[es.StreamName]es.Version{stream: 2})
		stop()
		if err := <-done; err != nil {
			t.Error(err)
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
		if got.Epoch != 1 || got.Events != 0 || got.End != 1_000_000 || got.Owner != p.owner || got.Shards != 1 || !ok || lag > 10*time.Second {
			t.Errorf("got %+v and a lag of %v, %t; want epoch 1, empty, one shard, the owner %s and a lag of seconds", got, lag, ok, p.owner)
		}
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
		if all, err = ReadStatus(t.Context(), w.index); err != nil || all[0].Owner != "" || all[0].CaughtUp.IsZero() {
			t.Errorf("got %+v and error %v after the end, want no owner, and how far it got", all[0], err)
		}
	})
}

func TestABadRecordEndsTheIndexer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stream.Put("x", streamstypes.Record{EventName: "INSERT", Dynamodb: &streamstypes.StreamRecord{StreamViewType: "KEYS_ONLY"}})
		p := w.start(t, IndexerConfig{})
		if bad, ok := errors.AsType[*RecordError](<-p.done); !ok || bad.Sequence == "" {
			t.Errorf("got %v, want an error that names the record", bad)
		}
		p.stop()
	})
}
