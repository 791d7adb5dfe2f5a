package faults

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// The operations of a feed. Each is decided for each delivery, the first time
// that the feed makes it.
const (
	fetching   = "fetch"
	delivering = "delivery"
	ordering   = "turn"
)

// saving is the operation of checkpoints.
const saving = "save"

// Source returns a source that passes calls on to next, and makes some fail. It is
// a [feed.Notifier] if next is one.
func (i *Injector) Source(next feed.Source) feed.Source {
	s := &source{
		injector: i, next: next, late: map[es.StreamName]turn{},
		decided: map[decision]es.Version{}, again: map[feed.Tranche][]feed.Delivery{}, failures: map[feed.Tranche]int{},
	}
	return intercept.Source(next, intercept.SourceHooks{AfterRead: s.afterRead})
}

// source is what is known of the deliveries of a feed.
type source struct {
	injector *Injector
	next     feed.Source

	mu       sync.Mutex
	decided  map[decision]es.Version // deliveries of the stream below it were decided on
	late     map[es.StreamName]turn  // those that others are to overtake, if there are any in time
	again    map[feed.Tranche][]feed.Delivery
	failures map[feed.Tranche]int // in a row
}

// decision is about the deliveries of a stream: whether they can be read, how they
// are delivered, or whether others overtake them, as its operation says.
type decision struct {
	stream    es.StreamName
	operation string
}

func (s *source) afterRead(ctx context.Context, tranche feed.Tranche, from feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
	if err == nil {
		batch, err = s.gather(ctx, tranche, from, batch)
	}
	if err != nil {
		return batch, err
	}
	if stream, fails := s.fails(ctx, tranche, batch.Events); fails {
		return feed.Batch{}, fmt.Errorf("read tranche %q from position %d: %w", tranche, from, &Error{FailedFeed, stream})
	}
	changed, turns := s.deliver(ctx, tranche, from, batch)
	for _, t := range turns { // without the lock, since these call back
		s.injector.strike(t)
	}
	return changed, nil
}

// gather decides which streams others are to overtake. Where no other has come with
// them, it waits for a while and reads once more: batches seldom hold two streams of
// a scenario, so few could ever change places.
func (s *source) gather(ctx context.Context, tranche feed.Tranche, from feed.Position, batch feed.Batch) (feed.Batch, error) {
	if !s.delays(ctx, batch.Events) || s.overtakes(batch.Events) {
		return batch, nil
	}
	if err := pause.For(ctx, s.injector.config.Spec.of(Reorder).delay); err != nil {
		return feed.Batch{}, err
	}
	batch, err := s.next.Read(ctx, tranche, from)
	if err == nil {
		s.delays(ctx, batch.Events)
	}
	return batch, err
}

// delays decides about streams of a batch, and tells whether there is one that is
// to be overtaken since now.
func (s *source) delays(ctx context.Context, events []feed.Delivery) (some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range events {
		t, fresh := s.first(ctx, d, ordering)
		if fresh && s.injector.may(t, Reorder) {
			s.late[d.Stream] = t
			some = true
		}
	}
	return some
}

// overtakes tells whether a batch holds what changes places.
func (s *source) overtakes(events []feed.Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, overtaken := s.mix(events)
	return len(overtaken) > 0
}

// mix puts the streams that are to be overtaken behind the others, the first of them
// last, and returns those that one was told before of which they had been told first.
// Within a stream nothing changes. The caller holds the lock.
func (s *source) mix(events []feed.Delivery) (mixed []feed.Delivery, overtaken []es.StreamName) {
	first, place := map[es.StreamName]int{}, map[es.StreamName]int{}
	for at, d := range events {
		if _, known := first[d.Stream]; known {
			continue
		}
		first[d.Stream] = at
		if _, late := s.late[d.Stream]; late {
			place[d.Stream] = len(events) - at
		}
	}
	mixed = slices.Clone(events)
	slices.SortStableFunc(mixed, func(a, b feed.Delivery) int { return cmp.Compare(place[a.Stream], place[b.Stream]) })
	told, furthest := map[es.StreamName]bool{}, -1 // where the furthest stream that counts was
	for _, d := range mixed {
		if told[d.Stream] {
			continue
		}
		told[d.Stream] = true
		if _, late := s.late[d.Stream]; late && furthest > first[d.Stream] {
			overtaken = append(overtaken, d.Stream)
		}
		if s.injector.key(d.Stream) != "" {
			furthest = max(furthest, first[d.Stream])
		}
	}
	return mixed, overtaken
}

