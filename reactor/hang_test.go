package reactor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// hang is a question that is never answered, as over a connection whose other end is
// gone.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func hangingRead(ctx context.Context, _ feed.Tranche, _ feed.Position) error { return hang(ctx) }
func hangingEnd(ctx context.Context, _ feed.Tranche) error                   { return hang(ctx) }
func hangingLoad(ctx context.Context, _ feed.Key) error                      { return hang(ctx) }
func hangingSave(ctx context.Context, _ feed.Key, _ feed.Position) error     { return hang(ctx) }

func TestStartThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		source intercept.SourceHooks
		saves  intercept.CheckpointsHooks
		want   string
		took   time.Duration
	}{
		{"tranches", intercept.SourceHooks{BeforeTranches: hang}, intercept.CheckpointsHooks{}, "list the tranches of the feed: no answer within 30s: context deadline exceeded", 30 * time.Second},
		{"load", intercept.SourceHooks{}, intercept.CheckpointsHooks{BeforeLoad: hangingLoad}, `load the checkpoint of tranche "A": no answer within 30s: context deadline exceeded`, 30 * time.Second},
		{"end", intercept.SourceHooks{BeforeEnd: hangingEnd}, intercept.CheckpointsHooks{}, `find the end of tranche "A": no answer within 30s: context deadline exceeded`, 30 * time.Second},
		{"save", intercept.SourceHooks{}, intercept.CheckpointsHooks{BeforeSave: hangingSave}, `save the end of tranche "A" as its first checkpoint: no answer within 10s: context deadline exceeded`, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				r := begin(t, intercept.Source(newSource("A"), c.source), intercept.Checkpoints(newCheckpoints(), c.saves), newHandler(), reactor.Config{FromEnd: true})
				err := r.result()
				if !errors.Is(err, context.DeadlineExceeded) || err.Error() != c.want {
					t.Errorf("Wait: got %v, want %s", err, c.want)
				}
				equal(t, "time to give up", time.Since(began), c.took)
			})
		})
	}
}

func TestReadThatHangsFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, seen := newSource("A"), &recorder{}
		r := start(t, intercept.Source(s, intercept.SourceHooks{BeforeRead: hangingRead}), newCheckpoints(), newHandler(),
			reactor.Config{ReadLimit: time.Minute, CheckpointInterval: time.Hour, Pauses: reactor.GrowingPauses(time.Second, time.Minute, 0.5), Observer: seen})
		pass(2*time.Minute - time.Second/2)
		failed := occurrences[reactor.ReadFailed](seen)
		if len(failed) != 1 {
			t.Fatalf("failures: got %+v, want one", failed)
		}
		equal(t, "error", failed[0].Err.Error(), "no answer within 1m0s: context deadline exceeded")
		equal(t, "error in the status", r.status().Tranches[0].Error, failed[0].Err.Error())
		r.endWell() // without waiting for the read
		equal(t, "failures", len(occurrences[reactor.ReadFailed](seen)), 1)
	})
}

func TestEndThatHangsFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c, seen := newSource("A"), newCheckpoints(), &recorder{}
		r := start(t, intercept.Source(s, intercept.SourceHooks{BeforeEnd: hangingEnd}), c, newHandler(), reactor.Config{CheckpointInterval: 5 * time.Second, Observer: seen})
		pass(36 * time.Second)
		failed := occurrences[reactor.ReadFailed](seen)
		if len(failed) != 1 {
			t.Fatalf("failures: got %+v, want one", failed)
		}
		equal(t, "error", failed[0].Err.Error(), `find the end of tranche "A": no answer within 30s: context deadline exceeded`)

		s.add("A", "a@0")
		pass(10 * time.Second) // it asks again
		began := time.Now()
		if err := r.end(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: got %v, want that the time is over", err)
		}
		equal(t, "time to stop", time.Since(began), 10*time.Second)
		equal(t, "failures, without the question that the stop cut off", len(occurrences[reactor.ReadFailed](seen)), 2)
		equal(t, "saved", c.saved(), "")
	})
}
