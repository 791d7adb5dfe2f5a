package reactor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/check"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// note is the note of the stream bad in quarantine, if there is one.
func (k keeping) note(t *testing.T) (note reactor.Quarantined, ok bool) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	body, ok := k.notes["test "+reactor.QuarantineKind+" "+stream("bad").String()]
	if ok {
		check.Must(t, json.Unmarshal(body, &note))
	}
	return note, ok
}

// putNote writes one as an operator does.
func (k keeping) putNote(t *testing.T, id string, note reactor.Quarantined) {
	t.Helper()
	body, err := json.Marshal(note)
	check.Must(t, err)
	_ = k.PutNote(t.Context(), "test", reactor.QuarantineKind, stream(id).String(), body)
}

// TestAPoisonedStreamIsSetAsideAfterAWhile, survives a restart so, and is retried.
func TestAPoisonedStreamIsSetAsideAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), newKeeping()
		h.on("bad", failure)
		s.add("A", "bad@0 well@0")
		config := reactor.Config{QuarantineAfter: time.Minute, CheckpointInterval: time.Second}
		r := start(t, notifying{s}, c, h, config)
		pass(50 * time.Second)
		equal(t, "saved before", c.saved(), "")
		pass(time.Minute)
		equal(t, "saved", c.saved(), "A 2")
		aside := r.status().Aside
		if len(aside) != 1 || aside[0].Stream != stream("bad") || aside[0].Cause != "boom" || aside[0].UpTo != 1 {
			t.Errorf("set aside: got %+v, want bad, up to 1", aside)
		}
		equal(t, "troubled", len(r.status().Troubled), 0)
		s.add("A", "bad@1 well@1")
		pass(10 * time.Second)
		equal(t, "saved", c.saved(), "A 2, A 4")
		if note, _ := c.note(t); note.UpTo != 2 {
			t.Errorf("note: got %+v, want it up to 2", note)
		}
		r.endWell()

		calls := h.count()
		r = start(t, notifying{s}, c, h, config)
		s.add("A", "bad@2")
		pass(10 * time.Second)
		equal(t, "calls after a restart", h.count(), calls)
		equal(t, "set aside after a restart", len(r.status().Aside), 1)

		note, _ := c.note(t)
		note.Retry = true
		c.putNote(t, "bad", note)
		pass(10 * time.Second) // it fails again
		note, ok := c.note(t)
		if !ok || note.Retry || h.count() != calls+1 {
			t.Errorf("after a retry that failed: got the note %+v (%t) after %d calls, want it, and one", note, ok, h.count()-calls)
		}
		h.heal("bad")
		note.Retry = true
		c.putNote(t, "bad", note)
		pass(10 * time.Second)
		if note, ok := c.note(t); ok {
			t.Errorf("after a retry that went well: got the note %+v, want none", note)
		}
		equal(t, "set aside", len(r.status().Aside), 0)
		equal(t, "the last call", h.last(), "bad 2")
		r.endWell()
	})
}

// noteKeeper is a [feed.Notes] that can be embedded beside its method of that name.
type noteKeeper interface{ feed.Notes }

// apart is checkpoints with notes that can be cut off, hold up the notes that are put, or
// refuse them.
type apart struct {
	*cutOff
	noteKeeper

	holdUp  chan struct{} // if it is not nil, notes are put once it is closed
	puts    atomic.Int32
	refused atomic.Int32 // how many puts more are refused
	noDrops bool         // no note may be dropped

	meanwhile func() // happens before a note is put
}

func newApart(c *memory.Checkpoints) *apart {
	return &apart{cutOff: &cutOff{Checkpoints: c, Slots: c}, noteKeeper: c}
}

// keeper is who keeps the notes now.
func (a *apart) keeper() feed.Notes {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.noteKeeper
}

// failOver has other checkpoints answer from now on, with other notes.
func (a *apart) failOver(to *memory.Checkpoints) {
	a.cutOff.failOver(to)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noteKeeper = to
}

func (a *apart) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	return a.keeper().Notes(ctx, group, kind)
}

func (a *apart) PutNote(ctx context.Context, group, kind, name string, body []byte) error {
	if err := a.err(); err != nil {
		return err
	}
	return a.keeper().PutNote(ctx, group, kind, name, body)
}

func (a *apart) DropNote(ctx context.Context, group, kind, name string) error {
	if err := a.err(); err != nil {
		return err
	}
	return a.keeper().DropNote(ctx, group, kind, name)
}

