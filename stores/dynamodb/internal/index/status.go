package index

import (
	"context"
	"fmt"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
	"example.com/groupcheckout/stores/dynamodb/internal/shards"
	"example.com/groupcheckout/stores/dynamodb/internal/table"
)

// Status is how a partition of the index is doing.
type Status struct {
	Partition Partition
	Epoch     Epoch         // the one that is written now
	Events    es.Version    // of the epoch's stream
	Bytes     int           // of the epoch, by the estimate of the table
	End       feed.Position // behind everything that is indexed
	Indexed   time.Time     // when something was indexed last, whoever did it; zero if nothing was

	Owner     string        // the indexer that holds the lease, or held it when it died; "" if none does
	Heartbeat time.Time     // the last one, by the owner's clock; zero if there never was an indexer of ours
	TTL       time.Duration // without a heartbeat for so long the owner is thought dead
	Proven    time.Time     // everything written before is certainly indexed, by the clock of AWS; zero if nothing is proven
	Newest    time.Time     // of the records that the indexer read; zero if it read none
	Shards    int           // that the indexer has cursors in
	Counts    Counts        // of the owner, since it was made
}

// Elsewhere tells whether something else than an indexer of ours makes the index, as a
// Lambda does: something was indexed although none has held the lease since. Whether that
// still works cannot be seen.
func (s Status) Elsewhere() bool { return elsewhere(s.End, s.Heartbeat, s.Indexed, s.TTL) }

// elsewhere allows a lease twice its time: what was sent while it was held may arrive later.
func elsewhere(end feed.Position, heartbeat, indexed time.Time, ttl time.Duration) bool {
	return end > 0 && (heartbeat.IsZero() || indexed.After(heartbeat.Add(2*ttl)))
}

// Lag is how old the oldest event can be that is not indexed yet, at most. ok is
// false if that is not known: something else than an indexer of ours makes the index, or
// nothing is proven of a shard. Where nothing is written it grows, for some hours: the service gives no
// proof that nothing was written until it closes a shard.
func (s Status) Lag(now time.Time) (lag time.Duration, ok bool) {
	if s.Proven.IsZero() || s.Elsewhere() { // what was proven once tells nothing of that
		return 0, false
	}
	return max(now.Sub(s.Proven), 0), true
}

// retention is how long the stream of changes keeps a record.
const retention = 24 * time.Hour

// Spare is how long an indexer may stand still from now on until something may be
// lost. A shard that is quiet is gone on with from its last record, so its age counts.
func (s Status) Spare(now time.Time) (spare time.Duration, ok bool) {
	lag, ok := s.Lag(now)
	return max(retention-lag, 0), ok
}

// ReadStatus looks at all partitions.
func ReadStatus(ctx context.Context, index *table.Table) ([]Status, error) {
	active, _, err := loadActive(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("read the status of the index: %w", err)
	}
	var all []Status
	for _, partition := range partitions(active) {
		end, tip, err := endOf(ctx, index, partition)
		if err != nil {
			return nil, fmt.Errorf("read the status of partition %d: %w", partition, err)
		}
		_, state, err := loadHeld(ctx, index, partition)
		if err != nil {
			return nil, fmt.Errorf("read the lease of partition %d: %w", partition, err)
		}
		indexed, err := lastIndexed(ctx, index, partition, end, tip)
		if err != nil {
			return nil, fmt.Errorf("read when something was indexed last, partition %d: %w", partition, err)
		}
		epoch, _ := splitPosition(end)
		all = append(all, Status{
			Partition: partition, Epoch: epoch, Events: tip.Version(), Bytes: tip.StreamBytes(), End: end, Indexed: indexed,
			Owner: state.Owner, Heartbeat: time.Time(state.At), TTL: time.Duration(state.TTLMS) * time.Millisecond,
			Proven: time.Time(state.Proven), Newest: newest(state.Cursors), Shards: len(state.Cursors), Counts: state.Counts,
		})
	}
	return all, nil
}

// lastIndexed is when something was indexed last, zero if nothing was. tip is that of the
// epoch in which the partition ends.
func lastIndexed(ctx context.Context, index *table.Table, partition Partition, end feed.Position, tip table.Tip) (at time.Time, err error) {
	if epoch, _ := splitPosition(end); epoch > 0 && tip.Version() == 0 { // the one before was closed last
		if tip, err = index.Tip(ctx, table.NoTip(epochStream(partition, epoch-1)), true); err != nil {
			return time.Time{}, err
		}
	}
	held := tip.Events()
	if len(held) == 0 && tip.Version() > 0 { // they were just moved out of the tip
		last, err := index.Tail(ctx, tip, tip.Version()-1, true)
		if err != nil {
			return time.Time{}, err
		}
		held = last.Events
	}
	if len(held) == 0 {
		return time.Time{}, nil
	}
	return held[len(held)-1].Time, nil
}

func newest(cursors []shards.Cursor) (at time.Time) {
	for _, c := range cursors {
		if c.Proven.After(at) {
			at = c.Proven
		}
	}
	return at
}
