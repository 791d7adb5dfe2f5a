package reactor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
)

// Breaker keeps a server that cannot be reached from being asked by everybody at once.
// While it cannot, one question at a time goes through, as a probe, after pauses of at
// most half a second; the others wait, and all go on as soon as a probe is answered. Who
// waits for longer than its context lasts gets an [*OutageError].
//
// Circuit breakers as they are usually made fail at once instead. Here nobody is helped
// by that: the work has to be done, and failures would only add pauses and lines.
type Breaker struct {
	name        string
	unavailable func(error) bool

	mu      sync.Mutex
	told    Observer      // may be nil
	over    chan struct{} // closed when the outage is over; nil while there is none
	since   time.Time
	err     error // of the last probe
	probing bool
	probes  int // that failed
	next    time.Time
	pauses  backoff.BackOff
}

// The pauses between two probes.
const (
	firstProbePause   = 20 * time.Millisecond
	longestProbePause = 500 * time.Millisecond
)

// NewBreaker makes a breaker for a server, named as in "the store". unavailable tells
// whether an error means that it cannot be reached.
func NewBreaker(name string, unavailable func(error) bool) *Breaker {
	return &Breaker{name: name, unavailable: unavailable}
}

// Breakers are those of the servers of a store. One server may have several parts, and
// then the same breaker; nil is none.
type Breakers struct {
	Leader      *Breaker // appends, reads from the leader, and what the feed's end is
	Reads       *Breaker // other reads, and the feed
	Checkpoints *Breaker
}

// servers are the names of the servers.
func (b Breakers) servers() Servers {
	return Servers{b.Leader.called(), b.Reads.called(), b.Checkpoints.called()}
}

// called is the name, "" if there is no breaker.
func (b *Breaker) called() string {
	if b == nil {
		return ""
	}
	return b.name
}

// Store returns a store whose calls go through the breakers.
func (b Breakers) Store(next es.Store) es.Store { return &guardedStore{next, b} }

type guardedStore struct {
	next     es.Store
	breakers Breakers
}

// Recorder passes on that of the store; see [es.Recorder].
func (s *guardedStore) Recorder() es.Recorder { return es.RecorderOf(s.next) }

// Append implements [es.Appender]. An append that did not reach the server waits and is
// sent again; one of unknown outcome is not.
func (s *guardedStore) Append(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData) (after es.Version, err error) {
	err = s.breakers.Leader.do(ctx, func() error {
		after, err = s.next.Append(ctx, stream, expected, events)
		return err
	})
	return after, err
}

// Read implements [es.Reader].
func (s *guardedStore) Read(ctx context.Context, stream es.StreamName, from es.Version, freshness es.Freshness) (events []es.Event, err error) {
	err = s.breakers.of(freshness).do(ctx, func() error {
		events, err = s.next.Read(ctx, stream, from, freshness)
		return err
	})
	return events, err
}

// ManyReader passes on that of the store; see [es.ManyReaderOf].
func (s *guardedStore) ManyReader() es.ManyReader {
	next := es.ManyReaderOf(s.next)
	if next == nil {
		return nil
	}
	return es.ManyReaderFunc(func(ctx context.Context, streams []es.StreamName, freshness es.Freshness) (all [][]es.Event, err error) {
		err = s.breakers.of(freshness).do(ctx, func() error {
			all, err = next.ReadMany(ctx, streams, freshness)
			return err
		})
		return all, err
	})
}

// Snapshotter passes on that of the store; see [es.SnapshotterOf].
func (s *guardedStore) Snapshotter() es.Snapshotter {
	next := es.SnapshotterOf(s.next)
	if next == nil {
		return nil
	}
	return es.SnapshotterFuncs{
		Read: func(ctx context.Context, streams []es.StreamName, snapshotType string, freshness es.Freshness) (all []es.Snapshotted, err error) {
			err = s.breakers.of(freshness).do(ctx, func() error {
				all, err = next.ReadSnapshots(ctx, streams, snapshotType, freshness)
				return err
			})
			return all, err
		},
		Append: func(ctx context.Context, stream es.StreamName, expected es.Version, events []es.EventData, taking es.SnapshotTaking) (after es.Version, err error) {
			err = s.breakers.Leader.do(ctx, func() error {
				after, err = next.AppendSnapshot(ctx, stream, expected, events, taking)
				return err
			})
			return after, err
		},
	}
}

// of is the breaker of the server that a read goes to.
func (b Breakers) of(freshness es.Freshness) *Breaker {
	if freshness == es.FromLeader {
		return b.Leader
	}
	return b.Reads
}

// OutageError is the error of a question that waited for a server that cannot be
// reached.
type OutageError struct {
	Server string // the name of the breaker
	Since  time.Time
	Err    error // of the last probe
	Ended  error // why it waits no longer
}

