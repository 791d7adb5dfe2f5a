package index

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"example.com/groupcheckout/internal/pause"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// typeHeld is the unfold in the stream of an indexer: who holds the lease, and how far
// the indexer got.
const typeHeld = "Held"

// acquired says who took the lease.
type acquired struct {
	Owner string `json:"owner"`
	At    stamp  `json:"at"`
}

// held is the state of an indexer. Every heartbeat replaces it.
type held struct {
	Owner string `json:"owner"` // "" if nobody holds the lease
	TTLMS int64  `json:"ttlMs"` // without a heartbeat for so many milliseconds the lease is over
	At    stamp  `json:"at"`    // of the heartbeat, by the owner's clock
	reached
}

// reached is how far an indexer got in the stream of changes.
type reached struct {
	Stream  string          `json:"stream"` // its ARN
	Proven  stamp           `json:"proven"` // everything that was written before this is certainly indexed
	Cursors []shards.Cursor `json:"cursors"`
	Counts  Counts          `json:"counts"` // of the owner
}

// Counts is what an indexer counted since it was made, for people.
type Counts struct {
	Events     int64   `json:"events"`
	Gaps       int64   `json:"gaps"`
	Lost       int64   `json:"lost"`
	SetAside   int64   `json:"setAside"`
	Conflicts  int64   `json:"conflicts"`
	Retries    int64   `json:"retries"`
	Throttled  int64   `json:"throttled"`
	ReadUnits  float64 `json:"readUnits"`
	WriteUnits float64 `json:"writeUnits"`
}

// LeaseLostError says that an indexer may not write any more: somebody else
// holds the lease, or it could not be renewed in time.
type LeaseLostError struct {
	Partition Partition
	Owner     string // who held it until now
	By        string // who holds it; "" if that is not known
}

func (e *LeaseLostError) Error() string {
	if e.By == "" {
		return fmt.Sprintf("indexer %s lost the lease of partition %d: it was not renewed in time", e.Owner, e.Partition)
	}
	return fmt.Sprintf("indexer %s lost the lease of partition %d to %s", e.Owner, e.Partition, e.By)
}

// NeedsPerson is what [es.NeedsPerson] asks. Another indexer is at work, or this
// one is again soon.
func (*LeaseLostError) NeedsPerson() bool { return false }

// lease is the right to index a partition, and the progress that is kept with
// it. It is the tip of a stream of its own in the index table, which has no events:
// each heartbeat replaces the unfold and thereby the etag, and every write demands
// the etag of the one before.
//
// No clocks are compared. Who wants the lease of somebody else watches the
// etag, and takes it when the etag stays the same for the owner's whole time.
// The owner counts its time from before it sent the last heartbeat, so it is
// over earlier.
type lease struct {
	index     *table.Table
	partition Partition
	owner     string
	ttl       time.Duration
	log       *slog.Logger
	ended     func(owner string) bool // whether somebody is known to have ended; nil if nobody is

	mu      sync.Mutex
	tip     table.Tip
	unsure  bool      // the tip may be another one
	until   time.Time // when the lease is over
	lost    *LeaseLostError
	reached reached
}

// acquire waits until the lease is ours.
func (l *lease) acquire(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var seen string
	var since time.Time
	for {
		tip, state, err := loadHeld(ctx, l.index, l.partition)
		if err != nil {
			return err
		}
		now, ttl := time.Now(), time.Duration(state.TTLMS)*time.Millisecond
		if tip.ETag() != seen {
			seen, since = tip.ETag(), now
		}
		ended := l.ended != nil && l.ended(state.Owner) // nothing will come any more
		if left := ttl - now.Sub(since); state.Owner != "" && !ended && left > 0 {
			l.log.DebugContext(ctx, "somebody else holds the lease", slog.String("owner", state.Owner), slog.Duration("left", left))
			if err := pause.For(ctx, min(left, l.ttl/4)); err != nil {
				return err
			}
			continue
		}
		l.tip, l.reached = tip, state.reached
		l.reached.Counts = Counts{}
		if err := l.write(ctx, l.owner); err == nil || !isConflict(err) {
			return err
		}
	}
}

