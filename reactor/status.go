package reactor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
)

// Status is what a reactor is at, by name.
type Status struct {
	At              time.Time
	Group           string
	Tranches        []TrancheStatus
	Calls           []CallStatus    // running, the longest first
	Troubled        []TroubleStatus // failing or lagging, the longest first
	WellAt          time.Time       // when a call went well last; zero if none did
	Waiting         int             // streams waiting for a free writer
	Unhandled       int             // events that were read and are not handled
	OldestUnhandled time.Time       // when the first of them was appended; zero if there is none, or the feed does not tell
	Outages         []OutageStatus  // servers that cannot be reached
	Aside           []AsideStatus   // set aside, the longest first
	Servers         Servers         // by the names of their breakers
	StandBy         []StandByStatus // of the tranches that are not read, since other processes do the work

	Member      string        // how this process is named to others of the group; "" without slots
	Slots       []SlotStatus  // of the group, and who holds them
	Lease       time.Duration // after which others take what a process held that gives no sign of life
	RosterError string        // why it could not be found out, when it was last tried, who holds the slots; empty if it could
	RosterSince time.Time     // the first of the failures in a row, zero if there is none
}

// StandsBy tells whether other processes do the work, and this one waits to take over.
func (s Status) StandsBy() bool {
	holds := func(slot SlotStatus) bool { return slot.Holder == s.Member }
	return len(s.Slots) > 0 && len(s.Tranches) == 0 && !slices.ContainsFunc(s.Slots, holds)
}

// Servers are those that a reactor is connected to, by name; "" if they have none.
type Servers struct {
	Leader      string // appends, reads from the leader, and what the feed's end is
	Reads       string // other reads, and the feed
	Checkpoints string
}

// StandByStatus is whether a process that stands by could read a tranche if it took over.
// It looks now and then.
type StandByStatus struct {
	Tranche    feed.Tranche
	Error      string        // of the last look, empty if it went well
	ErrorSince time.Time     // the first of the failures in a row, zero if there is none
	Server     string        // that failed; "" if it has no name
	Position   feed.Position // behind which the last look found nothing
	End        feed.Position // as the leader said then
	StillSince time.Time     // since when that is so although the feed goes on; zero unless that is so for long

	Silent      string    // why nothing new comes into the feed, whatever is appended; empty unless that is known
	SilentSince time.Time // zero unless Silent
}

// SlotStatus is who works on a slot.
type SlotStatus struct {
	Slot      int
	Holder    string    // "" if nobody does
	Working   bool      // this process does, and reads the feed for it
	FreeSince time.Time // since when this process has known nobody to hold it; zero if somebody does

	Error      string    // why this process, which holds it, could not begin with it when it last tried; empty if it could
	ErrorSince time.Time // the first of the failures in a row, zero if there is none
}

// AsideStatus is a stream that is set aside: what is appended to it is passed over.
type AsideStatus struct {
	Stream   es.StreamName
	Since    time.Time
	Cause    string
	UpTo     es.Version // what was passed over is below it
	Retrying bool
}

// OutageStatus is a server of the store that cannot be reached.
type OutageStatus struct {
	Server string
	Since  time.Time
	Error  string // of the last probe
}

// TrancheStatus is how far a tranche is read, completed and saved.
type TrancheStatus struct {
	Tranche    feed.Tranche
	Read       feed.Position
	Completed  feed.Position
	Saved      feed.Position // -1 if there is no checkpoint
	Incomplete int           // batches with deliveries that are not retired
	Full       bool          // as many as may be, or as many bytes: nothing more is read
	FullSince  time.Time     // zero unless Full

	// What the leader of the store said when it was last asked how far the feed reaches.
	EndAt        time.Time     // when that was; zero if it was not yet, and then the others mean nothing
	End          feed.Position // of the feed
	Unread       int           // events that were not read then; -1 if that is not known
	UnreadMore   bool          // there are more than Unread
	OldestUnread time.Time     // when the first of them was appended; zero if there is none, or that is not known
	Silent       string        // why nothing new comes into the feed, whatever is appended; empty unless that is known
	SilentSince  time.Time     // zero unless Silent
	Unproven     bool          // events may have been there for more than a minute that are not in the feed yet
	StillSince   time.Time     // since when reads find nothing more although the feed goes on; zero unless that is so for long

	Error          string    // of the last read, or question for the end, empty if it went well
	ErrorSince     time.Time // the first of the failures in a row, zero if there is none
	ErrorAt        string    // the server that failed; "" if it has no name
	SaveError      string    // of the last save of the checkpoint, empty if it went well
	SaveErrorSince time.Time // as ErrorSince
}

// maxLookAge is how old what the leader said may be to tell the lag.
const maxLookAge = time.Minute

// Lag is how old the oldest event is that is not read yet, 0 if there is none; ok is
// false if that is not known, as where nothing comes into the feed, where all of it is read
// and it is not proven that all is in it, or if it was found out more than a minute ago.
func (t TrancheStatus) Lag(now time.Time) (lag time.Duration, ok bool) {
	switch {
	case t.EndAt.IsZero(), now.Sub(t.EndAt) > maxLookAge:
		return 0, false
	case t.End <= t.Read: // unless something is there that does not come in
		return 0, t.Silent == "" && !t.Unproven
	case t.OldestUnread.IsZero():
		return 0, false
	}
	return max(now.Sub(t.OldestUnread), 0), true
}

// CallStatus is a handler call that runs.
type CallStatus struct {
	Stream es.StreamName
	Since  time.Time
	Hung   bool // its context ended long ago, and it goes on
}