func (e *OutageError) Error() string {
	return fmt.Sprintf("%s has not been reachable since %s (%v): %v", e.Server, e.Since.UTC().Format(time.RFC3339), e.Ended, e.Err)
}

func (e *OutageError) Unwrap() []error { return []error{e.Ended, e.Err} }

// NeedsPerson is what [es.NeedsPerson] asks. What cannot be reached may come to be by
// itself, whatever the last probe said.
func (*OutageError) NeedsPerson() bool { return false }

// IsOutage tells whether an error is, or wraps, an [*OutageError].
func IsOutage(err error) bool {
	_, outage := errors.AsType[*OutageError](err)
	return outage
}

// do asks a question as soon as the server can be reached. If it cannot, the question
// is asked again, unless it may have been answered with an effect. A nil breaker asks.
func (b *Breaker) do(ctx context.Context, ask func() error) error {
	if b == nil {
		return ask()
	}
	for {
		probe, err := b.enter(ctx)
		if err != nil {
			return err
		}
		err = b.asked(probe, ask)
		var uncertain *es.UncertainError
		unknown := errors.As(err, &uncertain)
		down := err != nil && b.unavailable(err)
		if err != nil && ctx.Err() != nil { // it may have ended for want of time, which tells nothing
			if since, lasts := b.gaveUp(probe); lasts && !unknown && (down || errors.Is(err, ctx.Err())) {
				return &OutageError{b.name, since, err, context.Cause(ctx)}
			}
			return err
		}
		b.left(probe, down, err)
		if !down || unknown {
			return err
		}
	}
}

// asked asks. A probe that panics, or ends its goroutine, is followed by another.
func (b *Breaker) asked(probe bool, ask func() error) error {
	returned := false
	defer func() {
		if !returned {
			b.gaveUp(probe)
		}
	}()
	err := ask()
	returned = true
	return err
}

// enter waits until a question may be asked, and tells whether it is a probe.
func (b *Breaker) enter(ctx context.Context) (probe bool, err error) {
	for {
		b.mu.Lock()
		over, wait := b.over, time.Until(b.next)
		if over == nil || !b.probing && wait <= 0 {
			b.probing = over != nil
			b.mu.Unlock()
			return over != nil, nil
		}
		since, last := b.since, b.err
		if b.probing {
			wait = longestProbePause
		}
		b.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-over:
			timer.Stop()
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, &OutageError{b.name, since, last, context.Cause(ctx)}
		}
	}
}

// gaveUp takes in that a question ended before it was answered. If it was a probe, another
// one follows. It tells since when the outage lasts, if there is one.
func (b *Breaker) gaveUp(probe bool) (since time.Time, lasts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over == nil {
		return time.Time{}, false
	}
	if probe {
		b.probing, b.next = false, time.Now().Add(b.pauses.NextBackOff())
	}
	return b.since, true
}

// left takes in how a question was answered.
func (b *Breaker) left(probe, down bool, err error) {
	b.mu.Lock()
	var tell Occurrence
	switch {
	case down && b.over == nil: // the first probe follows at once: a single connection may have been cut
		b.over, b.since, b.err, b.probes, b.next = make(chan struct{}), time.Now(), err, 0, time.Now()
		b.pauses = pause.Doubling(firstProbePause, longestProbePause)
	case down:
		b.err = err
		if probe {
			b.probing = false
			b.probes++
			b.next = time.Now().Add(b.pauses.NextBackOff())
			if b.probes == 1 {
				tell = StoreDown{b.name, b.since, err}
			}
		}
	case b.over != nil:
		close(b.over)
		if b.probes > 0 {
			tell = StoreUp{b.name, b.probes, time.Since(b.since)}
		}
		b.over, b.probing = nil, false
	}
	told := b.told
	b.mu.Unlock()
	if tell != nil && told != nil {
		told.Observe(tell)
	}
}

// observedBy has an observer told of outages.
func (b *Breaker) observedBy(o Observer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = o
}

// outage describes the outage, if there is one that a probe has confirmed.
func (b *Breaker) outage() (status OutageStatus, down bool) {
	if b == nil {
		return OutageStatus{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over == nil || b.probes == 0 {
		return OutageStatus{}, false
	}
	return OutageStatus{b.name, b.since, b.err.Error()}, true
}

// each calls a function for each breaker, once.
func (b Breakers) each(do func(*Breaker)) {
	seen := map[*Breaker]bool{nil: true}
	for _, breaker := range []*Breaker{b.Leader, b.Reads, b.Checkpoints} {
		if !seen[breaker] {
			seen[breaker] = true
			do(breaker)
		}
	}
}