// loadHeld reads the state of an indexer: the zero state if there never was
// one.
func loadHeld(ctx context.Context, index *table.Table, partition Partition) (table.Tip, held, error) {
	tip, err := index.Tip(ctx, table.NoTip(indexerStream(partition)), true)
	if err != nil {
		return table.Tip{}, held{}, err
	}
	state, err := heldIn(tip)
	return tip, state, err
}

func heldIn(tip table.Tip) (state held, err error) {
	if u, ok := current(tip, typeHeld); ok {
		err = decode(tip.Stream(), u.Index, u.Type, u.Data, &state)
	}
	return state, err
}

// write replaces the state. The caller holds the lock.
func (l *lease) write(ctx context.Context, owner string) error {
	start := time.Now()
	state := held{Owner: owner, TTLMS: l.ttl.Milliseconds(), At: stamp(start), reached: l.reached}
	after, err := l.index.Append(ctx, l.tip, table.Write{
		Unfolds: []table.Unfold{newUnfold(typeHeld, encode(state))}, Match: table.MatchETag,
	})
	if err != nil {
		l.unsure = true
		return err
	}
	l.tip, l.unsure, l.until = after, false, start.Add(l.ttl)
	return l.mine(after)
}

// mine is nil if a tip says that the lease is ours. A tip that was written may
// have been replaced before the writer knew.
func (l *lease) mine(tip table.Tip) error {
	state, err := heldIn(tip)
	if err == nil && state.Owner != l.owner && state.Owner != "" {
		l.lost = &LeaseLostError{l.partition, l.owner, state.Owner}
		err = l.lost
	}
	return err
}

// renew is a heartbeat: it saves the progress and goes on holding the lease.
func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.valid(); err != nil {
		return err
	}
	// What comes later than the end of the lease comes too late.
	ctx, cancel := context.WithDeadline(ctx, l.until)
	defer cancel()
	if l.unsure {
		if err := l.reload(ctx); err != nil {
			return err
		}
	}
	err := l.write(ctx, l.owner)
	if isConflict(err) {
		return l.reload(ctx)
	}
	return err
}

// reload finds out whether the lease is still ours.
func (l *lease) reload(ctx context.Context) error {
	tip, state, err := loadHeld(ctx, l.index, l.partition)
	if err != nil {
		return err
	}
	if state.Owner != l.owner {
		l.lost = &LeaseLostError{l.partition, l.owner, state.Owner}
		return l.lost
	}
	l.tip, l.unsure = tip, false
	return nil
}

func (l *lease) valid() error {
	switch {
	case l.lost != nil:
		return l.lost
	case !time.Now().Before(l.until):
		return &LeaseLostError{Partition: l.partition, Owner: l.owner}
	}
	return nil
}

// guard is the guard of an [Ingester]: no write without the lease.
func (l *lease) guard(ctx context.Context, recheck bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.valid(); err != nil || !recheck {
		return err
	}
	return l.reload(ctx)
}

// reach notes progress, which the next heartbeat saves.
func (l *lease) reach(r reached) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reached = r
}

// beat renews the lease until it is lost or ctx ends, which is no error.
func (l *lease) beat(ctx context.Context) error {
	for {
		if err := pause.For(ctx, l.ttl/3); err != nil {
			return nil //nolint:nilerr // the end of ctx is the end of the work
		}
		err := l.renew(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		l.log.WarnContext(ctx, "the lease was not renewed", slog.Any("error", err))
		l.mu.Lock()
		over := l.valid()
		l.mu.Unlock()
		if over != nil {
			return over
		}
	}
}

// release saves the progress and gives the lease back, so that nobody has to
// wait for its end. A lease that is over is not touched.
func (l *lease) release(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.valid() != nil {
		return nil
	}
	if l.unsure {
		if err := l.reload(ctx); err != nil {
			return err
		}
	}
	if err := l.write(ctx, ""); err != nil && !isConflict(err) {
		return fmt.Errorf("give back the lease of partition %d: %w", l.partition, err)
	}
	return nil
}

// mark is the unfold that a new owner leaves in the tip of an epoch.
func (l *lease) mark() table.Unfold {
	return newUnfold("Owned", table.Raw(marshal(acquired{l.owner, stamp(time.Now())})))
}

// progress is what the owner before reached.
func (l *lease) progress() reached {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reached
}
