package shards_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/stores/dynamodb/internal/fakestream"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// put adds the nth record of a key, which EventID carries.
func put(s *fakestream.Stream, key string, n int) {
	s.Put(key, types.Record{EventID: aws.String(fmt.Sprintf("%s %d", key, n))})
}

func mustReader(t testing.TB, s *fakestream.Stream, from []shards.Cursor, config shards.Config) *shards.Reader {
	t.Helper()
	r, err := shards.NewReader(s, fakestream.ARN, from, config)
	check.Must(t, err)
	return r
}

func atTail(page shards.Page) bool { return !page.Full && len(page.Records) == 0 }

// drain reads until the tail and returns what came and the last cursors.
func drain(t testing.TB, r *shards.Reader) (records []string, cursors []shards.Cursor) {
	t.Helper()
	for {
		page, err := r.Next(t.Context())
		check.Must(t, err)
		for _, record := range page.Records {
			records = append(records, aws.ToString(record.EventID))
		}
		if atTail(page) {
			return records, page.Cursors
		}
	}
}

// drainError reads until an error.
func drainError(t testing.TB, r *shards.Reader) error {
	t.Helper()
	for range 1000 {
		if _, err := r.Next(t.Context()); err != nil {
			return err
		}
	}
	t.Fatal("got no error, want one")
	return nil
}

func TestParentsAreReadBeforeTheirChildren(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	var want []string
	for n := range 20 {
		put(s, "a", n)
		want = append(want, fmt.Sprint("a ", n))
		s.Split(n, 1+n%2)
	}
	got, cursors := drain(t, mustReader(t, s, nil, shards.Config{PageSize: 2}))
	check.Same(t, "records", want, got)
	for _, c := range cursors {
		if c.Done {
			t.Errorf("got the cursor %+v of a shard that has children, want it forgotten", c)
		}
	}
	if got, _ := drain(t, mustReader(t, s, cursors, shards.Config{})); len(got) != 0 {
		t.Errorf("got %q after a restart, want nothing twice", got)
	}
}

func TestExpiredIteratorsAreMadeAgain(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	r := mustReader(t, s, nil, shards.Config{PageSize: 1})
	put(s, "a", 0)
	drain(t, r)
	put(s, "a", 1)
	s.Expire()
	if got, _ := drain(t, r); !cmp.Equal(got, []string{"a 1"}) {
		t.Errorf("got %q after the iterators expired, want the record that was new", got)
	}
	check.Equal(t, "expired iterators", 1, r.Stats().Expired)
}

func TestTrimmedRecordsAreALoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	for n := range 4 {
		put(s, "a", n)
	}
	root := s.Shards()[0]
	_, cursors := drain(t, mustReader(t, s, nil, shards.Config{}))
	for n := 4; n < 8; n++ {
		put(s, "a", n)
	}
	s.Trim(root, 2)

	loss, ok := errors.AsType[*shards.LossError](drainError(t, mustReader(t, s, cursors, shards.Config{})))
	if !ok || loss.Shard != root || loss.Sequence != cursors[0].Sequence || loss.Stream != fakestream.ARN {
		t.Fatalf("got %v, want a loss in shard %s behind %s", loss, root, cursors[0].Sequence)
	}
	r := mustReader(t, s, cursors, shards.Config{AcceptLoss: true})
	if got, _ := drain(t, r); !cmp.Equal(got, []string{"a 6", "a 7"}) {
		t.Errorf("got %q behind an accepted loss, want what is left", got)
	}
	check.Equal(t, "losses counted", 1, r.Stats().Losses)
}

func TestWhatWasTrimmedBeforeTheFirstReadIsNoLoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	for n := range 4 {
		put(s, "a", n)
	}
	s.Split(0, 1)
	put(s, "a", 4)
	put(s, "a", 5)
	s.Split(0, 1)
	put(s, "a", 6)
	ids := s.Shards()
	s.Trim(ids[0], 0)
	s.Trim(ids[1], 1)
	if got, _ := drain(t, mustReader(t, s, nil, shards.Config{})); !cmp.Equal(got, []string{"a 5", "a 6"}) {
		t.Errorf("got %q, want what is left", got)
	}
}

func TestWhatIsTrimmedDuringTheFirstReadIsNoLoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	put(s, "a", 0)
	s.Fail("GetRecords", &types.TrimmedDataAccessException{})
	s.Fail("GetShardIterator", &types.TrimmedDataAccessException{})
	if got, _ := drain(t, mustReader(t, s, nil, shards.Config{})); !cmp.Equal(got, []string{"a 0"}) {
		t.Errorf("got %q, want what is left", got)
	}
}

