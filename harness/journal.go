package harness

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/plural"
	"example.com/groupcheckout/livingdoc/evidence"
	"example.com/groupcheckout/reactor"
)

// journal notes what is written to each stream of the scenarios, and what the
// reactor has handled of it. Calls may overlap.
type journal struct {
	follows func(es.StreamName) bool // whether the reactor's feed delivers a stream
	text    func(es.StreamName, es.EventData) string
	leads   func(eventType string) bool // nil if every type does
	breach  func(error)                 // is told of promises that were seen broken

	truthful bool // every append that was written came back, so nobody can know of more

	mu      sync.Mutex
	entries map[es.StreamName]*entry
	pages   map[*World]*page
	past    past // of scenarios that are over, and were not audited yet
}

// page is what is known of the streams of one scenario.
type page struct {
	streams []es.StreamName // in the order in which they were claimed
	order   int             // of the next event
	changed chan struct{}   // closed, and replaced, when any of them changes
}

// entry is what is known of one stream.
type entry struct {
	owner       *World
	label       string           // what the scenario calls it
	written     es.Version       // the highest version that an append came back with
	events      []evidence.Event // those whose appends came back, as they did
	retired     es.Version       // deliveries below it were handled
	retirements int              // how often something was retired
	calls       int              // of the handler
	calling     bool             // a call is running
	observed    es.Version       // the highest that a call has returned
	delivered   es.Version       // events below it came out of the feed
	excuse      excuse           // of handler calls
	trouble     *trouble         // that the reactor has with it; nil if it has none
	lag         int              // how many reads of the reactor are still to miss everything
}

func newJournal(system System, breach func(error)) *journal {
	return &journal{
		breach:  breach,
		follows: func(s es.StreamName) bool { return slices.Contains(system.Categories, s.Category()) },
		text:    system.Text,
		leads:   system.Leads,
		entries: map[es.StreamName]*entry{},
		pages:   map[*World]*page{},
	}
}

// update changes the entry of a stream, if it belongs to a scenario, and wakes
// those who wait.
func (j *journal) update(stream es.StreamName, change func(*entry)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, known := j.entries[stream]; known {
		change(e)
		j.pages[e.owner].wake()
	}
}

func (p *page) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// open begins the page of a scenario.
func (j *journal) open(owner *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pages[owner] = &page{changed: make(chan struct{})}
}

// isOpen tells whether a scenario is not over.
func (j *journal) isOpen(owner *World) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pages[owner] != nil
}

// pageOf is the page of a scenario. One that is over has an empty page: a step that
// was left behind may still ask. The caller holds the lock.
func (j *journal) pageOf(owner *World) *page {
	if p, isOpen := j.pages[owner]; isOpen {
		return p
	}
	return &page{changed: make(chan struct{})}
}

// claim makes a scenario the owner of a stream, unless it has one. It is called
// before the first append, so that no reactor meets a stream without an owner. A
// scenario that is over claims nothing.
func (j *journal) claim(stream es.StreamName, owner *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if page, isOpen := j.pages[owner]; isOpen && j.entries[stream] == nil {
		j.entries[stream] = &entry{owner: owner}
		page.streams = append(page.streams, stream)
	}
}

// release lets go of the streams of a scenario that is over, and keeps where its
// reactor is then.
func (j *journal) release(owner *World, over *finish) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page, isOpen := j.pages[owner]
	if !isOpen {
		return
	}
	for _, stream := range page.streams {
		if e := j.entries[stream]; e.observed > e.written && j.truthful {
			j.breach(fmt.Errorf("the handler says that it has seen %s at version %d, but no more than %s %s ever written", stream, e.observed, plural.Of(e.written, "event"), plural.Word(e.written, "was", "were")))
		}
		j.past = append(j.past, j.known(stream, over))
		delete(j.entries, stream)
	}
	delete(j.pages, owner)
}

// known is what is kept of a stream. The caller holds the lock.
func (j *journal) known(stream es.StreamName, over *finish) known {
	e := j.entries[stream]
	return known{stream, e.label, e.owner.title, over}
}

// settle hands over the streams of scenarios that are over, to be audited. alone
// tells whether there are no other scenarios.
func (j *journal) settle() (over past, alone bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	over, j.past = j.past, nil
	return over, len(j.pages) == 0
}

// owner is the scenario that a stream belongs to, nil if none is known.
func (j *journal) owner(stream es.StreamName) *World { return j.read(stream).owner }

// read returns a copy of what is known of a stream.
func (j *journal) read(stream es.StreamName) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, known := j.entries[stream]; known {
		return *e
	}
	return entry{}
}

