package reactor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
)

// mute is a store of which some calls are never answered, as over a connection
// whose other end is gone.
type mute struct {
	*source
	*checkpoints
	tranches, end, read, load, save bool
}

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (m *mute) Tranches(ctx context.Context) ([]feed.Tranche, error) {
	if m.tranches {
		return nil, hang(ctx)
	}
	return m.source.Tranches(ctx)
}

func (m *mute) End(ctx context.Context, tranche feed.Tranche) (feed.Position, error) {
	if m.end {
		return 0, hang(ctx)
	}
	return m.source.End(ctx, tranche)
}

func (m *mute) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	if m.read {
		return feed.Batch{}, hang(ctx)
	}
	return m.source.Read(ctx, tranche, from)
}

func (m *mute) Load(ctx context.Context, key feed.Key) (feed.Position, bool, error) {
	if m.load {
		return 0, false, hang(ctx)
	}
	return m.checkpoints.Load(ctx, key)
}

func (m *mute) Save(ctx context.Context, key feed.Key, position feed.Position) error {
	if m.save {
		return hang(ctx)
	}
	return m.checkpoints.Save(ctx, key, position)
}

func TestStartThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		mute mute
		want string
		took time.Duration
	}{
		{"tranches", mute{tranches: true}, "list the tranches of the feed: no answer within 30s: context deadline exceeded", 30 * time.Second},
		{"load", mute{load: true}, `load the checkpoint of tranche "A": no answer within 30s: context deadline exceeded`, 30 * time.Second},
		{"end", mute{end: true}, `find the end of tranche "A": no answer within 30s: context deadline exceeded`, 30 * time.Second},
		{"save", mute{save: true}, `save the end of tranche "A" as its first checkpoint: no answer within 10s: context deadline exceeded`, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := c.mute
				m.source, m.checkpoints = newSource("A"), newCheckpoints()
				began := time.Now()
				r := begin(t, &m, &m, newHandler(), reactor.Config{FromEnd: true})
				err := <-r.result
				if !errors.Is(err, context.DeadlineExceeded) || err.Error() != c.want {
					t.Errorf("Run: got %v, want %s", err, c.want)
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
		r := start(t, &mute{source: s, read: true}, newCheckpoints(), newHandler(),
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
		r := start(t, &mute{source: s, end: true}, c, newHandler(), reactor.Config{CheckpointInterval: time.Hour, Observer: seen})
		pass(time.Hour + 30*time.Second)
		failed := occurrences[reactor.ReadFailed](seen)
		if len(failed) != 1 {
			t.Fatalf("failures: got %+v, want one", failed)
		}
		equal(t, "error", failed[0].Err.Error(), `find the end of tranche "A": no answer within 30s: context deadline exceeded`)

		s.add("A", "a@0")
		pass(time.Hour - 20*time.Second) // it asks again
		began := time.Now()
		if err := r.end(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: got %v, want that the time is over", err)
		}
		equal(t, "time to stop", time.Since(began), 10*time.Second)
		equal(t, "failures, without the question that the stop cut off", len(occurrences[reactor.ReadFailed](seen)), 2)
		equal(t, "saved", c.saved(), "")
	})
}
