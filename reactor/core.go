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
	well     time.Time                // when a call went well last; zero if none did
	aside    map[es.StreamName]*aside // set aside: what is delivered of them is passed over
	tranches map[feed.Tranche]*progress
	draining map[int]bool // slots of which no stream is called any more
	queued   queued       // of all streams
	batches  int          // bytes that open batches take besides
	effects  effects
}

// limits are how much there may be of something at once.
type limits struct {
	maxWriters int
	maxHung    int           // calls that hang and do not count as writers
	hangs      time.Duration // a call that runs for so long has ignored its deadline
	maxStuck   int           // bytes of a tranche's deliveries that may wait in batches without a slot
	maxHeld    int           // bytes of all that waits, beyond which a tranche with a batch that has a slot is not read on
	maxWhole   int           // bytes of whole events, beyond which all that wait are made bare; 0 is any number
	costs      costs
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
	waiting queue      // at or above handled
	claims  []claim    // of the batches that need it, in order of arrival
	ill     bool       // in trouble or hung, as those batches have been told
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
	asks     bool // to be set aside, and is not tried before it is
	stream   *stream
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
		c.occurs(StoodStill{Tranche: tranche, Position: progress.read, End: end, Since: progress.behind})
	}
}

// getsOn notes that a tranche does not stand still.
func (c *core) getsOn(tranche feed.Tranche, progress *progress) {
	if progress.still {
		c.occurs(GotOn{tranche, progress.read})
	}
	progress.behind, progress.still = time.Time{}, false
}

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
		s.given = s.waiting.end()
		c.calling++
		calls = append(calls, call{stream: s.name, events: s.waiting.events()})
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
		c.tell(s)
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
	if err == nil {
		c.well = now
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
	c.judge(s)
	c.place(s)
}

// handled retires the deliveries below a version.
func (c *core) handled(s *stream, observed es.Version) {
	if observed <= s.handled {
		return
	}
	s.handled = observed
	var appended []time.Time // told of with the first that is retired
	c.change(s, func(q *queue) { appended = q.retire(observed, c.costs) })
	remaining, told := s.claims[:0], es.Version(0)
	for _, claim := range s.claims {
		if claim.upTo > observed {
			remaining = append(remaining, claim)
			continue
		}
		c.occurs(Retired{s.name, claim.upTo, appended})
		appended = nil
		told = max(told, claim.upTo)
		c.without(s, claim.batch)
	}
	clear(s.claims[len(remaining):])
	if s.claims = remaining; len(remaining) > 0 && told < observed {
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
	s.trouble.delayed, s.trouble.asks = true, asksToBeSetAside(cause)
	if s.trouble.asks {
		c.occurs(Troubled{s.name, cause, s.trouble.attempts, s.trouble.since, s.trouble.retryAt})
		c.tell(s)
		return
	}
	at, _ := slices.BinarySearchFunc(c.delayed, s.trouble.retryAt, func(t *trouble, at time.Time) int {
		return cmp.Or(t.retryAt.Compare(at), -1) // behind those of the same time
	})
	c.delayed = slices.Insert(c.delayed, at, s.trouble)
	c.occurs(Troubled{s.name, cause, s.trouble.attempts, s.trouble.since, s.trouble.retryAt})
	c.tell(s)
}

// place puts a stream where it belongs: among the ready, among the idle, or in
// neither list while it is being called or delayed, or no stream of its slot is called.
func (c *core) place(s *stream) {
	switch {
	case s.calling, s.trouble != nil && s.trouble.delayed, c.draining[s.slot]:
		s.queue(nil)
	case !s.waiting.empty():
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