// key names a stream in a way that is the same in each run; ok is false for one
// that belongs to no scenario.
func (j *journal) key(stream es.StreamName) (key string, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, known := j.entries[stream]
	if !known {
		return "", false
	}
	label := e.label
	if label == "" {
		label = fmt.Sprintf("%s %d", stream.Category(), slices.Index(j.pages[e.owner].streams, stream))
	}
	return e.owner.key + keyEnds + label, true
}

// keyEnds stands between the key of a scenario and what it calls a stream. A key may
// be the beginning of another, as those of the rows 1 and 10 are.
const keyEnds = " | "

// behind names the streams of a scenario that the reactor has not handled up to
// what was written, in the scenario's words where it has some.
func (j *journal) behind(owner *World) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var names []string
	for _, stream := range j.pageOf(owner).streams {
		if e := j.entries[stream]; e.retired < e.written && j.follows(stream) {
			names = append(names, cmp.Or(e.label, stream.String()))
		}
	}
	return names
}

// retirements is how often each stream was retired so far.
func (j *journal) retirements() map[es.StreamName]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	counts := map[es.StreamName]int{}
	for stream, e := range j.entries {
		counts[stream] = e.retirements
	}
	return counts
}

// reached is how far each stream came out of the feed so far.
func (j *journal) reached() map[es.StreamName]es.Version {
	j.mu.Lock()
	defer j.mu.Unlock()
	versions := map[es.StreamName]es.Version{}
	for stream, e := range j.entries {
		versions[stream] = e.delivered
	}
	return versions
}

// poke wakes whoever waits for anything.
func (j *journal) poke() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, page := range j.pages {
		page.wake()
	}
}

// unfinished lists the streams of a scenario that the reactor has not handled
// up to what was written. The channel is closed when that may have changed.
func (j *journal) unfinished(owner *World) (behind []string, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page := j.pageOf(owner)
	for _, stream := range page.streams {
		if e := j.entries[stream]; e.retired < e.written && j.follows(stream) {
			behind = append(behind, fmt.Sprintf("%s is written to version %d and handled to version %d, in %s", stream, e.written, e.retired, plural.Of(e.calls, "call")))
		}
	}
	slices.SortFunc(behind, strings.Compare)
	return behind, page.changed
}

// troubles are those that the reactor has with streams that it has not handled, of
// one scenario, the one with the most calls first.
func (j *journal) troubles(owner *World) []*trouble {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*trouble
	for _, stream := range j.pageOf(owner).streams {
		if e := j.entries[stream]; e.trouble != nil && e.retired < e.written && j.follows(stream) {
			t := *e.trouble
			t.about = cmp.Or(e.label, stream.String())
			all = append(all, &t)
		}
	}
	slices.SortStableFunc(all, func(a, b *trouble) int { return cmp.Compare(b.times, a.times) })
	return all
}

// followed is what a scenario wrote to streams that the reactor follows.
func (j *journal) followed(owner *World) map[es.StreamName]es.Version {
	j.mu.Lock()
	defer j.mu.Unlock()
	versions := map[es.StreamName]es.Version{}
	for _, stream := range j.pageOf(owner).streams {
		if e := j.entries[stream]; e.written > 0 && j.follows(stream) {
			versions[stream] = e.written
		}
	}
	return versions
}

// wrote notes an append.
func (j *journal) wrote(stream es.StreamName, after es.Version, by evidence.Writer, events []es.EventData, cause *evidence.Ref) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, known := j.entries[stream]
	if !known {
		return
	}
	e.written = max(e.written, after)
	page, cause := j.pages[e.owner], j.leading(cause)
	for i, data := range events {
		e.events = append(e.events, j.evidenceOf(stream, data, evidence.Event{
			Position: int64(after) - int64(len(events)-i), Order: page.order,
			By: by, Cause: cause, Step: int(e.owner.step.Load()),
		}))
		page.order++
	}
	page.wake()
}

// leading is the last event of the stream, up to the one that is referred to, because of
// which the reactor acts; that one if none is known. The caller holds the lock.
func (j *journal) leading(last *evidence.Ref) *evidence.Ref {
	if last == nil || j.leads == nil {
		return last
	}
	stream, err := es.ParseStreamName(last.Stream)
	e, known := j.entries[stream]
	if err != nil || !known {
		return last
	}
	best := int64(-1)
	for _, event := range e.events {
		if event.Position <= last.Position && j.leads(event.Type) {
			best = max(best, event.Position)
		}
	}
	if best < 0 {
		return last
	}
	return &evidence.Ref{Stream: last.Stream, Position: best}
}

