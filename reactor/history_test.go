package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/memory"
)

// historian is a source of which every event has an id and a place, and that tells its
// history. Its generation is part of the ids.
type historian struct {
	*source

	generation *int
	course     *feed.Course
}

func newHistorian(tranches ...feed.Tranche) historian {
	s := newSource(tranches...)
	s.batch = 3
	generation := new(int)
	s.ids = func(tranche feed.Tranche, at int) uuid.UUID {
		return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, *generation, tranche, at))
	}
	return historian{s, generation, &feed.Course{Timeline: "1", Reached: 1}}
}

// add appends to tranche A events of the generation that is now.
func (h historian) add(text string) {
	h.writes()
	h.source.add("A", text)
}

func (h historian) Read(ctx context.Context, tranche feed.Tranche, from feed.Position) (feed.Batch, error) {
	batch, err := h.source.Read(ctx, tranche, from)
	h.mu.Lock()
	defer h.mu.Unlock()
	at := 0
	for p := from; p < batch.Next; p++ {
		if e := h.entries[tranche][p]; !e.stream.IsZero() {
			batch.Events[at].Event.ID, batch.Events[at].Next = e.id, p+1
			at++
		}
	}
	return batch, err
}

func (h historian) Changed(tranche feed.Tranche, from feed.Position) <-chan struct{} {
	return notifying{h.source}.Changed(tranche, from)
}

// History implements feed.Historian.
func (h historian) History(_ context.Context, tranche feed.Tranche, at []feed.Mark) (feed.History, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	history := feed.History{Course: *h.course}
	for _, mark := range at {
		id := ""
		if p := int(mark.Position) - 1; p < len(h.entries[tranche]) && h.entries[tranche][p].id != (uuid.UUID{}) {
			id = h.entries[tranche][p].id.String()
		}
		history.Events = append(history.Events, id)
	}
	return history, nil
}

// takesOver is a replica that takes over with the events of tranche A up to a position.
func (h historian) takesOver(from int) {
	h.lose(from)
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.generation++
	*h.course = feed.Course{Timeline: fmt.Sprint(*h.generation + 1), Reached: h.course.Reached - 1}
}

// writes has the server get on, with something that is none of the feed's.
func (h historian) writes() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.course.Reached++
}

// keeping is checkpoints with notes.
type keeping struct {
	*checkpoints

	notes map[string][]byte
	full  *atomic.Bool // no note can be kept
}

func newKeeping() keeping { return keeping{newCheckpoints(), map[string][]byte{}, &atomic.Bool{}} }

func (k keeping) Notes(_ context.Context, group, kind string) (map[string][]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := map[string][]byte{}
	for key, body := range k.notes {
		if name, ok := strings.CutPrefix(key, group+" "+kind+" "); ok {
			found[name] = body
		}
	}
	return found, nil
}

func (k keeping) PutNote(_ context.Context, group, kind, name string, body []byte) error {
	if k.full.Load() {
		return errBoom
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes[group+" "+kind+" "+name] = body
	return nil
}

func (k keeping) ReplaceNote(ctx context.Context, group, kind, name string, before, body []byte) (bool, error) {
	k.mu.Lock()
	now := k.notes[group+" "+kind+" "+name]
	k.mu.Unlock()
	if string(now) != string(before) {
		return false, nil
	}
	if body == nil {
		return true, k.DropNote(ctx, group, kind, name)
	}
	return true, k.PutNote(ctx, group, kind, name, body)
}

func (k keeping) DropNote(_ context.Context, group, kind, name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.notes, group+" "+kind+" "+name)
	return nil
}

// expectHistoryLost fails the test unless the run has ended because of a loss.
func (r *running) expectHistoryLost(mark, safe feed.Position) {
	r.t.Helper()
	var lost *reactor.HistoryError
	if err := r.result(); !errors.As(err, &lost) {
		r.t.Fatalf("Wait: got %v, want a HistoryError", err)
	}
	equal(r.t, "mark", lost.Mark.Position, mark)
	equal(r.t, "safe", lost.Safe, safe)
	for _, word := range []string{"timeline 1 to 2", "reactor checkpoint", fmt.Sprintf("up to %d", safe)} {
		if !strings.Contains(lost.Error(), word) {
			r.t.Errorf("error: got %q, want %s in it", lost, word)
		}
	}
}

