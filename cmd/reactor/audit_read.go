package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/groupcheckout/domain/audit"
	"example.com/groupcheckout/domain/groupcheckout"
	"example.com/groupcheckout/domain/gueststay"
	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores"
)

// auditedCategories are what a feed has to deliver to be audited. Groups come
// first: a residual that was read then has its transfer in what is read later.
func auditedCategories() []string { return []string{groupcheckout.Category, gueststay.Category} }

// How long to wait for the copy that a feed is read from, where it lags behind
// the leader.
const (
	lagPause = 200 * time.Millisecond
	lagLimit = 30 * time.Second
)

// lagError says that the end of a feed was not to be read.
type lagError struct {
	tranche feed.Tranche
	at, end feed.Position
}

func (e *lagError) Error() string {
	return fmt.Sprintf("the feed of %q was read up to %d, and nothing more came for %v, though its leader is at %d: the copy that it is read from is stuck or far behind",
		e.tranche, e.at, lagLimit, e.end)
}

// walked is how far the reading of a tranche is.
type walked struct {
	tranche feed.Tranche
	at, end feed.Position
	events  int // read so far, of all tranches
}

// storeAudit reads a whole store into books.
type storeAudit struct {
	backend  *stores.Backend
	books    *audit.Books
	progress func(walked)
	events   int
	groups   map[es.StreamName]feed.Tranche // where group checkouts are delivered; nil if no checkpoint is audited
	found    findings
	aside    []quarantinedOf // what the consumer groups have set aside

	unseen string // why that was not looked at; empty if it was
}

// whole is a store that is read without its feed, which may lack something.
type whole interface {
	// enter puts all events into the books, and finds what the feed lacks.
	enter(ctx context.Context, a *storeAudit, tranche feed.Tranche) error
}