// claimed lists the streams of a scenario.
func (j *journal) claimed(owner *World) []es.StreamName {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.pageOf(owner).streams)
}

// present are the streams of scenarios that are not over.
func (j *journal) present() (all past) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for stream := range j.entries {
		all = append(all, j.known(stream, nil))
	}
	return all
}

// owns tells whether a scenario has any stream.
func (j *journal) owns(owner *World) bool { return len(j.claimed(owner)) > 0 }

// disown hands over the streams of a scenario, which are then not among those to
// be audited in the end: they are on a store of their own.
func (j *journal) disown(owner *World, finish *finish) (over past) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page := j.pageOf(owner)
	for _, stream := range page.streams {
		over = append(over, j.known(stream, finish))
		delete(j.entries, stream)
	}
	page.streams = nil
	return over
}

// complete adds the events of a stream that nobody here has written: a reactor in
// another process has.
func (j *journal) complete(stream es.StreamName, events []es.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, known := j.entries[stream]
	if !known {
		return
	}
	page := j.pages[e.owner]
	for _, stored := range events {
		if slices.ContainsFunc(e.events, func(noted evidence.Event) bool { return noted.Position == int64(stored.Index) }) {
			continue
		}
		e.events = append(e.events, j.evidenceOf(stream, stored.EventData, evidence.Event{
			Position: int64(stored.Index), Order: page.order, By: evidence.ByReactor, Step: -1,
		}))
		page.order++
	}
}

// evidenceOf fills in what an event says.
func (j *journal) evidenceOf(stream es.StreamName, data es.EventData, event evidence.Event) evidence.Event {
	event.Type, event.Data, event.At = data.Type, data.Data, data.Time
	if j.text != nil {
		event.Text = j.text(stream, data)
	}
	return event
}

// streams are those of a scenario, with what was written to them.
func (j *journal) streams(owner *World) []evidence.Stream {
	j.mu.Lock()
	defer j.mu.Unlock()
	page := j.pageOf(owner)
	list := []evidence.Stream{} // never null in JSON
	for _, stream := range page.streams {
		e := j.entries[stream]
		if len(e.events) == 0 {
			continue
		}
		events := slices.Clone(e.events)
		slices.SortFunc(events, func(a, b evidence.Event) int { return int(a.Position - b.Position) })
		list = append(list, evidence.Stream{Name: stream.String(), Label: e.label, Events: events})
	}
	return list
}

// named is what may be the name of a stream in a text.
var named = regexp.MustCompile(`[^\s,;:()"'-]+-[^\s,;:()"']+`)

// called puts into a text what a scenario calls its streams, in the place of their names.
func (j *journal) called(owner *World, text string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	labels := map[string]string{}
	for _, stream := range j.pageOf(owner).streams {
		labels[stream.String()] = j.entries[stream].label
	}
	return named.ReplaceAllStringFunc(text, func(name string) string {
		whole := strings.TrimRight(name, ".")
		return cmp.Or(labels[whole], whole) + name[len(whole):]
	})
}

// isOf tells whether a stream is one of a scenario.
func (j *journal) isOf(owner *World) func(stream string) bool {
	return func(name string) bool {
		stream, err := es.ParseStreamName(name)
		return err == nil && j.owner(stream) == owner
	}
}

// handled says how far a stream of the reactor's feed was handled; it is empty for
// any other.
func (j *journal) handled(name string) string {
	stream, err := es.ParseStreamName(name)
	if err != nil || !j.follows(stream) {
		return ""
	}
	e := j.read(stream)
	return fmt.Sprintf(", handled to version %d in %s", e.retired, plural.Of(e.calls, "call"))
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
		j.update(o.Stream, func(e *entry) {
			if e.calls++; e.calling {
				j.breach(fmt.Errorf("the handler was called for %s while an earlier call for it was running", o.Stream))
			}
			e.calling = true
		})
	case reactor.Returned:
		j.update(o.Stream, func(e *entry) {
			e.calling = false
			if o.Err == nil {
				e.observed = max(e.observed, o.Observed)
			}
		})
	case reactor.Troubled:
		j.update(o.Stream, func(e *entry) { e.trouble = e.trouble.more(o, e.written) })
	case reactor.Recovered:
		j.update(o.Stream, func(e *entry) { e.trouble = nil })
	case reactor.Retired:
		j.update(o.Stream, func(e *entry) {
			e.retired = max(e.retired, o.UpTo)
			e.retirements++
			e.trouble = nil
		})
	default: // the rest does not concern scenarios
	}
}
