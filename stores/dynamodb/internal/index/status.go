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

	Owner     string        // the indexer that holds the lease, or held it when it died; "" if none does
	Heartbeat time.Time     // the last one, by the owner's clock; zero if there never was an indexer of ours
	TTL       time.Duration // without a heartbeat for so long the owner is thought dead
	Proven    time.Time     // everything written before is certainly indexed, by the clock of AWS; zero if nothing is proven
	Newest    time.Time     // of the records that the indexer read; zero if it read none
	Shards    int           // that the indexer has cursors in
	Counts    Counts        // of the owner, since it was made
}

// Lag is how old the oldest event can be that is not indexed yet, at most. ok is
// false if that is not known: the index has no indexer of ours, or nothing is proven
// of a shard. Where nothing is written it grows, for some hours: the service gives no
// proof that nothing was written until it closes a shard.
func (s Status) Lag(now time.Time) (lag time.Duration, ok bool) {
	if s.Proven.IsZero() {
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

// ReadStatus looks at all partitions. An index that is fed by Lambda has no
// owner.
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
		epoch, _ := splitPosition(end)
		all = append(all, Status{
			Partition: partition, Epoch: epoch, Events: tip.Version(), Bytes: tip.StreamBytes(), End: end,
			Owner: state.Owner, Heartbeat: time.Time(state.At), TTL: time.Duration(state.TTLMS) * time.Millisecond,
			Proven: time.Time(state.Proven), Newest: newest(state.Cursors), Shards: len(state.Cursors), Counts: state.Counts,
		})
	}
	return all, nil
}

func newest(cursors []shards.Cursor) (at time.Time) {
	for _, c := range cursors {
		if c.Proven.After(at) {
			at = c.Proven
		}
	}
	return at
}
