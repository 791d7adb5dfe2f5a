package reactor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/groupcheckout/reactor/feed"
)

// A store that loses its last events and then goes on gives their positions to others,
// and a reactor that is further would skip those for ever. So the reactor keeps marks:
// the id of the last event of each batch that it read. Before a checkpoint is saved, and
// at each start, the leader is asked whether the marks are still there. Since events
// become visible in the order of their positions, a mark stands for all before it.

// HistoryError says that the store does not have events any more that a reactor has
// read: a replica took over that lacked them, or an older state was restored. Going on
// would skip, for ever, what took their positions.
type HistoryError struct {
	Key   feed.Key
	Mark  feed.Mark     // the first that is not there any more
	Found string        // the id of the event that is there instead; "" if there is none
	Safe  feed.Position // up to which everything is known to be there still; 0 if nothing is
	Then  feed.Course   // when the mark was set
	Now   feed.Course
}

func (e *HistoryError) Error() string {
	what := "is gone"
	if e.Found != "" {
		what = fmt.Sprintf("is gone, and the event %s is there instead", e.Found)
	}
	because := "has a replica taken over that lacked events, or was an older state restored?"
	if e.Then.Timeline != e.Now.Timeline && e.Then.Timeline != "" && e.Now.Timeline != "" {
		because = fmt.Sprintf("the server has gone from timeline %s to %s, as when a replica takes over.", e.Then.Timeline, e.Now.Timeline)
	}
	return fmt.Sprintf("consumer group %q has read the event %s in front of position %d of tranche %q of %s, which %s: %s "+
		"Restore the events, or set the checkpoint back to a position up to %d (reactor checkpoint), from where events are handled again, which is harmless, and audit the books",
		e.Key.Group, e.Mark.Event, e.Mark.Position, e.Key.Tranche, e.Key.Source, what, because, e.Safe)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*HistoryError) NeedsPerson() bool { return true }

// verdict is what comes of comparing marks with what the store has.
type verdict struct {
	intact bool          // nothing that was read is lost
	erased int           // marks that are gone because somebody erased the events
	first  int           // the first mark that is lost, unless intact
	safe   feed.Position // up to which everything is there
}

// judge compares marks, the lowest first, with the ids that the store has in their
// places. Another event in the place of a mark proves a loss. No event there is a loss
// too, unless the server is on the course that it was on and has got on: then somebody
// has erased it, and its position is not given again.
func judge(marks []feed.Mark, found []string, then, now feed.Course) verdict {
	v := verdict{intact: true}
	sameCourse := then.Timeline != "" && then.Timeline == now.Timeline && then.Reached <= now.Reached
	for i, mark := range marks {
		switch {
		case found[i] == mark.Event:
			if v.intact {
				v.safe = mark.Position
			}
		case found[i] == "" && sameCourse:
			v.erased++
		case v.intact:
			v.intact, v.first = false, i
		}
	}
	return v
}

// marks are those of a tranche.
type marks struct {
	mu       sync.Mutex
	read     []feed.Mark // since the last comparison, the lowest first
	compared []feed.Mark // found to be there, the lowest first: those that a checkpoint may yet need
	ahead    []feed.Mark // of slots that are further than what is read again for another, the lowest first
	course   feed.Course // at the last comparison
}

// maxMarks is how many marks are kept of what was found to be there. Beyond that they
// are thinned out: a checkpoint then has one a bit further in front of it.
const maxMarks = 1000

// add keeps the mark of a batch.
func (m *marks) add(b feed.Batch) {
	if len(b.Events) == 0 {
		return
	}
	last := b.Events[len(b.Events)-1]
	if last.Next == 0 || last.Event.ID == (uuid.UUID{}) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read = append(m.read, feed.Mark{Position: last.Next, Event: last.Event.ID.String()})
}

// toCompare are the marks that are not known to be there now: those read since, which are
// counted, and the last of the others.
func (m *marks) toCompare() (list []feed.Mark, fresh int, then feed.Course) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.compared); n > 0 {
		list = append(list, m.compared[n-1])
	}
	list = append(list, m.read...)
	if n := len(m.ahead); n > 0 {
		list = inOrder(append(list, m.ahead[n-1]))
	}
	return list, len(m.read), m.course
}

// all are those that are known.
func (m *marks) all() []feed.Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return inOrder(slices.Concat(m.compared, m.read, m.ahead))
}