// fails decides whether a read fails, because of one of the streams in it.
func (s *source) fails(ctx context.Context, tranche feed.Tranche, events []feed.Delivery) (because es.StreamName, fails bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range events {
		t, fresh := s.first(ctx, d, fetching)
		if fresh && s.failures[tranche] < MaxInARow && s.injector.injects(t, FailedFeed, "") {
			s.failures[tranche]++
			return d.Stream, true
		}
	}
	s.failures[tranche] = 0
	return because, false
}

// deliver decides what becomes of a batch, and returns the turns of which the rest
// is to be decided.
func (s *source) deliver(ctx context.Context, tranche feed.Tranche, from feed.Position, batch feed.Batch) (feed.Batch, []turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var turns []turn
	var again []feed.Delivery
	batch.Events = slices.Clone(batch.Events)
	for at, d := range batch.Events {
		t, fresh := s.first(ctx, d, delivering)
		if !fresh {
			continue
		}
		turns = append(turns, t)
		if s.injector.injects(t, HoldBack, "") {
			// The position in between is not known, so what is delivered now
			// is delivered once more with the rest.
			batch = feed.Batch{Events: batch.Events[:at], Next: from}
			s.injector.repeat(batch.Events)
			break
		}
		if s.injector.injects(t, Duplicate, "") {
			again = append(again, d)
		} else {
			s.injector.succeeded(t)
		}
	}
	batch.Events = s.reorder(batch.Events)
	// What was to be delivered again comes first, as the older one. What is to be
	// from now on comes with the next read: in this batch, it would be seen to be
	// the same.
	batch.Events = append(s.again[tranche], batch.Events...)
	s.again[tranche] = again
	for n, d := range batch.Events {
		if s.injector.untold(d.Stream) {
			batch.Events[n].Event = bare(d.Event)
		}
	}
	return batch, turns
}

// bare is what a feed delivers that knows only that there is an event.
func bare(event es.Event) es.Event {
	event.Data, event.Meta, event.Time = nil, nil, time.Time{}
	return event
}

// untold tells whether the feed keeps to itself what the events of a stream say. Where
// replicas lag it does so for every other stream: whoever is told everything reads
// nothing, and would never see an old copy.
func (i *Injector) untold(stream es.StreamName) bool {
	key := i.key(stream)
	return key != "" && i.config.Spec.Has(Stale) && chance(i.config.Seed, 0, "bodies", key)%2 == 0
}

// reorder lets streams be overtaken that are to be. Those that there is nothing to
// overtake are told of in good order.
func (s *source) reorder(events []feed.Delivery) []feed.Delivery {
	_, overtaken := s.mix(events)
	for _, stream := range overtaken {
		if !s.injector.injects(s.late[stream], Reorder, "") {
			delete(s.late, stream) // somebody else has used up what there may be
		}
	}
	mixed, _ := s.mix(events)
	for _, d := range events {
		if t, late := s.late[d.Stream]; late {
			delete(s.late, d.Stream)
			if !slices.Contains(overtaken, d.Stream) {
				s.injector.succeeded(t)
			}
		}
	}
	return mixed
}

// first returns the turn of a delivery, unless it was decided on before, or is to
// be left alone.
func (s *source) first(ctx context.Context, d feed.Delivery, operation string) (t turn, fresh bool) {
	about := decision{d.Stream, operation}
	if d.Event.Index < s.decided[about] {
		return turn{}, false
	}
	t, ok := s.injector.turn(ctx, feeding, d.Stream, operation)
	if ok {
		s.decided[about] = d.Event.Index + 1
	}
	return t, ok
}

// repeat notes that deliveries come once more.
func (i *Injector) repeat(events []feed.Delivery) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, d := range events {
		i.repeated[d.Stream]++
	}
}

// Checkpoints returns checkpoints that pass calls on to next, and makes some saves
// fail; not the first of a tranche, without which a reactor does not start. A
// reactor that stops and cannot save its last checkpoint says so: its error then
// holds an [*Error].
func (i *Injector) Checkpoints(next feed.Checkpoints) feed.Checkpoints {
	return intercept.Checkpoints(next, intercept.CheckpointsHooks{
		BeforeSave: func(_ context.Context, key feed.Key, _ feed.Position) error {
			s := scope{role: Reactor, tranche: key.Group + "/" + string(key.Tranche)}
			t, ok := i.endlessTurn(s, "tranche "+string(key.Tranche), saving)
			if !ok || t.count == 0 {
				return nil
			}
			if i.injects(t, FailedCheckpoint, "") {
				return fmt.Errorf("save the checkpoint of tranche %q: %w", key.Tranche, &Error{Kind: FailedCheckpoint})
			}
			i.succeeded(t)
			return nil
		},
	})
}
