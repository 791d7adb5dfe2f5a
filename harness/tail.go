package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/reactor/feed"
)

// tail follows the feed beside reactors that are in other processes, so as to
// know where in the feed the events of a scenario are.
type tail struct {
	mu      sync.Mutex
	seen    map[es.StreamName]sighting
	trouble map[feed.Tranche]error // of the last read of each; nil, or not there, if it went well
	changed chan struct{}          // closed, and replaced, when something was seen
	stop    context.CancelFunc
	readers sync.WaitGroup
}

// sighting is how far a stream was seen in the feed.
type sighting struct {
	version es.Version
	tranche feed.Tranche
	first   feed.Position // where a reader starts that is to meet all of it
	next    feed.Position // behind the batch that the last event came in
}

// follow starts a tail at the present end of a feed. Close it in the end.
func follow(ctx context.Context, source feed.Source, pause time.Duration) (*tail, error) {
	begin, err := endsOf(ctx, source)
	if err != nil {
		return nil, err
	}
	t := &tail{seen: map[es.StreamName]sighting{}, trouble: map[feed.Tranche]error{}, changed: make(chan struct{})}
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	t.stop = stop
	for tranche, from := range begin {
		t.readers.Go(func() { t.read(reading, source, tranche, from, pause) })
	}
	return t, nil
}

func (t *tail) close() {
	t.stop()
	t.readers.Wait()
}

// read follows a tranche until ctx ends.
func (t *tail) read(ctx context.Context, source feed.Source, tranche feed.Tranche, from feed.Position, tailPause time.Duration) {
	for ctx.Err() == nil {
		batch, err := source.Read(ctx, tranche, from)
		t.note(tranche, from, batch, err)
		if err == nil {
			from = batch.Next
		}
		if err == nil && !batch.Tail {
			continue
		}
		_ = pause.For(ctx, tailPause) // the end of ctx ends the loop
	}
}

// note keeps what a read has seen.
func (t *tail) note(tranche feed.Tranche, from feed.Position, batch feed.Batch, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trouble[tranche] = err
	for _, d := range batch.Events {
		s, known := t.seen[d.Stream]
		if !known {
			s = sighting{tranche: tranche, first: from}
		}
		s.version, s.next = max(s.version, d.Event.Index+1), batch.Next
		t.seen[d.Stream] = s
	}
	if len(batch.Events) > 0 {
		close(t.changed)
		t.changed = make(chan struct{})
	}
}

// await waits until these streams were seen up to these versions, and returns
// where each tranche has to be completed to, for that to be handled.
func (t *tail) await(ctx context.Context, versions map[es.StreamName]es.Version) (map[feed.Tranche]feed.Position, error) {
	for {
		positions, missing, changed := t.look(versions)
		if len(missing) == 0 {
			return positions, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if troubles := t.troubles(); troubles != nil {
				return nil, fmt.Errorf("the feed has not shown %s, and reading it fails (%w): %w", strings.Join(missing, ", "), troubles, context.Cause(ctx))
			}
			return nil, fmt.Errorf("the feed has not shown %s: %w", strings.Join(missing, ", "), context.Cause(ctx))
		}
	}
}

func (t *tail) look(versions map[es.StreamName]es.Version) (positions map[feed.Tranche]feed.Position, missing []string, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	positions = map[feed.Tranche]feed.Position{}
	for stream, version := range versions {
		s := t.seen[stream]
		if s.version < version {
			missing = append(missing, fmt.Sprintf("version %d of %s", version, stream))
			continue
		}
		positions[s.tranche] = max(positions[s.tranche], s.next)
	}
	slices.Sort(missing)
	return positions, missing, t.changed
}

// troubles says which tranches cannot be read now; nil if all can.
func (t *tail) troubles() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all error
	for _, tranche := range slices.Sorted(maps.Keys(t.trouble)) {
		err := t.trouble[tranche]
		switch {
		case err == nil:
		case all == nil:
			all = fmt.Errorf("tranche %s: %w", tranche, err)
		default:
			all = fmt.Errorf("%w; tranche %s: %w", all, tranche, err)
		}
	}
	return all
}

// first is where a reader starts that is to meet all of a stream.
func (t *tail) first(stream es.StreamName) (feed.Tranche, feed.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[stream].tranche, t.seen[stream].first
}