func (a *apart) ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (bool, error) {
	switch {
	case kind != reactor.QuarantineKind:
	case body == nil && a.noDrops:
		return false, errBoom
	case body != nil:
		a.puts.Add(1)
		if a.holdUp != nil {
			<-a.holdUp
		}
		if a.refused.Add(-1) >= 0 {
			return false, errBoom
		}
		if a.meanwhile != nil {
			a.meanwhile()
		}
	}
	if err := a.err(); err != nil {
		return false, err
	}
	return a.keeper().ReplaceNote(ctx, group, kind, name, before, body)
}

// TestWhoeverHasLostASlotLeavesItsNotesAlone, also what it was about to drop: for the next
// holder it fails, and what that has passed over since would be forgotten.
func TestWhoeverHasLostASlotLeavesItsNotesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, before, next := memory.NewCheckpoints(), newSource("A"), newHandler(), newHandler()
		own := newApart(shared)
		put := func(note reactor.Quarantined) {
			t.Helper()
			body, err := json.Marshal(note)
			check.Must(t, err)
			check.Must(t, shared.PutNote(t.Context(), "test", reactor.QuarantineKind, stream("bad").String(), body))
		}
		next.on("bad", failure)
		put(reactor.Quarantined{Since: time.Now(), Cause: "by hand", UpTo: 1})
		s.add("A", "bad@0")
		one := start(t, s, own, before, reactor.Config{Slots: 1, CheckpointInterval: 5 * time.Second})
		other := start(t, s, newApart(shared), next, reactor.Config{Slots: 1, CheckpointInterval: 10 * time.Minute})
		pass(25 * time.Minute)
		put(reactor.Quarantined{Since: time.Now(), Cause: "by hand", UpTo: 1, Retry: true})
		for range 3600 {
			if before.count() > 0 {
				break
			}
			pass(time.Second / 10)
		}
		equal(t, "calls of the one before", before.count() > 0, true)
		own.set(true) // it has taken the stream up, and not dropped the note yet
		pass(20 * time.Second)
		equal(t, "the other works", len(other.status().Tranches), 1)
		s.add("A", "bad@1")
		pass(2 * time.Second)
		own.set(false)
		pass(25 * time.Minute)
		equal(t, "calls of the other", next.called(), "bad 0")
		notes, err := shared.Notes(t.Context(), "test", reactor.QuarantineKind)
		check.Must(t, err)
		equal(t, "notes", len(notes), 1)
		if aside := other.status().Aside; len(aside) != 1 || aside[0].UpTo != 2 {
			t.Errorf("set aside: got %+v, want bad, up to 2", aside)
		}
		other.endWell() // and the one before has the slot again
		pass(time.Minute)
		notes, err = shared.Notes(t.Context(), "test", reactor.QuarantineKind)
		check.Must(t, err)
		equal(t, "notes in the end", len(notes), 1)
		equal(t, "set aside in the end", len(one.status().Aside), 1)
		one.endWell()
	})
}

// TestWhoeverLosesASlotNotesNothingMoreOfIt that it was about to.
func TestWhoeverLosesASlotNotesNothingMoreOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, fails, well := memory.NewCheckpoints(), newSource("A"), newHandler(), newHandler()
		own := newApart(shared)
		own.holdUp = make(chan struct{})
		for _, id := range []string{"bad", "worse", "worst"} {
			fails.on(id, failure)
		}
		s.add("A", "bad@0 worse@0 worst@0")
		one := start(t, s, own, fails, reactor.Config{Slots: 1, QuarantineAfter: time.Minute, CheckpointInterval: time.Second})
		other := start(t, s, newApart(shared), well, reactor.Config{Slots: 1, CheckpointInterval: time.Second})
		for range 3600 {
			if own.puts.Load() > 0 {
				break
			}
			pass(time.Second)
		}
		own.set(true)
		pass(30 * time.Second)
		equal(t, "streams that the other has handled", well.count(), 3)
		own.set(false)
		close(own.holdUp)
		pass(time.Minute)
		equal(t, "notes that were sent", own.puts.Load(), 1)
		one.endWell()
		other.endWell()
	})
}

