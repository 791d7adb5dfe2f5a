package harness

import (
	"fmt"
	"maps"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// watch sees to the promise on which every restart rests: that a checkpoint is
// never saved ahead of an event that was read and is not handled. It looks at
// the feed and at the journal, and not into the reactor. A restart makes it ready.
type watch struct {
	mu   sync.Mutex
	open map[feed.Tranche][]delivered   // in feed order
	ends map[feed.Tranche]feed.Position // of tranches that were not read up to there since the start
}

// delivered is an event that was read from the feed and that no checkpoint has
// passed yet.
type delivered struct {
	next   feed.Position // of the batch that it came in
	stream es.StreamName
	index  es.Version
}

// restart forgets what an earlier reactor has read: the next reads it again, from
// its checkpoint, and has caught up once it has read up to these ends.
func (w *watch) restart(ends map[feed.Tranche]feed.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = map[feed.Tranche][]delivered{}
	w.ends = ends
	maps.DeleteFunc(ends, func(_ feed.Tranche, end feed.Position) bool { return end <= 0 }) // there is nothing to read
}

// catchingUp tells whether there is something left to read that was there at the
// start, and lists the streams that were read so far.
func (w *watch) catchingUp() (left bool, streams []es.StreamName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, events := range w.open {
		for _, e := range events {
			streams = append(streams, e.stream)
		}
	}
	return len(w.ends) > 0, streams
}

// read notes a batch. It tells whether the reactor has caught up with it.
func (w *watch) read(tranche feed.Tranche, batch feed.Batch) (caughtUp bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if end, waiting := w.ends[tranche]; waiting && batch.Next >= end {
		delete(w.ends, tranche)
		caughtUp = len(w.ends) == 0
	}
	for _, d := range batch.Events {
		w.open[tranche] = append(w.open[tranche], delivered{batch.Next, d.Stream, d.Event.Index})
	}
	return caughtUp
}

// saved is told of a checkpoint. It returns an error if that is ahead of an event
// which the reactor has not handled. What belonged to a scenario that is over
// is nobody's any more.
func (w *watch) saved(tranche feed.Tranche, position feed.Position, journal *journal) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.open[tranche]
	passed := 0
	var err error
	for passed < len(events) && events[passed].next <= position {
		e := events[passed]
		if known := journal.read(e.stream); err == nil && known.owner != nil && known.retired <= e.index {
			err = fmt.Errorf("a checkpoint was saved ahead of work: position %d of tranche %s lies past event %d of %s, of which the reactor has handled only what is before %d; a crash now would lose it",
				position, tranche, e.index, e.stream, known.retired)
		}
		passed++
	}
	if passed > 0 {
		w.open[tranche] = events[passed:]
	}
	return err
}