// TestMarksThatCannotBeNotedAreSeen: without them the next start would compare with old
// ones. They are noted once that works again, though nothing is read any more.
func TestMarksThatCannotBeNotedAreSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c, seen := newHistorian("A"), newKeeping(), &recorder{}
		c.full.Store(true)
		h.add("a@0")
		r := start(t, h, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute, Observer: seen})
		pass(10 * time.Minute)
		tranche := r.status().Tranches[0]
		equal(t, "saved", tranche.Saved, 1)
		equal(t, "error", tranche.SaveError, "note what was read last: boom")
		equal(t, "failing for long", time.Since(tranche.SaveErrorSince) > 9*time.Minute, true)
		equal(t, "told as saved", len(occurrences[reactor.CheckpointSaved](seen)), 0)

		c.full.Store(false)
		pass(2 * time.Minute)
		equal(t, "error", r.status().Tranches[0].SaveError, "")
		equal(t, "told as saved", len(occurrences[reactor.CheckpointSaved](seen)), 1)
		r.endWell()
		if notes, err := c.Notes(t.Context(), "test", "mark"); err != nil || len(notes) != 1 {
			t.Errorf("got the notes %q and error %v, want one", notes, err)
		}
	})
}

// TestAFailOverThatLostEventsIsSeen has a new leader that outgrows the old position
// before anybody looks: while the reactor runs, and while it does not.
func TestAFailOverThatLostEventsIsSeen(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprintf("running %t", running), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, c := newHistorian("A"), newKeeping()
				h.add("a@0 b@0 c@0")
				r := start(t, h, c, newHandler(), reactor.Config{CheckpointInterval: 5 * time.Second})
				pass(time.Minute)
				h.add("d@0 e@0")
				pass(time.Minute)
				equal(t, "saved", c.saved(), "A 3, A 5")
				if !running {
					r.endWell()
				}
				h.takesOver(3)
				h.add("x@0 y@0 z@0 z@1")
				if !running {
					r = begin(t, h, c, newHandler(), reactor.Config{})
				}
				r.expectHistoryLost(5, 3)
				equal(t, "saved", c.saved(), "A 3, A 5")

				// The way out: what the new leader has is handled.
				c.at[keyA()] = 0
				again := newHandler()
				r = start(t, h, c, again, reactor.Config{})
				equal(t, "calls", again.called(), "a 0, b 0, c 0, x 0, y 0, z 0, z 1")
				r.endWell()
				start(t, h, c, again, reactor.Config{}).endWell()
			})
		})
	}
}

// TestEventsReadBetweenTwoLooksAreComparedToo loses a batch that was read and followed
// by others of the new leader before anybody looked.
func TestEventsReadBetweenTwoLooksAreComparedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c := newHistorian("A"), newKeeping()
		h.add("a@0 b@0 c@0")
		r := start(t, h, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute})
		pass(2 * time.Minute)
		h.add("d@0")
		synctest.Wait() // it is read
		h.takesOver(3)
		h.add("x@0 y@0")
		synctest.Wait() // y is read, x is not
		pass(time.Minute)
		r.expectHistoryLost(4, 3)
		equal(t, "saved", c.saved(), "A 3")
	})
}

// TestAFailOverThatLostNothingIsNoMatter, nor is the erasure of the newest event.
func TestAFailOverThatLostNothingIsNoMatter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c, seen := newHistorian("A"), newKeeping(), &recorder{}
		h.add("a@0 b@0 c@0")
		r := start(t, h, c, newHandler(), reactor.Config{CheckpointInterval: time.Minute, Observer: seen})
		pass(2 * time.Minute)
		h.takesOver(3)
		h.add("d@0")
		pass(time.Minute)
		equal(t, "saved", c.saved(), "A 3, A 4")

		h.lose(3) // erased: the course is the same
		h.writes()
		pass(2 * time.Minute)
		if erased := occurrences[reactor.EventsErased](seen); len(erased) == 0 || erased[0].Read != 4 || erased[0].End != 3 {
			t.Errorf("told: got %+v, want that the event in front of 4 is erased", erased)
		}
		r.endWell()
		h.source.add("A", "-") // its position is not given again
		h.add("e@0")
		handler := newHandler()
		r = start(t, h, c, handler, reactor.Config{})
		equal(t, "calls", handler.called(), "e 0")
		r.endWell()
	})
}