// TestANoteThatWaitedForLongerThanTheSlotWasHeldIsNotWritten, such as one that was on its way
// when the server went away.
func TestANoteThatWaitedForLongerThanTheSlotWasHeldIsNotWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, fails, well := memory.NewCheckpoints(), newSource("A"), newHandler(), newHandler()
		own := newApart(shared)
		fails.on("bad", failure)
		s.add("A", "bad@0")
		own.meanwhile = sync.OnceFunc(func() {
			own.set(true)
			time.AfterFunc(9*time.Second, func() { own.set(false) }) // the slot is lost, and the note not given up
		})
		breaker := reactor.NewBreaker("the checkpoints", func(err error) bool { return errors.Is(err, errCutOff) })
		one := start(t, s, own, fails, reactor.Config{Slots: 1, QuarantineAfter: time.Minute, CheckpointInterval: time.Second, Breakers: reactor.Breakers{Checkpoints: breaker}})
		other := start(t, s, newApart(shared), well, reactor.Config{Slots: 1, CheckpointInterval: time.Second})
		pass(30 * time.Second)
		equal(t, "streams that the other has handled", well.count(), 0)
		pass(2 * time.Minute)
		equal(t, "streams that the other has handled", well.count(), 1)
		notes, err := shared.Notes(t.Context(), "test", reactor.QuarantineKind)
		check.Must(t, err)
		equal(t, "notes", len(notes), 0)
		one.endWell()
		other.endWell()
	})
}

// TestANoteThatAFailOverLostIsWrittenAgain: nobody has taken the stream off the list.
func TestANoteThatAFailOverLostIsWrittenAgain(t *testing.T) {
	t.Parallel()
	// The notes are looked at before the roster is, and after it.
	for _, often := range []time.Duration{100 * time.Millisecond, 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			shared, s, h := memory.NewCheckpoints(), newSource("A"), newHandler()
			own := newApart(shared)
			asks(h, "bad")
			s.add("A", "bad@0")
			r := start(t, s, own, h, reactor.Config{Slots: 1, CheckpointInterval: often})
			pass(time.Minute)
			equal(t, "set aside", len(r.status().Aside), 1)
			replica := memory.NewCheckpoints() // it has heard of nothing
			own.failOver(replica)
			pass(time.Minute)
			equal(t, "set aside after the fail-over", len(r.status().Aside), 1)
			notes, err := replica.Notes(t.Context(), "test", reactor.QuarantineKind)
			check.Must(t, err)
			equal(t, "notes", len(notes), 1)
			check.Must(t, replica.DropNote(t.Context(), "test", reactor.QuarantineKind, stream("bad").String()))
			pass(time.Minute)
			equal(t, "set aside once somebody has dropped it", len(r.status().Aside), 0)
			r.endWell()
		})
	}
}

// TestWhatAnOperatorAsksForIsNotWrittenOver by a reactor that notes at the same moment how far
// it has passed over the stream.
func TestWhatAnOperatorAsksForIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string]string{"a retry": "bad 0, bad 1", "that it is off the list": "bad 1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shared, s, h := memory.NewCheckpoints(), newSource("A"), newHandler()
				own := newApart(shared)
				id := stream("bad").String()
				note := reactor.Quarantined{Since: time.Now(), Cause: "by hand"}
				put := func() {
					body, err := json.Marshal(note)
					check.Must(t, err)
					check.Must(t, shared.PutNote(t.Context(), "test", reactor.QuarantineKind, id, body))
				}
				put()
				r := start(t, s, own, h, reactor.Config{Slots: 1, CheckpointInterval: time.Second})
				pass(time.Minute)
				own.meanwhile = sync.OnceFunc(func() {
					if note.Retry = name == "a retry"; note.Retry {
						put()
						return
					}
					check.Must(t, shared.DropNote(t.Context(), "test", reactor.QuarantineKind, id))
				})
				s.add("A", "bad@0")
				pass(time.Minute)
				s.add("A", "bad@1")
				pass(time.Minute)
				notes, err := shared.Notes(t.Context(), "test", reactor.QuarantineKind)
				check.Must(t, err)
				equal(t, "notes", len(notes), 0)
				equal(t, "calls", h.called(), calls)
				r.endWell()
			})
		})
	}
}

// asks is a handler's call that asks once for its stream to be set aside.
func asks(h *handler, id string) {
	h.on(id, func(context.Context, []es.Event) (es.Version, error) {
		h.heal(id) // another call would not meet it again
		return 0, &reactor.SetAsideError{Err: errBoom}
	})
}

