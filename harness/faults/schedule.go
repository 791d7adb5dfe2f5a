package faults

import (
	"context"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/intercept"
)

// spread is the range of the delays of a [Schedule]. It is far below the pauses
// of a reactor, and wide enough for two operations hardly ever to end up at the
// same instant.
const spread = time.Millisecond

// Schedule puts a small delay, chosen by a seed, before and after each operation.
// In a bubble of testing/synctest goroutines get on one at a time then, in an
// order that the seed decides: each sleeps until an instant of its own, and the
// delays cost no time. Outside of a bubble it only makes things slower. Calls may
// overlap.
type Schedule struct {
	seed uint64
	name func(es.StreamName) (string, bool)

	mu     sync.Mutex
	counts map[[3]string]int
	taken  map[int64]struct{} // the instants at which something wakes up
}

// NewSchedule makes a schedule. The name of a stream is as in [Config].
func NewSchedule(seed uint64, name func(es.StreamName) (string, bool)) *Schedule {
	if name == nil {
		name = func(s es.StreamName) (string, bool) { return s.String(), true }
	}
	return &Schedule{seed: seed, name: name, counts: map[[3]string]int{}, taken: map[int64]struct{}{}}
}

// before waits for the turn of an operation. One that the end of ctx keeps from its
// turn is as if it had never been asked for: whether it was may be a matter of
// chance, when the end comes at the same instant.
func (s *Schedule) before(ctx context.Context, operation, caller, target string) error {
	id := [3]string{"before " + operation, caller, target}
	err := s.pass(ctx, id)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counts[id]--
	}
	return err
}

// after waits once more, when the operation is done.
func (s *Schedule) after(ctx context.Context, operation, caller, target string) {
	_ = s.pass(ctx, [3]string{"after " + operation, caller, target}) // it is done, even if ctx ends meanwhile
}

// pass waits until the instant that an operation has.
func (s *Schedule) pass(ctx context.Context, operation [3]string) error {
	at, delay := s.reserve(operation)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.taken, at)
	}()
	return pause.For(ctx, delay)
}

// reserve finds the instant at which an operation may go on, which no other one
// has.
func (s *Schedule) reserve(operation [3]string) (at int64, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.counts[operation]
	s.counts[operation]++
	now := time.Now().UnixNano()
	delay = 1 + time.Duration(chance(s.seed, count, operation[:]...)%uint64(spread)) //nolint:gosec // it is below spread
	for {
		at = now + int64(delay)
		if _, busy := s.taken[at]; !busy {
			s.taken[at] = struct{}{}
			return at, delay
		}
		delay++
	}
}

// names returns the names of a stream and of the one that is handled; ok is false
// for one that belongs to nobody, which has its turn at once.
func (s *Schedule) names(ctx context.Context, stream es.StreamName) (caller, target string, ok bool) {
	caller = actor(ctx)
	target, ok = s.name(stream)
	if call, handling := reactor.Handled(ctx); handling && ok {
		caller, _ = s.name(call.Stream)
	}
	return caller, target, ok
}

func (s *Schedule) beforeStream(ctx context.Context, operation string, stream es.StreamName) error {
	caller, target, ok := s.names(ctx, stream)
	if !ok {
		return nil
	}
	return s.before(ctx, operation, caller, target)
}

func (s *Schedule) afterStream(ctx context.Context, operation string, stream es.StreamName) {
	if caller, target, ok := s.names(ctx, stream); ok {
		s.after(ctx, operation, caller, target)
	}
}

// Store returns a store of which the operations wait for their turn. What was done
// is told even if the context ends meanwhile.
func (s *Schedule) Store(next es.Store) es.Store {
	return intercept.Store(next, intercept.StoreHooks{
		BeforeRead: func(ctx context.Context, stream es.StreamName, _ es.Version, _ es.Freshness) error {
			return s.beforeStream(ctx, reading, stream)
		},
		AfterRead: func(ctx context.Context, stream es.StreamName, _ es.Version, _ es.Freshness, events []es.Event, err error) ([]es.Event, error) {
			s.afterStream(ctx, reading, stream)
			return events, err
		},
		BeforeAppend: func(ctx context.Context, stream es.StreamName, _ es.Version, _ []es.EventData) error {
			return s.beforeStream(ctx, appending, stream)
		},
		AfterAppend: func(ctx context.Context, stream es.StreamName, _ es.Version, _ []es.EventData, after es.Version, err error) (es.Version, error) {
			s.afterStream(ctx, appending, stream)
			return after, err
		},
	})
}

// Source returns a source of which the reads wait for their turn. It is a
// [feed.Notifier] if next is one.
func (s *Schedule) Source(next feed.Source) feed.Source {
	return intercept.Source(next, intercept.SourceHooks{
		BeforeRead: func(ctx context.Context, tranche feed.Tranche, _ feed.Position) error {
			return s.before(ctx, fetching, "", string(tranche))
		},
		AfterRead: func(ctx context.Context, tranche feed.Tranche, _ feed.Position, batch feed.Batch, err error) (feed.Batch, error) {
			s.after(ctx, fetching, "", string(tranche))
			return batch, err
		},
	})
}

// Checkpoints returns checkpoints of which the saves wait for their turn.
func (s *Schedule) Checkpoints(next feed.Checkpoints) feed.Checkpoints {
	return intercept.Checkpoints(next, intercept.CheckpointsHooks{
		BeforeSave: func(ctx context.Context, key feed.Key, _ feed.Position) error {
			return s.before(ctx, saving, "", string(key.Tranche))
		},
		AfterSave: func(ctx context.Context, key feed.Key, _ feed.Position, err error) error {
			s.after(ctx, saving, "", string(key.Tranche))
			return err
		},
	})
}