// auditStore audits a whole store, which may be written to meanwhile, and the
// checkpoints of some consumer groups. The store is read by its feed, unless it is
// given as a whole. It returns the audit with its books settled, and those of the
// consumer groups that have no checkpoint.
func auditStore(ctx context.Context, backend *stores.Backend, all whole, consumers []string, progress func(walked)) (a *storeAudit, strangers []string, err error) {
	a = &storeAudit{backend: backend, books: audit.NewBooks(), progress: progress}
	tranches, err := backend.Source.Tranches(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list the tranches of the feed: %w", err)
	}
	// They have to be older than what is read of the streams.
	checkpoints, strangers, err := a.checkpoints(ctx, tranches, consumers)
	if err != nil {
		return nil, nil, err
	}
	if a.aside, a.unseen, err = setAside(ctx, backend.Checkpoints, consumers); err != nil {
		return nil, nil, err
	}
	if len(checkpoints) > 0 {
		a.groups = map[es.StreamName]feed.Tranche{}
	}
	if all != nil {
		if err := all.enter(ctx, a, tranches[0]); err != nil {
			return nil, nil, err
		}
		tranches = nil
	}
	for _, tranche := range tranches {
		end, err := backend.Source.End(ctx, tranche)
		if err != nil {
			return nil, nil, err
		}
		if err := a.walk(ctx, tranche, 0, end, a.enter); err != nil {
			return nil, nil, err
		}
	}
	for _, c := range checkpoints {
		if err := a.pass(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	if err := a.books.Settle(ctx, backend.Events); err != nil {
		return nil, nil, fmt.Errorf("look again at what is in doubt: %w", err)
	}
	return a, strangers, nil
}

// walk visits what a tranche delivers between two positions, and perhaps some
// of what comes behind.
func (a *storeAudit) walk(ctx context.Context, tranche feed.Tranche, at, end feed.Position, visit func(context.Context, feed.Tranche, feed.Delivery) error) error {
	advanced := time.Now()
	for at < end {
		batch, err := a.backend.Source.Read(ctx, tranche, at)
		if err != nil {
			return err
		}
		for _, d := range batch.Events {
			a.events++
			if err := visit(ctx, tranche, d); err != nil {
				return err
			}
		}
		if batch.Next > at {
			at, advanced = batch.Next, time.Now()
			a.progress(walked{tranche, at, end, a.events})
			continue
		}
		if time.Since(advanced) > lagLimit {
			return &lagError{tranche, at, end}
		}
		if err := pause.For(ctx, lagPause); err != nil {
			return err
		}
	}
	return nil
}

// enter puts an event into the books. Of a feed that tells only that there is
// one, the whole stream is read when the first is heard of it.
func (a *storeAudit) enter(ctx context.Context, tranche feed.Tranche, d feed.Delivery) error {
	if a.groups != nil && d.Stream.Category() == groupcheckout.Category {
		a.groups[d.Stream] = tranche
	}
	if told := d.Event.Time.IsZero() && len(d.Event.Data) == 0; !told {
		a.books.Add(d.Stream, d.Event)
		return nil
	}
	if d.Event.Index < a.books.Version(d.Stream) {
		return nil
	}
	return a.books.Load(ctx, a.backend.Events, d.Stream)
}

// checkpointed is a checkpoint of a consumer group.
type checkpointed struct {
	key         feed.Key
	slot, slots int // whose streams it is about
	position    feed.Position
}

// checkpoints are those of the consumer groups, and strangers are those of the
// groups that have none.
func (a *storeAudit) checkpoints(ctx context.Context, tranches []feed.Tranche, consumers []string) (found []checkpointed, strangers []string, err error) {
	for _, consumer := range consumers {
		before := len(found)
		slots, err := reactor.SlotCount(ctx, a.backend.Checkpoints, consumer)
		if err != nil {
			return nil, nil, err
		}
		for _, tranche := range tranches {
			for slot := range slots {
				key := feed.Key{Source: a.backend.Source.ID(), Tranche: tranche, Group: reactor.SlotGroup(consumer, slot, slots)}
				position, known, err := a.backend.Checkpoints.Load(ctx, key)
				if err != nil {
					return nil, nil, err
				}
				if known {
					found = append(found, checkpointed{key, slot, slots, position})
				}
			}
		}
		if len(found) == before {
			strangers = append(strangers, consumer)
		}
	}
	return found, strangers, nil
}

// pass tells the books which work a checkpoint lies behind. Deliveries have no
// positions of their own, so the feed is read again from the checkpoint on: what
// does not come is what lies before it.
func (a *storeAudit) pass(ctx context.Context, c checkpointed) error {
	passed := map[es.StreamName]es.Version{}
	for _, stream := range a.books.Unfinished() {
		if a.groups[stream] == c.key.Tranche && reactor.SlotOf(stream, c.slots) == c.slot {
			passed[stream] = a.books.Version(stream)
		}
	}
	if len(passed) == 0 {
		return nil
	}
	end, err := a.backend.Source.End(ctx, c.key.Tranche)
	if err != nil {
		return err
	}
	err = a.walk(ctx, c.key.Tranche, c.position, end, func(_ context.Context, _ feed.Tranche, d feed.Delivery) error {
		if below, unfinished := passed[d.Stream]; unfinished {
			passed[d.Stream] = min(below, d.Event.Index)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for stream, below := range passed {
		a.books.Passed(c.key.Group, stream, below)
	}
	return nil
}

// setAside are the streams that consumer groups have set aside, or all of them if none is
// named. why says why that was not looked at; empty if it was.
func setAside(ctx context.Context, checkpoints feed.Checkpoints, consumers []string) (found []quarantinedOf, why string, err error) {
	notes, ok := checkpoints.(feed.Notes)
	if !ok {
		return nil, "the store keeps no notes of that", nil
	}
	if len(consumers) == 0 {
		lister, lists := notes.(feed.NoteGroups)
		if !lists {
			return nil, "name the consumer groups with --processor-name", nil
		}
		if consumers, err = lister.NoteGroups(ctx, reactor.QuarantineKind); err != nil {
			return nil, paragraph(err), unlessNoNotes(err)
		}
	}
	for _, consumer := range consumers {
		bodies, err := notes.Notes(ctx, consumer, reactor.QuarantineKind)
		if err != nil {
			return nil, paragraph(err), unlessNoNotes(err)
		}
		for _, name := range slices.Sorted(maps.Keys(bodies)) {
			found = append(found, quarantinedOf{consumer, asideResult(name, bodies[name])})
		}
	}
	return found, "", nil
}

// unlessNoNotes is an error of reading notes, but for the one that there is no place for them.
func unlessNoNotes(err error) error {
	if errors.Is(err, feed.ErrNoNotes) {
		return nil
	}
	return fmt.Errorf("read which streams are set aside: %w", err)
}