// inOrder puts marks in order, each once.
func inOrder(list []feed.Mark) []feed.Mark {
	slices.SortFunc(list, func(a, b feed.Mark) int { return cmp.Compare(a.Position, b.Position) })
	return slices.Compact(list)
}

// further adds those of a slot that is further than what is read.
func (m *marks) further(of *marks) {
	list := of.all()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead = inOrder(append(m.ahead, list...))
}

// found notes that marks are there, with so many that were read. What others had read
// further on has been read again then, if it lies before them.
func (m *marks) found(fresh int, course feed.Course) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compared = append(m.compared, m.read[:fresh]...)
	m.read = slices.Clone(m.read[fresh:])
	m.course = course
	if n := len(m.compared); n > 0 {
		m.ahead = slices.DeleteFunc(m.ahead, func(mark feed.Mark) bool { return mark.Position <= m.compared[n-1].Position })
	}
	if len(m.compared) > maxMarks {
		kept := m.compared[:0]
		for i, mark := range m.compared {
			if i%2 == 0 || i == len(m.compared)-1 {
				kept = append(kept, mark)
			}
		}
		m.compared = kept
	}
}

// maxNoted is how many marks are kept in front of a checkpoint. The last of them tells
// whether something was lost, and the others up to where nothing was.
const maxNoted = 20

// upTo are the last marks that are not beyond a position. It forgets those that are not
// among the last of any slot, of which the one furthest behind is at lowest.
func (m *marks) upTo(position, lowest feed.Position) (note markNote, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	note = markNote{lastUpTo(inOrder(slices.Concat(m.compared, m.ahead)), position), m.course}
	m.compared = m.compared[max(0, countUpTo(m.compared, min(position, lowest))-maxNoted):]
	return note, len(note.Marks) > 0 || m.course != feed.Course{}
}

// countUpTo is how many marks are not beyond a position.
func countUpTo(list []feed.Mark, position feed.Position) int {
	n, _ := slices.BinarySearchFunc(list, position+1, func(m feed.Mark, p feed.Position) int { return cmp.Compare(m.Position, p) })
	return n
}

// lastUpTo are as many of them as a note keeps.
func lastUpTo(list []feed.Mark, position feed.Position) []feed.Mark {
	n := countUpTo(list, position)
	return slices.Clone(list[max(0, n-maxNoted):n])
}

// markNote is the body of a note that keeps marks for the next start.
type markNote struct {
	Marks  []feed.Mark `json:"marks"` // the lowest first
	Course feed.Course `json:"course"`
}

// markKind is the kind of these notes; they are named as their tranches.
const markKind = "mark"

// recall takes in the marks that an earlier run left. One beyond the checkpoint says
// nothing: somebody has set the checkpoint back, on purpose.
func (m *marks) recall(body []byte, checkpoint feed.Position) {
	var note markNote
	if body == nil || json.Unmarshal(body, &note) != nil {
		return
	}
	m.course = note.Course
	for _, mark := range note.Marks {
		if mark.Position <= checkpoint {
			m.compared = append(m.compared, mark)
		}
	}
}

// backTo forgets what lies behind a position, since it is to be read again.
func (m *marks) backTo(position feed.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	beyond := func(mark feed.Mark) bool { return mark.Position > position }
	m.read, m.compared, m.ahead = slices.DeleteFunc(m.read, beyond), slices.DeleteFunc(m.compared, beyond), slices.DeleteFunc(m.ahead, beyond)
}

// again notes that what lies behind a position is read once more, for a slot that is
// there, while others are further: they would pass over what took the place of something
// that is lost.
func (m *marks) again(position feed.Position) {
	known := m.all()
	m.backTo(position)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead = known[countUpTo(known, position):]
}

// findKeeper finds out whether there is a place for notes. Where there is none, the
// observer is told, and the reactor does without.
func (r *Running) findKeeper(ctx context.Context) error {
	keeper, ok := r.checkpoints.(feed.Notes)
	if !ok && r.config.QuarantineAfter > 0 {
		return noQuarantine(r.config.QuarantineAfter, "these checkpoints keep no notes of it")
	}
	if !ok {
		return nil
	}
	_, err := r.notes(ctx, keeper)
	if errors.Is(err, feed.ErrNoNotes) {
		if r.config.QuarantineAfter > 0 {
			return noQuarantine(r.config.QuarantineAfter, err.Error())
		}
		r.config.Observer.Observe(NotesMissing{err})
		return nil
	}
	if err == nil {
		r.keeper = keeper
	}
	return err
}

