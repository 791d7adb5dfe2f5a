package harness

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"groupcheckout/domain/es"
	"groupcheckout/reactor"
)

// journal notes what is written to each stream of the scenarios, and what the
// reactor has handled of it. Calls may overlap.
type journal struct {
	follows func(es.StreamName) bool // whether the reactor's feed delivers a stream

	mu      sync.Mutex
	entries map[es.StreamName]*entry
	pages   map[*World]*page
}

// page is what is known of the streams of one scenario.
type page struct {
	entries map[es.StreamName]*entry
	changed chan struct{} // closed, and replaced, when any of them changes
}

// entry is what is known of one stream.
type entry struct {
	owner       *World
	written     es.Version // the highest version that an append came back with
	retired     es.Version // deliveries below it were handled
	retirements int        // how often something was retired
	calls       int        // of the handler
	lag         int        // how many reads of the reactor are still to miss everything
}

func newJournal(categories []string) *journal {
	return &journal{
		follows: func(s es.StreamName) bool { return slices.Contains(categories, s.Category()) },
		entries: map[es.StreamName]*entry{},
		pages:   map[*World]*page{},
	}
}

// update changes the entry of a stream, if it belongs to a scenario, and wakes
// those who wait.
func (j *journal) update(stream es.StreamName, change func(*entry)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, known := j.entries[stream]
	if !known {
		return
	}
	change(e)
	page := j.pages[e.owner]
	close(page.changed)
	page.changed = make(chan struct{})
}

// open begins the page of a scenario.
func (j *journal) open(owner *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pages[owner] = &page{entries: map[es.StreamName]*entry{}, changed: make(chan struct{})}
}

// claim makes a scenario the owner of a stream, unless it has one. It is called
// before the first append, so that no reactor meets a stream without an owner. A
// scenario that is over claims nothing.
func (j *journal) claim(stream es.StreamName, owner *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if page, isOpen := j.pages[owner]; isOpen && j.entries[stream] == nil {
		e := &entry{owner: owner}
		j.entries[stream], page.entries[stream] = e, e
	}
}

// release forgets the streams of a scenario that is over.
func (j *journal) release(owner *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page, isOpen := j.pages[owner]
	if !isOpen {
		return
	}
	for stream := range page.entries {
		delete(j.entries, stream)
	}
	delete(j.pages, owner)
}

// owner is the scenario that a stream belongs to, nil if none is known.
func (j *journal) owner(stream es.StreamName) *World {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, known := j.entries[stream]; known {
		return e.owner
	}
	return nil
}

// read returns a copy of what is known of a stream.
func (j *journal) read(stream es.StreamName) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, known := j.entries[stream]; known {
		return *e
	}
	return entry{}
}

// unfinished lists the streams of a scenario that the reactor has not handled
// up to what was written. The channel is closed when that may have changed.
func (j *journal) unfinished(owner *World) (behind []string, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page := j.pages[owner]
	for stream, e := range page.entries {
		if e.retired < e.written && j.follows(stream) {
			behind = append(behind, fmt.Sprintf("%s is written to version %d and handled to version %d, in %d calls", stream, e.written, e.retired, e.calls))
		}
	}
	slices.SortFunc(behind, strings.Compare)
	return behind, page.changed
}

// wrote notes an append.
func (j *journal) wrote(stream es.StreamName, after es.Version) {
	j.update(stream, func(e *entry) { e.written = max(e.written, after) })
}

// lags tells whether this read of the reactor is to miss everything.
func (j *journal) lags(stream es.StreamName) (missed bool) {
	j.update(stream, func(e *entry) {
		if missed = e.lag > 0; missed {
			e.lag--
		}
	})
	return missed
}

// Observe implements reactor.Observer.
func (j *journal) Observe(o reactor.Occurrence) {
	switch o := o.(type) {
	case reactor.Called:
		j.update(o.Stream, func(e *entry) { e.calls++ })
	case reactor.Retired:
		j.update(o.Stream, func(e *entry) {
			e.retired = max(e.retired, o.UpTo)
			e.retirements++
		})
	default: // the rest does not concern scenarios
	}
}
