package reactor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// keyA is the key of the checkpoint of tranche A.
func keyA() feed.Key { return feed.Key{Source: "scripted", Tranche: "A", Group: "test"} }

func TestCheckpointsAreSavedWhenTheyMoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newSource("A", "B"), newCheckpoints()
		r := start(t, notifying{s}, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute})
		pass(time.Hour)
		equal(t, "saved of an empty feed", c.saved(), "")

		s.add("A", "a@0 a@1 a@2")
		synctest.Wait()
		equal(t, "saved at once", c.saved(), "")
		pass(time.Minute)
		equal(t, "saved after the interval", c.saved(), "A 3")
		pass(time.Hour)
		equal(t, "saved without a change", c.saved(), "A 3")

		s.add("A", "-")
		s.add("B", "b@0")
		pass(time.Minute)
		equal(t, "saved after a change", c.saved(), "A 3, A 4, B 1")
		equal(t, "status", r.status().Tranches[0].Saved, 4)
		r.endWell()
		equal(t, "saved at the end", c.saved(), "A 3, A 4, B 1")
	})
}

func TestCheckpointIsWhereTheNextRunBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		s.add("A", "a@0 b@0")
		start(t, notifying{s}, c, h, reactor.Config{}).endWell()
		s.add("A", "c@0")
		start(t, notifying{s}, c, h, reactor.Config{}).endWell()
		equal(t, "calls", h.called(), "a 0, b 0, c 0")
		start(t, notifying{s}, c, h, reactor.Config{Group: "another"}).endWell()
		equal(t, "calls with another group", h.called(), "a 0, a 0, b 0, b 0, c 0, c 0")
		equal(t, "saved", c.saved(), "A 2, A 3, A 3")
	})
}

func TestCheckpointThatFailedIsMadeUpFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c, seen := newSource("A"), newCheckpoints(), &recorder{}
		r := start(t, notifying{s}, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute, Observer: seen})
		c.fail(errBoom)
		s.add("A", "a@0")
		pass(3 * time.Minute)
		equal(t, "failures", len(occurrences[reactor.CheckpointFailed](seen)), 3)
		tranche := r.status().Tranches[0]
		equal(t, "saved", tranche.Saved, -1)
		equal(t, "error", tranche.SaveError, "boom")
		equal(t, "failing since", time.Since(tranche.SaveErrorSince), 3*time.Minute-time.Second/4)
		c.fail(nil)
		pass(time.Minute)
		tranche = r.status().Tranches[0]
		equal(t, "error", tranche.SaveError, "")
		equal(t, "failing since nothing", tranche.SaveErrorSince.IsZero(), true)
		equal(t, "saved", c.saved(), "A 1")
		equal(t, "occurrences", len(occurrences[reactor.CheckpointSaved](seen)), 1)
		r.endWell()
	})
}

func TestCheckpointThatFailsAtTheEndIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newSource("A", "B"), newCheckpoints()
		s.add("A", "a@0")
		s.add("B", "b@0 b@1")
		r := start(t, notifying{s}, c, newHandler(), reactor.Config{})
		c.fail(errBoom)
		err := r.end()
		if !errors.Is(err, errBoom) {
			t.Fatalf("Wait: got %v, want boom", err)
		}
		equal(t, "error", err.Error(), "save the checkpoint 1 of tranche \"A\": boom\nsave the checkpoint 2 of tranche \"B\": boom")
	})
}

// saving is checkpoints of which each save is preceded by something.
func saving(c *checkpoints, before func(ctx context.Context) error) feed.Checkpoints {
	return intercept.Checkpoints(c, intercept.CheckpointsHooks{
		BeforeSave: func(ctx context.Context, _ feed.Key, _ feed.Position) error { return before(ctx) },
	})
}

// TestAStopTriesAgainToSaveTheCheckpoint finds dead connections.
func TestAStopTriesAgainToSaveTheCheckpoint(t *testing.T) {
	t.Parallel()
	for dead, want := range map[int]string{0: "A 1", 2: "A 1", 3: ""} {
		synctest.Test(t, func(t *testing.T) {
			s, c := newSource("A"), newCheckpoints()
			s.add("A", "a@0")
			found := 0
			r := start(t, notifying{s}, saving(c, func(context.Context) error {
				if found++; found <= dead {
					return errBoom
				}
				return nil
			}), newHandler(), reactor.Config{})
			if err := r.end(); (err == nil) != (want != "") {
				t.Errorf("with %d dead connections: Wait: got %v", dead, err)
			}
			equal(t, "saved", c.saved(), want)
		})
	}
}

func TestCheckpointThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource("A")
		s.add("A", "a@0")
		r := start(t, notifying{s}, saving(newCheckpoints(), hang), newHandler(), reactor.Config{})
		began := time.Now()
		if err := r.end(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: got %v, want that the time is over", err)
		}
		equal(t, "time to stop", time.Since(began), 10*time.Second)
	})
}

