package reactor

import (
	"cmp"
	"container/list"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// core decides which streams to call the handler for, and how far each tranche
// is completed. It is a value that one goroutine owns: inputs are method calls,
// outputs are their results and the effects that drain hands out.
type core struct {
	limits

	newBackoff func() backoff.BackOff // the pauses of one stream that keeps failing
	slots      int                    // that the streams are divided into

	streams  map[es.StreamName]*stream
	ready    list.List  // of *stream, to be called, first come first served
	delayed  []*trouble // to be called later, in the order of the next try
	idle     list.List  // of *stream, nothing waiting, the longest idle first
	calls    list.List  // of *stream, being called and not hung, the longest first
	calling  int        // with those that hang
	hung     int
	aside    map[es.StreamName]*aside // set aside: what is delivered of them is passed over
	tranches map[feed.Tranche]*progress
	draining map[int]bool // slots of which no stream is called any more
	effects  effects
}

// limits are how much there may be of something at once.
type limits struct {
	maxWriters int
	maxHung    int           // calls that hang and do not count as writers
	hangs      time.Duration // a call that runs for so long has ignored its deadline
	maxStuck   int           // of the weight of a tranche's deliveries that may wait in batches without a slot
	weigh      func(es.Event) int
	remember   int           // how many idle streams to remember the observed version of
	still      time.Duration // a tranche that is behind its end and is not read on for so long stands still
}

// effects is what has happened since drain was called last.
type effects struct {
	occurred []Occurrence   // in order
	freed    []feed.Tranche // one for each batch that does not need its slot any more
}

// stream is what is known of one stream.
type stream struct {
	name    es.StreamName
	slot    int
	handled es.Version // deliveries below it are retired
	waiting []es.Event // at or above handled, ascending
	batches []*batch   // those that need it, in order of arrival
	calling bool
	hung    bool            // the running call has ignored its deadline
	parted  bool            // the slot was lost while the running call was: what it returns is of no interest
	since   time.Time       // when the running call began
	call    *list.Element   // among the calls of the core, unless hung
	given   es.Version      // the running call was given the deliveries below it
	in      *list.List      // ready or idle, nil if in neither
	place   *list.Element   // in that list
	trouble *trouble        // nil while all is well
	pauses  backoff.BackOff // of the trouble
}

// trouble is what keeps a stream from being handled.
type trouble struct {
	cause    error
	attempts int
	since    time.Time
	retryAt  time.Time
	delayed  bool // until retryAt
	stream   *stream
}

// batch is a batch with deliveries that are not retired. It has one of the slots
// that limit how far is read ahead, until it is completed or stuck.
type batch struct {
	part   *part
	read   *read
	next   feed.Position // where reading goes on behind it, and behind completed batches that follow it
	needs  map[*stream]need
	order  []place       // its deliveries, in order, without those retired at its head; nil if the feed has no places in between
	passed feed.Position // behind those that were; 0 if there is no such place
	stuck  int           // deliveries that it needed when it gave its slot back; 0 while it has one
}

// place is where a delivery stands in its batch.
type place struct {
	stream *stream
	index  es.Version
	next   feed.Position // behind it; 0 if there is no place for a checkpoint
}

// need says what is missing of a stream before a batch is completed.
type need struct {
	upTo   es.Version // it has to be handled up to here
	weight int        // of its deliveries
}

// progress is how far a tranche has got.
type progress struct {
	name   feed.Tranche
	parts  []*part       // of the slots that are held, the lowest first
	read   feed.Position // everything before it was submitted
	slots  int           // how many of the batches that were read and are open have a slot
	stuck  int           // the sum of what the others were stuck with
	behind time.Time     // since when it has been at read although the feed goes on; zero if it does not
	still  bool          // it stands still
}

// part is what a tranche delivers of a slot's streams, and how far that is completed. A
// batch that is read becomes one of each part.
type part struct {
	tranche  *progress
	slot     int
	position feed.Position // everything before it is retired
	read     feed.Position // everything before it was submitted, and is passed over if it is read again
	open     []*batch      // in order
}

// read is a batch as it was read. It has its slot as long as one that was made of it has.
type read struct {
	tranche *progress
	holding int
}

// call is a handler call to be made.
type call struct {
	stream  es.StreamName
	events  []es.Event
	holding *holding // of the slot; the shell's own
}

func newCore(limits limits, newBackoff func() backoff.BackOff) *core {
	return &core{
		limits:     limits,
		newBackoff: newBackoff,
		slots:      1,
		streams:    map[es.StreamName]*stream{},
		aside:      map[es.StreamName]*aside{},
		tranches:   map[feed.Tranche]*progress{},
		draining:   map[int]bool{},
	}
}

// start adds a tranche at the position where its reader starts. It delivers to nobody
// before a slot is held.
func (c *core) start(tranche feed.Tranche, from feed.Position) {
	c.tranches[tranche] = &progress{name: tranche, read: from}
}

// submit takes in a batch of a tranche, as far as it is of slots that are held.
func (c *core) submit(tranche feed.Tranche, delivered feed.Batch) {
	progress := c.tranches[tranche]
	from := progress.read
	progress.read = delivered.Next
	c.getsOn(tranche, progress)
	r := &read{tranche: progress}
	progress.slots++
	r.holding++ // until it was handed out
	for _, p := range progress.parts {
		if from >= p.read {
			c.deliver(p, r, delivered.Next, c.ofSlot(p, delivered.Events, 0), from)
		} else if p.read < delivered.Next { // some of it was read before
			c.deliver(p, r, delivered.Next, c.ofSlot(p, delivered.Events, p.read), p.read)
		}
	}
	c.freeSlot(r)
	c.forget()
}

// ofSlot are the deliveries that a part is interested in: not those that have their
// places before a position.
func (c *core) ofSlot(p *part, deliveries []feed.Delivery, behind feed.Position) []feed.Delivery {
	if c.slots == 1 && behind == 0 {
		return deliveries
	}
	var found []feed.Delivery
	for _, d := range deliveries {
		if (d.Next == 0 || d.Next > behind) && SlotOf(d.Stream, c.slots) == p.slot {
			found = append(found, d)
		}
	}
	return found
}

// deliver takes in what a batch has for a part.
func (c *core) deliver(p *part, r *read, next feed.Position, deliveries []feed.Delivery, from feed.Position) {
	b := &batch{part: p, read: r, next: next, needs: map[*stream]need{}}
	placed := hasPlaces(feed.Batch{Events: deliveries, Next: next}, from)
	p.read = next
	p.open = append(p.open, b)
	r.holding++
	var order []*stream // so that the outcome does not depend on the order of a map
	for _, d := range deliveries {
		if c.passes(d) {
			continue
		}
		s := c.stream(d.Stream)
		s.add(d.Event)
		if placed {
			b.order = append(b.order, place{s, d.Event.Index, d.Next})
		}
		n, known := b.needs[s]
		if !known {
			order = append(order, s)
		}
		b.needs[s] = need{max(n.upTo, d.Event.Index+1), n.weight + c.weigh(d.Event)}
	}
	for _, s := range order {
		if n := b.needs[s]; n.upTo <= s.handled {
			delete(b.needs, s)
			c.occurs(Retired{s.name, n.upTo, nil})
		} else {
			s.batches = append(s.batches, b)
		}
		c.place(s)
	}
	c.settle(b)
}

// hasPlaces tells whether a checkpoint may lie between the deliveries of a batch. It may
// if they come in the order of their places, as they should.
func hasPlaces(b feed.Batch, from feed.Position) bool {
	last := from
	for _, d := range b.Events {
		if d.Next < last || d.Next > b.Next {
			return false
		}
		last = d.Next
	}
	return true
}

// position is how far a tranche is completed, in all slots that are held.
func (c *core) position(tranche feed.Tranche) feed.Position {
	progress := c.tranches[tranche]
	if len(progress.parts) == 0 {
		return progress.read
	}
	lowest := progress.parts[0].completed()
	for _, p := range progress.parts[1:] {
		lowest = min(lowest, p.completed())
	}
	return lowest
}

// completed is how far a part is completed: up to the first delivery that is not
// retired. Several deliveries may share a place; it counts once all of them are.
func (p *part) completed() feed.Position {
	if len(p.open) == 0 {
		return p.position
	}
	b := p.open[0]
	for len(b.order) > 0 && b.order[0].index < b.order[0].stream.handled {
		if next := b.order[0].next; len(b.order) > 1 && b.order[1].next > next {
			b.passed = next
		}
		b.order = b.order[1:]
	}
	return max(p.position, b.passed)
}

// looked takes in what the leader says is the end of a tranche. A tranche that could
// be read on and is not stands still after a while: whatever answers the reads does
// not have what the leader has. able is false while reads fail, or there is no slot
// for one, which are other troubles.
func (c *core) looked(tranche feed.Tranche, end feed.Position, able bool, now time.Time) {
	progress := c.tranches[tranche]
	switch {
	case end <= progress.read || !able:
		c.getsOn(tranche, progress)
	case progress.behind.IsZero():
		progress.behind = now
	case !progress.still && now.Sub(progress.behind) >= c.still:
		progress.still = true
		c.occurs(StoodStill{tranche, progress.read, end, progress.behind})
	}
}

// getsOn notes that a tranche does not stand still.
func (c *core) getsOn(tranche feed.Tranche, progress *progress) {
	if progress.still {
		c.occurs(GotOn{tranche, progress.read})
	}
	progress.behind, progress.still = time.Time{}, false
}

// add puts a delivery among those waiting, unless it is there already or was
// handled.
func (s *stream) add(e es.Event) {
	if e.Index < s.handled {
		return
	}
	if n := len(s.waiting); n == 0 || s.waiting[n-1].Index < e.Index {
		s.waiting = append(s.waiting, e)
		return
	}
	if at, found := slices.BinarySearchFunc(s.waiting, e.Index, byIndex); !found {
		s.waiting = slices.Insert(slices.Clone(s.waiting), at, e) // a running call may hold the old slice
	}
}

// byIndex orders an event and an index.
func byIndex(e es.Event, index es.Version) int { return cmp.Compare(e.Index, index) }

// dispatch returns the calls to be made now, as far as there are free writers.
func (c *core) dispatch(now time.Time) []call {
	for len(c.delayed) > 0 && !c.delayed[0].retryAt.After(now) {
		due := c.delayed[0]
		c.delayed = slices.Delete(c.delayed, 0, 1)
		due.delayed = false
		c.place(due.stream)
	}
	c.noteHung(now)
	var calls []call
	for c.freeWriter() && c.ready.Len() > 0 {
		s := c.ready.Front().Value.(*stream)
		s.calling, s.since, s.call = true, now, c.calls.PushBack(s)
		c.place(s)
		s.given = s.waiting[len(s.waiting)-1].Index + 1
		c.calling++
		calls = append(calls, call{stream: s.name, events: slices.Clip(s.waiting)})
	}
	return calls
}

// freeWriter tells whether another call may be made. One that hangs does not count,
// unless there are too many of them: each keeps a goroutine, and what that holds.
func (c *core) freeWriter() bool { return c.calling-min(c.hung, c.maxHung) < c.maxWriters }

// noteHung finds the calls that go on although their time was over long ago. Their
// streams wait for them, and the others go on without.
func (c *core) noteHung(now time.Time) {
	for front := c.calls.Front(); front != nil; front = c.calls.Front() {
		s := front.Value.(*stream)
		if now.Sub(s.since) < c.hangs {
			return
		}
		c.calls.Remove(front)
		s.call, s.hung = nil, true
		c.hung++
		c.occurs(Hung{s.name, s.since})
		for _, b := range s.batches {
			c.settle(b)
		}
	}
}

// returned takes in the outcome of a call: the version that it observed, or its
// error.
func (c *core) returned(name es.StreamName, observed es.Version, err error, now time.Time) {
	s := c.streams[name]
	s.calling = false
	c.calling--
	defer c.forget()
	if s.hung {
		s.hung = false
		c.hung--
	} else {
		c.calls.Remove(s.call)
		s.call = nil
	}
	if s.parted {
		c.rejoin(s)
		return
	}
	if err == nil {
		if observed > s.handled && s.pauses != nil {
			s.pauses.Reset() // it gets on: a busy stream on a lagging replica is not slowed down for that
		}
		c.handled(s, observed)
		if observed < s.given {
			err = &LagError{Stream: name, Notified: s.given, Observed: observed}
		}
	}
	if a := c.aside[name]; a != nil {
		err = c.returnedAside(s, a, err, now)
	}
	switch {
	case err != nil:
		c.delay(s, err, now)
	case s.trouble != nil:
		c.occurs(Recovered{name, s.trouble.attempts, now.Sub(s.trouble.since)})
		s.trouble, s.pauses = nil, nil
	}
	c.place(s)
}

// handled retires the deliveries below a version.
func (c *core) handled(s *stream, observed es.Version) {
	if observed <= s.handled {
		return
	}
	s.handled = observed
	keep, _ := slices.BinarySearchFunc(s.waiting, observed, byIndex)
	var appended []time.Time // told of with the first that is retired
	for _, e := range s.waiting[:keep] {
		if !e.Time.IsZero() {
			appended = append(appended, e.Time)
		}
	}
	s.waiting = slices.Clone(s.waiting[keep:])
	remaining, told := s.batches[:0], es.Version(0)
	for _, b := range s.batches {
		n := b.needs[s]
		if n.upTo > observed {
			remaining = append(remaining, b)
			continue
		}
		delete(b.needs, s)
		c.occurs(Retired{s.name, n.upTo, appended})
		appended = nil
		told = max(told, n.upTo)
		c.settle(b)
	}
	clear(s.batches[len(remaining):])
	if s.batches = remaining; len(remaining) > 0 && told < observed {
		c.occurs(Retired{s.name, observed, appended}) // some of what they brought is: a checkpoint may lie behind it
	}
}

// delay notes what went wrong and when to try again.
func (c *core) delay(s *stream, cause error, now time.Time) {
	if s.trouble == nil {
		s.trouble = &trouble{since: now, stream: s}
		s.pauses = c.newBackoff()
	}
	if IsOutage(cause) { // it has waited already, and is to go on as soon as the server is back
		s.pauses.Reset()
	}
	s.trouble.cause = cause
	s.trouble.attempts++
	s.trouble.retryAt = now.Add(s.pauses.NextBackOff())
	s.trouble.delayed = true
	at, _ := slices.BinarySearchFunc(c.delayed, s.trouble.retryAt, func(t *trouble, at time.Time) int {
		return cmp.Or(t.retryAt.Compare(at), -1) // behind those of the same time
	})
	c.delayed = slices.Insert(c.delayed, at, s.trouble)
	c.occurs(Troubled{s.name, cause, s.trouble.attempts, s.trouble.since, s.trouble.retryAt})
	for _, b := range s.batches {
		c.settle(b)
	}
}

// settle decides again about a batch of which the needs have changed, or how the
// streams do that it needs. One that needs nothing is completed. One that is
// stuck, because it needs nothing but streams in trouble or with a call that hangs,
// gives its slot back: those streams may stay so for long, and the others must go on. It does not if
// that would hold too many deliveries in memory, as when every call fails.
func (c *core) settle(b *batch) {
	progress := b.part.tranche
	if len(b.needs) == 0 {
		c.complete(b)
		return
	}
	if weight, stuck := b.stuckWith(); stuck && b.stuck == 0 && progress.stuck+weight <= c.maxStuck {
		b.stuck = weight
		progress.stuck += weight
		c.freeSlot(b.read)
	}
}

// stuckWith weighs the deliveries that a batch needs; stuck is false if some of
// them are of streams that are well.
func (b *batch) stuckWith() (weight int, stuck bool) {
	for s, n := range b.needs {
		if s.trouble == nil && !s.hung {
			return 0, false
		}
		weight += n.weight
	}
	return weight, true
}

// freeSlot gives back what one holds of the slot of a batch that was read. The last one
// lets another be read in its place.
func (c *core) freeSlot(r *read) {
	if r.holding--; r.holding == 0 {
		r.tranche.slots--
		c.effects.freed = append(c.effects.freed, r.tranche.name)
	}
}

// complete takes a batch of which everything is retired off the list. Its
// position counts once nothing before it is open; until then the batch before
// it stands for both.
func (c *core) complete(b *batch) {
	p := b.part
	at := slices.Index(p.open, b)
	if at == 0 {
		p.position = b.next
	} else {
		p.open[at-1].next = b.next
	}
	p.open = slices.Delete(p.open, at, at+1)
	c.letGo(b)
}

// letGo frees what a batch takes.
func (c *core) letGo(b *batch) {
	if b.stuck == 0 {
		c.freeSlot(b.read)
	}
	b.part.tranche.stuck -= b.stuck
}

// place puts a stream where it belongs: among the ready, among the idle, or in
// neither list while it is being called or delayed, or no stream of its slot is called.
func (c *core) place(s *stream) {
	switch {
	case s.calling, s.trouble != nil && s.trouble.delayed, c.draining[s.slot]:
		s.queue(nil)
	case len(s.waiting) > 0:
		s.queue(&c.ready)
	default:
		s.queue(&c.idle)
	}
}

// queue moves a stream to the end of a list, unless it is in that list.
func (s *stream) queue(to *list.List) {
	if s.in == to {
		return
	}
	if s.in != nil {
		s.in.Remove(s.place)
	}
	s.in, s.place = to, nil
	if to != nil {
		s.place = to.PushBack(s)
	}
}

// stream returns what is known of a stream, which is nothing at first.
func (c *core) stream(name es.StreamName) *stream {
	s := c.streams[name]
	if s == nil {
		s = &stream{name: name, slot: SlotOf(name, c.slots)}
		c.streams[name] = s
	}
	return s
}

// forget drops what is known of the streams that were idle longest. A delivery
// below a forgotten observed version costs one more call, which finds nothing
// to do.
func (c *core) forget() {
	for c.idle.Len() > c.remember {
		s := c.idle.Front().Value.(*stream)
		s.queue(nil)
		delete(c.streams, s.name)
	}
}

// wake is when dispatch should be called although nothing else happens; ok is
// false if it need not be.
func (c *core) wake() (at time.Time, ok bool) {
	if len(c.delayed) > 0 && c.freeWriter() {
		at, ok = c.delayed[0].retryAt, true
	}
	if front := c.calls.Front(); front != nil {
		if hangs := front.Value.(*stream).since.Add(c.hangs); !ok || hangs.Before(at) {
			at, ok = hangs, true
		}
	}
	return at, ok
}

// occurs notes something for the observer.
func (c *core) occurs(o Occurrence) { c.effects.occurred = append(c.effects.occurred, o) }

// drain returns what has happened since the last time.
func (c *core) drain() effects {
	e := c.effects
	c.effects = effects{}
	return e
}

// LagError says that a handler saw less of a stream than the feed had told of.
type LagError struct {
	Stream   es.StreamName
	Notified es.Version // the version that the deliveries stand for
	Observed es.Version
}

func (e *LagError) Error() string {
	return fmt.Sprintf("the handler saw version %d of %s, the feed told of version %d: its read lags behind", e.Observed, e.Stream, e.Notified)
}

// NeedsPerson is what [es.NeedsPerson] asks.
func (*LagError) NeedsPerson() bool { return false }