func TestTheBeginningOfAChildThatIsGoneIsALoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	put(s, "a", 0)
	_, cursors := drain(t, mustReader(t, s, nil, shards.Config{}))
	s.Split(0, 1)
	put(s, "a", 1)
	put(s, "a", 2)
	child := s.Shards()[1]
	s.Trim(child, 1)
	loss, ok := errors.AsType[*shards.LossError](drainError(t, mustReader(t, s, cursors, shards.Config{})))
	if !ok || loss.Shard != child {
		t.Errorf("got %v, want a loss in shard %s", loss, child)
	}
}

func TestShardsThatAreGoneAreALoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	put(s, "a", 0)
	_, cursors := drain(t, mustReader(t, s, nil, shards.Config{}))
	for n := 1; n < 4; n++ {
		s.Split(0, 1)
		put(s, "a", n)
	}
	ids := s.Shards()
	s.Trim(ids[0], 0)
	s.Trim(ids[1], 0)
	if loss, ok := errors.AsType[*shards.LossError](drainError(t, mustReader(t, s, cursors, shards.Config{}))); !ok {
		t.Errorf("got %v, want a loss", loss)
	}
	r := mustReader(t, s, cursors, shards.Config{AcceptLoss: true})
	got, cursors := drain(t, r)
	check.Same(t, "records behind the accepted loss", []string{"a 2", "a 3"}, got)
	if len(cursors) != 1 || cursors[0].Shard != ids[3] {
		t.Errorf("got the cursors %+v, want the one of %s", cursors, ids[3])
	}
}

// A shard that was read to its end, whose child came and went before anyone
// looked again, leaves a grandchild whose parent nobody knows.
func TestAGapInTheLineIsALoss(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	put(s, "a", 0)
	s.Split(0, 1)
	put(s, "a", 1)
	s.Split(0, 1)
	put(s, "a", 2)
	ids := s.Shards()
	cursors := []shards.Cursor{{Shard: ids[0], From: types.ShardIteratorTypeAfterSequenceNumber, Sequence: "2", Done: true}}
	s.Trim(ids[0], 0)
	s.Trim(ids[1], 0)
	loss, ok := errors.AsType[*shards.LossError](drainError(t, mustReader(t, s, cursors, shards.Config{})))
	if !ok || loss.Shard != ids[1] {
		t.Errorf("got %v, want a loss of shard %s", loss, ids[1])
	}
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fakestream.New()
		put(s, "a", 0)
		throttled := &types.LimitExceededException{}
		s.Fail("DescribeStream", throttled, errors.New("connection reset"))
		s.Fail("GetShardIterator", &types.InternalServerError{})
		s.Fail("GetRecords", throttled, throttled, throttled)
		r := mustReader(t, s, nil, shards.Config{})
		if got, _ := drain(t, r); !cmp.Equal(got, []string{"a 0"}) {
			t.Errorf("got %q, want the record", got)
		}
		check.Equal(t, "retries", 6, r.Stats().Retries)
	})
}

func TestAShardThatIsThrottledDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fakestream.New()
		s.Split(0, 2)
		r := mustReader(t, s, nil, shards.Config{})
		drain(t, r)
		left, right := s.Shards()[1], s.Shards()[2]
		keys := map[string]string{} // by shard
		for n := range 20 {
			key := fmt.Sprint("key", n)
			keys[s.ShardOf(key)] = key
		}
		s.Throttle(left, true)
		old := time.Now().Add(-10 * time.Hour)
		s.Put(keys[left], types.Record{EventID: aws.String("left"), Dynamodb: &types.StreamRecord{ApproximateCreationDateTime: &old}})
		s.Put(keys[right], types.Record{EventID: aws.String("right"), Dynamodb: &types.StreamRecord{ApproximateCreationDateTime: aws.Time(time.Now())}})
		got, cursors := drain(t, r)
		if !cmp.Equal(got, []string{"right"}) {
			t.Errorf("got %q while a shard is throttled, want what the other one has", got)
		}
		if proven := shards.Proven(cursors); !proven.IsZero() {
			t.Errorf("got that everything up to %v was read, want nothing proven of a shard that was never read", proven)
		}
		s.Throttle(left, false)
		got, cursors = drain(t, r)
		if proven := shards.Proven(cursors); !cmp.Equal(got, []string{"left"}) || !proven.Equal(old) {
			t.Errorf("got %q and that everything up to %v was read, want the record of the other shard and its time, %v", got, proven, old)
		}
	})
}