// TestCheckpointIsNotCutOffByAStop stops while one is being saved.
func TestCheckpointIsNotCutOffByAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c, seen := newSource("A"), newCheckpoints(), &recorder{}
		s.add("A", "a@0")
		slow := func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		r := start(t, notifying{s}, saving(c, slow), newHandler(), reactor.Config{CheckpointInterval: time.Minute, Observer: seen})
		pass(time.Minute + time.Second/2)
		r.endWell()
		equal(t, "saved", c.saved(), "A 1")
		equal(t, "failures", len(occurrences[reactor.CheckpointFailed](seen)), 0)
	})
}

func TestCheckpointBehindTheEndIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newSource("A"), newCheckpoints()
		s.add("A", "a@0")
		c.at[keyA()] = 2
		r := begin(t, notifying{s}, c, newHandler(), reactor.Config{})
		err := r.result()
		var ahead *reactor.CheckpointAheadError
		if !errors.As(err, &ahead) {
			t.Fatalf("Wait: got %v, want a CheckpointAheadError", err)
		}
		equal(t, "error", *ahead, reactor.CheckpointAheadError{Key: keyA(), Checkpoint: 2, End: 1})
		check.Contains(t, err.Error(), `"test"`, `"A"`, "is 2", "ends at 1", "reactor checkpoint")
		equal(t, "saved", c.saved(), "")
		c.at[keyA()] = 1 // the very end is no reason to refuse
		start(t, notifying{s}, c, newHandler(), reactor.Config{}).endWell()
	})
}

func TestFromEndSkipsWhatIsThereAlready(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		s.add("A", "a@0 a@1")
		r := start(t, notifying{s}, c, h, reactor.Config{FromEnd: true})
		s.add("A", "a@2")
		synctest.Wait()
		equal(t, "calls", h.called(), "a 2")
		r.endWell()
		s.add("A", "a@3") // while it does not run: the checkpoint counts, not the end
		start(t, notifying{s}, c, h, reactor.Config{FromEnd: true}).endWell()
		equal(t, "calls", h.called(), "a 2, a 3")
	})
}

// TestFromEndSkipsNothingAfterwards is about a group that stops, or crashes,
// before anything was completed: the end where it began has to be remembered.
func TestFromEndSkipsNothingAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		s.add("A", "old@0")
		r := start(t, notifying{s}, c, h, reactor.Config{FromEnd: true})
		equal(t, "saved", c.saved(), "A 1")
		equal(t, "status", r.status().Tranches[0].Saved, 1)
		h.on("a", failure)
		s.add("A", "a@0")
		synctest.Wait()
		r.endWell()
		h.heal("a")
		start(t, notifying{s}, c, h, reactor.Config{FromEnd: true}).endWell()
		equal(t, "calls", h.called(), "a 0, a 0")

		c.fail(errBoom)
		r = begin(t, notifying{s}, c, h, reactor.Config{Group: "other", FromEnd: true})
		if err := r.result(); !errors.Is(err, errBoom) {
			t.Errorf("Wait: got %v, want boom", err)
		}
	})
}

func TestRunReturnsWhyItCannotBegin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		breaks func(*source, *checkpoints)
		want   string
	}{
		{"tranches", func(s *source, _ *checkpoints) { s.refusing = errBoom }, "list the tranches of the feed: boom"},
		{"no tranches", func(s *source, _ *checkpoints) { s.tranches = nil }, "the feed has no tranches: there is nothing to read"},
		{"checkpoints", func(_ *source, c *checkpoints) { c.failing = errBoom }, `load the checkpoint of tranche "A": boom`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, positions := newSource("A"), newCheckpoints()
				c.breaks(s, positions)
				r := begin(t, notifying{s}, positions, newHandler(), reactor.Config{})
				if err := r.result(); err == nil || err.Error() != c.want {
					t.Errorf("Wait: got %v, want %s", err, c.want)
				}
			})
		})
	}
}

// TestCheckpointNeverPassesWhatIsNotHandled crashes, so to speak, at the worst
// moments: the next run begins at the saved position and must see everything.
func TestCheckpointNeverPassesWhatIsNotHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newCheckpoints()
		h.on("bad", failure)
		s.add("A", "a@0 bad@0 a@1 b@0 bad@1 c@0")
		r := start(t, notifying{s}, c, h, reactor.Config{CheckpointInterval: time.Second})
		pass(time.Minute)
		equal(t, "saved", c.saved(), "A 1")
		r.endWell()
		again := newHandler()
		start(t, notifying{s}, c, again, reactor.Config{MaxWriters: 1}).endWell()
		calls := again.called()
		for _, want := range []string{"bad 0", "a 1", "b 0", "bad 1", "c 0"} {
			if !strings.Contains(calls, want) && !strings.Contains(calls, "bad 0 1") {
				t.Errorf("calls of the next run: got %s, want %s among them", calls, want)
			}
		}
		equal(t, "saved", c.saved(), "A 1, A 6")
	})
}