// notes reads the marks of earlier runs.
func (r *Running) notes(ctx context.Context, keeper feed.Notes) (notes map[string][]byte, err error) {
	err = r.ask(ctx, r.config.ReadLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) (err error) {
		notes, err = keeper.Notes(ctx, r.config.Group, markKind)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load what was read last: %w", err)
	}
	return notes, nil
}

// recall has marks be what the one before left under a name, of a slot of which a tranche is
// completed up to a position.
func (r *Running) recall(ctx context.Context, marks *marks, name string, position feed.Position, known bool) error {
	marks.backTo(-1)
	if r.keeper == nil || !known {
		return nil
	}
	notes, err := r.notes(ctx, r.keeper)
	if err == nil {
		marks.recall(notes[name], position)
	}
	return err
}

// markName is the name of the note with the marks in front of the checkpoint of a slot.
func (r *Running) markName(t *tranche, slot int) string {
	return SlotGroup(string(t.name), slot, r.slots())
}

// noQuarantine is why streams cannot be set aside.
func noQuarantine(after time.Duration, reason string) error {
	return &ConfigError{"the time after which a stream is set aside", after, reason}
}

// noteMark keeps the mark in front of a checkpoint for the next start. Without it the
// next start compares with an older one.
func (r *Running) noteMark(ctx context.Context, s *portion, position feed.Position) error {
	t := s.tranche
	lowest := position
	for _, other := range r.portions(t) {
		lowest = min(lowest, feed.Position(other.position.Load()))
	}
	note, ok := t.marks.upTo(position, lowest)
	if _, historian := r.source.(feed.Historian); !ok || !historian || r.keeper == nil {
		return nil
	}
	body, err := json.Marshal(note)
	if err == nil {
		err = r.ask(ctx, saveLimit, r.config.Breakers.Checkpoints, func(ctx context.Context) error {
			return r.keeper.PutNote(ctx, r.config.Group, markKind, r.markName(t, s.holding.hold.Slot), body)
		})
	}
	if err != nil {
		return fmt.Errorf("note what was read last: %w", err)
	}
	return nil
}

// compare makes sure that the leader still has what marks tell of a tranche, which was
// read up to a position, and of which the leader said where it ends. What it finds lost
// ends the reactor: it sets lost.
func (r *Running) compare(ctx context.Context, t *tranche, known *marks, read, end feed.Position, running bool, limit time.Duration) error {
	historian, ok := r.source.(feed.Historian)
	if !ok {
		if end < read {
			t.lost = &CheckpointAheadError{Key: r.baseKey(t), Checkpoint: read, End: end, Running: running}
		}
		return t.lost
	}
	marks, fresh, then := known.toCompare()
	var now feed.History
	err := r.ask(ctx, limit, r.config.Breakers.Leader, func(ctx context.Context) (err error) {
		now, err = historian.History(ctx, t.name, marks)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for what was read last of tranche %q: %w", t.name, err)
	}
	v := judge(marks, now.Events, then, now.Course)
	if !v.intact { // up to where it is can be said with those that were not asked about
		if all := known.all(); r.ask(ctx, limit, r.config.Breakers.Leader, func(ctx context.Context) error {
			further, err := historian.History(ctx, t.name, all)
			if err == nil {
				marks, now = all, further
			}
			return err
		}) == nil {
			v = judge(marks, now.Events, then, now.Course)
		}
	}
	sameCourse := then.Timeline != "" && then.Timeline == now.Course.Timeline && then.Reached <= now.Course.Reached
	switch {
	case !v.intact:
		t.lost = &HistoryError{
			Key: r.baseKey(t), Mark: marks[v.first], Found: now.Events[v.first], Safe: v.safe, Then: then, Now: now.Course,
		}
		return t.lost
	case end < read && !sameCourse:
		t.lost = &CheckpointAheadError{Key: r.baseKey(t), Checkpoint: read, End: end, Running: running}
		return t.lost
	case v.erased > 0:
		r.config.Observer.Observe(EventsErased{t.name, read, end})
	}
	known.found(fresh, now.Course)
	return nil
}