// A shard may give pages without records although older ones are still to come.
func TestEmptyPagesProveNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fakestream.New()
		at := func(age time.Duration) types.Record {
			return types.Record{EventID: aws.String(age.String()), Dynamodb: &types.StreamRecord{ApproximateCreationDateTime: aws.Time(time.Now().Add(-age))}}
		}
		s.Empty(3)
		s.Put("a", at(10*time.Hour))
		s.Put("a", at(9*time.Hour))
		r := mustReader(t, s, nil, shards.Config{PageSize: 1})
		for range 3 {
			page, err := r.Next(t.Context())
			if err != nil || len(page.Records) > 0 || !shards.Proven(page.Cursors).IsZero() {
				t.Errorf("got %+v and %v, want an empty page that proves nothing", page, err)
			}
		}
		for _, want := range []time.Duration{10 * time.Hour, 9 * time.Hour, 9 * time.Hour} {
			page, err := r.Next(t.Context())
			if lag := time.Since(shards.Proven(page.Cursors)); err != nil || lag != want {
				t.Errorf("got a lag of %v and %v, want %v", lag, err, want)
			}
		}

		// A shard that was open when it was listed, and is read to its end, proves more.
		time.Sleep(5 * time.Hour)
		drain(t, r) // lists
		s.Split(0, 2)
		_, cursors := drain(t, r)
		if lag := time.Since(shards.Proven(cursors)); len(cursors) != 2 || lag > 2*time.Minute {
			t.Errorf("got the cursors %+v and a lag of %v, want two, and at most the age of the list", cursors, lag)
		}
	})
}

func TestThrottlingThatDoesNotEndIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fakestream.New()
		for range 100 {
			s.Fail("GetRecords", &types.LimitExceededException{})
		}
		if err := drainError(t, mustReader(t, s, nil, shards.Config{})); !isThrottled(err) {
			t.Errorf("got %v, want the server's error", err)
		}
		check.Equal(t, "requests", 10, s.Calls("GetRecords"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := mustReader(t, s, nil, shards.Config{}).Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v when the time was over, want that said", err)
		}
	})
}

func isThrottled(err error) bool {
	_, ok := errors.AsType[*types.LimitExceededException](err)
	return ok
}

func TestADisabledStreamEnds(t *testing.T) {
	t.Parallel()
	s := fakestream.New()
	put(s, "a", 0)
	s.Disable()
	r := mustReader(t, s, nil, shards.Config{})
	page, err := r.Next(t.Context())
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("got %d records and error %v, want the one that is left", len(page.Records), err)
	}
	if err, ok := errors.AsType[*shards.EndedError](drainError(t, r)); !ok {
		t.Errorf("got %v, want the end", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, config := range []shards.Config{{PageSize: 1001}, {PageSize: -1}, {Retries: -1}, {MaxPause: -1}} {
		check.Failsf(t, check.Error(shards.NewReader(fakestream.New(), fakestream.ARN, nil, config)), "%+v", config)
	}
}

// TestEveryRecordComesInOrder lets a stream live, and readers start again from
// cursors that were saved at some time before.
func TestEveryRecordComesInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := fakestream.New()
		written, read := map[string]int{}, map[string]int{}
		config := shards.Config{PageSize: rapid.IntRange(1, 5).Draw(rt, "page size")}
		var saved []shards.Cursor
		savedRead := map[string]int{}
		restarted := false
		r := mustReader(t, s, nil, config)
		next := func(rt *rapid.T) bool {
			page, err := r.Next(t.Context())
			check.Must(rt, err)
			for _, record := range page.Records {
				var key string
				var n int
				check.Must(rt, check.Error(fmt.Sscan(aws.ToString(record.EventID), &key, &n)))
				if n != read[key] {
					rt.Fatalf("got record %d of %s, want %d", n, key, read[key])
				}
				read[key]++
			}
			if rapid.Bool().Draw(rt, "save") {
				saved = page.Cursors
				savedRead = map[string]int{}
				for key, n := range read {
					savedRead[key] = n
				}
			}
			return atTail(page)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				key := strconv.Itoa(rapid.IntRange(0, 9).Draw(rt, "key"))
				put(s, key, written[key])
				written[key]++
			},
			"split": func(rt *rapid.T) {
				s.Split(rapid.IntRange(0, 5).Draw(rt, "shard"), rapid.IntRange(1, 2).Draw(rt, "into"))
			},
			"expire": func(*rapid.T) { s.Expire() },
			"next":   func(rt *rapid.T) { next(rt) },
			"restart": func(*rapid.T) {
				if saved == nil {
					return
				}
				restarted = true
				r = mustReader(t, s, saved, config)
				read = map[string]int{}
				for key, n := range savedRead {
					read[key] = n
				}
			},
		})
		for tail := false; !tail; {
			tail = next(rt)
		}
		if diff := cmp.Diff(written, read); diff != "" {
			rt.Fatalf("records of each key (-written +read), restarted %t:\n%s", restarted, diff)
		}
	})
}