// TroubleStatus is a stream whose calls fail, or see less than the feed told of.
type TroubleStatus struct {
	Stream      es.StreamName
	Since       time.Time
	Attempts    int
	NextTry     time.Time
	Cause       string
	NeedsPerson bool // trying again is of no use until somebody has acted
}

// ErrNotRunning is returned by Status when the reactor does not run.
var ErrNotRunning = errors.New("the reactor does not run")

// Status is what the reactor is at. Once it is over the error is [ErrNotRunning],
// joined with what Wait returns. If ctx ends before the reactor has begun it is
// ctx's error. Observers may ask too.
func (r *Running) Status(ctx context.Context) (Status, error) {
	select {
	case <-r.begun:
	case <-r.done:
	case <-ctx.Done():
		return Status{}, ctx.Err()
	}
	select {
	case <-r.done:
		return Status{}, errors.Join(ErrNotRunning, r.err)
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status(time.Now()), nil
}

// describe adds who holds the slots. Whoever calls it holds the lock of the reactor.
func (k *keeper) describe(status *Status) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	status.Member, status.Lease = k.seat.name, k.r.config.Lease
	if k.failed.attempts > 0 {
		status.RosterError, status.RosterSince = k.failed.err.Error(), k.failed.since
	}
	for slot := range k.seat.roster.Slots {
		described := SlotStatus{Slot: slot, Holder: k.seat.holder(slot, now), Working: k.r.held[slot] != nil, FreeSince: k.free[slot]}
		if failing := k.opens[slot]; failing.attempts > 0 && described.Holder == k.seat.name {
			described.Error, described.ErrorSince = failing.err.Error(), failing.since
		}
		status.Slots = append(status.Slots, described)
	}
}

// status describes the core; whoever calls it holds the lock.
func (r *Running) status(now time.Time) Status {
	core := r.core
	status := Status{At: now, Group: r.config.Group, Waiting: core.ready.Len(), WellAt: core.well, Servers: r.config.Breakers.servers()}
	if r.keeping != nil {
		r.keeping.describe(&status)
	}
	for _, t := range r.tranches {
		progress, portions := core.tranches[t.name], r.portionsOf(t)
		if len(portions) == 0 { // it is not read
			if watched := t.watched.Load(); watched != nil {
				status.StandBy = append(status.StandBy, watched.describe(t.name, now))
			}
			continue
		}
		described := TrancheStatus{
			Tranche:   t.name,
			Read:      progress.read,
			Completed: feed.Position(portions[0].position.Load()),
			Saved:     feed.Position(portions[0].saved.Load()),
			Full:      !t.full.IsZero(),
			FullSince: t.full,
		}
		for _, s := range portions {
			described.Completed = min(described.Completed, feed.Position(s.position.Load()))
			described.Saved = min(described.Saved, feed.Position(s.saved.Load()))
			if failing := s.saves.look(); failing.attempts > 0 && (described.SaveError == "" || failing.since.Before(described.SaveErrorSince)) {
				described.SaveError, described.SaveErrorSince = failing.err.Error(), failing.since
			}
		}
		for _, part := range progress.parts {
			described.Incomplete += len(part.open)
		}
		if looked := t.looked.Load(); looked != nil {
			described.EndAt, described.End, described.Silent, described.SilentSince = looked.at, looked.End, looked.Silent, looked.silentSince
			described.Unproven = looked.Unproven
			described.Unread, described.UnreadMore, described.OldestUnread = looked.Events, looked.More, looked.Oldest
		}
		if progress.still {
			described.StillSince = progress.behind
		}
		if failing := t.ends.look(); failing.attempts > 0 {
			described.Error, described.ErrorSince, described.ErrorAt = failing.err.Error(), failing.since, status.Servers.Leader
		}
		if failing := t.reads.look(); failing.attempts > 0 {
			described.Error, described.ErrorSince, described.ErrorAt = failing.err.Error(), failing.since, status.Servers.Reads
		}
		status.Tranches = append(status.Tranches, described)
	}
	r.config.Breakers.each(func(b *Breaker) {
		if outage, down := b.outage(); down {
			status.Outages = append(status.Outages, outage)
		}
	})
	for name, a := range core.aside {
		status.Aside = append(status.Aside, AsideStatus{name, a.since, a.cause, a.upTo, a.retrying})
	}
	slices.SortFunc(status.Aside, func(a, b AsideStatus) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Stream.String(), b.Stream.String()))
	})
	var oldest []time.Time
	for _, s := range core.streams {
		if s.calling {
			status.Calls = append(status.Calls, CallStatus{s.name, s.since, s.hung})
		}
		if s.trouble != nil {
			status.Troubled = append(status.Troubled, TroubleStatus{s.name, s.trouble.since, s.trouble.attempts, s.trouble.retryAt, s.trouble.cause.Error(), es.NeedsPerson(s.trouble.cause)})
		}
		status.Unhandled += s.waiting.len()
		if !s.waiting.empty() {
			oldest = append(oldest, s.waiting.oldest())
		}
	}
	if len(oldest) > 0 {
		status.OldestUnhandled = slices.MinFunc(oldest, time.Time.Compare)
	}
	slices.SortFunc(status.Calls, func(a, b CallStatus) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Stream.String(), b.Stream.String()))
	})
	slices.SortFunc(status.Troubled, func(a, b TroubleStatus) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Stream.String(), b.Stream.String()))
	})
	return status
}

// running lists the streams with a running call.
func (c *core) running() []es.StreamName {
	var names []es.StreamName
	for _, s := range c.streams {
		if s.calling {
			names = append(names, s.name)
		}
	}
	slices.SortFunc(names, func(a, b es.StreamName) int { return cmp.Compare(a.String(), b.String()) })
	return names
}