// TestAnErasedEventDoesNotKeepAReactorFromStarting has nothing come after it.
func TestAnErasedEventDoesNotKeepAReactorFromStarting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c := newHistorian("A"), newKeeping()
		h.add("a@0 b@0")
		start(t, h, c, newHandler(), reactor.Config{}).endWell()
		h.lose(1)
		h.writes()
		start(t, h, c, newHandler(), reactor.Config{}).endWell()
		h.course.Timeline = "9"
		var ahead *reactor.HistoryError
		if err := begin(t, h, c, newHandler(), reactor.Config{}).result(); !errors.As(err, &ahead) {
			t.Errorf("on another timeline: got %v, want a HistoryError", err)
		}
	})
}

// slowly handles a stream in a second.
func slowly(ctx context.Context, events []es.Event) (es.Version, error) {
	select {
	case <-time.After(time.Second):
		return all(events), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// killed is checkpoints of a process that saves nothing once it is killed.
type killed struct {
	*checkpoints

	alive context.Context //nolint:containedctx // it is the life of a process
}

func (k killed) Save(ctx context.Context, key feed.Key, position feed.Position) error {
	if err := k.alive.Err(); err != nil {
		return err
	}
	return k.checkpoints.Save(ctx, key, position)
}

// TestCheckpointsGetOnInAProcessThatDiesEarly has one batch that takes longer than each
// of its lives.
func TestCheckpointsGetOnInAProcessThatDiesEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c := newHistorian("A"), newKeeping()
		h.batch = 100
		var all strings.Builder
		for i := range 20 {
			fmt.Fprintf(&all, "s%d@0 ", i)
		}
		h.add(all.String())
		for lives := 1; ; lives++ {
			if lives > 30 {
				t.Fatalf("after %d lives the checkpoint is %d, want it at the end", lives, c.at[keyA()])
			}
			slow := newHandler()
			for i := range 20 {
				slow.on(fmt.Sprint("s", i), slowly)
			}
			ctx, kill := context.WithCancel(t.Context())
			dying := newCheckpoints() // what a killed process would have saved is not saved
			dying.at = c.at
			r, err := reactor.Start(ctx, h, killed{dying, ctx}, slow, reactor.Config{Group: "test", MaxWriters: 1})
			if err != nil {
				t.Fatal(err)
			}
			pass(3 * time.Second)
			kill()
			_ = r.Wait(context.Background())
			if c.at[keyA()] >= 19 {
				break
			}
		}
	})
}

// ofSlot is a stream of one of two slots.
func ofSlot(slot int) string {
	for i := 0; ; i++ {
		if id := fmt.Sprint("s", i); reactor.SlotOf(stream(id), 2) == slot {
			return id
		}
	}
}

// twoSlots leaves the checkpoints of two slots, at 3 and at 6. It returns a stream of the
// one that is ahead.
func twoSlots(t *testing.T, h historian, c *memory.Checkpoints) string {
	t.Helper()
	handler := newHandler()
	behind, ahead := ofSlot(0), ofSlot(1)
	h.add(fmt.Sprintf("%s@0 %s@0 %s@1", behind, ahead, ahead))
	r := start(t, h, c, handler, reactor.Config{Slots: 2, CheckpointInterval: time.Second})
	pass(3 * time.Second)
	handler.on(behind, failure)
	h.add(fmt.Sprintf("%s@1 %s@2 %s@3", behind, ahead, ahead))
	pass(3 * time.Second)
	r.endWell()
	return ahead
}