// TestASlotIsNotGivenBeforeWhatWasAskedForIsNoted: the next holder would not meet it again.
func TestASlotIsNotGivenBeforeWhatWasAskedForIsNoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, before, next := memory.NewCheckpoints(), newSource("A"), newHandler(), newHandler()
		own := newApart(shared)
		own.refused.Store(math.MaxInt32) // until it is stopped, and once more
		slow := "slow"
		for reactor.SlotOf(stream(slow), 2) == reactor.SlotOf(stream("bad"), 2) {
			slow += "er"
		}
		asks(before, "bad")
		before.on(slow, func(context.Context, []es.Event) (es.Version, error) {
			pass(30 * time.Second) // so the stop takes longer, but not the slot of the other
			return 1, nil
		})
		s.add("A", "bad@0")
		one := start(t, s, own, before, reactor.Config{Slots: 2, CheckpointInterval: time.Hour, StopLimit: 5 * time.Minute, CallLimit: 10 * time.Minute})
		pass(time.Minute)
		s.add("A", slow+"@0")
		pass(time.Second)
		own.refused.Store(1)
		one.Stop()
		other := start(t, s, newApart(shared), next, reactor.Config{Slots: 2, CheckpointInterval: time.Second})
		one.endWell()
		pass(time.Minute)
		equal(t, "calls of the other", next.called(), "")
		equal(t, "set aside", len(other.status().Aside), 1)
		other.endWell()
	})
}

// TestANoteThatCannotBeDroppedKeepsNoOtherFromBeingWritten, as where a role may not delete.
func TestANoteThatCannotBeDroppedKeepsNoOtherFromBeingWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, h := memory.NewCheckpoints(), newSource("A"), newHandler()
		own := newApart(shared)
		own.noDrops = true
		body, err := json.Marshal(reactor.Quarantined{Since: time.Now(), Cause: "by hand", UpTo: 1, Retry: true})
		check.Must(t, err)
		check.Must(t, shared.PutNote(t.Context(), "test", reactor.QuarantineKind, stream("well").String(), body))
		h.on("bad", failure)
		s.add("A", "well@0 bad@0")
		r := start(t, s, own, h, reactor.Config{Slots: 1, QuarantineAfter: time.Minute, CheckpointInterval: time.Second})
		pass(time.Hour)
		notes, err := shared.Notes(t.Context(), "test", reactor.QuarantineKind)
		check.Must(t, err)
		equal(t, "notes", len(notes), 2)
		_ = r.end()
	})
}

// TestANoteThatCannotBeWrittenKeepsNoSlotFromBeingBegun: what other notes say is known.
func TestANoteThatCannotBeWrittenKeepsNoSlotFromBeingBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared, s, h, gone := memory.NewCheckpoints(), newSource("A"), newHandler(), newHandler()
		own := newApart(shared)
		own.refused.Store(math.MaxInt32)
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			asks(h, id)
		}
		one := start(t, s, own, h, reactor.Config{Slots: 2, CheckpointInterval: time.Second})
		other := start(t, s, newApart(shared), gone, reactor.Config{Slots: 2, CheckpointInterval: time.Second})
		pass(time.Minute)
		s.add("A", "a@0 b@0 c@0 d@0 e@0 f@0")
		pass(time.Minute)
		if h.count() == 0 || gone.count() == 0 {
			t.Fatalf("got %d and %d calls, want each to have a slot", h.count(), gone.count())
		}
		other.endWell()
		pass(time.Minute)
		s.add("A", "u@0 v@0 w@0 x@0 y@0 z@0")
		pass(time.Minute)
		equal(t, "calls of who is left", h.count()+gone.count(), 12)
		_ = one.end()
	})
}

// TestAStreamIsSetAsideByHand, and dropped from the list.
func TestAStreamIsSetAsideByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c, seen := newSource("A"), newHandler(), newKeeping(), &recorder{}
		h.on("bad", failure)
		s.add("A", "bad@0")
		r := start(t, notifying{s}, c, h, reactor.Config{CheckpointInterval: time.Second, Observer: seen})
		pass(time.Hour)
		equal(t, "saved", c.saved(), "")
		_ = c.PutNote(t.Context(), "test", reactor.QuarantineKind, "no name of a stream", []byte(`{}`))
		c.putNote(t, "bad", reactor.Quarantined{Since: time.Now(), Cause: "by hand"})
		pass(10 * time.Second)
		equal(t, "saved", c.saved(), "A 1")
		equal(t, "told", len(occurrences[reactor.SetAside](seen)), 1)

		_ = c.DropNote(t.Context(), "test", reactor.QuarantineKind, stream("bad").String())
		h.heal("bad")
		pass(10 * time.Second)
		equal(t, "set aside", len(r.status().Aside), 0)
		s.add("A", "bad@1")
		pass(10 * time.Second)
		equal(t, "the last call", h.last(), "bad 1")
		r.endWell()
	})
}

