package index

import (
	"context"
	"fmt"
	"time"

	"example.com/groupcheckout/es"
	"example.com/groupcheckout/reactor/feed"
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
	CaughtUp  time.Time     // everything written before is indexed, by the owner's clock; zero if that is not known
	Shards    int           // that the indexer has cursors in
}

// Lag is how old the oldest event may be that is not indexed yet, at most. ok is
// false if that is not known: the index has no indexer of ours.
func (s Status) Lag(now time.Time) (lag time.Duration, ok bool) {
	if s.CaughtUp.IsZero() {
		return 0, false
	}
	return max(now.Sub(s.CaughtUp), 0), true
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
			CaughtUp: time.Time(state.CaughtUp), Shards: len(state.Cursors),
		})
	}
	return all, nil
}