// TestAFailOverWhileASlotCatchesUpIsSeen has a replica take over, and outgrow what was
// lost, while the feed is read again for a slot that is behind. The other one would pass
// over what took the place of its own.
func TestAFailOverWhileASlotCatchesUpIsSeen(t *testing.T) {
	t.Parallel()
	for range 10 { // which slot is begun first is a matter of chance
		synctest.Test(t, func(t *testing.T) {
			h, c := newHistorian("A"), memory.NewCheckpoints()
			ahead := twoSlots(t, h, c)
			h.freeze(4)
			r := start(t, h, c, newHandler(), reactor.Config{Slots: 2, CheckpointInterval: time.Minute})
			equal(t, "read", r.status().Tranches[0].Read, 4)
			pass(2 * time.Minute) // what is there is compared
			h.takesOver(4)
			h.freeze(0)
			h.add(fmt.Sprintf("%s@2 %s@3 x@0 y@0", ahead, ahead))
			pass(2 * time.Minute)
			r.Stop()
			r.expectHistoryLost(6, 4)
		})
	}
}

// TestMarksStayWhenTheNumberOfSlotsChanges has a replica take over before that, or after it.
func TestMarksStayWhenTheNumberOfSlotsChanges(t *testing.T) {
	t.Parallel()
	for _, slots := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			h, c := newHistorian("A"), memory.NewCheckpoints()
			twoSlots(t, h, c)
			change := func(to int) error {
				_, err := reactor.ChangeSlots(t.Context(), h, c, "test", to)
				return err
			}
			if err := errors.Join(change(slots), change(2), change(slots)); err != nil {
				t.Fatal(err)
			}
			notes, err := c.Notes(t.Context(), "test", "mark")
			if err != nil || len(notes) != slots {
				t.Errorf("got the notes %q and error %v, want one for each slot", notes, err)
			}
			h.takesOver(2)
			h.add("v@0 w@0 x@0 y@0 z@0")
			var lost *reactor.HistoryError
			if err := change(2); !errors.As(err, &lost) || lost.Mark.Position != 3 {
				t.Errorf("changed after a fail-over: got %v, want a HistoryError about 3", err)
			}
			r := begin(t, h, c, newHandler(), reactor.Config{Slots: slots})
			pass(time.Minute)
			r.Stop()
			r.expectHistoryLost(3, 0)
		})
	}
}

// TestMarksStayWithTheFirstRoster has a group that had no slots get one, whose marks have
// the names that those before had.
func TestMarksStayWithTheFirstRoster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, c := newHistorian("A"), memory.NewCheckpoints()
		h.add("a@0 b@0")
		r := start(t, h, c, newHandler(), reactor.Config{CheckpointInterval: time.Second})
		pass(3 * time.Second)
		r.endWell()
		before, err := c.Notes(t.Context(), "test", "mark")
		if err != nil || len(before) != 1 {
			t.Fatalf("without slots: got the notes %q and error %v, want one", before, err)
		}
		if _, err := reactor.ChangeSlots(t.Context(), h, c, "test", 1); err != nil {
			t.Fatal(err)
		}
		if notes, err := c.Notes(t.Context(), "test", "mark"); err != nil || string(notes["A"]) != string(before["A"]) {
			t.Errorf("with one slot: got the notes %q and error %v, want %q", notes, err, before)
		}
	})
}

// TestAFailOverThatLostEventsOfOneSlotIsSeen has another slot that is further behind than
// what was lost. Which slot is begun first is a matter of chance.
func TestAFailOverThatLostEventsOfOneSlotIsSeen(t *testing.T) {
	t.Parallel()
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			h, c, handler := newHistorian("A"), memory.NewCheckpoints(), newHandler()
			config := reactor.Config{Slots: 2, CheckpointInterval: time.Second}
			behind, ahead := ofSlot(0), ofSlot(1)
			h.add(fmt.Sprintf("%s@0 %s@0 %s@1", behind, ahead, ahead))
			r := start(t, h, c, handler, config)
			pass(3 * time.Second)
			handler.on(behind, failure)
			h.add(fmt.Sprintf("%s@1 %s@2 %s@3", behind, ahead, ahead))
			pass(3 * time.Second)
			r.endWell()
			h.takesOver(4)
			h.add(fmt.Sprintf("%s@2 %s@3 x@0 y@0 z@0", ahead, ahead))
			r = begin(t, h, c, handler, config)
			pass(time.Minute)
			r.Stop()
			r.expectHistoryLost(6, 3)
		})
	}
}