// TestWhatAHandlerHasSetAside is so at once, before a checkpoint passes it, is not tried
// again, stays so over a restart, and needs no setting.
func TestWhatAHandlerHasSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c, seen := newSource("A"), newHandler(), newKeeping(), &recorder{}
		h.on("bad", func(context.Context, []es.Event) (es.Version, error) {
			h.heal("bad") // another call would not meet it again
			return 0, fmt.Errorf("in the end: %w", &reactor.SetAsideError{Err: errBoom})
		})
		s.add("A", "bad@0 well@0")
		config := reactor.Config{CheckpointInterval: time.Hour, Observer: seen}
		r := start(t, notifying{s}, c, h, config)
		note, noted := c.note(t)
		if aside := r.status().Aside; len(aside) != 1 || aside[0].Cause != "in the end: boom" || !noted || note.UpTo != 1 {
			t.Errorf("got %+v and the note %+v, want both, with the cause, up to 1", aside, note)
		}
		equal(t, "told", len(occurrences[reactor.SetAside](seen)), 1)
		pass(2 * time.Hour)
		equal(t, "calls", h.called(), "bad 0, well 0")
		equal(t, "the checkpoint", c.at[feed.Key{Source: "scripted", Tranche: "A", Group: "test"}], 2)
		r.endWell()

		r = start(t, notifying{s}, c, h, config)
		equal(t, "set aside after a restart", len(r.status().Aside), 1)
		r.endWell()

		// Without a place for notes it is to be seen as long as this runs.
		h.on("bad", func(context.Context, []es.Event) (es.Version, error) { return 0, &reactor.SetAsideError{Err: errBoom} })
		r = start(t, notifying{s}, newCheckpoints(), h, config)
		pass(time.Minute)
		equal(t, "set aside without notes", len(r.status().Aside), 1)
		r.endWell()
	})
}

// slowNotes are read in five seconds.
type slowNotes struct{ keeping }

func (s slowNotes) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	select {
	case <-time.After(5 * time.Second):
		return s.keeping.Notes(ctx, group, kind)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// What the last call of a reactor that is stopped asks for is noted before it ends.
func TestWhatAHandlerHasSetAsideDuringAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, c := newSource("A"), newHandler(), slowNotes{newKeeping()}
		h.on("bad", func(context.Context, []es.Event) (es.Version, error) {
			time.Sleep(time.Minute)
			return 0, &reactor.SetAsideError{Err: errBoom}
		})
		s.add("A", "bad@0")
		r := start(t, s, c, h, reactor.Config{StopLimit: time.Hour})
		pass(30 * time.Second) // the call is under way
		r.endWell()
		if note, noted := c.note(t); !noted || note.Cause != "boom" {
			t.Errorf("got the note %+v, want one of what was set aside", note)
		}
	})
}

// countingLooks counts how often the notes are read.
type countingLooks struct {
	keeping

	looks *atomic.Int64
}

func (c countingLooks) Notes(ctx context.Context, group, kind string) (map[string][]byte, error) {
	c.looks.Add(1)
	return c.keeping.Notes(ctx, group, kind)
}

// However many ask at a time, one job sees to them all.
func TestManyStreamsAreSetAsideAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 2 * reactor.MaxSlots
		s, h, c := newSource("A"), newHandler(), countingLooks{newKeeping(), &atomic.Int64{}}
		for i := range many {
			name := fmt.Sprintf("bad%d", i)
			h.on(name, func(context.Context, []es.Event) (es.Version, error) { return 0, &reactor.SetAsideError{Err: errBoom} })
			s.add("A", name+"@0")
		}
		r := start(t, s, c, h, reactor.Config{MaxWriters: many})
		equal(t, "set aside", len(r.status().Aside), many)
		if looks := c.looks.Load(); looks > many/2 {
			t.Errorf("the notes were read %d times for %d streams that ask at once", looks, many)
		}
		r.endWell()
	})
}

func TestQuarantineTakesAPlaceForNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, newSource("A"), newCheckpoints(), newHandler(), reactor.Config{QuarantineAfter: time.Minute})
		var config *reactor.ConfigError
		if err := r.result(); !errors.As(err, &config) || !strings.Contains(err.Error(), "set aside") {
			t.Errorf("Wait: got %v, want a ConfigError about it", err)
		}
	})
}
